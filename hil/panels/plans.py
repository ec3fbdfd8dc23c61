"""Plan files: control lines, each after the second at which it is due.

# a break-in
0.5  alarm zone=3
2    disarm user=4
"""

from collections.abc import Iterator
from pathlib import Path

LINES_MAX = 1_000_000


class PlanError(ValueError):
    """A plan that cannot be played; the message names file and line."""


def read(path: Path) -> Iterator[tuple[float, str]]:
    """Return the lines of a plan file, in order; raises PlanError, OSError."""
    return iter(list(_parse(path)))


def _parse(path: Path) -> Iterator[tuple[float, str]]:
    last = 0.0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.split("#", 1)[0].strip()
        if not text:
            continue
        seconds, _, rest = text.partition(" ")
        try:
            at = float(seconds)
        except ValueError as error:
            raise PlanError(f"{path}:{number}: {seconds!r} is not a time in seconds") from error
        if not last <= at or not rest.strip() or number > LINES_MAX:
            raise PlanError(f"{path}:{number}: wanted: SECONDS CONTROL-LINE, times rising")
        last = at
        yield at, rest.strip()
