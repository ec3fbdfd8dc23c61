"""Supervised detector loops: what the ohms of a circuit with end-of-line resistors mean.

The loop is fed from a reference voltage through a series resistor and read at the junction.  What
is read is a share of the reference, so a supply that drifts cancels out:
`ohms = series * share / (1 - share)`.

Wirings, from public notes of makers on end-of-line resistors: single (R, contact opens: endless),
double (R, contact bridged by another R: 2R), triple (masking contact bridged by a third: 3R).
Short is 0, a cut cable endless; a wet one lies in parallel, a bad joint in series.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from edge_agent.domain.kinds import State
from edge_agent.domain.signal import OHMS_MAX

ENDLESS_OHMS: Final = OHMS_MAX  # an open circuit
OVERRANGE: Final = 1.05  # of the reference: beyond it the input is not what it is taken for
SHORT: Final = 0.2  # of R: below it the cable is short
CUT: Final = 4.0  # times R: above it the cable is cut (single: the contact is open)

_TOUCHING: Final = 1e-9  # 2R + 20 % is 3R - 20 %: no gap between them, but for rounding

STATES: Final = (State.CLOSED, State.OPEN, State.TAMPER, State.FAULT, State.MASKED)
"""What a loop can be in; FAULT also between the bands, where nothing is known."""

WIRINGS: Final = {"single": 1, "double": 2, "triple": 3}
"""How many resistors a loop ends with, by the word for it."""


@dataclass(frozen=True, slots=True)
class Band:
    """All ohms from the band below up to (not including) `below`."""

    below: float
    state: State


@dataclass(frozen=True, slots=True)
class Circuit:
    """One kind of loop and how it is measured.

    `series_ohms` feed it, `full` is what the input reads at the reference voltage.  `bands` rise
    and end endless.  A band is left only when its edge is passed by `hysteresis` (a share of the
    edge).  `measure_ns` is how often the mean is told in any case, `measure_share` (of
    `eol_ohms`) the change that is told sooner.
    """

    series_ohms: int
    eol_ohms: int
    full: int
    bands: tuple[Band, ...]
    hysteresis: float
    measure_ns: int
    measure_share: float

    def ohms(self, word: int, full: int | None = None) -> int | None:
        """Return the ohms for what was read; `full` is what the reference reads, where it is read.

        None where that is no measurement: without a reference, or beyond it.
        """
        whole = self.full if full is None else full
        if whole <= 0 or word > whole * OVERRANGE:
            return None
        if word >= whole:
            return ENDLESS_OHMS
        return min(ENDLESS_OHMS, round(self.series_ohms * word / (whole - word)))

    def state(self, ohms: int | None, before: State | None = None) -> State:
        """Return what `ohms` mean; `before` is kept while its edges are not clearly passed."""
        if ohms is None:
            return State.FAULT
        found = self._at(ohms)
        if before is None or found is before:
            return found
        near = (self._at(ohms / (1 + self.hysteresis)), self._at(ohms / (1 - self.hysteresis)))
        return before if before in near else found

    def _at(self, ohms: float) -> State:
        for band in self.bands:
            if ohms < band.below:
                return band.state
        return self.bands[-1].state


def bands_of(wiring: str, eol_ohms: int, tolerance: float) -> tuple[Band, ...]:
    """Return the bands of a wiring: `tolerance` (a share) around each nominal value, gaps FAULT.

    `wiring` is one of `WIRINGS`.  Of a single loop any open circuit is the contact, and a short is
    tamper; of the others short and endless are both tamper.
    """
    nominal = [State.CLOSED, State.OPEN, State.MASKED][: WIRINGS[wiring]]
    bands = [Band(SHORT * eol_ohms, State.TAMPER)]
    if wiring == "single":
        nominal = [State.CLOSED]
    for times, state in enumerate(nominal, 1):
        middle = times * eol_ohms
        if middle * (1 - tolerance) > bands[-1].below * (1 + _TOUCHING):
            bands.append(Band(middle * (1 - tolerance), State.FAULT))
        bands.append(Band(middle * (1 + tolerance), state))
    bands.append(Band(CUT * eol_ohms, State.FAULT))
    bands.append(Band(float("inf"), State.OPEN if wiring == "single" else State.TAMPER))
    return tuple(bands)


def check_bands(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Return bands that a profile lists.  Raises ValueError unless they rise and end endless."""
    if not bands or bands[-1].below != float("inf"):
        raise ValueError("the last band has no 'below_ohms': it goes on without end")
    edges = [band.below for band in bands]
    if any(later <= earlier for earlier, later in pairwise(edges)):
        raise ValueError("'below_ohms' rises from band to band, and only the last has none")
    if not any(band.state is State.CLOSED for band in bands):
        raise ValueError("no band is 'closed': the loop would never be at rest")
    return tuple(bands)
