"""What a golden frame is: typed from a manual or a capture, with its source, and what it says."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from edge_agent.domain.session import FaultKind, Frame
from hil.panels.machine import describe

ENDS = b"\r\n"  # which of them belong to a line, each decoder knows


class Golden(NamedTuple):
    """One frame and what it says; signals list kind, code, state, area, zone, user, account.

    `answers`: it answers what a host asked, and has no ACK of its own.  `asked`: an entry of a log,
    which a session takes only where it asked for it; one that only listens takes it.
    """

    source: str
    frame: bytes
    type: str | None
    signals: tuple[tuple[Any, ...], ...]
    fault: str | None = None
    answers: bool = False
    asked: bool = False


def zone(state: str, number: int, area: int | None) -> tuple[object, ...]:
    return ("zone", None, state, area, number, None, None)


def area(state: str, number: int) -> tuple[object, ...]:
    return ("area", None, state, number, None, None, None)


def event(
    kind: str,
    code: str | None,
    state: str = "active",
    area: int | None = None,
    zone: int | None = None,
    user: int | None = None,
) -> tuple[object, ...]:
    """Return a signal as golden frames list it."""
    return (kind, code, state, area, zone, user, None)


def told(frame: Frame) -> tuple[object, ...]:
    """Return what a frame says, as golden frames list it."""
    return tuple(tuple(describe(signal).values()) for signal in frame.signals)


def check(known: Golden, frames: Iterable[Frame]) -> None:
    """Hold what a decoder made of a golden frame against it."""
    [frame] = frames
    assert frame.raw.strip(ENDS) == known.frame.strip(ENDS)
    if known.fault is not None:
        assert (frame.fault, frame.signals) == (FaultKind(known.fault), ())
        return
    assert (frame.type, told(frame), frame.fault) == (known.type, known.signals, None)
    assert all(signal.frame == frame.raw for signal in frame.signals)
