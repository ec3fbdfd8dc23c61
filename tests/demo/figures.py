"""Made-up ledgers, journals and stores for the tests of the demo's counting."""

import json
from typing import Any

from edge_agent.demo.ledger import Key, Ledger, Spoken
from edge_agent.demo.tally import Evidence, Held

MS = 1_000_000
WALL_NS = 1_700_000_000_000_000_000  # the wall clock at boot, in these tests
PANELS = {"p1": "Sur-Gard MLR2", "p2": "Sur-Gard System III", "p3": "Modbus inputs"}


def key(zone: int, panel: str = "p1", kind: str = "burglary", state: str = "active") -> Key:
    return Key(panel, (kind, "130", state, 1, zone, None, "1001"), f"{zone:04x}")


def spoken(zone: int, said_ms: int, *, due: bool = True, panel: str = "p1") -> Spoken:
    one = Spoken(zone, key(zone, panel), said_ms * MS, due=due)
    if due:
        one.acked_ns = one.said_ns + MS
    return one


def event(seq: int, at_ms: int, *, late_ms: int = 5, **values: Any) -> Held:
    """An event stamped `at_ms` after boot and stored `late_ms` later."""
    wall_ns = WALL_NS + at_ms * MS
    given: dict[str, Any] = {"type": "signal", "body": {}, **values}
    return Held(
        place=("e1", seq),
        boottime_ns=at_ms * MS,
        wall_ns=wall_ns,
        received_ms=wall_ns // MS + late_ms,
        **given,
    )


def signal(seq: int, zone: int, at_ms: int, *, late_ms: int = 5, panel: str = "p1") -> Held:
    return event(seq, at_ms, late_ms=late_ms, key=key(zone, panel))


def evidence(said: list[Spoken], held: list[Held], **values: Any) -> Evidence:
    """All that is at the center is in the journal and receipted, unless told otherwise."""
    given: dict[str, Any] = {
        "spoken": said,
        "journal": held,
        "center": held,
        "receipted": {one.place for one in held},
        **values,
    }
    return Evidence(**given)


def line(number: int, state: str, t_ns: int, **values: Any) -> str:
    told = {"kind": "burglary", "code": "130", "state": "active", "area": 1, "zone": 3}
    told |= {"user": None, "account": "1001"}
    entry = {"id": number, "panel": "p1", "state": state, "signal": told, "frame": "3530"}
    return json.dumps({**entry, "t_ns": t_ns, **values}) + "\n"


def noted(acknowledged: bool, *states: str) -> Ledger:
    """A ledger with one signal that went through `states`."""
    ledger = Ledger("p1", acknowledged=acknowledged)
    for at, state in enumerate(states):
        ledger.note(line(1, state, 10 + at))
    return ledger
