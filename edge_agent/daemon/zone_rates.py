"""Whose alarms are false too often, by the center's word: counted, shown, and said as a finding.

A finding asks for a look at the detector; no tier is lowered by it and no zone muted.  The counts
are kept in a file beside the journal, so that they outlive a start; without it they begin anew.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from edge_agent import files
from edge_agent.daemon.news import Told
from edge_agent.domain.event import Body, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.domain.zone_rates import FALSE_MIN, FALSE_SHARE_MIN, ZoneCount, ZoneKey, ZoneRates
from edge_agent.evidence.bodies import FindingBody, Severity
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.disposition import DECIDES, Disposition
from edge_agent.evidence.verdict import VerdictBody

FILE = "zone-rates.json"
FILE_BYTES_MAX = 4 << 20  # all incidents that are remembered, with a dozen zones each
RULE = "disposition.false_rate"
CAUSE = "false_alarms"
REMEDY = (
    "look at this detector: its place, its range, what moves or blows before it, its wiring; it "
    "goes on alarming as before"
)

Note = Callable[[EventType, Lane, Body], None]
"""Records an event of the agent itself."""

log = structlog.get_logger()


class RateWatch:
    """The counts of one gateway; `folder` is where they are kept."""

    def __init__(self, folder: Path, note: Note) -> None:
        self._file = folder / FILE
        self._note = note
        self._rates = _kept(self._file)
        self._told = Told()
        self._changed = asyncio.Event()

    def hear(self, event: Numbered) -> None:
        """Take an event of this run: a verdict tells in which zones an incident tripped."""
        if event.draft.type is not EventType.VERDICT:
            return
        try:
            verdict = VerdictBody.from_body(event.draft.body)
        except Malformed:
            return
        self._rates.verdict(str(verdict.incident), verdict.panel, verdict.zones)

    def disposed(self, said: Disposition) -> None:
        """Take the center's word on an incident, which is in the journal."""
        name = str(said.incident)
        self._rates.verdict(name, said.panel, said.zones)
        if said.said in DECIDES:
            self._rates.said(name, said.said, said.cause, said.time_ms)
            self._changed.set()

    async def run(self) -> None:
        """Say what holds from the start on, and each change, until cancelled."""
        while True:
            self._tell()
            await self._changed.wait()
            self._changed.clear()
            rows = json.dumps(self._rates.rows(), separators=(",", ":")).encode()
            try:
                await asyncio.to_thread(files.replace, self._file, rows)
            except OSError as error:  # the journal's disk says the rest
                log.warning("zone counts are not kept", cause=str(error))

    def _tell(self) -> None:
        for body in self._told.take(_finding(*high) for high in self._rates.high()):
            log.warning("zone.false_alarms", **body.subject, over=body.over, detail=body.detail)
            self._note(EventType.FINDING, Lane.FAULT, body.to_body())

    def facts(self) -> list[dict[str, Any]]:
        """Return the zones that have alarmed, for `edge-agent status`."""
        return [
            {
                "panel": panel,
                "zone": zone,
                "alarms": count.alarms,
                "genuine": count.genuine,
                "test": count.test,
                "false": dict(count.false),
                "high": count.is_high,
            }
            for (panel, zone), count in self._rates.counts().items()
        ]


def _finding(zone: ZoneKey, count: ZoneCount) -> FindingBody:
    limit = f"limit {FALSE_MIN} and {FALSE_SHARE_MIN:.0%} of those judged"
    return FindingBody(
        panel=zone[0],
        part=("zone", zone[1]),
        cause=CAUSE,
        severity=Severity.MAINTAIN,
        reasons=(RULE,),
        remedy=REMEDY,
        detail=f"{count.words}, {limit}",
    )


def _kept(file: Path) -> ZoneRates:
    """Return the counts in a file; none where it cannot be read or makes no sense."""
    try:
        with file.open("rb") as opened:
            data = opened.read(FILE_BYTES_MAX)
        return ZoneRates.from_rows(json.loads(data))
    except FileNotFoundError:
        return ZoneRates()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("zone counts begin anew", file=str(file), cause=str(error))
        return ZoneRates()
