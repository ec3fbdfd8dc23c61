"""The story that the demo plays: what happens when, and in which words; pure data and its timing.

One round of four acts takes `ROUND` beats.  A short demo plays the round faster, a long one plays
it several times.
"""

from collections.abc import Iterator
from dataclasses import dataclass

ROUND = 20.0  # beats of one round
ROUND_S = 20.0  # how long a round likes to take: a beat is about a second
AROUND_S = 4.0  # to set the stage up and to wait for the last receipts
ACTS = 4


@dataclass(frozen=True, slots=True)
class Tell:
    """Give a panel a control line."""

    panel: str
    line: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Cut the network between gateway and broker."""


@dataclass(frozen=True, slots=True)
class Mend:
    """Join it again."""


Deed = Tell | Cut | Mend


@dataclass(frozen=True, slots=True)
class Scene:
    """Something that happens `at_s` seconds after the curtain; `words` names what is told of it."""

    at_s: float
    act: int
    words: str | None
    deeds: tuple[Deed, ...]


def _p1(*lines: str) -> tuple[Deed, ...]:
    return tuple(Tell("p1", line) for line in lines)


def _p2(*lines: str) -> tuple[Deed, ...]:
    return tuple(Tell("p2", line) for line in lines)


def _p3(*lines: str) -> tuple[Deed, ...]:
    return tuple(Tell("p3", line) for line in lines)


# at (beats), act, words, deeds; `{rate}`, `{seconds}` and `{first}` are filled in
_BEATS: tuple[tuple[float, int, str | None, tuple[Deed, ...]], ...] = (
    (0.0, 1, "break_in", _p1("entry zone=1 area=1")),
    (0.6, 1, "inside", _p1("alarm zone=2 area=1") + _p3("input 3 on")),
    (1.4, 1, "torn_off", _p1("tamper zone=3 area=1")),
    (2.2, 1, "owner", _p1("disarm user=4 area=1", "cancel user=4 area=1")),
    (3.2, 1, "repaired", _p1("restore tamper zone=3 area=1", "restore alarm zone=2 area=1")),
    (3.9, 1, None, _p1("restore entry zone=1 area=1") + _p3("input 3 off")),
    (4.6, 2, "smoke", _p2("smoke zone=11 area=9")),
    (5.2, 2, "fire_spreads", _p2("fire zone=12 area=9 as=sia") + _p3("input 5 on")),
    (5.9, 2, "call_point", _p2("callpoint zone=14 area=9")),
    (6.6, 2, "mains_out", _p2("mains area=9")),
    (7.6, 3, "load", _p1("plan traffic rate={rate} seconds={seconds} first={first}")),
    (8.4, 3, "unplugged", _p1("unplug")),
    (9.4, 3, None, _p2("restore mains area=9") + _p3("input 5 off")),
    (10.2, 3, "plugged", _p1("plug")),
    (12.8, 4, "network_cut", (Cut(),)),
    (13.3, 4, "robbery", _p1("holdup zone=6 area=2") + _p3("input 2 on")),
    (14.2, 4, "fire_offline", _p2("smoke zone=15 area=9", "fire zone=16 area=9 as=sia")),
    (15.2, 4, None, _p1("panic zone=7 area=2", "duress user=5 area=2")),
    (16.6, 4, "network_back", (Mend(),)),
    (17.2, 4, "quiet", _p2("restore smoke zone=11 area=9", "restore smoke zone=15 area=9")),
    (17.8, 4, None, _p2("restore fire zone=12 area=9 as=sia") + _p3("input 2 off")),
    (18.8, 4, "armed", _p1("restore holdup zone=6 area=2", "arm user=4 area=1")),
    (20.0, 4, None, ()),
)
_LOAD_BEATS, _LOAD_SIGNALS = 3.6, 24  # under which the plug is pulled: 9.. of them find no line


def rounds(seconds: float) -> int:
    """Return how often the story is played in a demo of `seconds`."""
    return max(1, round((seconds - AROUND_S) / ROUND_S))


def script(seconds: float) -> Iterator[Scene]:
    """Yield the scenes of a demo of `seconds`, in order."""
    count = rounds(seconds)
    beat_s = (seconds - AROUND_S) / count / ROUND
    for number in range(count):
        filled = {
            "rate": f"{_LOAD_SIGNALS / (_LOAD_BEATS * beat_s):.3f}",
            "seconds": f"{_LOAD_BEATS * beat_s:.3f}",
            "first": str(number * _LOAD_SIGNALS),
        }
        for beat, act, words, deeds in _BEATS:
            at_s = (number * ROUND + beat) * beat_s
            yield Scene(at_s, act, words, tuple(_fill(deed, filled) for deed in deeds))


def _fill(deed: Deed, filled: dict[str, str]) -> Deed:
    if isinstance(deed, Tell):
        return Tell(deed.panel, deed.line.format(**filled))
    return deed
