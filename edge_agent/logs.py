"""Logging set-up: JSON lines for journald, coloured lines on a terminal; never a secret."""

import contextlib
import logging
import os
import sys
from datetime import UTC, datetime
from typing import TextIO, cast

from edge_agent.clock import Clock
from edge_agent.lean import without

with without("rich"):  # structlog takes it where it is installed: a quarter of a command's start
    import structlog


class Tolerant:
    """A stream whose failures stay its own: a full disk or a gone reader must not end an agent."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError):
            return self._stream.write(text)
        return 0

    def flush(self) -> None:
        """Flush what can be flushed."""
        with contextlib.suppress(OSError):
            self._stream.flush()


def configure(clock: Clock, level: str = "info", *, json: bool | None = None) -> None:
    """Set structlog up for this process; `json` None means: JSON unless stderr is a terminal.

    A line of JSON is one object with `time` (UTC, by `clock`; None where its wall clock cannot be
    read), `event`, `level` and the bound values.
    """
    terminal = sys.stderr.isatty()
    as_json = not terminal if json is None else json
    processors: list[structlog.typing.Processor] = [
        _Timed(clock) if as_json else _leave,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info if as_json else _leave,
    ]
    if not as_json:
        processors.append(structlog.processors.TimeStamper(fmt="%H:%M:%S.%f"))
    processors.append(
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=terminal and _knows_colours())
    )
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", Tolerant(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")


def _knows_colours() -> bool:
    """Whether the terminal shows colours, and whoever reads it wants them (no-color.org)."""
    return os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")


class _Timed:
    """Puts the time first: lines are read apart from journald too, in a file or a ticket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(
        self,
        _logger: structlog.typing.WrappedLogger,
        _name: str,
        event: structlog.typing.EventDict,
    ) -> structlog.typing.EventDict:
        return {"time": _iso(self._clock.stamp().wall_ns), **event}


def _iso(wall_ns: int | None) -> str | None:
    if wall_ns is None:
        return None
    try:
        moment = datetime.fromtimestamp(wall_ns // 1_000_000 / 1000, UTC)
    except (OverflowError, ValueError, OSError):  # a clock beyond the year 9999
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _leave(
    _logger: structlog.typing.WrappedLogger, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return event
