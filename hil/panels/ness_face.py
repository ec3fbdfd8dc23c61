"""How the emulated Ness panel is started."""

from argparse import ArgumentParser, Namespace

from hil.panels.ness import AUX_OUTPUTS, MODELS, NessSetup, NessVoice, believed_of, is_sound
from hil.panels.on_model import OnModel, Settings

CONTROL = """\
control lines of ness:
  minute60                  the next message's minute is 60, as this panel says a full hour
  event [number=N]          an event of no table"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--model", choices=list(MODELS), default="d16x")
    parser.add_argument("--version", default="87", metavar="NN", help="two digits: 87 is 8.7")
    parser.add_argument("--address", type=int, default=0, choices=range(16), metavar="0..15")
    parser.add_argument("--no-address", action="store_true", help="events without an address")
    parser.add_argument("--no-time", action="store_true", help="events without a time stamp")
    parser.add_argument("--beacon-s", type=float, default=0, help="periodic version message")


def told(arguments: Namespace) -> Settings:
    """Return what it was told."""
    return {
        "model": arguments.model,
        "version": arguments.version,
        "address": arguments.address,
        "with_address": not arguments.no_address,
        "with_time": not arguments.no_time,
        "beacon_s": arguments.beacon_s,
    }


FACE = OnModel(
    name="ness",
    title="Ness D8x, D16x, D32x alarm panel, ASCII serial port",
    voice=NessVoice,
    setup=NessSetup,
    sound=is_sound,
    control_help=CONTROL,
    adds=add_arguments,
    told=told,
    by_profile={"ness_d32x": {"model": "d32x"}},
    zones_by_profile={"ness_d32x": 32},
    zones_max=32,
    outputs=AUX_OUTPUTS,
    area=believed_of,
    unknown="event number=126",
    standing="alarm zone=3",
).face()
