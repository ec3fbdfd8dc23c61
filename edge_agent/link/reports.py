"""Carries reports from a session to the intake and the news that they are durable back.

Nothing is dropped: what the intake has no room for waits here and goes first when there is room,
even if the line is lost meanwhile.  The wait is bounded because `full` stops the line's reading.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from edge_agent.domain.session import Report
from edge_agent.domain.stamp import Stamp
from edge_agent.limits import UNCOMMITTED_REPORTS_MAX
from edge_agent.link.intake import Intake, IntakeFull

RETRY_S = 0.1  # room comes with the next commit, a few tens of milliseconds on a card

_Held = tuple[Report, Stamp, int]


class Reports:
    """The reports of one panel; `wake` is called when `durable` has something to return."""

    def __init__(self, panel: str, intake: Intake, wake: Callable[[], None]) -> None:
        self._panel = panel
        self._intake = intake
        self._wake = wake
        self._held: deque[_Held] = deque()
        self._has_held = asyncio.Event()
        self._committing: set[asyncio.Future[None]] = set()
        self._durable: list[int] = []
        self._session = 0
        self._failure: BaseException | None = None

    @property
    def full(self) -> bool:
        """Whether the panel must not be read now."""
        return bool(self._held) or len(self._committing) >= UNCOMMITTED_REPORTS_MAX

    def renew(self) -> None:
        """Begin a new session: commits of the old one concern nobody, its panel repeats."""
        self._session += 1
        self._durable.clear()

    def submit(self, report: Report, stamp: Stamp) -> None:
        """Hand `report` over, or hold it behind those that already wait."""
        held = (report, stamp, self._session)
        if self._held or not self._recorded(held):
            self._held.append(held)
            self._has_held.set()

    def durable(self) -> list[int]:
        """Return the tokens of the running session that became durable, in that order.

        Raises what the intake failed with: that is a bug of ours.
        """
        if self._failure is not None:
            raise self._failure
        tokens, self._durable = self._durable, []
        return tokens

    async def retry(self) -> None:
        """Hand over what is held, until cancelled."""
        try:
            while True:
                await self._has_held.wait()
                await asyncio.sleep(RETRY_S)
                self._flush()
        finally:
            self._flush()
            if self._held:
                structlog.get_logger().error(
                    "panel.reports_lost",
                    panel=self._panel,
                    reports=len(self._held),
                    cause="stopped while neither disk nor center took events",
                )

    def _flush(self) -> None:
        while self._held and self._recorded(self._held[0]):
            self._held.popleft()
        if not self._held:
            self._has_held.clear()
            self._wake()

    def _recorded(self, held: _Held) -> bool:
        report, stamp, session = held
        try:
            future = self._intake.record(self._panel, report.signals, stamp)
        except IntakeFull:
            return False

        def done(future: asyncio.Future[None]) -> None:
            self._done(future, report.token, session)

        self._committing.add(future)
        future.add_done_callback(done)
        return True

    def _done(self, future: asyncio.Future[None], token: int, session: int) -> None:
        self._committing.discard(future)
        if not future.cancelled():
            self._failure = self._failure or future.exception()
            if session == self._session:
                self._durable.append(token)
        self._wake()
