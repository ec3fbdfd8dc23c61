"""An evidence bundle on a center's request: made by a child, as on the command line, then sent.

The child asks the running agent to record the export and to seal it, as whoever calls
`edge-agent export` does; the purpose names who asked, and by which command.
"""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from edge_agent.daemon import children
from edge_agent.daemon.commands import DONE, FAILED, REFUSED, Result
from edge_agent.daemon.file_sending import send
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.evidence import command as words
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.command import CenterCommand, CommandRef
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.evidence.reply import facts_of
from edge_agent.limits import BUNDLE_S_MAX, CHILD_BYTES_MAX

BYTES_MAX = 16 << 20  # minutes over a line of 1 Mbit/s, and a child of 96 MiB makes no more
_TIME_MS_MAX = 253_402_300_799_000  # the end of the year 9999
_KEYS = {
    *(words.BUNDLE_NAME, words.BUNDLE_PURPOSE, words.BUNDLE_SINCE, words.BUNDLE_UNTIL),
    *(words.BUNDLE_PANEL, words.BUNDLE_AREA, words.BUNDLE_INCIDENT),
}


def name_of(command: CenterCommand) -> str:
    """Return what the pieces are to be called.  Raises Malformed."""
    name = fields.text(command.body, words.BUNDLE_NAME, NAME_CHARS_MAX)
    if not words.BUNDLE_FORM.fullmatch(name):
        raise Malformed("a bundle's name is `bundle-` and 12 digits of hex")
    return name


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
            up_ms = 999 if option == "until" else 0  # whole seconds, rather too much
            moment = datetime.fromtimestamp((time_ms + up_ms) // 1000, UTC)
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
    """Makes bundles and sends them, one at a time; `folder` is where they lie meanwhile.

    `is_short` tells whether the disk has no room to spare, `hand_over` sends a center a piece.
    """

    def __init__(
        self,
        config: Path,
        folder: Path,
        is_short: Callable[[], bool],
        hand_over: Callable[[str, bytes], Awaitable[str]],
    ) -> None:
        self._config = config
        self._place = folder / "bundle.making"
        self._is_short = is_short
        self._hand_over = hand_over
        self._one = asyncio.Lock()

    async def take(self, command: CenterCommand, ref: CommandRef) -> Result:
        """Make one and send it; the reply names its hash.  Raises Malformed."""
        name, options = name_of(command), options_of(command)
        if self._is_short():
            return Result(REFUSED, "the disk has no room to spare")
        async with self._one:
            try:
                return await self._made(name, options, ref.center)
            except (OSError, ValueError, KeyError, children.Failed) as error:
                narrower = "ask for less: --since, --until, --incident"
                return Result(FAILED, f"no bundle came of it: {error}; {narrower}")
            finally:
                with contextlib.suppress(OSError):  # a disk that refuses: the next one removes it
                    await asyncio.to_thread(self._place.unlink, missing_ok=True)

    async def _made(self, name: str, options: list[str], center: str) -> Result:
        await asyncio.to_thread(self._place.unlink, missing_ok=True)  # left by a run that was cut
        said = await children.run(
            *("export", "--json", "--config", str(self._config), "--out", str(self._place)),
            *options,
            s_max=BUNDLE_S_MAX,
            bytes_max=CHILD_BYTES_MAX,
        )
        if not said:
            raise ValueError("nothing of that kind is kept, or it is too much")
        events = int(json.loads(said)["events"])
        size, digest = await asyncio.to_thread(_measured, self._place)
        give = partial(self._hand_over, center)
        await send(name, [self._place], asyncio.to_thread, give)
        facts = {"sha256": digest.hex(), "bytes": size, "events": events}
        return Result(DONE, f"{events} events, {size} bytes", facts_of(facts))


def _measured(file: Path) -> tuple[int, bytes]:
    """Return a file's size and SHA-256.  Raises OSError, ValueError where it is too large."""
    size = file.stat().st_size
    if size > BYTES_MAX:
        raise ValueError(f"{size} bytes, and at most {BYTES_MAX} are sent")
    with file.open("rb") as opened:
        return size, hashlib.file_digest(opened, "sha256").digest()
