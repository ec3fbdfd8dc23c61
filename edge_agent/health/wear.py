"""Decides how fast the card is being worn: bytes written, hour by hour."""

WINDOW_NS = 3600 * 1_000_000_000
"""Shorter windows would call an update of the system, or a backlog drained, a habit."""

_DAY_NS = 24 * WINDOW_NS


class WriteRate:
    """The rate of the last whole hour, in GB a day, from a counter of bytes since boot."""

    def __init__(self) -> None:
        self._began: tuple[int, int] | None = None
        self.gb_a_day: float | None = None  # None: the first hour is not over

    def handle(self, written_bytes: int, now_ns: int) -> float | None:
        """Take the counter's state of `now_ns`; return the rate."""
        if self._began is None or written_bytes < self._began[1]:  # another card, or it wrapped
            self._began = (now_ns, written_bytes)
        since_ns, before = self._began
        passed_ns = now_ns - since_ns
        if passed_ns >= WINDOW_NS:
            self.gb_a_day = (written_bytes - before) / 1e9 * _DAY_NS / passed_ns
            self._began = (now_ns, written_bytes)
        return self.gb_a_day
