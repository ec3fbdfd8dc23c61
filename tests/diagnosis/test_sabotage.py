"""A single trip beside a cut: a link, a wire, the mains, a covered detector, a jammed band."""

import pytest

from tests.diagnosis.timeline import (
    ROOM,
    STORE,
    YARD,
    Line,
    alarm,
    armed,
    at,
    disarmed,
    run,
    verdicts,
)


def last(said: list[Line]) -> tuple[int, str]:
    return said[-1]["tier"], said[-1]["reasons"][0]


@pytest.mark.parametrize(
    "sabotage",
    [
        at(7290, "zone_trouble", code="371", zone=STORE, area=1),
        at(7290, "zone", "masked", zone=STORE),
    ],
)
def test_a_cut_wire_or_a_covered_detector_and_a_trip_elsewhere(sabotage: Line) -> None:
    assert run(armed(), sabotage) == []
    said = run(armed(), sabotage, alarm(7300, ROOM))
    assert last(said) == (3, "avs01.tamper_and_trip")
    assert said[-1]["lines"] == [3, 4]
    assert last(run(armed(), alarm(7280, ROOM), sabotage)) == (3, "avs01.tamper_and_trip")
    assert last(run(armed(), sabotage, alarm(7300, STORE)))[0] == 1  # the same zone
    assert last(run(armed(), sabotage, alarm(7290 + 3601, ROOM)))[0] == 1
    assert last(run(armed(), sabotage, alarm(7300, YARD)))[0] == 1
    fog = {**sabotage, "zone": YARD}
    assert last(run(armed(), fog, alarm(7300, ROOM)))[0] == 1  # out of doors
    before = {**sabotage, "t": 50}
    assert last(run(armed(), disarmed(40), before, armed(100), alarm(7300, ROOM)))[0] == 1


def test_a_panel_that_dies_after_a_trip_was_perhaps_smashed() -> None:
    dead = at(7310, "panel", "offline")
    assert last(run(armed(), alarm(7300, ROOM), dead)) == (2, "link.loss_with_trip")
    mains = at(7305, "power", code="301")  # cut after the trip, it did not cause it
    assert last(run(armed(), alarm(7300, ROOM), mains, dead))[0] == 2
    dip = at(7299, "power", code="301")
    assert last(run(armed(), dip, alarm(7300, ROOM), dead))[0] == 1
    assert last(run(armed(), disarmed(100), alarm(7300, ROOM), dead))[0] == 1


def test_a_lost_link_alone_is_nothing_and_with_a_trip_more() -> None:
    down = {"t": 7295, "kind": "uplink", "state": "down"}
    assert run(armed(), down) == []
    said = run(armed(), down, alarm(7300, ROOM))
    assert verdicts(said) == [(7300, 1, "bs8243.unconfirmed"), (7302.5, 2, "link.loss_with_trip")]
    assert said[-1]["lines"] == [3, 4]
    after = run(armed(), alarm(7300, ROOM), {**down, "t": 7320})
    assert verdicts(after)[-1] == (7320, 2, "link.loss_with_trip")


@pytest.mark.parametrize(
    "lines",
    [
        [{"t": 5000, "kind": "uplink", "state": "down"}, alarm(7300, ROOM)],  # long before
        [{"t": 7295, "kind": "uplink", "state": "down"}, alarm(7300, YARD)],  # out of doors
        [
            at(7299, "power", code="301"),  # the mains went: that cut the link
            {"t": 7299, "kind": "uplink", "state": "down"},
            alarm(7300, ROOM),
        ],
    ],
)
def test_a_lost_link_that_explains_itself_raises_nothing(lines: list[Line]) -> None:
    assert last(run(armed(), *lines))[0] == 1


def test_jamming_and_a_wired_trip() -> None:
    jam = at(7290, "comms", code="344")
    assert last(run(armed(), jam, alarm(7300, ROOM))) == (2, "radio.jam_with_trip")
    assert last(run(armed(), jam, alarm(7300, STORE)))[0] == 1  # the jammed one itself
