"""Logging set-up: JSON lines for journald, coloured lines on a terminal; never a secret."""

import logging
import sys

import structlog


def configure(level: str = "info", *, json: bool | None = None) -> None:
    """Set structlog up for this process; `json` None means: JSON unless stderr is a terminal.

    Under journald each line is one JSON object with `event`, `level` and the bound values; journald
    adds the time, so lines carry none there.
    """
    terminal = sys.stderr.isatty()
    as_json = not terminal if json is None else json
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info if as_json else _leave,
    ]
    if not as_json:
        processors.append(structlog.processors.TimeStamper(fmt="%H:%M:%S.%f"))
    processors.append(
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=terminal)
    )
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")


def _leave(
    _logger: structlog.typing.WrappedLogger, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return event
