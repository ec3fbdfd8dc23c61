"""How the emulated DSC panel is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site, voice
from hil.panels.dsc import DscVoice, is_sound
from hil.panels.dsc_honeywell import HoneywellVoice, shown
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.voice import ModelPanel

PASSWORD = "user"  # noqa: S105  the module's factory setting, in every manual
CONTROL = """\
control lines of dsc:
  wrongcode                 somebody enters a code that is none
  event [number=N]          a notification of no table"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=64)
    parser.add_argument("--port", choices=("it100", "tpi", "honeywell"), default="it100")
    parser.add_argument("--password", default=PASSWORD, help="of the TPI module")


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    return panel(site.told(arguments), arguments.password, arguments.port)


def panel(premises: ModelSetup, password: str, port: str) -> ModelPanel:
    """Return the panel on its model, with the words of its port."""
    here = Model(premises)
    if port == "honeywell":
        return ModelPanel(here, HoneywellVoice(here, password))
    return ModelPanel(here, DscVoice(here, "" if port == "it100" else password))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; undetected it is the TPI module."""
    port = str(profile.facts["port"]) if profile is not None else "tpi"
    return panel(site.usual(), str(settings.get("password", PASSWORD)), port)


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point: contacts and areas."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    if isinstance(machine.voice, HoneywellVoice):
        opened = {
            (Kind.ZONE, number): State.OPEN if zone.is_open() else State.CLOSED
            for number, zone in here.zones.items()
        }
        return opened | {(Kind.AREA, number): shown(here, number) for number in here.areas}
    assert isinstance(machine.voice, DscVoice)
    out = machine.voice.said_bypassed
    zones = {
        (Kind.ZONE, number): State.BYPASSED if number in out else machine.voice.shown(number)
        for number in here.zones
        if number in out or machine.voice.is_told(number)
    }
    return {**zones, **{key: s for key, s in here.points().items() if key[0] is Kind.AREA}}


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every line has its sum
    words = ("alarm", "arm", "restore alarm", "disarm", "open", "arm", "close", "disarm")
    return site.speak(number, words)


FACE = Face(
    name="dsc",
    title="DSC PowerSeries alarm panel, IT-100 serial or TPI over TCP",
    peers_max=1,
    control_help=f"{CONTROL}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event number=999",
    silence_s=90,
    truth=truth,
    sound=is_sound,
    standing="fire zone=16",
)
