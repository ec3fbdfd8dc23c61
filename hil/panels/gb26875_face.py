"""How the emulated transmission device is started, and its built-in plans."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site
from hil.panels.gb26875 import SECOND_NS, DeviceSetup, GbVoice, is_sound
from hil.panels.machine import Face
from hil.panels.model import Model, ModelSetup, ZoneType
from hil.panels.outbox import Patience
from hil.panels.voice import ModelPanel

ZONES = 84
WORDS = ("smoke", "trouble", "bypass", "heat", "cancel", "callpoint")
CONTROL = """\
control lines of gb26875:
  duty                    the operator answers a duty check (查岗)
  vendor [type=N]         an object of the maker's own      analogue   a measured value
  half                    the next text ends in half a character
  raw HEX                 any bytes"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a device can be told on the command line."""
    parser.add_argument("--source", type=int, default=0x2468, help="address of the device")
    parser.add_argument("--center", type=int, default=1, help="address of the center")
    parser.add_argument("--loop", type=int, default=1, help="loop of its components")
    parser.add_argument("--heartbeat-s", type=float, default=30)
    parser.add_argument("--repeat-s", type=float, default=10, help="wait for an ACK")
    parser.add_argument("--register", action="store_true", help="say a registration frame first")
    parser.add_argument("--no-answers", action="store_true", help="answer no requests")
    parser.add_argument("--utf8", action="store_true", help="texts in UTF-8, against the standard")
    parser.add_argument("--duty-s", type=float, help="the operator answers after so long")


def build(arguments: Namespace) -> ModelPanel:
    """Return the device that the command line describes; its clock is the machine's."""
    setup = DeviceSetup(
        source=arguments.source,
        destination=arguments.center,
        loop=arguments.loop,
        heartbeat_ns=int(arguments.heartbeat_s * SECOND_NS),
        patience=Patience(int(arguments.repeat_s * SECOND_NS), 4, 3 * SECOND_NS),
        charset="utf-8" if arguments.utf8 else "gb18030",
        registers=arguments.register,
        answers=not arguments.no_answers,
        duty_s=arguments.duty_s,
    )
    return panel(setup, site.clock_offset_s())


def panel(setup: DeviceSetup, clock_offset_s: float = 0) -> ModelPanel:
    """Return the device on its model: fire points alone."""
    zones = dict.fromkeys(range(1, ZONES + 1), (ZoneType.FIRE, 1))
    here = Model(ModelSetup(zones=zones, outputs=0, clock_offset_s=clock_offset_s))
    return ModelPanel(here, GbVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the device that a driver's profile expects; `settings` are of `DeviceSetup`."""
    del profile
    return panel(DeviceSetup(**settings))


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event: something begins, then it ends."""
    del bad_line  # every frame has its checksum
    pair = number // 2
    word, zone = WORDS[pair % len(WORDS)], pair % ZONES + 1
    begins = number % 2 == 0
    if word == "bypass":
        return f"{'bypass' if begins else 'unbypass'} zone={zone}"
    if word == "cancel":  # what an operator does has no end: the next one does the same
        return f"cancel user={number % 200 + 1}"
    return f"{'' if begins else 'restore '}{word} zone={zone}"


def traffic(settings: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """Let `rate` events a second happen for ever (or for `seconds`)."""
    rate, seconds = scenarios.figures(settings)
    count = 0
    while count / rate < seconds:
        yield count / rate, speak(count, False)
        count += 1


FACE = Face(
    name="gb26875",
    title="GB/T 26875.3 fire alarm transmission device",
    peers_max=1,
    control_help=f"{CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans={**scenarios.PLANS, "traffic": traffic},
    speak=speak,
    unknown="vendor type=150",
    quick=("--repeat-s", "0.5", "--heartbeat-s", "1"),
    silence_s=185,
    patience_s=90,
    sound=is_sound,
)
