"""What takes the signals that sessions report: the recorder, as the links see it."""

import asyncio
from typing import Protocol

from edge_agent.domain.finding import Finding
from edge_agent.domain.session import Fault, Recent
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp


class IntakeFull(Exception):  # noqa: N818  not an error: a state that passes
    """There is no room now, and nothing was taken: try again."""


class Intake(Protocol):
    """Where reports, link changes and faults go; every method is called on the loop."""

    def record(self, panel: str, signals: tuple[Signal, ...], stamp: Stamp) -> asyncio.Future[None]:
        """Take `signals`; the future is done when all are durable.

        Raises IntakeFull, with nothing taken, where there is no room.
        """

    def link(self, panel: str, online: bool | None, reason: str) -> None:
        """Take a change of a panel's link."""

    def fault(self, panel: str, fault: Fault) -> None:
        """Count a fault."""

    def finding(self, panel: str, finding: Finding) -> None:
        """Take what a session found wrong with its panel or line."""

    def recent(self, panel: str) -> tuple[Recent, ...]:
        """Return the newest durable frames of `panel`, oldest first, for `Opened`."""

    def standing(self, panel: str) -> tuple[Signal, ...]:
        """Return the events of `panel` that were recorded active and not ended, for `Opened`."""
