"""What a supervised detector loop measures: resistors, contact, cable, and what is wrong with them.

Facts: single end-of-line R in series (closed R, open endless); double R in series with the contact
bridged by another R (closed R, open 2R); triple with a masking contact bridged by a third (3R).
Cut cable: endless; short: 0.  A long cable adds ohms in series, a wet one lies in parallel.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from edge_agent.domain.kinds import State

ENDLESS_OHMS = 10_000_000  # what a meter shows for an open circuit
BAND = 0.2  # around each nominal value; between the bands nothing is known


class Resistors(IntEnum):
    """How many resistors a loop ends with."""

    NONE = 0
    SINGLE = 1
    DOUBLE = 2
    TRIPLE = 3


@dataclass(slots=True)
class Loop:
    """One detector circuit; `contact_open` and `masked` are the detector's, the rest the cable's.

    loop = Loop(Resistors.DOUBLE, 4700)
    loop.contact_open = True
    loop.ohms()       # 9400
    loop.state()      # State.OPEN
    """

    resistors: Resistors = Resistors.DOUBLE
    eol_ohms: int = 4700
    contact_open: bool = field(default=False)
    masked: bool = field(default=False)
    cut: bool = field(default=False)
    short: bool = field(default=False)
    series_ohms: int = field(default=0)
    leak_ohms: int = field(default=ENDLESS_OHMS)

    def ohms(self) -> int:
        """Return what is measured at the panel's terminals."""
        if self.short:
            return 0
        loop = ENDLESS_OHMS if self.cut else self._detector_ohms() + self.series_ohms
        if self.leak_ohms >= ENDLESS_OHMS:
            return min(loop, ENDLESS_OHMS)
        return loop * self.leak_ohms // (loop + self.leak_ohms)

    def _detector_ohms(self) -> int:
        count = {Resistors.NONE: 0, Resistors.SINGLE: 1}.get(self.resistors, 1)
        if self.contact_open:
            if self.resistors < Resistors.DOUBLE:
                return ENDLESS_OHMS
            count += 1
        if self.masked and self.resistors is Resistors.TRIPLE:
            count = 3
        return count * self.eol_ohms

    def state(self) -> State:
        """Return what a panel takes this for."""
        ohms = self.ohms()
        if self.resistors is Resistors.NONE:
            return State.OPEN if ohms > ENDLESS_OHMS // 2 else State.CLOSED
        times = ohms / self.eol_ohms
        if abs(times - 1) <= BAND:
            return State.CLOSED
        if self.resistors is Resistors.SINGLE:
            return State.OPEN
        if abs(times - 2) <= 2 * BAND:
            return State.OPEN
        if self.resistors is Resistors.TRIPLE and abs(times - 3) <= 3 * BAND:
            return State.MASKED
        if times < BAND or times > 4:
            return State.TAMPER
        return State.FAULT
