"""What happens at a site, in control lines of the premises: plays on any panel that has the zones.

Each plan is made from its settings (`plan NAME key=value`); zones 1 to 8 and area 1 are enough.
What a protocol has no words for is noted in the ledger as `untold`.
"""

from collections.abc import Callable, Iterator, Mapping

from hil.panels.machine import CommandError, Plan

Scenario = Callable[[Mapping[str, str]], Plan]
ZONES = 8
TRAFFIC = (
    "alarm",
    "restore alarm",
    "tamper",
    "restore tamper",
    "trouble",
    "restore trouble",
)


def burglary(settings: Mapping[str, str]) -> Plan:
    """A shop at night: the door, two rooms, a detector torn off, the owner comes."""
    area = settings.get("area", "1")
    return [
        (0.0, f"entry zone=1 area={area}"),
        (0.8, f"alarm zone=2 area={area}"),
        (1.6, f"alarm zone=3 area={area}"),
        (2.2, f"tamper zone=3 area={area}"),
        (3.2, f"disarm user=2 area={area}"),
        (3.6, f"cancel user=2 area={area}"),
        (4.0, f"restore tamper zone=3 area={area}"),
        (4.2, f"restore alarm zone=2 area={area}"),
        (4.4, f"restore alarm zone=3 area={area}"),
    ]


def night(settings: Mapping[str, str]) -> Plan:
    """The same by detectors alone: armed, left, broken into, disarmed; delays as programmed."""
    after = float(settings.get("exit", "30")) + 2
    return [
        (0.0, "arm user=2"),
        (1.0, "open 1"),
        (2.0, "close 1"),
        (after, "open 2"),
        (after + 0.5, "open 3"),
        (after + 1.0, "close 2"),
        (after + 9.0, "disarm user=2"),
        (after + 10.0, "close 3"),
    ]


def fire(settings: Mapping[str, str]) -> Plan:
    """A kitchen: smoke, a second detector, the call point; the mains fail and come back."""
    area = settings.get("area", "1")
    return [
        (0.0, f"smoke zone=4 area={area}"),
        (0.7, f"fire zone=5 area={area}"),
        (1.4, f"callpoint zone=6 area={area}"),
        (2.0, "mains"),
        (3.0, "restore mains"),
        (3.5, f"restore smoke zone=4 area={area}"),
        (3.6, f"restore fire zone=5 area={area}"),
        (3.7, f"restore callpoint zone=6 area={area}"),
    ]


def holdup(settings: Mapping[str, str]) -> Plan:
    """A bank: the button under the desk, then a code under threat."""
    area = settings.get("area", "1")
    return [
        (0.0, f"holdup zone=7 area={area}"),
        (2.0, f"duress user=2 area={area}"),
        (9.0, f"restore holdup zone=7 area={area}"),
    ]


def tamper(_settings: Mapping[str, str]) -> Plan:
    """A detector opened, its cable cut and mended, the panel's cover off and on."""
    return [
        (0.0, "tamper zone=2"),
        (1.0, "sever 3"),
        (2.0, "cover"),
        (4.0, "restore cover"),
        (5.0, "mend 3"),
        (6.0, "restore tamper zone=2"),
    ]


def blackout(_settings: Mapping[str, str]) -> Plan:
    """The mains fail, hours later (here: seconds) the battery, then all is back."""
    return [(0.0, "mains"), (4.0, "battery"), (8.0, "restore mains"), (9.0, "restore battery")]


def day(_settings: Mapping[str, str]) -> Plan:
    """A working day: disarmed, people about, one zone bypassed, armed for the night."""
    return [
        (0.0, "disarm user=2"),
        (1.0, "open 1"),
        (1.5, "close 1"),
        (2.0, "open 3"),
        (3.0, "bypass zone=4 user=2"),
        (4.0, "close 3"),
        (5.0, "unbypass zone=4 user=2"),
        (6.0, "arm user=2"),
    ]


def walk(settings: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """A technician walks past every detector: test mode, each zone, test mode off."""
    yield 0.0, "walktest user=1"
    zones = int(settings.get("zones", str(ZONES)))
    for zone in range(1, zones + 1):
        yield float(zone), f"open {zone}"
        yield zone + 0.5, f"close {zone}"
    yield zones + 1.0, "restore walktest user=1"


def traffic(settings: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """Let `rate` events a second happen for ever (or for `seconds`)."""
    rate, seconds = figures(settings)
    count = 0
    while count / rate < seconds:
        yield count / rate, speak(count)
        count += 1


def speak(number: int) -> str:
    """Return the control line of the `number`-th of endlessly many events, over all zones."""
    zone = number // len(TRAFFIC) % ZONES + 1
    return f"{TRAFFIC[number % len(TRAFFIC)]} zone={zone}"


def figures(settings: Mapping[str, str], most: float = 10_000) -> tuple[float, float]:
    """Return `rate` (a second, 2 by default) and `seconds` (endless by default)."""
    try:
        rate = float(settings.get("rate", "2"))
        seconds = float(settings.get("seconds", "inf"))
    except ValueError as error:
        raise CommandError("rate= and seconds= are numbers") from error
    if not 0 < rate <= most:
        raise CommandError(f"rate={rate} is outside 0..{most:.0f} events a second")
    return rate, seconds


def as_inputs(scenario: Scenario) -> Scenario:
    """Return the scenario as a panel of bare inputs has it: an input is on or off, and no more."""

    def plan(settings: Mapping[str, str]) -> Plan:
        return ((at_s, as_input(line)) for at_s, line in scenario(settings))

    return plan


def as_input(line: str) -> str:
    """Return a control line of the premises as one of an input; one without a zone as it is."""
    words = line.split()
    zone = next((word.removeprefix("zone=") for word in words if word.startswith("zone=")), "")
    match words:
        case ["open", number]:
            return f"input {number} on"
        case ["close", number]:
            return f"input {number} off"
        case ["bypass" | "unbypass", *_]:
            return line
        case ["restore", *_] if zone:
            return f"input {zone} off"
        case _ if zone:
            return f"input {zone} on"
    return line


PLANS: Mapping[str, Scenario] = {
    "burglary": burglary,
    "night": night,
    "fire": fire,
    "holdup": holdup,
    "tamper": tamper,
    "blackout": blackout,
    "day": day,
    "walk": walk,
    "traffic": traffic,
}
