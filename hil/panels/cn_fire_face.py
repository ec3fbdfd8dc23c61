"""How the emulated Chinese fire panels are started, and their built-in plans."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site
from hil.panels.cn_fire import CnFireSetup, CnFireVoice
from hil.panels.cn_fire_dialects import BINARY, Dialect
from hil.panels.cn_fire_frames import is_sound
from hil.panels.cn_fire_printers import PRINTERS
from hil.panels.machine import Face, Plan
from hil.panels.model import Model, ModelSetup, ZoneType
from hil.panels.voice import ModelPanel

ZONES = 64
LOOPS = 2
RESETS = 32  # of so many events of traffic one is a reset: whatever is told can be told again
FIRST_RESET = 24
DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (*BINARY, *PRINTERS)}
CONTROL = """\
control lines of cn_fire:
  reset                     everything is over; what is in alarm still says so 5 s later
  mute                      somebody silences the sounders
  feedback [over] zone=N    a device reports that it did what it should
  supervisory [over] zone=N a valve, a pump
  event                     a frame of no table
  raw HEX                   any bytes
An output is a device that was started; `bypass` isolates a detector.  What a dialect has no words
for is noted as `untold`, and so is `host missing`: the card's display shows that nobody answers."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument(
        "--profile",
        choices=list(DIALECTS),
        default="gst_crt",
        help="the profile whose panel it is",
    )
    parser.add_argument("--beat-s", type=float, help="how often it says that it is there; 0: never")
    parser.add_argument("--repeat-s", type=float, help="from one copy of a frame to the next")
    parser.add_argument(
        "--no-asides", action="store_true", help="leave out the frames that mean nothing"
    )


def dialect_of(name: str) -> Dialect:
    """Return the dialect of the profile called `name`; GST's card for one that no panel has."""
    return DIALECTS.get(name, DIALECTS["gst_crt"])


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    setup = CnFireSetup(
        dialect_of(arguments.profile),
        beat_s=arguments.beat_s,
        repeat_s=arguments.repeat_s,
        asides=not arguments.no_asides,
    )
    return panel(setup, site.clock_offset_s())


def panel(setup: CnFireSetup, clock_offset_s: float = 0, zones: int = ZONES) -> ModelPanel:
    """Return the panel on its model: fire points alone, over its loops."""
    points = {zone: (ZoneType.FIRE, (zone - 1) % LOOPS + 1) for zone in range(1, zones + 1)}
    here = Model(
        ModelSetup(
            zones=points, areas=tuple(range(1, LOOPS + 1)), clock_offset_s=clock_offset_s, outputs=8
        )
    )
    return ModelPanel(here, CnFireVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `CnFireSetup`."""
    return panel(CnFireSetup(dialect_of(profile.name if profile else ""), **settings))


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event: what every dialect has words for."""
    del bad_line  # a line without a check says so in its profile
    if number % RESETS == FIRST_RESET:
        return "reset"
    return f"{'smoke' if number % 2 == 0 else 'trouble'} zone={number // 2 % ZONES + 1}"


def traffic(settings: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """Let `rate` events a second happen for ever (or for `seconds`)."""
    rate, seconds = scenarios.figures(settings)
    count = 0
    while count / rate < seconds:
        yield count / rate, speak(count, False)
        count += 1


def fire(settings: Mapping[str, str]) -> Plan:
    """A kitchen burns: two detectors and a call point; pumps start; it is out, and reset."""
    del settings
    return [
        (0.0, "smoke zone=4"),
        (0.7, "heat zone=5"),
        (1.4, "callpoint zone=3"),
        (2.0, "output 2 on"),
        (2.5, "feedback zone=2"),
        (3.0, "mute"),
        (4.0, "restore smoke zone=4"),
        (4.1, "restore heat zone=5"),
        (4.2, "restore callpoint zone=3"),
        (5.0, "output 2 off"),
        (6.0, "reset"),
    ]


FACE = Face(
    name="cn_fire",
    title="Chinese fire panels: GST, JBF, Songjiang, FS5101W, Simplex 4100, LD128E, printers",
    peers_max=1,
    control_help=f"{CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans={**scenarios.PLANS, "fire": fire, "traffic": traffic},
    speak=speak,
    unknown="event",
    quick=("--beat-s", "0.5", "--repeat-s", "0.1"),
    silence_s=250,  # a Simplex says something twice a minute
    patience_s=1.5,
    sound=is_sound,
)
