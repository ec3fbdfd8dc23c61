"""`--since` and `--until`: which time is meant, and which events and segments can lie in it."""

import argparse
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edge_agent.clock import SystemClock

if TYPE_CHECKING:
    from edge_agent.evidence.dating import Dated
    from edge_agent.journal.footer import Span

_S = 1_000_000_000
MARGIN_NS = 60 * _S
"""How far the corrected time of an event may be from its own stamp, where that was trusted."""

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO = re.compile(r"(\d{1,9})([smhdw])")


def moment(text: str) -> int:
    """Return the Unix time in ns that `text` means: a time of ISO 8601, or how long ago.

    A time without zone is local.  Raises ArgumentTypeError.
    """
    if match := _AGO.fullmatch(text):
        ago_ns = int(match[1]) * _UNITS_S[match[2]] * _S
        return (SystemClock().stamp().wall_ns or 0) - ago_ns
    try:
        told = datetime.fromisoformat(text)
        return round(told.astimezone(UTC).timestamp()) * _S
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: give one such as 2026-11-27, 2026-11-27T22:00, with Z or +01:00"
            " where it is not local, or how long ago: 90s, 30m, 2h, 3d, 1w"
        ) from None


@dataclass(frozen=True, slots=True)
class Period:
    """From `since_ns` to `until_ns`, both included, Unix time; None: open."""

    since_ns: int | None = None
    until_ns: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing out."""
        return self.since_ns is None and self.until_ns is None

    def holds(self, dated: "Dated") -> bool:
        """Tell whether an event was in it, or may have been where nobody can tell exactly."""
        if dated.wall_ns is not None:
            return self._meets(dated.wall_ns, dated.wall_ns)
        return self._meets(dated.earliest_ns, dated.latest_ns)

    def may_hold(self, span: "Span") -> bool:
        """Tell whether any event of a segment may have been in it.

        Events that were heard before the clock was set are dated by the time between them and
        those after: at most as far as the segment's boot times reach.
        """
        if span.wall_first_ns is None or span.wall_last_ns is None:
            return True
        slack_ns = MARGIN_NS
        if span.undated:
            if span.boot_first_ns is None or span.boot_last_ns is None:
                return True
            slack_ns += span.boot_last_ns - span.boot_first_ns
        return self._meets(span.wall_first_ns - slack_ns, span.wall_last_ns + slack_ns)

    def _meets(self, first_ns: int | None, last_ns: int | None) -> bool:
        ended = last_ns is not None and self.since_ns is not None and last_ns < self.since_ns
        begins = first_ns is not None and self.until_ns is not None and first_ns > self.until_ns
        return not (ended or begins)
