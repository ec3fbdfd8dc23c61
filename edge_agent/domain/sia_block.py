"""The data block of SIA DC-03, as receivers and DC-09 senders carry it: `Nri1/BA001/BA002`.

A block holds event codes with optional numbers, split by `/`.  Modifiers (two small letters and a
value, such as `ri1` for area 1) hold for the codes that follow, until changed.  Free text stands
between `^` marks or after `*'...'NM`, and belongs to the code before it.  A leading `N` (new) or
`O` (old, was stored) is stripped only if what remains still parses, because `NL` and `OP` are codes
of their own.  Real senders leave the `N` out and glue `ri1BA012` without a slash.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.domain.codes import Codes, Place, number, signal_of
from edge_agent.domain.signal import TEXT_CHARS_MAX, Signal

BLOCK_EVENTS_MAX = 64  # a receiver's frame is far shorter; a longer block is not one

_TOKEN = re.compile(
    r"(?P<modifier>[a-z]{2})(?P<value>[^/A-Z^*]*)"
    r"|(?P<code>[A-Z]{2})(?P<number>[0-9]{0,8})(?=[/^*'\"]|\Z)"
    r"|\^(?P<text>[^^]*)\^?"
    r"|\*?['\"](?P<quoted>[^'\"]*)['\"](?:NM)?"
    r"|(?P<split>/)"
)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_DATE = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])-([0-9]{2})")


@dataclass(frozen=True, slots=True)
class SiaEvent:
    """One event code of a block, with its number and the modifiers in force, all as sent."""

    code: str
    number: str
    modifiers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None

    def signal(self, codes: Codes, account: str | None, frame: bytes) -> Signal:
        """Return what this event says; numbers of zero mean that the panel does not say."""
        place = Place(
            area=number(self.modifiers.get("ri", "")),
            number=number(self.number),
            user=number(self.modifiers.get("id", "")),
            account=account,
            text=self.text,
            panel_time=_panel_time(self.modifiers),
            frame=frame,
        )
        return signal_of(codes.sia(self.code), place)


def parse_block(block: str) -> list[SiaEvent] | None:
    """Return the events of a block in order, None where it is not one or holds no event."""
    if block[:1] in ("N", "O") and (events := _parse(block[1:])):
        return events
    return _parse(block)


def _parse(block: str) -> list[SiaEvent] | None:
    events: list[SiaEvent] = []
    modifiers: dict[str, str] = {}
    at = 0
    while at < len(block):
        token = _TOKEN.match(block, at)
        if token is None or len(events) >= BLOCK_EVENTS_MAX:
            return None
        at = token.end()
        if token["modifier"]:
            modifiers = {**modifiers, token["modifier"]: token["value"]}
        elif token["code"]:
            events.append(SiaEvent(token["code"], token["number"], modifiers))
        elif not token["split"] and events:
            events[-1] = _with_text(events[-1], token["text"] or token["quoted"] or "")
    return events or None


def _with_text(event: SiaEvent, text: str) -> SiaEvent:
    text = text.strip()[:TEXT_CHARS_MAX]
    return SiaEvent(event.code, event.number, event.modifiers, text or event.text)


def clock_of(modifier: str) -> tuple[int, int, int | None] | None:
    """Return hour, minute and second (None: not told) of a `ti`; None where it is no time."""
    time = _TIME.fullmatch(modifier)
    if time is None:
        return None
    return int(time[1]), int(time[2]), int(time[3]) if time[3] else None


def _panel_time(modifiers: Mapping[str, str]) -> str | None:
    """Return the panel's own time in ISO 8601, None without a date and a time that make sense."""
    date = _DATE.fullmatch(modifiers.get("da", ""))
    time = _TIME.fullmatch(modifiers.get("ti", ""))
    if date is None or time is None:
        return None
    month, day, year = date.groups()
    return f"20{year}-{month}-{day}T{time[1]}:{time[2]}:{time[3] or '00'}"
