"""What a session reports: each report numbered; the same frame doubled by the line told apart.

Pure.  For protocols without acknowledgement and without numbers of their own: no panel says the
very same twice within half a second, a line that echoes does.
"""

from edge_agent.domain.session import Action, Frame, Report
from edge_agent.domain.signal import Signal

DOUBLED_NS = 500_000_000  # no panel says the same so soon: the line doubled it


class Reports:
    """The reports of one session; their numbers go on when the line is opened again.

    if reports.is_doubled(frame, now_ns):
        return [Fault(FaultKind.REPEAT)]
    return reports.of(frame.signals)
    """

    def __init__(self) -> None:
        self._tokens = 0
        self._last: tuple[bytes, int] | None = None

    def clear(self) -> None:
        """The line was opened: what is said now is no double."""
        self._last = None

    def of(self, signals: tuple[Signal, ...]) -> list[Action]:
        """Return how the signals of one frame are recorded."""
        if not signals:
            return []
        self._tokens += 1
        return [Report(self._tokens, signals)]

    def is_doubled(self, frame: Frame, now_ns: int) -> bool:
        """Tell whether this event is the last one once more; its first copy begins the time.

        So what goes on and on is recorded again and again, and not once.
        """
        words = frame.raw.rstrip()
        last = self._last
        if last is not None and last[0] == words and now_ns - last[1] <= DOUBLED_NS:
            return True
        self._last = words, now_ns
        return False
