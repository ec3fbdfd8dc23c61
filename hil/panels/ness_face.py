"""How the emulated Ness panel is started."""

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
from hil.panels.ness import AUX_OUTPUTS, MODELS, NessSetup, NessVoice, believed_of, is_sound
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of ness:
  minute60                  the next message's minute is 60, as this panel says a full hour
  event [number=N]          an event of no table"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--model", choices=list(MODELS), default="d16x")
    parser.add_argument("--version", default="87", metavar="NN", help="two digits: 87 is 8.7")
    parser.add_argument("--zones", type=int, default=16, choices=range(8, 33), metavar="8..32")
    parser.add_argument("--address", type=int, default=0, choices=range(16), metavar="0..15")
    parser.add_argument("--no-address", action="store_true", help="events without an address")
    parser.add_argument("--no-time", action="store_true", help="events without a time stamp")
    parser.add_argument("--beacon-s", type=float, default=0, help="periodic version message")
    parser.add_argument("--exit-s", type=float, default=30)
    parser.add_argument("--entry-s", type=float, default=30)


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    boot_s = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 10**9
    wall = datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME))  # noqa: DTZ006  a panel's
    site = ModelSetup(
        zones=zones_of(arguments.zones, areas=2),
        areas=(1, 2),
        outputs=AUX_OUTPUTS,
        exit_s=arguments.exit_s,
        entry_s=arguments.entry_s,
        clock_offset_s=(wall - CLOCK_START).total_seconds() - boot_s,
    )
    setup = NessSetup(
        model=arguments.model,
        version=arguments.version,
        address=arguments.address,
        with_address=not arguments.no_address,
        with_time=not arguments.no_time,
        beacon_s=arguments.beacon_s,
    )
    return panel(site, setup)


def panel(site: ModelSetup, setup: NessSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(site)
    return ModelPanel(here, NessVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `NessSetup`."""
    d32x = profile is not None and profile.name == "ness_d32x"
    site = ModelSetup(
        zones=zones_of(32 if d32x else 16, areas=2), areas=(1, 2), outputs=AUX_OUTPUTS, exit_s=20
    )
    return panel(site, NessSetup(**{"model": "d32x" if d32x else "d16x", **settings}))


def truth(machine: Machine) -> dict[tuple[Kind, int], State]:
    """Return what a host can know of each point: contacts, bypasses, arming, outputs."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    zones = {
        (Kind.ZONE, number): State.BYPASSED
        if zone.bypassed
        else State.OPEN
        if zone.is_open()
        else State.CLOSED
        for number, zone in here.zones.items()
    }
    areas = {(Kind.AREA, number): believed_of(here, number) for number in here.areas}
    outputs = {key: state for key, state in here.points().items() if key[0] is Kind.OUTPUT}
    return {**zones, **areas, **outputs}


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every message has its checksum
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    word, zone = words[number % len(words)], number // len(words) % 12 + 1
    match word:
        case "open" | "close":
            return f"{word} {zone}"
        case "mains":
            return "restore mains" if number // len(words) % 2 else "mains"
    return f"{word} zone={zone}"


FACE = Face(
    name="ness",
    title="Ness D8x, D16x, D32x alarm panel, ASCII serial port",
    peers_max=1,
    control_help=f"{CONTROL}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event number=126",
    silence_s=90,
    truth=truth,
    sound=is_sound,
    standing="alarm zone=3",
)
