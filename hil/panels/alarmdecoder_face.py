"""How the emulated VISTA panel with an AlarmDecoder AD2 is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site, voice
from hil.panels.alarmdecoder import AREA, Ad2Setup, Ad2Voice, believed_of, is_sound
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup, zones_of
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of alarmdecoder:
  event [code=699]          a report of no table
  radio HEX [serial=N]      a transmitter was heard      relay on|off [number=N]"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=48)
    parser.add_argument("--rest-s", type=float, default=5, help="between keypad lines")
    parser.add_argument("--no-reports", action="store_true", help="LRR=N")
    parser.add_argument("--no-expanders", action="store_true", help="no !EXP for zones from 9 on")
    parser.add_argument("--star", action="store_true", help="shows open zones when * was pressed")


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes."""
    setup = Ad2Setup(
        rest_s=arguments.rest_s,
        reports=not arguments.no_reports,
        expanders=not arguments.no_expanders,
        star=arguments.star,
    )
    return panel(site.told(arguments), setup)


def panel(premises: ModelSetup, setup: Ad2Setup) -> ModelPanel:
    """Return the panel on its model: the adapter sees one partition, all zones are in it."""
    here = Model(replace(premises, zones=zones_of(len(premises.zones)), areas=(AREA,)))
    return ModelPanel(here, Ad2Voice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `Ad2Setup`."""
    del profile
    return panel(site.usual(), Ad2Setup(**settings))


def truth(machine: Machine) -> site.Points:
    """Return what a host can know: the zones of a panel that is armed are not shown."""
    assert isinstance(machine, ModelPanel)
    here, told = machine.model, machine.voice
    assert isinstance(told, Ad2Voice)
    is_armed = here.areas[AREA].armed is not State.DISARMED

    def zone(number: int) -> State:
        if number in told.by_host:
            return State.BYPASSED
        return told.told.get(number, State.CLOSED) if is_armed else told.zone_state(number)

    points = site.points(here, zone, lambda number: believed_of(here, number))
    return {point: state for point, state in points.items() if point[0] is not Kind.OUTPUT}


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # damage is seen by the shape of a line, or not at all
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    return site.speak(number, words)


FACE = Face(
    name="alarmdecoder",
    title="VISTA alarm panel with an AlarmDecoder AD2 on its keypad bus",
    peers_max=1,
    control_help=f"{CONTROL}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event code=699",
    quick=("--rest-s", "0.5"),
    silence_s=25,
    truth=truth,
    sound=is_sound,
    standing="fire zone=3",
    has_clock=False,
)
