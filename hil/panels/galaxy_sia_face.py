"""How the emulated Galaxy panel is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from functools import reduce
from operator import xor
from typing import Any

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site
from hil.panels.galaxy_control import GalaxyControl, address
from hil.panels.galaxy_sia import GalaxySetup, GalaxyVoice
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of galaxy_sia:
  sia code=XY [area=N]      any SIA level code
  text WORDS                what the next event's text says
  raw HEX                   any bytes"""
ZONES_MAX = 512
ASKED_LEVEL = 4
REMOTE_CODE = "1234"  # of tests


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a Galaxy's module can be told on the command line."""
    site.add_arguments(parser, ZONES_MAX)
    parser.add_argument("--account", default="2468")
    parser.add_argument(
        "--level",
        type=int,
        choices=(2, 3, 4),
        default=3,
        help="3: with texts; 4: may be asked, too",
    )
    parser.add_argument("--remote-code", default="543210", help="by which it is asked at level 4")
    parser.add_argument("--test-s", type=float, default=3600, help="interval of automatic tests")
    parser.add_argument("--wait-s", type=float, default=2.5, help="wait for an ACK")
    parser.add_argument("--rest-s", type=float, default=20, help="rest after the last try")


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    setup = GalaxySetup(
        account=arguments.account,
        level=arguments.level,
        test_s=arguments.test_s,
        wait_s=arguments.wait_s,
        rest_s=arguments.rest_s,
        remote_code=arguments.remote_code if arguments.level == ASKED_LEVEL else "",
    )
    return panel(site.told(arguments), setup)


def panel(premises: ModelSetup, setup: GalaxySetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(premises)
    return ModelPanel(here, GalaxyVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `GalaxySetup`."""
    level = ASKED_LEVEL if profile is not None else 2
    usual = {"level": level, "test_s": 86_000.0, "remote_code": REMOTE_CODE}
    return panel(site.usual(), GalaxySetup(**{**usual, **settings}))


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point; zones by their addresses."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    states = {(Kind.ZONE, address(at)): site.contact(here, at) for at in here.zones}
    control = GalaxyControl(here, "")
    return states | {
        (Kind.AREA, at): State.ALARM if area.alarm else control.armed(at)
        for at, area in here.areas.items()
    }


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every block has its parity
    return scenarios.speak(number)


def is_sound(frame: bytes) -> bool:
    """Whether the parity fits: eight bits, which two damaged bytes can leave as they were."""
    return reduce(xor, frame, 0xFF) == 0


FACE = Face(
    name="galaxy_sia",
    title="Honeywell Galaxy: SIA blocks over RS-232 or TCP",
    peers_max=1,
    control_help=f"{CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="sia code=QX area=1",
    silence_s=300,  # it is asked each minute
    patience_s=60,
    truth=truth,
    zone=address,
    options={"remote_code": REMOTE_CODE, "areas": 2},
    sound=is_sound,
    quick=("--test-s", "1", "--wait-s", "0.5", "--rest-s", "0.5"),
)
