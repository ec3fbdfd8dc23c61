"""Runs diagnosis beside the agent: hears every event after it was sent, says what it makes of it.

Nothing waits for it.  A start rebuilds the judgement from the newest part of the journal while the
agent already takes signals; what comes meanwhile is judged when that is done.  All of it is worked
off in slices of a few milliseconds, so that an alarm never finds the loop taken for longer.

A bug in a machine is met by its guard (`diagnosis/guard.py`).  A bug around them sets judging aside
for this run, said aloud; the agent goes on: every signal is still recorded and sent.
"""

import asyncio
import hashlib
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

import edge_agent
from edge_agent import diagnosis, limits
from edge_agent.clock import Clock
from edge_agent.daemon.recorder import Recorder
from edge_agent.diagnosis.docket import Saying
from edge_agent.diagnosis.premises import to_json
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.sitting import Sitting, Steps
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.event import Draft, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.domain.site import Premises
from edge_agent.evidence.bodies import ConfigBody, FindingBody, Severity
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.terms import SITE_BYTES_MAX, JudgingTerms
from edge_agent.evidence.verdict import VerdictBody
from edge_agent.journal import Disk, Recovery
from edge_agent.journal.reader import envelopes_from

log = structlog.get_logger()

READ_EVENTS = 64  # that one trip to the disk brings: as much as a slice or two judge
REST_S = 0.001  # after a slice: what else is ready goes first
REBUILD_REST_S = 0.008
"""The same while a start rebuilds: two thirds of the time are left to what comes, so that an agent
on a busy machine is not the one that has used up its share when an alarm comes."""

ASIDE_REMEDY = "alarms are sent and not judged: treat each as real; have the program updated"
TURNS = 3  # of the loop, in which a report that was just read reaches the recorder
BLOCKED_S = 0.05  # a deadline waits for an event of before it that has no number yet
SHOWN_NS = 24 * 3600 * 1_000_000_000  # an incident without anything new for longer is not shown
SHOWN_MAX = 32


def rules_version() -> str:
    """Return the version of the rule set: the program's, and a digest over what judges.  Reads."""
    *_, version = _hashed()
    return version


