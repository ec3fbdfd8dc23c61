"""How the emulated VISTA-128 is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site, voice
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.vista import VistaSetup, VistaVoice, is_sound
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of vista:
  program on|off     programming: the panel is silent in between
  event              an event of no table"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=128)


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    return panel(site.told(arguments, outputs=0), VistaSetup())


def panel(premises: ModelSetup, setup: VistaSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(premises)
    return ModelPanel(here, VistaVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `VistaSetup`."""
    blocks = 4 if profile is not None and profile.name == "vista_250" else 2
    return panel(site.usual(outputs=0), VistaSetup(**{"blocks": blocks, **settings}))


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    return site.points(
        here, lambda number: site.contact(here, number), lambda number: here.areas[number].armed
    )


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every frame has its checksum
    # not tamper: it hides the contact in the model, and no later answer would show it
    words = ("alarm", "restore alarm", "weak", "restore weak", "open", "close", "mains")
    return site.speak(number, words)


FACE = Face(
    name="vista",
    title="Honeywell VISTA-128 alarm panel, RS-232 automation",
    peers_max=1,
    control_help=f"{CONTROL}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event",
    silence_s=90,
    truth=truth,
    sound=is_sound,
    standing="alarm zone=3",
)
