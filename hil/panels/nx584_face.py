"""How the emulated NetworX panel is started."""

from argparse import ArgumentParser, Namespace

from hil.panels.nx584 import NxSetup, NxVoice, is_sound, zone_truth
from hil.panels.on_model import OnModel, Settings

CONTROL = """\
control lines of nx584:
  event [type=99]           an entry of the log, of no table
  key fire|medical|panic    a key held at a keypad
  raw HEX                   any bytes"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--binary", action="store_true", help="frames are binary, not ASCII")
    parser.add_argument("--day-first", action="store_true", help="dates as in Europe")


def told(arguments: Namespace) -> Settings:
    """Return what it was told."""
    return {"binary": arguments.binary, "day_first": arguments.day_first}


FACE = OnModel(
    name="nx584",
    title="NetworX alarm panel: NX-584, NX-8E",
    voice=NxVoice,
    setup=NxSetup,
    sound=is_sound,
    control_help=CONTROL,
    own_control="",
    adds=add_arguments,
    told=told,
    by_profile={"": {"binary": True}},
    zones_max=192,
    zone=zone_truth,
    unknown="event type=99",
    silence_s=150,
    standing="fire zone=8",
    has_text=False,
).face()
