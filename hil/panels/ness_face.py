"""How the emulated Ness panel is started."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site, voice
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.ness import AUX_OUTPUTS, MODELS, NessSetup, NessVoice, believed_of, is_sound
from hil.panels.voice import ModelPanel

CONTROL = """\
control lines of ness:
  minute60                  the next message's minute is 60, as this panel says a full hour
  event [number=N]          an event of no table"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a panel can be told on the command line."""
    site.add_arguments(parser, zones_max=32)
    parser.add_argument("--model", choices=list(MODELS), default="d16x")
    parser.add_argument("--version", default="87", metavar="NN", help="two digits: 87 is 8.7")
    parser.add_argument("--address", type=int, default=0, choices=range(16), metavar="0..15")
    parser.add_argument("--no-address", action="store_true", help="events without an address")
    parser.add_argument("--no-time", action="store_true", help="events without a time stamp")
    parser.add_argument("--beacon-s", type=float, default=0, help="periodic version message")


def build(arguments: Namespace) -> ModelPanel:
    """Return the panel that the command line describes; its clock is the machine's."""
    setup = NessSetup(
        model=arguments.model,
        version=arguments.version,
        address=arguments.address,
        with_address=not arguments.no_address,
        with_time=not arguments.no_time,
        beacon_s=arguments.beacon_s,
    )
    return panel(site.told(arguments, outputs=AUX_OUTPUTS), setup)


def panel(premises: ModelSetup, setup: NessSetup) -> ModelPanel:
    """Return the panel on its model."""
    here = Model(premises)
    return ModelPanel(here, NessVoice(here, setup))


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
    """Return the panel that a driver's profile expects; `settings` are of `NessSetup`."""
    d32x = profile is not None and profile.name == "ness_d32x"
    return panel(
        site.usual(32 if d32x else site.ZONES, outputs=AUX_OUTPUTS),
        NessSetup(**{"model": "d32x" if d32x else "d16x", **settings}),
    )


def truth(machine: Machine) -> site.Points:
    """Return what a host can know of each point: contacts, bypasses, arming, outputs."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    return site.points(
        here, lambda number: site.contact(here, number), lambda number: believed_of(here, number)
    )


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th event."""
    del bad_line  # every message has its checksum
    words = ("alarm", "restore alarm", "tamper", "restore tamper", "open", "close", "mains")
    return site.speak(number, words)


FACE = Face(
    name="ness",
    title="Ness D8x, D16x, D32x alarm panel, ASCII serial port",
    peers_max=1,
    control_help=f"{CONTROL}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    plans=scenarios.PLANS,
    speak=speak,
    unknown="event number=126",
    silence_s=90,
    truth=truth,
    sound=is_sound,
    standing="alarm zone=3",
)
