"""Carries reports from a session to the intake and the news that they are durable back.

Nothing is dropped: what the intake has no room for waits here and goes first when there is room,
even if the line is lost meanwhile.  The wait is bounded because `full` stops the line's reading.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from edge_agent.domain.session import WAITING, Report
from edge_agent.domain.stamp import Stamp
from edge_agent.limits import UNCOMMITTED_REPORTS_MAX
from edge_agent.link.intake import Intake, IntakeFull

RETRY_S = 0.1  # room comes with the next commit, a few tens of milliseconds on a card

_Held = tuple[Report, Stamp, int]


@dataclass(frozen=True, slots=True)
class Untold:
    """The newest report of all, where no session was told that it is durable: no ACK was sent."""

    frame: bytes
    stamp: Stamp


class Reports:
    """The reports of one panel; `wake` is called when `durable` has something to return."""

    def __init__(self, panel: str, intake: Intake, wake: Callable[[], None]) -> None:
        self._panel = panel
        self._intake = intake
        self._wake = wake
        self._held: deque[_Held] = deque()
        self._has_held = asyncio.Event()
        self._committing: dict[asyncio.Future[None], int] = {}  # with their sessions
        self._durable: list[int] = []
        self._session = 0
        self._newest: _Held | None = None
        self._told = True  # a session knows that the newest is durable, or there is none
        self._awaited = False  # this session is to be told when what it began with is durable
        self._failure: BaseException | None = None

    @property
    def full(self) -> bool:
        """Whether the panel must not be read now."""
        return bool(self._held) or len(self._committing) >= UNCOMMITTED_REPORTS_MAX

    def renew(self) -> Untold | None:
        """Begin a new session: commits of the old one concern nobody, its panel repeats.

        Only the newest report matters to it, if nobody was told: `durable` gives WAITING for it.
        """
        self._session += 1
        self._durable.clear()
        self._awaited = not self._told
        if self._newest is None or self._told:
            return None
        report, stamp, _ = self._newest
        self._wake()
        return Untold(report.signals[-1].frame, stamp)

    def submit(self, report: Report, stamp: Stamp) -> None:
        """Hand `report` over, or hold it behind those that already wait."""
        held = self._newest = (report, stamp, self._session)
        self._told = False
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
        if self._awaited and not self._is_older_left():
            self._awaited = False
            tokens.insert(0, WAITING)
        if self._newest is not None and not self._told:
            report, _, session = self._newest
            token = report.token if session == self._session else WAITING
            self._told = token in tokens
        return tokens

    def _is_older_left(self) -> bool:
        """Tell whether anything of earlier sessions is not durable yet."""
        sessions = (*self._committing.values(), *(session for *_, session in self._held))
        return any(session < self._session for session in sessions)

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

        self._committing[future] = session
        future.add_done_callback(done)
        return True

    def _done(self, future: asyncio.Future[None], token: int, session: int) -> None:
        del self._committing[future]
        if future.cancelled():
            self._awaited = False  # nobody will ever know
        else:
            self._failure = self._failure or future.exception()
            if session == self._session:
                self._durable.append(token)
        self._wake()
