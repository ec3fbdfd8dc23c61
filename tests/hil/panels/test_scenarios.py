"""Every scenario plays on every panel, to its end; what a protocol has no words for is noted."""

import pytest

from hil.panels import scenarios
from hil.panels.__main__ import _parser, _stand, load_face, names
from hil.panels.machine import CommandError, Entry, Heard, Plugged, Said, Ticked
from hil.panels.scenarios import as_input, as_inputs, figures
from hil.panels.stand import Noted, Stand

SECOND_NS = 1_000_000_000
PANELS = [name for name in names() if load_face(name).plans]
ACKS = {"galaxy_sia": bytes.fromhex("40 38 87"), "surgard": b"\x06"}


def play(name: str, scenario: str) -> list[Entry]:
    """Let a panel play for 60 s in front of a host that knows one thing to say, or none."""
    face = load_face(name)
    stand: Stand = _stand(face, _parser().parse_args([name, "--pty"]))
    entries: list[Entry] = []

    def take(happened: Plugged | Ticked | Heard, now_ns: int) -> None:
        outputs = stand.handle(happened, now_ns)
        entries.extend(output.entry for output in outputs if isinstance(output, Noted))

    stand.play(face.plans[scenario]({"seconds": "5"}), 0)
    take(Plugged(), 0)
    for tick in range(1, 61 * 4):
        now_ns = tick * SECOND_NS // 4
        while (due_ns := stand.deadline_ns()) is not None and due_ns < now_ns:
            take(Ticked(), due_ns)
        if host_says := face.asked or ACKS.get(name):
            take(Heard(host_says), now_ns)
    assert stand._player.deadline_ns() is None, "it plays on"
    return entries


@pytest.mark.parametrize("scenario", scenarios.PLANS)
@pytest.mark.parametrize("name", PANELS)
def test_a_scenario_plays_on_any_panel(name: str, scenario: str) -> None:
    entries = play(name, scenario)
    told = {entry.state for entry in entries}
    assert told & {Said.SAID, Said.STATED, Said.SET, Said.UNTOLD}, "nothing came of it"


def test_inputs_are_on_and_off() -> None:
    assert as_input("open 3") == "input 3 on"
    assert as_input("close 3") == "input 3 off"
    assert as_input("alarm zone=2 area=1") == "input 2 on"
    assert as_input("restore tamper zone=2") == "input 2 off"
    assert as_input("disarm user=2 area=1") == "disarm user=2 area=1"
    assert as_input("bypass zone=4 user=2") == "bypass zone=4 user=2"
    assert next(iter(as_inputs(scenarios.tamper)({}))) == (0.0, "input 2 on")


def test_what_a_panel_does_not_know_is_noted_and_the_plan_goes_on() -> None:
    entries = play("modbus_map", "tamper")
    assert [entry.line for entry in entries if entry.state is Said.UNTOLD] == [
        "sever 3",
        "cover",
        "restore cover",
        "mend 3",
    ]
    assert [entry.state for entry in entries].count(Said.SET) == 2


@pytest.mark.parametrize("wrong", [{"rate": "0"}, {"rate": "x"}, {"seconds": "-"}, {"rate": "1e9"}])
def test_figures_that_make_no_sense(wrong: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        figures(wrong)


def test_traffic_is_as_dense_as_told() -> None:
    assert len(list(scenarios.traffic({"rate": "100", "seconds": "2"}))) == 200
