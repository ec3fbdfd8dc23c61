"""How the emulated Concord 4 is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site
from hil.panels.concord4 import ConcordSetup, ConcordVoice, area_truth, is_sound, zone_truth
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of concord4:
  event [general=99]        an event of no table
  clear | lost              its image is cleared; it lost events
  raw HEX                   any bytes"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=96)


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    return panel(site.told(arguments, outputs=0), ConcordSetup())


def panel(premises: ModelSetup, setup: ConcordSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(premises)
    return ModelPanel(here, ConcordVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `ConcordSetup`."""
    del profile  # one panel
    return panel(site.usual(outputs=0), ConcordSetup(**settings))


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    return site.points(
        here, lambda number: zone_truth(here, number), lambda number: area_truth(here, number)
    )


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every frame has its checksum
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    return site.speak(number, words)


FACE = Face(
    name="concord4",
    title="Concord 4 automation module",
    peers_max=1,
    control_help=f"{CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event general=99",
    silence_s=110,
    truth=truth,
    sound=is_sound,
    standing="alarm zone=3",
    has_text=False,
)
