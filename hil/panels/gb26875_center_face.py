"""How the emulated center is started: `python -m hil.panels gb26875_center --tcp 9001`."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels.gb26875_center import CenterSetup, GbCenter
from hil.panels.machine import Face
from hil.panels.model import CLOCK_START

CONTROL = """\
control lines of gb26875_center; what it takes is in the ledger as `arrived`, once each:
  state                     ask each device for its state
  system [type=N] [at=N]    ask for a system's           clock   set each device's clock
  duty [minutes=N]          check for an operator (查岗)
  deny [N] | mute [N]       the answer to the next N messages"""
PEERS_MAX = 16


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a center can be told on the command line."""
    parser.add_argument("--address", type=int, default=1, help="address of the center")


def build(arguments: Namespace) -> GbCenter:
    """Return the center that the command line describes; its clock is the machine's."""
    boot_s = time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 10**9
    wall = datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME))  # noqa: DTZ006  local, as devices have it
    return GbCenter(CenterSetup(arguments.address, (wall - CLOCK_START).total_seconds() - boot_s))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> GbCenter:
    """Return a center; no driver has one for its panel."""
    del profile
    return GbCenter(CenterSetup(**settings))


FACE = Face(
    name="gb26875_center",
    title="monitoring center of GB/T 26875.3",
    peers_max=PEERS_MAX,
    control_help=CONTROL,
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    speak=lambda number, _: f"mute {number % 2}",
    plans={},
)
