"""How the emulated Elk M1 is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site, voice
from hil.panels.elk import ElkSetup, ElkVoice, believed_of, is_sound, zone_truth
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.voice import ModelPanel

OUTPUTS = 16
CONTROL = """\
control lines of elk:
  program on|off            remote programming: the panel is silent in between
  event [code=699]          an alarm report of no table
  code [user=0] [digits=N]  a code entered at keypad 1; user 0: nobody's"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=208)
    parser.add_argument("--no-reports", action="store_true", help="no alarm reports to this port")
    parser.add_argument("--account", default="001234", help="six digits, in alarm reports")
    parser.add_argument("--test-s", type=float, default=30, help="the test message; 0: never")


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    setup = ElkSetup(
        account=arguments.account, reports=not arguments.no_reports, test_s=arguments.test_s
    )
    return panel(site.told(arguments, outputs=OUTPUTS), setup)


def panel(premises: ModelSetup, setup: ElkSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(premises)
    return ModelPanel(here, ElkVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `ElkSetup`."""
    del profile  # one panel in different sizes
    return panel(site.usual(outputs=OUTPUTS), ElkSetup(**settings))


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    return site.points(
        here, lambda number: zone_truth(here, number), lambda number: believed_of(here, number)
    )


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every frame has its checksum
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    return site.speak(number, words)


FACE = Face(
    name="elk",
    title="Elk M1 alarm panel, ASCII protocol",
    peers_max=1,
    control_help=f"{CONTROL}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event code=699",
    silence_s=125,
    truth=truth,
    sound=is_sound,
    standing="alarm zone=3",
)
