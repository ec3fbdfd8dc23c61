"""What the emulated panels say they said: reads their ledgers, one JSON line a change.

`python -m hil.panels --help` tells the lines.  A signal is *spoken* when its bytes were on the wire
or read from it, and *due* when it must be at the center: its panel heard the acknowledgement, or it
has none and the signal was read in time.
"""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

ENDS = b"\x14\r\n"  # what may end a receiver's message; ledgers leave it out, events keep it
MEANING = ("kind", "code", "state", "area", "zone", "user", "account")


class Key(NamedTuple):
    """What makes two mentions the same signal: who said it, what it means, and the bytes.

    `frame` is "" for a register map: there the bytes show all inputs, and carry a running number.
    """

    panel: str
    meaning: tuple[str | int | None, ...]
    frame: str


def key_of(panel: str, told: dict[str, Any], frame: bytes, *, by_frame: bool) -> Key:
    """Return the key of a signal told as JSON."""
    meaning = tuple(told[name] for name in MEANING)
    return Key(panel, meaning, frame.rstrip(ENDS).hex() if by_frame else "")


@dataclass(slots=True)
class Spoken:
    """One signal of a panel, and how far it is known to have come.  Times are CLOCK_BOOTTIME."""

    number: int  # in its panel's ledger
    key: Key
    said_ns: int
    due: bool = False
    acked_ns: int | None = None
    found: bool = False  # it was there before anybody listened
    durable: bool = False
    latency_ns: int | None = None  # last byte on the wire -> stored by the center
    receipted: bool = False

    @property
    def panel(self) -> str:
        """Who said it."""
        return self.key.panel

    @property
    def told(self) -> dict[str, str | int | None]:
        """What it means, by name."""
        return dict(zip(MEANING, self.key.meaning, strict=True))


class Ledger:
    """The ledger of one panel; `acknowledged` says whether its protocol has an ACK."""

    def __init__(self, panel: str, *, acknowledged: bool) -> None:
        self.panel = panel
        self.spoken: dict[int, Spoken] = {}
        self.line: str | None = None  # where the panel can be reached; None: unplugged
        self._acknowledged = acknowledged

    def note(self, text: str) -> Spoken | None:
        """Take one line; return the signal that it is about, if one was spoken."""
        entry = json.loads(text)
        number, state = entry["id"], entry["state"]
        if number == 0:
            self.line = entry.get("line")
            return None
        if state in ("said", "found"):
            frame = bytes.fromhex(entry["frame"])
            key = key_of(self.panel, entry["signal"], frame, by_frame=self._acknowledged)
            self.spoken[number] = Spoken(number, key, entry["t_ns"])
        spoken = self.spoken.get(number)
        if spoken is None:
            return None  # set, missed or dropped: nobody can have heard it
        spoken.found = state == "found"
        if state == "acked":
            spoken.acked_ns, spoken.due = entry["t_ns"], True
        if state == "said" and not self._acknowledged:
            spoken.due = True
        return spoken
