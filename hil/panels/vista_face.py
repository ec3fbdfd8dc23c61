"""How the emulated VISTA-128 is started."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, voice
from hil.panels.machine import Face, Machine
from hil.panels.model import CLOCK_START, Model, ModelSetup, zones_of
from hil.panels.vista import VistaSetup, VistaVoice, is_sound, zone_truth
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of vista:
  program on|off     programming: the panel is silent in between
  event              an event of no table"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--zones", type=int, default=16, choices=range(8, 129), metavar="8..128")
    parser.add_argument("--exit-s", type=float, default=30)
    parser.add_argument("--entry-s", type=float, default=30)


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    boot_s = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 10**9
    wall = datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME))  # noqa: DTZ006  a panel's
    site = ModelSetup(
        zones=zones_of(arguments.zones, areas=2),
        areas=(1, 2),
        outputs=0,
        exit_s=arguments.exit_s,
        entry_s=arguments.entry_s,
        clock_offset_s=(wall - CLOCK_START).total_seconds() - boot_s,
    )
    return panel(site, VistaSetup())


def panel(site: ModelSetup, setup: VistaSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(site)
    return ModelPanel(here, VistaVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `VistaSetup`."""
    blocks = 4 if profile is not None and profile.name == "vista_250" else 2
    site = ModelSetup(zones=zones_of(16, areas=2), areas=(1, 2), outputs=0, exit_s=20)
    return panel(site, VistaSetup(**{"blocks": blocks, **settings}))


def truth(machine: Machine) -> dict[tuple[Kind, int], State]:
    """Return what a host can know of each point."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    zones = {(Kind.ZONE, number): zone_truth(here, number) for number in here.zones}
    areas = {(Kind.AREA, number): area.armed for number, area in here.areas.items()}
    return {**zones, **areas}


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every frame has its checksum
    # not tamper: it hides the contact in the model, and no later answer would show it
    words = ("alarm", "restore alarm", "weak", "restore weak", "open", "close", "mains")
    word, zone = words[number % len(words)], number // len(words) % 12 + 1
    match word:
        case "open" | "close":
            return f"{word} {zone}"
        case "mains":
            return "restore mains" if number // len(words) % 2 else "mains"
    return f"{word} zone={zone}"


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
