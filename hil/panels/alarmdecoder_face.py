"""How the emulated VISTA panel with an AlarmDecoder AD2 is started."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from edge_agent.domain.kinds import State
from hil.panels import site
from hil.panels.alarmdecoder import AREA, Ad2Setup, Ad2Voice, believed_of, is_sound
from hil.panels.model import ModelSetup, zones_of
from hil.panels.on_model import OnModel, Settings
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of alarmdecoder:
  event [code=699]          a report of no table
  radio HEX [serial=N]      a transmitter was heard      relay on|off [number=N]"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    parser.add_argument("--rest-s", type=float, default=5, help="between keypad lines")
    parser.add_argument("--no-reports", action="store_true", help="LRR=N")
    parser.add_argument("--no-expanders", action="store_true", help="no !EXP for zones from 9 on")
    parser.add_argument("--star", action="store_true", help="shows open zones when * was pressed")


def told(arguments: Namespace) -> Settings:
    """Return what it was told."""
    return {
        "rest_s": arguments.rest_s,
        "reports": not arguments.no_reports,
        "expanders": not arguments.no_expanders,
        "star": arguments.star,
    }


def partition(premises: ModelSetup) -> ModelSetup:
    """Return what the adapter sees: one partition, all zones are in it."""
    return replace(premises, zones=zones_of(len(premises.zones)), areas=(AREA,))


def truth(panel: ModelPanel) -> site.Points:
    """Return what a host can know: the zones of a panel that is armed are not shown."""
    here, said = panel.model, panel.voice
    assert isinstance(said, Ad2Voice)
    is_armed = here.areas[AREA].armed is not State.DISARMED

    def zone(number: int) -> State:
        if number in said.by_host:
            return State.BYPASSED
        return said.told.get(number, State.CLOSED) if is_armed else said.zone_state(number)

    return site.without_outputs(site.points(here, zone, lambda number: believed_of(here, number)))


FACE = OnModel(
    name="alarmdecoder",
    title="VISTA alarm panel with an AlarmDecoder AD2 on its keypad bus",
    voice=Ad2Voice,
    setup=Ad2Setup,
    sound=is_sound,
    has_sum=False,
    control_help=CONTROL,
    adds=add_arguments,
    told=told,
    premises=partition,
    zones_max=48,
    outputs=8,
    truth=truth,
    unknown="event code=699",
    quick=("--rest-s", "0.5"),
    silence_s=25,
    standing="fire zone=3",
    has_clock=False,
).face()
