"""How the emulated NetworX panel is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.nx584 import NxSetup, NxVoice, is_sound, zone_truth
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of nx584:
  event [type=99]           an entry of the log, of no table
  key fire|medical|panic    a key held at a keypad
  raw HEX                   any bytes"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=192)
    parser.add_argument("--binary", action="store_true", help="frames are binary, not ASCII")
    parser.add_argument("--day-first", action="store_true", help="dates as in Europe")


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    setup = NxSetup(binary=arguments.binary, day_first=arguments.day_first)
    return panel(site.told(arguments, outputs=0), setup)


def panel(premises: ModelSetup, setup: NxSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(premises)
    return ModelPanel(here, NxVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; one that is not told speaks binary."""
    return panel(site.usual(outputs=0), NxSetup(**{"binary": profile is None, **settings}))


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    return site.points(here, lambda number: zone_truth(here, number))


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every frame has its checksum
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    return site.speak(number, words)


FACE = Face(
    name="nx584",
    title="NetworX alarm panel: NX-584, NX-8E",
    peers_max=1,
    control_help=f"{CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event type=99",
    silence_s=150,
    truth=truth,
    sound=is_sound,
    standing="fire zone=8",
    has_text=False,
)
