"""What a session did, read out of its actions: for the tests of all drivers."""

from collections.abc import Iterable

from edge_agent.domain.command import Outcome
from edge_agent.domain.session import Action, Fault, FaultKind, Link, Obeyed, Report, Send
from edge_agent.domain.signal import Signal


def signals(actions: Iterable[Action]) -> list[Signal]:
    return [s for action in actions if isinstance(action, Report) for s in action.signals]


def faults(actions: Iterable[Action]) -> list[FaultKind]:
    return [action.kind for action in actions if isinstance(action, Fault)]


def links(actions: Iterable[Action]) -> list[bool]:
    return [action.online for action in actions if isinstance(action, Link)]


def outcomes(actions: Iterable[Action]) -> list[Outcome]:
    return [action.outcome for action in actions if isinstance(action, Obeyed)]


def sent(actions: Iterable[Action]) -> list[bytes]:
    return [action.data for action in actions if isinstance(action, Send)]
