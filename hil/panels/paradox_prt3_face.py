"""How the emulated Paradox panel with its PRT3 module is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edge_agent.domain.kinds import Kind
from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site, voice
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.paradox_prt3 import (
    ZONE_STATES,
    Prt3Setup,
    Prt3Voice,
    believed_of,
    contact,
    is_sound,
)
from hil.panels.voice import ModelPanel

OUTPUTS = 8
CONTROL = """\
control lines of paradox_prt3:
  bus on|off                the panel's bus, without which the module knows nothing
  event [group=58] [number=N]   an event of no table"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=192)
    parser.add_argument("--answer-s", type=float, default=0.5, help="how long an answer takes")
    parser.add_argument("--memory-last", action="store_true", help="area flags in the other order")
    parser.add_argument("--charset", default="latin-1", help="of names")


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes."""
    setup = Prt3Setup(arguments.answer_s, arguments.memory_last, arguments.charset)
    return panel(site.told(arguments, outputs=OUTPUTS), setup)


def panel(premises: ModelSetup, setup: Prt3Setup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(premises)
    return ModelPanel(here, Prt3Voice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `Prt3Setup`."""
    del profile  # one module behind panels of different sizes
    return panel(site.usual(outputs=OUTPUTS), Prt3Setup(**settings))


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point: it can ask for no output and for no bypass."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    points = site.points(
        here,
        lambda number: ZONE_STATES[contact(here.zones[number])],
        lambda number: believed_of(here, number),
    )
    return {point: state for point, state in points.items() if point[0] is not Kind.OUTPUT}


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # damage is seen by the shape of a line, or not at all
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    return site.speak(number, words)


FACE = Face(
    name="paradox_prt3",
    title="Paradox EVO panel with a PRT3 module, ASCII mode",
    peers_max=1,
    control_help=f"{CONTROL}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event group=58",
    quick=("--answer-s", "0.02"),
    silence_s=50,
    truth=truth,
    sound=is_sound,
    standing="alarm zone=3",
    has_clock=False,
)
