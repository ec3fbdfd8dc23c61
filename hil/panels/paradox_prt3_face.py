"""How the emulated Paradox panel with its PRT3 module is started."""

from argparse import ArgumentParser, Namespace

from edge_agent.domain.kinds import State
from hil.panels.model import Model
from hil.panels.on_model import OnModel, Settings
from hil.panels.paradox_prt3 import (
    ZONE_STATES,
    Prt3Setup,
    Prt3Voice,
    believed_of,
    contact,
    is_sound,
)

CONTROL = """\
control lines of paradox_prt3:
  bus on|off                the panel's bus, without which the module knows nothing
  event [group=58] [number=N]   an event of no table"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--answer-s", type=float, default=0.5, help="how long an answer takes")
    parser.add_argument("--memory-last", action="store_true", help="area flags in the other order")
    parser.add_argument("--charset", default="latin-1", help="of names")


def told(arguments: Namespace) -> Settings:
    """Return what it was told."""
    return {
        "answer_s": arguments.answer_s,
        "memory_last": arguments.memory_last,
        "charset": arguments.charset,
    }


def zone_truth(here: Model, number: int) -> State:
    """Return how a host must believe a zone to be: it can ask for no bypass."""
    return ZONE_STATES[contact(here.zones[number])]


FACE = OnModel(
    name="paradox_prt3",
    title="Paradox EVO panel with a PRT3 module, ASCII mode",
    voice=Prt3Voice,
    setup=Prt3Setup,
    sound=is_sound,
    has_sum=False,
    control_help=CONTROL,
    adds=add_arguments,
    told=told,
    zones_max=192,
    outputs=8,
    zone=zone_truth,
    area=believed_of,
    shows_outputs=False,
    unknown="event group=58",
    quick=("--answer-s", "0.02"),
    silence_s=50,
    standing="alarm zone=3",
    has_clock=False,
).face()
