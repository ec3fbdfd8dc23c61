"""Decides when a reading counts: neither a bouncing contact nor a value at its limit flaps."""

from dataclasses import dataclass

MS = 1_000_000
S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Band:
    """Two limits instead of one: a value is bad from `bad_at` on, good again only at `good_at`.

    `bad_at` above `good_at`: high values are bad; below: low ones.  Between the two a value stays
    what it was.
    """

    bad_at: float
    good_at: float

    def __post_init__(self) -> None:
        if self.bad_at == self.good_at:
            raise ValueError("one limit is no band: a value at it would flap")

    def judge(self, value: float, was_bad: bool) -> bool:
        """Return whether `value` is bad, where the last one was judged `was_bad`."""
        if self.bad_at > self.good_at:
            return value > self.good_at if was_bad else value >= self.bad_at
        return value < self.good_at if was_bad else value <= self.bad_at


class Debounce:
    """A state that counts only once it has lasted; None: not known, and that must last as well.

    Pure: `handle` takes a raw state, `deadline_ns` says when time alone changes the counted one;
    then `handle` is to be called with the raw state of that moment.
    """

    def __init__(self, true_after_ns: int, false_after_ns: int, none_after_ns: int = 0) -> None:
        self._after_ns = {True: true_after_ns, False: false_after_ns, None: none_after_ns}
        self._raw: bool | None = None
        self._since_ns: int | None = None
        self.state: bool | None = None
        self.known = False  # whether any state was ever counted

    def handle(self, raw: bool | None, now_ns: int) -> bool:
        """Take the raw state of `now_ns`; return whether the counted state changed."""
        if self._since_ns is None or raw is not self._raw:
            self._raw, self._since_ns = raw, now_ns
        if self.known and raw is self.state:
            return False
        if now_ns - self._since_ns < self._after_ns[raw]:
            return False
        self.state, self.known = raw, True
        return True

    def deadline_ns(self) -> int | None:
        """Return when the raw state will count if it stays; None where it counts already."""
        if self._since_ns is None or (self.known and self._raw is self.state):
            return None
        return self._since_ns + self._after_ns[self._raw]
