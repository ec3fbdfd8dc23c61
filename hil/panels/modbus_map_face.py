"""How the emulated input module is started, and its built-in plans."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.domain.kinds import Kind
from edge_agent.domain.session import Profile
from hil.panels import scenarios
from hil.panels.machine import CommandError, Face, Plan
from hil.panels.modbus_devices import CODES, MODELS
from hil.panels.modbus_map import Framing, ModbusModule, ModuleSetup

INPUTS = 7  # that each of the models has

CONTROL = """\
control lines of modbus_map (unit=N where there are several; the first is meant otherwise):
  input N on|off      an input changes          pulse N [S]   on, and off again after S seconds
                      (a loop's contact opens, a fire panel's point is in fire)
  sever N | short N | mend N     the cable of a loop      mask N | unmask N
  cable N ohms=N      ohms in series (a bad joint)        leak N ohms=N   in parallel (water)
  reference V         what the reference of the loops reads, 0..4095
  word N is=V         a fire panel's point shows V
  clock +S|-S         its clock jumps, where it has one
  dead [S]            no answers for S seconds, all units or unit=N; dead 0 ends it
  refuse CODE         answer with this Modbus exception; refuse 0 ends it
  slow S              answer S seconds late; slow 0 ends it"""


def _units(text: str) -> tuple[int, ...]:
    try:
        units = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: units are numbers, e.g. 1,2,3") from error
    if not units or not all(1 <= unit <= 247 for unit in units):
        raise ArgumentTypeError(f"{text!r}: a unit is 1..247")
    return units


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a module can be told on the command line."""
    parser.add_argument("--inputs", type=int, default=8, choices=range(1, 65), metavar="N")
    parser.add_argument("--units", type=_units, default=(1,), metavar="N,N", help="default 1")
    parser.add_argument("--kind", choices=[kind.value for kind in CODES], default="burglary")
    parser.add_argument("--model", choices=MODELS, default="generic_di8")
    parser.add_argument("--clock-at", type=int, metavar="ADDRESS", help="where its time stands")
    parser.add_argument("--framing", choices=[framing.value for framing in Framing])


def framing(arguments: Namespace) -> Framing:
    """Return the framing asked for: TCP over TCP, RTU over a pty, unless told."""
    if arguments.framing:
        return Framing(arguments.framing)
    return Framing.RTU if arguments.pty else Framing.TCP


def build(arguments: Namespace) -> ModbusModule:
    """Return the module that the command line describes."""
    kind = Kind(arguments.kind)
    return ModbusModule(
        ModuleSetup(
            framing(arguments),
            arguments.inputs,
            arguments.units,
            kind,
            arguments.model,
            arguments.clock_at,
        )
    )


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> ModbusModule:
    """Return the module that a driver's profile expects; `settings` are of `ModuleSetup`."""
    assert profile is None or profile.driver == "modbus_map"
    model = profile.name if profile is not None and profile.name in MODELS else "generic_di8"
    return ModbusModule(ModuleSetup(**{"model": model, **settings}))


def wrong_at(arguments: Namespace) -> int | None:
    """Return where a wrong answer is wrong: TCP has no CRC, so only its transaction number."""
    return 0 if framing(arguments) is Framing.TCP else None


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th edge: seven inputs on and off in turn."""
    del bad_line  # every frame has its CRC
    turn, zone = divmod(number, INPUTS)
    return f"input {zone + 1} {'off' if turn % 2 else 'on'}"


def traffic(settings: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """Turn the inputs of the first unit on and off in turn, `rate` edges a second."""
    try:
        rate, seconds = float(settings.get("rate", "2")), float(settings.get("seconds", "inf"))
    except ValueError as error:
        raise CommandError("rate= and seconds= are numbers") from error
    if not 0 < rate <= 1000:
        raise CommandError(f"rate={rate} is outside 0..1000 edges a second")
    inputs = int(settings.get("inputs", "8"))
    count = 0
    while count / rate < seconds:
        turn, zone = divmod(count, inputs)
        yield count / rate, f"input {zone + 1} {'off' if turn % 2 else 'on'}"
        count += 1


def burglary(_settings: Mapping[str, str]) -> Plan:
    """The door, then two rooms; all quiet again after a while."""
    return [
        (0.0, "input 1 on"),
        (0.8, "input 2 on"),
        (1.6, "input 3 on"),
        (3.6, "input 1 off"),
        (4.0, "input 2 off"),
        (4.4, "input 3 off"),
    ]


def fire(_settings: Mapping[str, str]) -> Plan:
    """Two detectors of one floor, latched until the panel is reset."""
    return [(0.0, "input 5 on"), (0.8, "input 6 on"), (4.0, "input 5 off"), (4.0, "input 6 off")]


def walk(settings: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """Each input in turn, for a second."""
    for zone in range(1, int(settings.get("inputs", "8")) + 1):
        yield 1.5 * (zone - 1), f"pulse {zone} 1"


ON_ANY_PANEL = {name: scenarios.as_inputs(plan) for name, plan in scenarios.PLANS.items()}

FACE = Face(
    name="modbus_map",
    title="Modbus devices: input modules, loops, fire panels; RTU and TCP",
    peers_max=4,
    control_help=CONTROL,
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    speak=speak,
    plans={**ON_ANY_PANEL, "burglary": burglary, "fire": fire, "walk": walk, "traffic": traffic},
    wrong_at=wrong_at,
    asked=bytes.fromhex("01020000000879CC"),  # eight inputs of unit 1
    has_clock=False,
    has_text=False,
)
