"""What the line on a VISTA panel's keypad shows of a zone; the serial port and TPI both pass it on.

FAULT 23 FRONT DOOR             zone 23 is open
CHECK 07 SMOKE HALL             zone 7 is faulty
"""

import re

from edge_agent.domain.codes import number
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal

_SHOWN = re.compile(r" ?(FAULT|CHECK) +([0-9]{1,3})\b")


def shown_zone(text: str, area: int | None, frame: bytes) -> tuple[Signal, ...]:
    """Return the state of the zone that a keypad's text names; nothing where it names none."""
    found = _SHOWN.match(text)
    zone = number(found[2]) if found else None
    if found is None or zone is None:
        return ()
    state = State.OPEN if found[1] == "FAULT" else State.FAULT
    return (Signal(kind=Kind.ZONE, state=state, zone=zone, area=area, frame=frame),)
