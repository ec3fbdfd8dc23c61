"""Premises as command lines and tests describe them, and the traffic on them."""

from argparse import ArgumentParser

import pytest

from edge_agent.domain.kinds import Kind, State
from hil.panels import site
from hil.panels.machine import Command
from hil.panels.model import Model

NS = 1_000_000_000


def test_a_command_line_describes_the_premises() -> None:
    parser = ArgumentParser()
    site.add_arguments(parser, zones_max=20)
    setup = site.told(parser.parse_args(["--zones", "20", "--exit-s", "3"]), outputs=2)
    assert (len(setup.zones), setup.exit_s, setup.entry_s) == (20, 3, 30)
    assert {area for _, area in setup.zones.values()} == set(site.AREAS)
    with pytest.raises(SystemExit):
        parser.parse_args(["--zones", "21"])


def test_points_are_told_in_the_words_of_a_protocol() -> None:
    model = Model(site.usual(zones=8, outputs=1))
    for line in ("open 3", "bypass zone=4", "output 1 on"):
        model.obey(Command.parse(line), NS)
    points = site.points(model, lambda number: site.contact(model, number))
    assert points[Kind.ZONE, 3] is State.OPEN
    assert points[Kind.ZONE, 4] is State.BYPASSED
    assert points[Kind.ZONE, 5] is State.CLOSED
    assert points[Kind.OUTPUT, 1] is State.ON
    assert points[Kind.AREA, 1] is State.DISARMED
    areas = site.points(model, lambda _: State.UNKNOWN, lambda _: State.ARMED_STAY)
    assert areas[Kind.AREA, 2] is State.ARMED_STAY


def test_traffic_goes_over_all_words_and_zones_and_comes_to_an_end() -> None:
    words = ("alarm", "restore alarm", "open", "close", "mains", "arm")
    lines = [site.speak(number, words) for number in range(12)]
    assert lines[:6] == [
        *("alarm zone=1", "restore alarm zone=1", "open 1", "close 1"),
        *("mains", "arm area=2 user=6"),
    ]
    assert lines[10] == "restore mains"
    model = Model(site.usual())
    for number in range(len(words) * site.ZONES_SPOKEN):
        model.obey(Command.parse(site.speak(number, words)), NS)
    assert not model.stands("alarm")
