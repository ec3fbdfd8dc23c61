"""How the emulated Elk M1 is started."""

from argparse import ArgumentParser, Namespace

from hil.panels.elk import ElkSetup, ElkVoice, believed_of, is_sound, zone_truth
from hil.panels.on_model import OnModel, Settings

CONTROL = """\
control lines of elk:
  program on|off            remote programming: the panel is silent in between
  event [code=699]          an alarm report of no table
  code [user=0] [digits=N]  a code entered at keypad 1; user 0: nobody's"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--no-reports", action="store_true", help="no alarm reports to this port")
    parser.add_argument("--account", default="001234", help="six digits, in alarm reports")
    parser.add_argument("--test-s", type=float, default=30, help="the test message; 0: never")


def told(arguments: Namespace) -> Settings:
    """Return what it was told."""
    return {
        "account": arguments.account,
        "reports": not arguments.no_reports,
        "test_s": arguments.test_s,
    }


FACE = OnModel(
    name="elk",
    title="Elk M1 alarm panel, ASCII protocol",
    voice=ElkVoice,
    setup=ElkSetup,
    sound=is_sound,
    control_help=CONTROL,
    adds=add_arguments,
    told=told,
    zones_max=208,
    outputs=16,
    zone=zone_truth,
    area=believed_of,
    unknown="event code=699",
    silence_s=125,
    standing="alarm zone=3",
).face()
