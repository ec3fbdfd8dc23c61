"""Marlin M-16 lines typed from manual.txt, their sums added up apart from the driver.

Of each what it says: kind, code, state, area, zone, user, account.
"""

from typing import Any

from tests.drivers.golden import Golden

Said = tuple[Any, ...]


def event(line: bytes, *says: Said) -> Golden:
    """What the panel says by itself."""
    return Golden("manual: the panel says by itself", line + b"\r\n", "event", says)


def zones(*states: str) -> tuple[Said, ...]:
    """How the zones are, from the first."""
    return tuple(("zone", None, state, None, at, None, None) for at, state in enumerate(states, 1))


GOLDEN = (
    Golden("manual: the worked line", b"$HI*01\r\n", "request", ()),
    Golden("manual: its answer", b"$HI,M16,2.1*66\r\n", "HI", ()),
    event(b"$EV,BA,01,04*39", ("burglary", "130", "active", 1, 4, None, None)),
    event(b"$EV,FH,00,16*36", ("fire", "110", "restored", None, 16, None, None)),
    event(b"$EV,ZO,00,03*29", ("zone", None, "open", None, 3, None, None)),
    event(b"$EV,OP,01,12*22", ("open_close", "401", "disarmed", 1, None, 12, None)),
    event(b"$EV,CS,02,00*2D", ("open_close", "441", "armed", 2, None, None, None)),
    event(b"$EV,AT,00,00*2A", ("power", "301", "active", None, None, None, None)),
    event(b"$EV,QQ,00,00*3F", ("unknown", None, "active", None, None, None, None)),
    Golden(
        "manual: zones; one open, one bypassed",
        b"$ZN,0120000000000000*3B\r\n",
        "ZN",
        zones("closed", "open", "bypassed", *("closed",) * 13),
    ),
    Golden(
        "manual: alarms; fire in zone 3",
        b"$AL,0020000000000000*23\r\n",
        "AL",
        (("fire", "110", "active", None, 3, None, None),),
    ),
    Golden(
        "manual: areas; armed to stay, in alarm",
        b"$AR,25*38\r\n",
        "AR",
        (
            ("area", None, "armed_stay", 1, None, None, None),
            ("area", None, "alarm", 2, None, None, None),
        ),
    ),
    Golden("manual: a bypass, with a user code", b"$BY,03,1234*1C\r\n", "request", ()),
    Golden("manual: done", b"$OK*04\r\n", "OK", ()),
    Golden("a digit of no table", b"$AR,70*38\r\n", "AR", (), "shape"),
    Golden("a sum that is another's", b"$EV,BA,01,04*38\r\n", None, (), "checksum"),
)
