"""Every face suffers every fault, by flag and by control line alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from hil.panels.__main__ import _parser, _stand, load_face, names
from hil.panels.machine import Command, Commanded, Face, Heard, Plugged, Said, Ticked
from hil.panels.model import CLOCK_START
from hil.panels.stand import FAULTS, Noted, Plug, Spoken, Stand, StandOutput
from hil.panels.voice import ModelPanel

SECOND_NS = 1_000_000_000
PANELS = [name for name in names() if load_face(name).plans]  # centers and receivers are none
AT_S = 20.0
UNTIL_S = 60


@dataclass
class Played:
    """What came of a talk: pieces on the wire from the fault on, and ledger lines."""

    stand: Stand
    pieces: list[bytes] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    notes: list[tuple[Said, str | None]] = field(default_factory=list)
    plugs: list[bool] = field(default_factory=list)

    @property
    def heard(self) -> bytes:
        return b"".join(self.pieces)

    def take(self, outputs: list[StandOutput], now_ns: int) -> None:
        for output in outputs:
            match output:
                case Spoken(data):
                    self.pieces.append(data)
                    self.times_s.append(now_ns / 1e9)
                case Noted(entry):
                    self.notes.append((entry.state, entry.line))
                case Plug(there):
                    self.plugs.append(there)


def talk(name: str, *, flag: str = "", line: str = "") -> Played:
    """Start a panel with a flag or tell it a line; events happen, and nobody acknowledges."""
    face = load_face(name)
    arguments = _parser().parse_args([name, "--pty", *(["--fault", flag] if flag else [])])
    stand = _stand(face, arguments)
    if isinstance(stand.machine, ModelPanel):
        stand.machine.model.set_clock(CLOCK_START, 0)
    here = Played(stand)
    stand.play(sorted(arguments.fault), 0)
    here.take(stand.handle(Plugged(), 0), 0)
    for second in range(UNTIL_S):
        now_ns = second * SECOND_NS
        while (due_ns := stand.deadline_ns()) is not None and due_ns < now_ns:
            here.take(stand.handle(Ticked(), due_ns), due_ns)
        if line and second == AT_S:
            here.take(stand.handle(Commanded(Command.parse(line)), now_ns), now_ns)
        here.take(stand.handle(Ticked(), now_ns), now_ns)
        if face.asked:
            here.take(stand.handle(Heard(face.asked), now_ns), now_ns)
        if second > 5 and second % 3 == 0:
            told = Command.parse(event(face, second // 3))
            here.take(stand.handle(Commanded(told), now_ns), now_ns)
    return here


def event(face: Face, number: int) -> str:
    return face.speak(0, False) if face.name == "modbus_map" else face.speak(number, False)


def bits(one: bytes, other: bytes) -> int:
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


def flooded(faulty: Played) -> bool:
    # an event of the same kind twice in a row is one to a register map
    return len(faulty.notes) + len(faulty.pieces) > 60


SEEN: Mapping[str, tuple[str, Callable[[Played, Played], bool]]] = {
    # fault: how it is told; what tells the talk that suffers it from the one that does not
    "wrong": ("wrong", lambda good, bad: bits(good.heard, bad.heard) == 1),
    "cut": ("cut", lambda good, bad: 0 < len(good.heard) - len(bad.heard) < 200),
    "lost": ("lost", lambda good, bad: len(good.pieces) == len(bad.pieces) + 1),
    "double": ("double", lambda good, bad: len(bad.heard) > len(good.heard)),
    "glue": (
        "glue 2",
        lambda good, bad: good.heard == bad.heard and len(good.pieces) == len(bad.pieces) + 2,
    ),
    "badtext": ("badtext", lambda good, bad: b"\xff\xfe" in bad.heard),
    "repeat": ("repeat", lambda good, bad: len(bad.pieces) == len(good.pieces) + 1),
    "garbage": ("garbage 40", lambda good, bad: len(bad.heard) == len(good.heard) + 40),
    "silence": ("silence 15", lambda good, bad: spoke(good) and not spoke(bad)),
    "noack": ("noack 1000", lambda _, bad: deaf(bad)),
    "clock": ("clock +3600", lambda good, bad: clock_s(bad) - clock_s(good) == 3600),
    "flood": ("flood 100 3", lambda _, bad: flooded(bad)),
    "unplug": ("unplug 5", lambda _, bad: bad.plugs == [False, True]),
    "plug": ("plug", lambda _, bad: bad.plugs == [True]),
}


def spoke(played: Played) -> bool:
    return any(AT_S <= time_s < AT_S + 15 for time_s in played.times_s)


def deaf(played: Played) -> bool:
    return not played.stand.back.put(b"anything", UNTIL_S * SECOND_NS)


def clock_s(played: Played) -> float:
    assert isinstance(played.stand.machine, ModelPanel)
    clock = played.stand.machine.model.clock(0)
    return clock.timestamp()


@pytest.fixture(scope="module")
def good() -> dict[str, Played]:
    return {name: talk(name) for name in PANELS}


def test_no_fault_is_left_out() -> None:
    assert set(SEEN) == set(FAULTS)
    assert len(PANELS) >= 8


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", PANELS)
def test_a_fault_is_suffered_by_flag_and_by_control_line(
    name: str, fault: str, good: dict[str, Played]
) -> None:
    line, seen = SEEN[fault]
    by_line = talk(name, line=line)
    by_flag = talk(name, flag=f"{line}@{AT_S}")
    assert by_flag.heard == by_line.heard
    assert by_flag.notes == by_line.notes
    face = load_face(name)
    has = {"clock": face.has_clock, "badtext": face.has_text}
    if not has.get(fault, True):
        assert (Said.UNTOLD, fault) in by_line.notes
    else:
        assert seen(good[name], by_line), f"{line} is not seen"