def _hashed() -> Iterator[str]:
    """Read the files that judge, one a step; the last step gives the version."""
    digest = hashlib.sha256()
    for file in sorted(Path(diagnosis.__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
        yield f"{edge_agent.__version__}+{digest.hexdigest()[:12]}"


def site_zone(premises: Premises) -> tuple[str, tzinfo]:
    """Return the time zone of a site's clocks and its name: its own, else this machine's."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  loads half of the build's settings

    told = premises.site.timezone
    link = os.path.realpath("/etc/localtime")
    name = told or os.environ.get("TZ") or link.partition("/zoneinfo/")[2] or "UTC"
    try:
        return name, ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # of no zone there are data
        return "UTC", UTC


@dataclass(frozen=True, slots=True)
class Past:
    """What the journal held at the start: from which segment on it is judged, and whose it is."""

    disk: Disk
    gateway: str
    epoch: bytes  # the running one
    first: int

    @classmethod
    def of(cls, disk: Disk, found: Recovery, gateway: str, epoch: bytes) -> "Past":
        """Choose the newest segments that hold as much as is judged again."""
        events, newest_ns, first = 0, 0, 0
        for segment in reversed(found.index.segments):
            heard_ns = segment.heard_ns or newest_ns
            newest_ns = max(newest_ns, heard_ns)
            events += sum(segment.count(segment.present))
            old = newest_ns - heard_ns > limits.JUDGED_SPAN_NS
            if first and (old or events > limits.JUDGED_EVENTS_MAX):
                break
            first = segment.number
        return cls(disk, gateway, epoch, first)

    def events(self, own_from: int | None) -> Iterator[Numbered]:
        """Yield events before this run; with `own_from` those of this run from that number on.

        Raises OSError.
        """
        last: tuple[bytes, int] | None = None
        for record in envelopes_from(self.disk, self.first):
            own = record.epoch == self.epoch
            if own and own_from is None:
                return
            if own_from is not None and not (own and record.seq >= own_from):
                continue
            if last is not None and record.epoch == last[0] and record.seq <= last[1]:
                continue  # a commit that was written again in the next segment
            try:
                event = peek(record.data)[1]
            except Malformed:
                continue
            if event.gateway != self.gateway or not isinstance(event.type, EventType):
                continue
            last = record.epoch, record.seq
            draft = Draft(event.type, event.lane, event.stamp, event.body)
            yield Numbered(event.epoch, event.seq, draft)


class BehindError(Exception):
    """Events were neither in memory nor in the journal any more: what came between is unknown."""


class Diagnosing:
    """Judging of one run; `run` is its task."""

    def __init__(
        self,
        judged_by: tuple[Premises, bytes],
        past: Past,
        recorder: Recorder,
        clock: Clock,
    ) -> None:
        self._premises, self._digest = judged_by
        self._past = past
        self._recorder = recorder
        self._clock = clock
        self._inbox: deque[Numbered] = deque(maxlen=limits.JUDGED_INBOX_MAX)
        self._came = asyncio.Event()
        self._next = 0  # the number of this run's event that is judged next
        self._sitting: Sitting | None = None
        self._slice_ns = 0
        self._rules = ""
        self.state = "rebuilding"  # judging, aside
        recorder.hearing.listen(self._hear)

    def _hear(self, event: Numbered) -> None:
        self._inbox.append(event)
        self._came.set()

    # ---- the task

    async def run(self) -> None:
        """Judge until cancelled; set aside where that fails."""
        try:
            await self._judge()
        except Exception as error:
            self.state = "aside"
            log.exception("judging is set aside", then="signals are recorded and sent as before")
            body = FindingBody(
                panel=GATEWAY_PANEL,
                cause="judging_failed",
                severity=Severity.URGENT,
                reasons=("judging.failed",),
                remedy=ASIDE_REMEDY,
                detail=f"set aside: {type(error).__name__}: {str(error)[:120]}",
            )
            self._recorder.note(EventType.FINDING, Lane.FAULT, body.to_body())

    async def _judge(self) -> None:
        name, zone = site_zone(self._premises)
        for version in _hashed():
            self._rules = version
            await asyncio.sleep(0)
        sitting = self._sitting = Sitting(Site(self._premises, zone))
        await self._rebuild(sitting)
        self._say_terms(sitting, name)
        await self._do(sitting.begin())
        self.state = "judging"
        log.info("judging", rebuilt_from=sitting.heard, rules=self._rules)
        while True:
            await self._wait(sitting)
            self._slice_ns = self._clock.boottime_ns()
            await self._catch_up(sitting)
            await self._let_fall(sitting)

    async def _rebuild(self, sitting: Sitting) -> None:
        """Hear what the runs before recorded, then what this one has since its start."""
        self._slice_ns = self._clock.boottime_ns()
        try:
            if self._past.first:
                async for event in self._read(None):
                    await self._do(sitting.take(event))
        except OSError as error:  # a card that is not there: the journal says so itself
            log.warning("judging begins without the journal", cause=str(error))
        while self._inbox or not self._next:
            if not self._inbox:
                await self._heard()
            await self._catch_up(sitting)

    async def _read(self, own_from: int | None) -> AsyncIterator[Numbered]:
        events = self._past.events(own_from)
        while batch := await asyncio.to_thread(_some, events):
            for event in batch:
                yield event

    async def _catch_up(self, sitting: Sitting) -> None:
        """Judge what was heard; what did not fit in memory is read from the journal."""
        while self._inbox:
            if self._inbox[0].seq > self._next:
                before = self._next
                async for event in self._read(self._next):
                    if event.seq >= self._next:
                        await self._take(sitting, event)
                if self._next == before and self._inbox[0].seq > self._next:
                    raise BehindError(f"events from number {before} on")
            else:
                event = self._inbox.popleft()
                if event.seq >= self._next:
                    await self._take(sitting, event)

    async def _take(self, sitting: Sitting, event: Numbered) -> None:
        self._next = event.seq + 1
        await self._do(sitting.take(event))

    async def _let_fall(self, sitting: Sitting) -> None:
        """Let what is due fall, but nothing after an event that is still to come."""
        due_ns, now_ns = sitting.deadline_ns(), self._clock.boottime_ns()
        if due_ns is None or due_ns > now_ns:
            return
        for _ in range(TURNS):
            await asyncio.sleep(0)
        earliest_ns = self._recorder.hearing.earliest_ns()
        if self._inbox or (earliest_ns is not None and earliest_ns < due_ns):
            if not self._inbox:
                self._recorder.hasten()
                await asyncio.sleep(BLOCKED_S)
            return
        until_ns = now_ns if earliest_ns is None else min(now_ns, earliest_ns)
        await self._do(sitting.until(until_ns))

    # ---- waiting and working

    async def _wait(self, sitting: Sitting) -> None:
        due_ns = sitting.deadline_ns()
        left_s = None if due_ns is None else (due_ns - self._clock.boottime_ns()) / 1e9
        if self._inbox or (left_s is not None and left_s <= 0):
            return
        try:
            async with asyncio.timeout(None if left_s is None else max(left_s, REST_S)):
                await self._heard()
        except TimeoutError:
            return

    async def _heard(self) -> None:
        self._came.clear()
        await self._came.wait()

    async def _do(self, steps: Steps) -> None:
        """Do the steps, with a rest after each slice."""
        for said in steps:
            self._say(said)
            await self._rest_if_due()
        await self._rest_if_due()

    async def _rest_if_due(self) -> None:
        if self._clock.boottime_ns() - self._slice_ns >= limits.JUDGED_SLICE_NS:
            await asyncio.sleep(REBUILD_REST_S if self.state == "rebuilding" else REST_S)
            self._slice_ns = self._clock.boottime_ns()

    # ---- what is said

    def _say(self, sayings: Iterable[Saying]) -> None:
        for saying in sayings:
            self._recorder.note(saying.type, saying.lane, saying.body)
            said = saying.said
            if isinstance(said, VerdictBody):
                log.info("verdict", incident=str(said.incident), tier=said.tier)
            elif not said.over:
                log.warning("finding", **said.subject, cause=said.cause, remedy=said.remedy)

    def _say_terms(self, sitting: Sitting, zone: str) -> None:
        site = to_json(self._premises)
        parts = [site[at : at + SITE_BYTES_MAX] for at in range(0, len(site), SITE_BYTES_MAX)]
        for number, part in enumerate(parts, 1):
            terms = JudgingTerms(
                rules=self._rules,
                zone=zone,
                since=sitting.since or Place(self._past.epoch, 0),
                heard=self._next - 1,
                site=part,
                part=number,
                parts=len(parts),
            )
            body = ConfigBody(self._digest, "judging", terms).to_body()
            self._recorder.note(EventType.CONFIG, Lane.STATE, body)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What the heartbeat says is wrong with it."""
        failed = self._sitting is not None and self._sitting.docket.failed
        return ("judging_failed",) if failed or self.state == "aside" else ()

    def facts(self) -> dict[str, Any]:
        """Return what `edge-agent status` shows: open incidents, the newest first, and findings."""
        sitting = self._sitting
        newest = () if sitting is None else sitting.docket.verdicts(sitting.t_ns - SHOWN_NS)
        shown = islice((one for one in newest if one.tier), SHOWN_MAX)
        return {
            "state": self.state,
            "rules": self._rules,
            "rebuilt_from": None if sitting is None else str(sitting.since),
            "waiting": len(self._inbox),
            "conditions": list(self.conditions),
            "incidents": [_incident(body) for body in shown],
            "findings": []
            if sitting is None
            else [_finding(body) for body in list(sitting.docket.findings.values())[:SHOWN_MAX]],
        }


def _some(events: Iterator[Numbered]) -> list[Numbered]:
    return list(islice(events, READ_EVENTS))


def _incident(body: VerdictBody) -> dict[str, Any]:
    return {
        "incident": str(body.incident),
        "tier": body.tier,
        "panel": body.panel,
        "area": body.area,
        "zones": list(body.zones),
        "reasons": list(body.reasons),
        "cause": body.cause,
        "events": len(body.evidence),
    }


def _finding(body: FindingBody) -> dict[str, Any]:
    return {
        "subject": body.subject,
        "cause": body.cause,
        "severity": body.severity,
        "reasons": list(body.reasons),
        "detail": body.detail,
        "remedy": body.remedy,
    }
