"""How the emulated Satel INTEGRA is started."""

from argparse import ArgumentParser, Namespace

from hil.panels.on_model import OnModel, Settings
from hil.panels.satel import MODELS, SatelSetup, SatelVoice
from hil.panels.satel_frames import is_sound

CONTROL = """\
control lines of satel:
  event [code=800] [class=0]   an entry of the log, of any of the maker's codes"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--model", choices=list(MODELS), default="128")
    parser.add_argument("--no-log", action="store_true", help="a module that does not know 8C")
    parser.add_argument("--old", action="store_true", help="no 2A, and news of five bytes")
    parser.add_argument("--busy", action="store_true", help="another client is connected")


def told(arguments: Namespace) -> Settings:
    """Return what it was told."""
    return {
        "kind": MODELS[arguments.model],
        "log": not arguments.no_log,
        "mode_1": not arguments.old,
        "news_bytes": 5 if arguments.old else 6,
        "busy": arguments.busy,
    }


FACE = OnModel(
    name="satel",
    title="Satel INTEGRA alarm panel, integration protocol",
    voice=SatelVoice,
    setup=SatelSetup,
    sound=is_sound,
    control_help=CONTROL,
    adds=add_arguments,
    told=told,
    zones_max=128,
    outputs=16,
    unknown="event code=800",
    silence_s=20,
    standing="alarm zone=3",
    asked=bytes.fromhex("FEFE 8C FFFFFF 4043 FE0D"),  # the newest entry of its log
    has_text=False,
).face()
