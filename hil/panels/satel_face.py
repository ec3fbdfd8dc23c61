"""How the emulated Satel INTEGRA is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site, voice
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.satel import MODELS, SatelSetup, SatelVoice
from hil.panels.satel_frames import is_sound
from hil.panels.voice import ModelPanel

OUTPUTS = 16
CONTROL = """\
control lines of satel:
  event [code=800] [class=0]   an entry of the log, of any of the maker's codes"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=128)
    parser.add_argument("--model", choices=list(MODELS), default="128")
    parser.add_argument("--no-log", action="store_true", help="a module that does not know 8C")
    parser.add_argument("--old", action="store_true", help="no 2A, and news of five bytes")
    parser.add_argument("--busy", action="store_true", help="another client is connected")


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    setup = SatelSetup(
        kind=MODELS[arguments.model],
        log=not arguments.no_log,
        mode_1=not arguments.old,
        news_bytes=5 if arguments.old else 6,
        busy=arguments.busy,
    )
    return panel(site.told(arguments, outputs=OUTPUTS), setup)


def panel(premises: ModelSetup, setup: SatelSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(premises)
    return ModelPanel(here, SatelVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `SatelSetup`."""
    del profile  # one panel in different sizes
    return panel(site.usual(outputs=OUTPUTS), SatelSetup(**settings))


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    return site.points(here, lambda number: site.contact(here, number))


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every frame has its check
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    return site.speak(number, words)


FACE = Face(
    name="satel",
    title="Satel INTEGRA alarm panel, integration protocol",
    peers_max=1,
    control_help=f"{CONTROL}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event code=800",
    silence_s=20,
    truth=truth,
    sound=is_sound,
    standing="alarm zone=3",
    has_text=False,
)
