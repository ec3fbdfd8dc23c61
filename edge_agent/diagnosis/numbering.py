"""Numbers the events of several epochs as the lines of one timeline, and back.

Machines name what they heard by a line; evidence names it by epoch and number.
"""

from bisect import bisect_right

from edge_agent.evidence.cited import CITED_MAX, EPOCHS_MAX, Place


class Numbering:
    """Lines rise with the events; one epoch's lines stand together."""

    def __init__(self) -> None:
        self._bases: list[int] = []  # the line of each epoch's number 0
        self._epochs: list[bytes] = []
        self._last = 0

    def line(self, place: Place) -> int:
        """Return the line of an event, epoch by epoch in order of number."""
        if not self._epochs or self._epochs[-1] != place.epoch:
            self._epochs.append(place.epoch)
            self._bases.append(self._last + 1)
        self._last = self._bases[-1] + place.seq
        return self._last

    def place(self, line: int) -> Place:
        """Return the event of a line."""
        at = bisect_right(self._bases, line) - 1
        return Place(self._epochs[at], line - self._bases[at])

    def places(self, lines: tuple[int, ...]) -> tuple[Place, ...]:
        """Return the events of lines, in order; of too many the first and the newest."""
        places = [self.place(line) for line in lines]
        if len(places) > CITED_MAX:
            places = [places[0], *places[1 - CITED_MAX :]]
        epochs = list(dict.fromkeys(place.epoch for place in places))
        if len(epochs) > EPOCHS_MAX:
            kept = {epochs[0], *epochs[1 - EPOCHS_MAX :]}
            places = [place for place in places if place.epoch in kept]
        return tuple(places)
