"""Tells a line that damages frames from a single damaged frame."""

from collections import deque

from edge_agent.domain.finding import Cause, Finding

FRAMES = 100  # of the newest so many
BAD_MAX = 1  # 1 % may be damaged: a line beside a lift motor does that for years


class LineQuality:
    """Counts good and damaged frames; more than 1 % of the newest 100 damaged is a finding.

    It ends when 100 frames in a row were good.  Noise between frames is no frame.
    """

    def __init__(self) -> None:
        self._newest: deque[bool] = deque(maxlen=FRAMES)
        self._noisy = False

    def good(self) -> list[Finding]:
        """Count a frame whose check was right."""
        self._newest.append(False)
        if self._noisy and len(self._newest) == FRAMES and not any(self._newest):
            self._noisy = False
            return [Finding(Cause.LINE_NOISE, False, f"{FRAMES} frames in a row were good")]
        return []

    def bad(self) -> list[Finding]:
        """Count a damaged frame."""
        self._newest.append(True)
        bad = sum(self._newest)
        if self._noisy or bad <= BAD_MAX:
            return []
        self._noisy = True
        return [Finding(Cause.LINE_NOISE, True, f"{bad} of {len(self._newest)} frames damaged")]
