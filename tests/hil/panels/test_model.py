"""The panel model: types, arming and delays decide what becomes of a detector; scenarios play."""

from datetime import timedelta
from random import Random

import pytest

from edge_agent.domain.kinds import STATES, Kind, State
from hil.panels import scenarios
from hil.panels.machine import Command, CommandError
from hil.panels.model import (
    CLOCK_START,
    SECOND_NS,
    Happened,
    Happening,
    Model,
    ModelSetup,
    Moved,
    ZoneType,
    zones_of,
)
from hil.panels.vocabulary import WORDS

ZONES = {
    1: (ZoneType.ENTRY, 1),
    2: (ZoneType.PERIMETER, 1),
    3: (ZoneType.INTERIOR, 1),
    4: (ZoneType.FIRE, 1),
    5: (ZoneType.PERIMETER, 2),
    6: (ZoneType.PANIC, 1),
}


class Premises:
    """A model with a clock; `does` gives a line and returns words of what followed."""

    def __init__(self, exit_s: float = 10) -> None:
        self.model = Model(ModelSetup(ZONES, areas=(1, 2), entry_s=20, exit_s=exit_s))
        self.now_ns = 0

    def does(self, line: str) -> list[str]:
        return [word(one) for one in self.model.obey(Command.parse(line), self.now_ns)]

    def wait(self, seconds: float) -> list[str]:
        end_ns, told = self.now_ns + int(seconds * SECOND_NS), []
        while (due_ns := self.model.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = due_ns
            told += [word(one) for one in self.model.wake(due_ns)]
        self.now_ns = end_ns
        return told

    def area(self, number: int = 1) -> State:
        return self.model.points()[Kind.AREA, number]


def word(happened: Happened) -> str:
    match happened:
        case Moved(kind, number, state):
            return f"{kind} {number} {state}"
        case Happening(name, active):
            return f"{'' if active else 'restore '}{name} {happened.zone or happened.user or ''}"
    raise AssertionError("closed union")


def test_disarmed_only_what_is_always_on_alarms() -> None:
    here = Premises()
    assert here.does("open 2") == ["zone 2 open"]
    assert here.does("close 2") == ["zone 2 closed"]
    assert here.does("open 4") == ["zone 4 open", "fire 4", "area 1 alarm"]
    assert here.does("close 4") == ["zone 4 closed", "restore fire 4", "area 1 disarmed"]
    assert here.does("open 6") == ["zone 6 open", "panic 6", "area 1 alarm"]


def test_leaving_coming_and_breaking_in() -> None:
    here = Premises()
    assert here.does("arm area=1 user=2") == ["arm 2", "area 1 exit_delay"]
    assert here.does("open 1") == ["zone 1 open"]
    assert here.does("close 1") == ["zone 1 closed"]
    assert here.wait(11) == ["area 1 armed_away"]
    assert here.does("open 1") == ["zone 1 open", "area 1 entry_delay"]
    assert here.does("open 3") == ["zone 3 open"], "on the way in"
    assert here.does("disarm area=1 user=2") == ["disarm 2", "area 1 disarmed"]
    here.does("close 3")
    here.does("close 1")
    here.does("arm area=1")
    here.wait(11)
    assert here.does("open 2") == ["zone 2 open", "alarm 2", "area 1 alarm"]
    assert here.does("open 5") == ["zone 5 open"], "another area, disarmed"
    assert here.does("close 2") == ["zone 2 closed", "restore alarm 2"], "the memory stays"
    assert here.area() is State.ALARM
    assert here.does("disarm user=2")[-1] == "area 1 disarmed"


def test_an_entry_that_nobody_ends_is_an_alarm_and_a_door_left_open_an_exit_error() -> None:
    here = Premises()
    here.does("arm area=1")
    here.wait(11)
    here.does("open 1")
    assert here.wait(21) == ["entry 1", "area 1 alarm"]
    other = Premises()
    other.does("arm area=1")
    other.does("open 1")
    assert other.wait(11) == ["exiterror 1", "area 1 armed_away"]


def test_at_home_the_rooms_are_not_watched() -> None:
    here = Premises(exit_s=0)
    assert here.does("arm area=1 mode=stay") == ["arm ", "area 1 armed_stay"]
    assert here.does("open 3") == ["zone 3 open"]
    assert here.does("open 2")[1] == "alarm 2"


def test_a_bypassed_zone_says_nothing_until_it_is_taken_back() -> None:
    here = Premises(exit_s=0)
    assert here.does("bypass zone=2 user=1") == ["zone 2 bypassed", "bypass 2"]
    here.does("arm area=1")
    assert here.does("open 2") == []
    assert here.does("unbypass zone=2") == ["zone 2 open", "restore bypass 2"]


def test_a_cut_cable_is_tampering() -> None:
    here = Premises()
    assert here.does("sever 2") == ["zone 2 tamper"]
    assert here.does("mend 2") == ["zone 2 closed"]
    assert here.does("cable 2 ohms=2000") == ["zone 2 fault"]
    assert here.does("cable 2 ohms=10") == ["zone 2 closed"]


@pytest.mark.parametrize("name", sorted(set(WORDS) - {"bypass"}))
def test_every_word_happens_and_ends_on_any_panel(name: str) -> None:
    here = Premises()
    begun = here.does(name)
    assert any(one.startswith(f"{name} ") for one in begun)
    assert here.model.stands(name)
    ended = here.does(f"restore {name}")
    assert any(one.startswith(f"restore {name} ") for one in ended)
    assert not here.model.stands(name)
    assert here.area() is State.DISARMED


def test_the_clock_runs_jumps_and_can_be_set() -> None:
    here = Premises()
    assert here.model.clock(5 * SECOND_NS) == CLOCK_START + timedelta(seconds=5)
    here.does("clock +90")
    assert here.model.clock(0) == CLOCK_START + timedelta(seconds=90)
    here.does("clock 2027-01-01T00:00:00")
    assert f"{here.model.clock(0)}" == "2027-01-01 00:00:00"
    here.model.set_clock(CLOCK_START, 7 * SECOND_NS)
    assert here.model.clock(7 * SECOND_NS) == CLOCK_START


def test_events_are_logged_by_the_panels_own_clock() -> None:
    here = Premises()
    here.does("clock +60")
    here.does("mains")
    here.does("open 2")
    [entry] = here.model.log
    assert entry.at == CLOCK_START + timedelta(seconds=60)
    assert entry.happening.word == "mains"


@pytest.mark.parametrize(
    "line",
    [
        "open 99",
        "open",
        "frobnicate",
        "bypass",
        "bypass zone=99",
        "alarm zone=99",
        "alarm colour=red",
        "arm mode=sideways",
        "arm area=9",
        "output 9 on",
        "output 1",
        "clock soon",
        "cable 1",
    ],
)
def test_what_makes_no_sense_is_refused_with_what_does(line: str) -> None:
    with pytest.raises(CommandError, match=r"\w"):
        Premises().does(line)


def test_whatever_happens_points_have_states_that_exist_and_moves_tell_them_all() -> None:
    lines = ["open 1", "close 1", "open 2", "close 2", "sever 3", "mend 3", "arm", "disarm"]
    lines += ["arm mode=stay", "alarm zone=2", "restore alarm zone=2", "bypass zone=2"]
    lines += ["unbypass zone=2", "tamper zone=1", "restore tamper zone=1", "output 1 on", "fire"]
    random = Random(1)
    model = Model(ModelSetup(ZONES, areas=(1, 2), entry_s=5, exit_s=5))
    believed, now_ns = model.points(), 0
    for _ in range(3000):
        now_ns += random.randrange(3 * SECOND_NS)
        moves = model.wake(now_ns) if random.random() < 0.4 else []
        moves += model.obey(Command.parse(random.choice(lines)), now_ns)
        for move in moves:
            if isinstance(move, Moved):
                assert believed[move.kind, move.number] is move.was
                believed[move.kind, move.number] = move.state
        assert believed == model.points()
        assert all(state in STATES[kind] for (kind, _), state in believed.items())


@pytest.mark.parametrize("name", sorted(scenarios.PLANS))
def test_every_scenario_plays_on_a_panel_of_eight_zones(name: str) -> None:
    model = Model(ModelSetup(zones_of(8)))
    settings = {"rate": "100", "seconds": "3"} if name == "traffic" else {}
    last, happened = 0.0, 0
    for at_s, line in scenarios.PLANS[name](settings):
        assert at_s >= last
        last = at_s
        happened += len(model.wake(int(at_s * SECOND_NS)))
        happened += len(model.obey(Command.parse(line), int(at_s * SECOND_NS)))
    assert happened >= 3


def test_the_night_is_broken_into_by_detectors_alone() -> None:
    model = Model(ModelSetup(zones_of(8), exit_s=30))
    words = []
    for at_s, line in scenarios.PLANS["night"]({}):
        now_ns = int(at_s * SECOND_NS)
        for one in [*model.wake(now_ns), *model.obey(Command.parse(line), now_ns)]:
            words += [one.word] if isinstance(one, Happening) else []
    assert "alarm" in words
    assert words[-1] in {"disarm", "alarm"}
