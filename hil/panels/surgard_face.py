"""How the emulated receiver is started, and its built-in plans."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import scenarios
from hil.panels.machine import CommandError, Face, Plan
from hil.panels.surgard import (
    AREA_MAX,
    DC4,
    SECOND_NS,
    WORDINGS,
    ZONE_MAX,
    Form,
    ReceiverSetup,
    SurgardReceiver,
)

ENDS = {"dc4": DC4, "crlf": b"\r\n"}
FORMS = {
    # a profile: what its receiver speaks; any other one speaks as an MLR2
    "surgard_system3": Form.SYSTEM3,
    "ademco_685": Form.ADEMCO_685,
    "congwin_fe100": Form.FE100,
}
CONTROL = """\
control lines of surgard:
  WORD [zone=N] [user=N] [area=N] [account=A] [as=cid|sia|sia_old]   something happens: alarm,
      entry, fire, smoke, callpoint, panic, holdup, medical, duress, gas, co, tamper, trouble,
      mains, battery, cancel, bypass, exiterror, test, walktest
  restore WORD ...        and is over          arm user=N ... / disarm user=N ...
      (a 685 and a FE100 have one wording, whatever `as` says)
  cid code=DDD [q=E|R|P] [kind=K] [number=zone|user] [zone=N|user=N] ...   any Contact ID code
  raw HEX                 any frame, without its terminator
  noend                   the next frame twice, its first terminator missing"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what a receiver can be told on the command line."""
    parser.add_argument("--form", choices=[form.value for form in Form], default="mlr2")
    parser.add_argument("--account", default="2468", help="account of signals that name none")
    parser.add_argument("--as", dest="wording", choices=list(WORDINGS), default="cid")
    parser.add_argument("--receiver", default="01", metavar="RR", help="receiver number, 01-FF")
    parser.add_argument("--receiver-line", default="1", metavar="L", help="line 1-F, or 3 digits")
    parser.add_argument("--heartbeat-s", type=float, default=30.0)
    parser.add_argument("--repeat-s", type=float, default=4.0, help="wait for an ACK")
    parser.add_argument("--end", choices=list(ENDS), default="dc4", help="what ends a message")


def build(arguments: Namespace) -> SurgardReceiver:
    """Return the receiver that the command line describes."""
    return SurgardReceiver(
        ReceiverSetup(
            form=Form(arguments.form),
            receiver=arguments.receiver,
            line=arguments.receiver_line,
            account=arguments.account,
            wording=WORDINGS[arguments.wording],
            heartbeat_ns=int(arguments.heartbeat_s * SECOND_NS),
            repeat_ns=int(arguments.repeat_s * SECOND_NS),
            end=ENDS[arguments.end],
        )
    )


def for_profile(profile: Profile | None, settings: Mapping[str, Any]) -> SurgardReceiver:
    """Return the receiver that a driver's profile expects; `settings` are of `ReceiverSetup`."""
    programmed: dict[str, Any] = {}
    if profile is not None:
        programmed["form"] = FORMS.get(profile.name, Form.MLR2)
        programmed["heartbeat_ns"] = int(float(str(profile.facts["heartbeat_s"])) * SECOND_NS)
        programmed["repeat_ns"] = int(float(str(profile.facts["repeat_after_s"])) * SECOND_NS)
    return SurgardReceiver(ReceiverSetup(**{**programmed, **settings}))


def distinct(number: int, zones: int = ZONE_MAX) -> str:
    """Return the settings of the `number`-th signal; no two of 891,000 x `zones` are alike."""
    zone = number % zones + 1
    area = number // zones % AREA_MAX + 1
    account = 1000 + number // (zones * AREA_MAX)
    return f"zone={zone} area={area} account={account}"


def speak(number: int, bad_line: bool) -> str:
    """Return the control line of the `number`-th signal; the three wordings in turn.

    On a bad line only the two wordings of fixed length: without a checksum, a digit lost from the
    number at the end of the new SIA form leaves another good frame.
    """
    words = ("alarm", "restore alarm", "fire", "tamper", "restore tamper", "panic", "trouble")
    wordings = ("cid", "sia_old") if bad_line else ("cid", "sia", "sia_old")
    return f"{words[number % len(words)]} {distinct(number)} as={wordings[number % len(wordings)]}"


