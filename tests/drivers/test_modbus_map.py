"""A polled device through its life: rounds, loss, what the journal holds, supervised loops."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from drivers.modbus_map import MISSES_MAX, MapSession
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    Action,
    Answered,
    Fault,
    FaultKind,
    Link,
    Opened,
    Plain,
    Profile,
    Read,
    Received,
    Report,
    Setup,
    Table,
    Unanswered,
)
from edge_agent.domain.signal import Signal
from edge_agent.resources import load_codes
from tests.drivers.modbus_bus import (
    AT_START,
    DI8,
    LIVE,
    LOOPS,
    MS,
    REST,
    ZONE_3,
    Bus,
    S,
    profile,
    running,
    signals,
)


def test_a_session_needs_a_profile() -> None:
    with pytest.raises(ValueError, match="needs a profile"):
        MapSession(Setup(load_codes()))


def test_the_first_read_is_a_report_of_state_and_of_what_is_active() -> None:
    bus = Bus()
    assert bus.do(Opened()) == []
    (read,) = bus.asked
    assert isinstance(read, Read)
    assert (read.table, read.address, read.count) == (Table.DISCRETE_INPUTS, 0, 8)
    assert bus.session.deadline_ns() is None
    actions = bus.answer(*ZONE_3)
    assert actions[0] == Link(online=True)
    told = signals(actions)
    assert (Kind.ZONE, State.OPEN, 3, AT_START) in told
    assert (Kind.BURGLARY, State.ACTIVE, 3, AT_START) in told
    assert len(told) == 9
    assert [s.frame for a in actions if isinstance(a, Report) for s in a.signals] == [b"heard"] * 9


def test_an_edge_is_told_when_it_has_held() -> None:
    bus = running()
    bus.wait()
    assert bus.answer(*ZONE_3) == []
    assert bus.wait() == 20
    assert signals(bus.answer(*ZONE_3, after_ms=0)) == [
        (Kind.ZONE, State.OPEN, 3, LIVE),
        (Kind.BURGLARY, State.ACTIVE, 3, LIVE),
    ]
    bus.wait()
    assert bus.answer(*ZONE_3) == []
    bus.wait()
    bus.answer(*REST)
    bus.wait()
    assert signals(bus.answer(*REST)) == [
        (Kind.ZONE, State.CLOSED, 3, LIVE),
        (Kind.BURGLARY, State.RESTORED, 3, LIVE),
    ]


def test_a_bounce_is_no_edge() -> None:
    bus = running()
    bus.wait()
    bus.answer(*ZONE_3)
    bus.wait()
    assert bus.answer(*REST) == []
    bus.wait()
    assert bus.answer(*ZONE_3) == []  # begins to hold anew


def test_polls_keep_their_interval() -> None:
    bus = running()
    assert bus.wait() == 245
    bus.answer(*REST, after_ms=400)  # a slow answer: the next round is due at once
    assert bus.wait() == 0


def test_an_option_sets_the_interval() -> None:
    session = MapSession(Setup(load_codes(), DI8, {"poll_ms": 100}))
    (read,) = session.handle(Opened(), 0)
    assert isinstance(read, Read)
    session.handle(Answered(read.request, REST), 0)
    assert session.deadline_ns() == 100 * MS


def test_three_misses_make_every_point_unknown_until_it_answers() -> None:
    bus = running()
    bus.wait()
    bus.answer(*ZONE_3)
    bus.wait()
    bus.answer(*ZONE_3)
    for left in range(MISSES_MAX, 0, -1):
        bus.wait()
        actions = bus.miss()
        assert actions[0] == Fault(FaultKind.NO_ANSWER, "timeout")
        assert len(actions) == (3 if left == 1 else 1)
    assert signals(actions) == [(Kind.ZONE, State.UNKNOWN, n, LIVE) for n in range(1, 9)]
    assert actions[-1] == Link(online=False, reason="timeout")
    bus.wait()
    assert len(bus.miss()) == 1  # said once
    bus.wait()
    back = bus.answer(*REST)
    assert back[0] == Link(online=True)
    assert signals(back).count((Kind.BURGLARY, State.RESTORED, 3, AT_START)) == 1
    assert len(signals(back)) == 9


def test_a_device_that_never_answers_is_offline() -> None:
    bus = Bus()
    bus.do(Opened())
    for _ in range(MISSES_MAX - 1):
        assert len(bus.miss()) == 1
        bus.wait()
    assert bus.miss()[-1] == Link(online=False, reason="timeout")


def test_one_dead_block_does_not_hide_the_others() -> None:
    blocks: list[Plain] = [
        {"table": "holding_registers", "address": 10, "count": 2},
        {"table": "coils", "address": 0, "count": 1},
    ]
    bus = Bus(profile(blocks=blocks))
    bus.do(Opened())
    for _ in range(MISSES_MAX + 1):
        actions = bus.answer(0, 8)
        assert bus.asked[-1].table is Table.COILS
        assert Link(online=False, reason="timeout") not in actions + bus.miss()
        bus.wait()
    assert signals(bus.answer(0, 0)) == [
        (Kind.ZONE, State.OPEN, 7, LIVE),
        (Kind.FIRE, State.ACTIVE, 7, LIVE),
    ]


def test_answers_to_others_and_short_ones_tell_nothing() -> None:
    bus = running()
    bus.wait()
    assert bus.do(Answered(999, ZONE_3)) == []
    assert bus.do(Unanswered(999, FaultKind.NO_ANSWER)) == []
    assert bus.do(Received(b"bytes")) == []
    assert bus.answer(1) == [Fault(FaultKind.LENGTH, "1 values of 8")]


def test_opened_again_everything_is_unknown() -> None:
    bus = running()
    bus.do(Opened(), 100)
    actions = bus.answer(*REST)
    assert actions[0] == Link(online=True)
    assert len(signals(actions)) == 8


# ---- what the journal holds already


def standing(zone: int, kind: Kind = Kind.BURGLARY) -> Signal:
    return Signal(kind=kind, code="130", state=State.ACTIVE, zone=zone)


def test_what_stands_in_the_journal_is_not_said_again_and_ends_by_proof() -> None:
    bus = Bus()
    bus.do(Opened(standing=(standing(3), standing(4))))
    told = signals(bus.answer(*ZONE_3))
    assert [one for one in told if one[0] is not Kind.ZONE] == [
        (Kind.BURGLARY, State.RESTORED, 4, AT_START)
    ]


# ---- damaged answers


def test_a_line_that_damages_answers_is_a_finding() -> None:
    bus = running()
    found: list[Action] = []
    for _ in range(2):
        bus.wait()
        found += bus.do(Unanswered(bus.asked[-1].request, FaultKind.CHECKSUM, "damaged"), 300)
    assert [one for one in found if isinstance(one, Finding)] == [
        Finding(Cause.LINE_NOISE, True, "2 of 3 frames damaged")
    ]


# ---- loops

REFERENCE = 4000
REST_WORD, OPEN_WORD, CUT_WORD, SHORT_WORD = 2000, 2667, REFERENCE, 0


def looped(first: int, reference: int = REFERENCE) -> tuple[int, ...]:
    """All loops at rest but the first."""
    return (first, *[reference // 2] * 6, reference)


def looking() -> Bus:
    bus = Bus(LOOPS)
    bus.do(Opened())
    told = signals(bus.answer(*looped(REST_WORD)))
    assert told.count((Kind.LOOP, State.STATUS, 1, AT_START)) == 1
    assert len(told) == 14
    return bus


def hold(bus: Bus, word: int, ms: int) -> list[tuple[Any, ...]]:
    """Show `word` for so long; return what was told."""
    told: list[tuple[Any, ...]] = []
    end_ns = bus.now_ns + ms * MS
    while bus.now_ns < end_ns:
        bus.wait()
        told += signals(bus.answer(*looped(word), after_ms=1))
    return told


def test_a_contact_that_opens_and_closes() -> None:
    bus = looking()
    assert hold(bus, OPEN_WORD, 290) == []
    assert hold(bus, OPEN_WORD, 130) == [
        (Kind.ZONE, State.OPEN, 1, LIVE),
        (Kind.BURGLARY, State.ACTIVE, 1, LIVE),
        (Kind.LOOP, State.STATUS, 1, LIVE),
    ]
    assert hold(bus, REST_WORD, 390) == []
    assert hold(bus, REST_WORD, 130)[:2] == [
        (Kind.ZONE, State.CLOSED, 1, LIVE),
        (Kind.BURGLARY, State.RESTORED, 1, LIVE),
    ]


@pytest.mark.parametrize("word", [CUT_WORD, SHORT_WORD])
def test_a_cable_that_is_cut_or_short_is_tamper_and_no_burglary(word: int) -> None:
    bus = looking()
    assert hold(bus, word, 450)[:2] == [
        (Kind.ZONE, State.TAMPER, 1, LIVE),
        (Kind.TAMPER, State.ACTIVE, 1, LIVE),
    ]


def test_a_cable_cut_after_the_alarm_does_not_end_it() -> None:
    bus = looking()
    hold(bus, OPEN_WORD, 450)
    assert hold(bus, CUT_WORD, 450)[:2] == [
        (Kind.ZONE, State.TAMPER, 1, LIVE),
        (Kind.TAMPER, State.ACTIVE, 1, LIVE),
    ]
    ended = hold(bus, REST_WORD, 550)
    assert (Kind.BURGLARY, State.RESTORED, 1, LIVE) in ended
    assert (Kind.TAMPER, State.RESTORED, 1, LIVE) in ended


def test_rest_is_counted_only_while_it_is_shown() -> None:
    bus = looking()
    hold(bus, OPEN_WORD, 450)
    assert hold(bus, REST_WORD, 300) == []
    assert hold(bus, 2320, 90) == [], "between the bands"
    assert hold(bus, REST_WORD, 300) == [], "rest begins anew"


def test_between_the_bands_it_is_a_fault_after_two_seconds() -> None:
    bus = looking()
    assert hold(bus, 2320, 1900) == []
    assert hold(bus, 2320, 250)[:2] == [
        (Kind.ZONE, State.FAULT, 1, LIVE),
        (Kind.ZONE_TROUBLE, State.ACTIVE, 1, LIVE),
    ]


def test_a_loop_that_is_never_at_rest_is_told_whatever_it_shows_in_turn() -> None:
    """Open, cut, open, cut: none of them holds, and yet it is not at rest."""
    bus = looking()
    told: list[tuple[Any, ...]] = []
    for _ in range(5):
        told += hold(bus, OPEN_WORD, 90) + hold(bus, CUT_WORD, 90)
    assert (Kind.BURGLARY, State.ACTIVE, 1, LIVE) in told or (
        (Kind.TAMPER, State.ACTIVE, 1, LIVE) in told
    )


def measures(bus: Bus, word: int, seconds: int) -> list[int]:
    found: list[int] = []
    end_ns = bus.now_ns + seconds * S
    while bus.now_ns < end_ns:
        bus.wait()
        for action in bus.do(Answered(bus.asked[-1].request, looped(word), b""), 1000):
            if isinstance(action, Report):
                found += [s.ohms for s in action.signals if s.zone == 1 and s.ohms is not None]
    return found


def test_a_loop_that_drifts_is_told_while_it_is_still_at_rest() -> None:
    bus = looking()
    assert measures(bus, REST_WORD, 600) == []
    assert measures(bus, REST_WORD, 3600) == [4700], "once an hour in any case"
    drifted = measures(bus, 2060, 300)
    assert drifted[-1] == 4991, "more than 2 % of the resistor"
    assert len(drifted) <= 2, "the minute in which it began, and the next"


def test_a_supply_that_drifts_moves_no_loop() -> None:
    bus = looking()
    for reference in (3900, 3000, 2000):
        bus.wait()
        assert signals(bus.answer(*looped(reference // 2, reference))) == []


# ---- the page


def test_the_device_of_the_page_is_a_profile() -> None:
    page = (Path(__file__).parents[2] / "docs/drivers/modbus_map.md").read_text()
    [told] = [text for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "title" in text]
    facts = tomllib.loads(told)["modbus_map"]
    bus = Bus(Profile("door", "1", "modbus_map", "Door", facts))
    bus.do(Opened())
    told_of_contacts = signals(bus.answer(1, 1, 0, 1))
    assert (Kind.BURGLARY, State.ACTIVE, 3, AT_START) in told_of_contacts
    assert signals(bus.answer(1 << 15, 1)) == [
        (Kind.TAMPER, State.ACTIVE, 1, AT_START),
        (Kind.ZONE, State.OPEN, 7, AT_START),
        (Kind.ENVIRONMENT, State.ACTIVE, 7, AT_START),
    ]
