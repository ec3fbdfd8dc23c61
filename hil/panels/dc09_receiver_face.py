"""How the emulated DC-09 receiver is started: `python -m hil.panels dc09_receiver --tcp 9000`."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels.dc09_receiver import Dc09Receiver, ReceiverSetup
from hil.panels.machine import Face
from hil.panels.model import CLOCK_START

CONTROL = """\
control lines of dc09_receiver; what it takes is in the ledger as `arrived`, once each:
  nak [N] | duh [N] | mute [N]    the answer to the next N messages
  clock +S | -S                   its clock jumps"""
PEERS_MAX = 16


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a receiver can be told on the command line."""
    parser.add_argument("--key", default="", help="AES key, 16, 24 or 32 characters")


def build(arguments: Namespace) -> Dc09Receiver:
    """Return the receiver that the command line describes; its clock is the machine's, in UTC."""
    boot_s = time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 10**9
    wall = datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)
    since_s = (wall.replace(tzinfo=None) - CLOCK_START).total_seconds()
    return Dc09Receiver(ReceiverSetup(arguments.key.encode(), since_s - boot_s))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> Dc09Receiver:
    """Return a receiver; no driver has one for its panel."""
    del profile
    return Dc09Receiver(ReceiverSetup(**settings))


FACE = Face(
    name="dc09_receiver",
    title="receiver of SIA DC-09, as alarm centers have it",
    peers_max=PEERS_MAX,
    control_help=CONTROL,
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    speak=lambda number, _: f"mute {number % 2}",
    plans={},
)
