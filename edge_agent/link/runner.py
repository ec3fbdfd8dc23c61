"""The one loop where a panel's session meets its line: wait, ask the session, do what it says."""

import asyncio
from collections.abc import Callable

from edge_agent.clock import Clock
from edge_agent.domain.session import Called, Close, HungUp, Read, Received, Send, Session
from edge_agent.link.backoff import Waits
from edge_agent.link.conversation import Conversation, Outward
from edge_agent.link.desk import Desk
from edge_agent.link.intake import Intake
from edge_agent.link.line import Came, Happening, Heard, Line, LineError, Opener, Reading, Went
from edge_agent.link.reopen import Reopening
from edge_agent.link.wake import Wake

DEFAULT_WAITS = Waits()


async def run_panel(  # noqa: PLR0913  each is a part that a test or the simulation replaces
    panel: str,
    session: Callable[[], Session],
    opener: Opener,
    intake: Intake,
    clock: Clock,
    waits: Waits = DEFAULT_WAITS,
    *,
    desk: Desk | None = None,
) -> None:
    """Read `panel` until cancelled, through every loss of its line.

    `session` makes a fresh session for each opening of the line; commands come from `desk`.  What a
    session raises is a bug and comes out of here, in an ExceptionGroup.
    """
    wake = Wake()
    conversation = Conversation(panel, session, intake, clock, wake, desk)
    reopening = Reopening(
        opener, clock, lambda error: conversation.end(str(error)), waits, panel=panel
    )
    runner = _Runner(conversation, reopening, clock, wake)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(conversation.reports.retry())
            group.create_task(runner.run())
    finally:
        reopening.close()


class _Runner:
    def __init__(
        self, conversation: Conversation, reopening: Reopening, clock: Clock, wake: Wake
    ) -> None:
        self._conversation = conversation
        self._reopening = reopening
        self._clock = clock
        self._wake = wake

    async def run(self) -> None:
        while True:
            line = await self._reopening.open()
            try:
                await self._converse(line)
            except LineError as error:
                self._reopening.lost(error)
            finally:
                line.close()

    async def _converse(self, line: Line) -> None:
        """Talk until the line is lost or the session closes it: LineError either way."""
        reading: Reading | None = None
        self._perform(line, self._conversation.begin())
        while True:
            if reading is None and not self._conversation.reports.full:
                reading = line.read()
                reading.add_done_callback(self._wake)
            await self._wake.wait(self._wait_ns())
            # Bytes first: after a stall of ours the panel was not silent, we were not looking.
            if reading is not None and reading.done():
                happened, reading = reading.result(), None
                self._perform(line, self._take(happened))
            self._perform(line, self._conversation.due())

    def _take(self, happened: Happening) -> list[Outward]:
        match happened:
            case Heard(data, stamp, peer, packet):
                self._reopening.heard()
                return self._conversation.take(Received(data, peer, packet), stamp)
            case Came(peer, host):
                return self._conversation.take(Called(peer, host))
            case Went(peer):
                return self._conversation.take(HungUp(peer))

    def _wait_ns(self) -> int | None:
        deadline_ns = self._conversation.deadline_ns()
        return None if deadline_ns is None else deadline_ns - self._clock.boottime_ns()

    def _perform(self, line: Line, outward: list[Outward]) -> None:
        for action in outward:
            match action:
                case Send(data, peer):
                    line.write(data, peer)
                case Close(reason, peer):
                    if peer is None:
                        raise LineError(reason)
                    line.hang_up(peer, reason)
                case Read():
                    raise TypeError(f"panel {self._conversation.panel} reads registers of a line")
