"""An evidence bundle on a center's request: made by a child, as on the command line, then fetched.

The child asks the running agent to record the export and to seal it, as whoever calls
`edge-agent export` does; the purpose names who asked, and by which command.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from edge_agent import errands
from edge_agent.commanding import DONE, FAILED, REFUSED, Result
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.evidence import command as words
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.command import CenterCommand, CommandRef
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.evidence.reply import facts_of
from edge_agent.limits import BUNDLE_S_MAX, CHILD_BYTES_MAX
from edge_agent.parcels import Parcels

_TIME_MS_MAX = 253_402_300_799_000  # the end of the year 9999
_KEYS = {
    *(words.BUNDLE_PURPOSE, words.BUNDLE_SINCE, words.BUNDLE_UNTIL),
    *(words.BUNDLE_PANEL, words.BUNDLE_AREA, words.BUNDLE_INCIDENT),
}


def options_of(command: CenterCommand) -> list[str]:
    """Return what `edge-agent export` is called with.  Raises Malformed."""
    body = command.body
    if not body.keys() <= _KEYS:
        raise Malformed("unknown key in a bundle")
    purpose = fields.text(body, words.BUNDLE_PURPOSE, words.PURPOSE_CHARS_MAX).strip()
    if not purpose:
        raise Malformed("a bundle has a purpose")
    return [f"--purpose={purpose} (for {command.actor})", *_chosen(command)]


def _chosen(command: CenterCommand) -> Iterator[str]:
    body = command.body
    for key, option in ((words.BUNDLE_SINCE, "since"), (words.BUNDLE_UNTIL, "until")):
        time_ms = fields.number_or_none(body, key, 0, _TIME_MS_MAX)
        if time_ms is not None:
            later = (
                999 if option == "until" else 0
            )  # whole seconds, rather too much than too little
            moment = datetime.fromtimestamp((time_ms + later) // 1000, UTC)
            yield f"--{option}={moment.isoformat()}"
    panel = fields.text_or_none(body, words.BUNDLE_PANEL, NAME_CHARS_MAX)
    area = fields.number_or_none(body, words.BUNDLE_AREA, 1, NUMBER_MAX)
    if (panel is None) is not (area is None):
        raise Malformed("a panel and an area belong together")
    if panel is not None:
        yield f"--panel={panel}"
        yield f"--area={area}"
    incident = fields.text_or_none(body, words.BUNDLE_INCIDENT, NAME_CHARS_MAX)
    if incident is not None:
        try:
            yield f"--incident={Place.parse(incident)}"
        except ValueError as error:
            raise Malformed(str(error)) from error


class Bundling:
    """Makes bundles, one at a time; `is_short` tells whether the disk has no room to spare."""

    def __init__(self, config: Path, parcels: Parcels, is_short: Callable[[], bool]) -> None:
        self._config = config
        self._parcels = parcels
        self._is_short = is_short
        self._one = asyncio.Lock()

    async def take(self, command: CenterCommand, _ref: CommandRef) -> Result:
        """Make one, and tell what it is fetched by.  Raises Malformed."""
        options = options_of(command)
        if self._is_short():
            return Result(REFUSED, "the disk has no room to spare")
        async with self._one:
            try:
                return await self._made(options)
            except (OSError, ValueError, KeyError, errands.Failed) as error:
                narrower = "ask for less: --since, --until, --incident"
                return Result(FAILED, f"no bundle was made: {error}; {narrower}")

    async def _made(self, options: list[str]) -> Result:
        place = await asyncio.to_thread(self._parcels.place, "bundle")
        said = await errands.run(
            *("export", "--json", "--config", str(self._config), "--out", str(place), *options),
            s_max=BUNDLE_S_MAX,
            bytes_max=CHILD_BYTES_MAX,
        )
        if not said:
            raise ValueError("nothing of that kind is kept, or it is too much")
        events = int(json.loads(said)["events"])
        parcel = await asyncio.to_thread(self._parcels.offer, place)
        told = f"{events} events, {parcel.size} bytes"
        return Result(DONE, told, facts_of(parcel.facts() | {"events": events}))
