"""How the emulated Elk M1 is started."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, voice
from hil.panels.elk import ElkSetup, ElkVoice, believed_of, is_sound, zone_truth
from hil.panels.machine import Face, Machine
from hil.panels.model import CLOCK_START, Model, ModelSetup, zones_of
from hil.panels.voice import ModelPanel

OUTPUTS = 16
CONTROL = """\
control lines of elk:
  program on|off            remote programming: the panel is silent in between
  event [code=699]          an alarm report of no table
  code [user=0] [digits=N]  a code entered at keypad 1; user 0: nobody's"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--zones", type=int, default=16, choices=range(8, 209), metavar="8..208")
    parser.add_argument("--no-reports", action="store_true", help="no alarm reports to this port")
    parser.add_argument("--account", default="001234", help="six digits, in alarm reports")
    parser.add_argument("--test-s", type=float, default=30, help="the test message; 0: never")
    parser.add_argument("--exit-s", type=float, default=30)
    parser.add_argument("--entry-s", type=float, default=30)


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    boot_s = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 10**9
    wall = datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME))  # noqa: DTZ006  a panel's
    site = ModelSetup(
        zones=zones_of(arguments.zones, areas=2),
        areas=(1, 2),
        outputs=OUTPUTS,
        exit_s=arguments.exit_s,
        entry_s=arguments.entry_s,
        clock_offset_s=(wall - CLOCK_START).total_seconds() - boot_s,
    )
    setup = ElkSetup(
        account=arguments.account, reports=not arguments.no_reports, test_s=arguments.test_s
    )
    return panel(site, setup)


def panel(site: ModelSetup, setup: ElkSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(site)
    return ModelPanel(here, ElkVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `ElkSetup`."""
    del profile  # one panel in different sizes
    site = ModelSetup(zones=zones_of(16, areas=2), areas=(1, 2), outputs=OUTPUTS, exit_s=20)
    return panel(site, ElkSetup(**settings))


def truth(machine: Machine) -> dict[tuple[Kind, int], State]:
    """Return what a host can know of each point."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    zones = {(Kind.ZONE, number): zone_truth(here, number) for number in here.zones}
    areas = {(Kind.AREA, number): believed_of(here, number) for number in here.areas}
    outputs = {key: state for key, state in here.points().items() if key[0] is Kind.OUTPUT}
    return {**zones, **areas, **outputs}


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every frame has its checksum
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    word, zone = words[number % len(words)], number // len(words) % 12 + 1
    match word:
        case "open" | "close":
            return f"{word} {zone}"
        case "mains":
            return "restore mains" if number // len(words) % 2 else "mains"
    return f"{word} zone={zone}"


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
