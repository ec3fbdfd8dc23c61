"""How the emulated DC-09 panel is started."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios
from hil.panels.dc09 import Dc09Setup, Dc09Voice, Wording
from hil.panels.machine import Face
from hil.panels.model import CLOCK_START, Model, ModelSetup, zones_of
from hil.panels.voice import ModelPanel

WORDINGS = {"sia": Wording.SIA, "cid": Wording.CID, "heng_bo": Wording.HENG_BO}
HENG_BO = Dc09Setup(wording=Wording.HENG_BO, account="0009A4", header="13900001234")
CONTROL = """\
control lines of dc09:
  null                      show that it is there now
  cid code=DDD [area=N]     any Contact ID code
  raw HEX                   any bytes"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a communicator can be told on the command line."""
    parser.add_argument("--as", dest="wording", choices=list(WORDINGS), default="sia")
    parser.add_argument("--account", default="", help="2468; of HENG-BO six hex digits")
    parser.add_argument("--header", default="", help="account in the header, if another")
    parser.add_argument("--no-receiver", action="store_true", help="leave R out")
    parser.add_argument("--poll-s", type=float, default=30, help="interval of NULL messages")
    parser.add_argument("--retry-s", type=float, default=5, help="wait for an answer")
    parser.add_argument("--rest-s", type=float, default=20, help="rest after the last try")
    parser.add_argument("--key", default="", help="AES key, 16, 24 or 32 characters")
    parser.add_argument("--with-time", action="store_true", help="clear events carry the time")
    parser.add_argument("--plain-crc", action="store_true", help="CRC as two bytes, as some do")
    parser.add_argument("--zones", type=int, default=32)


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's, in UTC."""
    boot_s = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 10**9
    wall = datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC)
    since = wall.replace(tzinfo=None) - CLOCK_START
    wording = WORDINGS[arguments.wording]
    programmed = HENG_BO if wording is Wording.HENG_BO else Dc09Setup(wording=wording)
    setup = replace(
        programmed,
        account=arguments.account or programmed.account,
        header=arguments.header or programmed.header,
        receiver=None if arguments.no_receiver else "0",
        poll_s=arguments.poll_s,
        retry_s=arguments.retry_s,
        rest_s=arguments.rest_s,
        key=arguments.key.encode(),
        with_time=arguments.with_time,
        plain_crc=arguments.plain_crc,
    )
    offset_s = since.total_seconds() - boot_s
    return panel(ModelSetup(zones=zones_of(arguments.zones), clock_offset_s=offset_s), setup)


def panel(site: ModelSetup, setup: Dc09Setup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(site)
    return ModelPanel(here, Dc09Voice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `Dc09Setup`."""
    if profile is None:
        setup = Dc09Setup(wording=Wording.CID, receiver=None)
    else:
        setup = HENG_BO if profile.name == "heng_bo" else Dc09Setup()
    return panel(ModelSetup(zones=zones_of(32), exit_s=20), replace(setup, **settings))


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every frame has its CRC
    return scenarios.speak(number)


FACE = Face(
    name="dc09",
    title="SIA DC-09 communicator of a panel, TCP and UDP",
    peers_max=1,
    control_help=f"{CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="cid code=8B8 area=1",
    patience_s=45,  # one missed NULL is no silence
    silence_s=91,
    quick=("--poll-s", "1", "--retry-s", "0.5", "--rest-s", "0.5"),
)