def traffic(settings: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """Say `rate` signals a second for ever (or for `seconds`), all different; mostly alarms.

    They go round `zones` zones: all that a receiver can name, unless told.
    """
    rate, seconds = _figures(settings)
    zones = _zones(settings)
    cycle = ("alarm", "restore alarm", "tamper", "alarm", "trouble", "fire", "alarm", "panic")
    number = int(settings.get("first", "0"))
    count = 0
    while count / rate < seconds:
        yield count / rate, f"{cycle[count % len(cycle)]} {distinct(number + count, zones)}"
        count += 1


def _figures(settings: Mapping[str, str]) -> tuple[float, float]:
    try:
        rate = float(settings.get("rate", "2"))
        seconds = float(settings.get("seconds", "inf"))
    except ValueError as error:
        raise CommandError("rate= and seconds= are numbers") from error
    if not 0 < rate <= 10_000:
        raise CommandError(f"rate={rate} is outside 0..10000 signals a second")
    return rate, seconds


def _zones(settings: Mapping[str, str]) -> int:
    zones = settings.get("zones", str(ZONE_MAX))
    if not zones.isdecimal() or not 1 <= int(zones) <= ZONE_MAX:
        raise CommandError(f"zones={zones} is outside 1..{ZONE_MAX}")
    return int(zones)


def burglary(settings: Mapping[str, str]) -> Plan:
    """A shop at night: the door, two rooms, a detector torn off, the owner comes."""
    area = settings.get("area", "1")
    return [
        (0.0, f"entry zone=1 area={area}"),
        (0.8, f"alarm zone=2 area={area}"),
        (1.6, f"alarm zone=3 area={area}"),
        (2.2, f"tamper zone=3 area={area}"),
        (3.2, f"disarm user=4 area={area}"),
        (3.6, f"cancel user=4 area={area}"),
        (4.0, f"restore tamper zone=3 area={area}"),
        (4.2, f"restore alarm zone=2 area={area}"),
        (4.4, f"restore alarm zone=3 area={area}"),
    ]


def fire(settings: Mapping[str, str]) -> Plan:
    """A kitchen: smoke, a second detector, the call point; the mains fail and come back."""
    area = settings.get("area", "9")
    return [
        (0.0, f"smoke zone=11 area={area}"),
        (0.7, f"fire zone=12 area={area}"),
        (1.4, f"callpoint zone=14 area={area}"),
        (2.0, f"mains area={area}"),
        (3.0, f"restore mains area={area}"),
        (3.5, f"restore smoke zone=11 area={area}"),
    ]


def walk(settings: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """A technician walks past every detector: test mode, each zone, test mode off."""
    yield 0.0, "walktest user=1"
    zones = int(settings.get("zones", "8"))
    for zone in range(1, zones + 1):
        yield float(zone), f"alarm zone={zone}"
        yield zone + 0.5, f"restore alarm zone={zone}"
    yield zones + 1.0, "restore walktest user=1"


_SAID_ON_BAD_LINES = re.compile(
    rb"5[0-9A-F]{3} 18(?:[0-9A-F]{4}| ?[0-9A-F]{4,10} )[136EPR][0-9A-F]{3}[0-9]{5}"
    rb"|3[0-9A-F]{3} {4}[0-9A-F]{6}[A-Z]{2}[0-9]{4}"
    rb"|[0-9A-F]{2} [0-9A-F]{4} 18 [EPR][0-9A-F]{3} [0-9]{2} [CU][0-9]{3}"
    rb"| ?00 [0-9]{8} 18 [EPR][0-9A-F]{3} [0-9]{2} [CU][0-9]{3} ?"
)


def is_sound(frame: bytes) -> bool:
    """Whether every character fits its place: the formats have no other check.

    A line that takes one and puts in another can make such a message of any, also one of the form
    whose longer account ends with a space.
    """
    return _SAID_ON_BAD_LINES.fullmatch(frame) is not None


FACE = Face(
    name="surgard",
    title="alarm receiver output: Sur-Gard MLR2 and System III, Ademco 685, CongWin FE100",
    peers_max=1,
    control_help=CONTROL,
    adds=add_arguments,
    build=build,
    for_profile=for_profile,
    speak=speak,
    unknown="cid code=8B8 area=1",
    has_clock=False,  # its messages carry no time
    patience_s=15,  # one missed heartbeat is no silence; some beat every 10 s
    sound=is_sound,
    has_sum=False,
    quick=("--repeat-s", "1.5", "--heartbeat-s", "1"),
    plans={**scenarios.PLANS, "burglary": burglary, "fire": fire, "walk": walk, "traffic": traffic},
)
