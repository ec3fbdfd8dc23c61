"""The one loop where the sessions of a Modbus bus meet it: they share one line, one turn at a time.

The line is opened, lost and opened again like any other; with it goes every session on the bus.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.clock import Clock
from edge_agent.domain.address import BusAddress, SerialAddress
from edge_agent.domain.session import (
    Answered,
    Close,
    Fault,
    FaultKind,
    Read,
    Received,
    Send,
    Session,
    Unanswered,
    Write,
)
from edge_agent.domain.signal import FRAME_BYTES_MAX
from edge_agent.link.backoff import Waits
from edge_agent.link.conversation import Conversation, Outward
from edge_agent.link.desk import Desk
from edge_agent.link.intake import Intake
from edge_agent.link.line import Heard, Line, LineError, Opener, Reading
from edge_agent.link.reopen import Reopening
from edge_agent.link.schedule import (
    Ask,
    BusInput,
    Failed,
    Left,
    Pace,
    Passed,
    Schedule,
    Settled,
    Wanted,
    rtu_pace,
)
from edge_agent.link.wake import Wake

AGAIN_NS = 1_000_000_000  # a session that closes itself starts over, but not in a tight circle
DEFAULT_WAITS = Waits()


@dataclass(frozen=True, slots=True)
class Member:
    """A panel on a bus: `session` makes a fresh session each time the bus comes up.

    Commands for it are handed in at `desk`.
    """

    panel: str
    unit: int
    session: Callable[[], Session]
    desk: Desk | None = None


class Settlement(Protocol):
    """What came of a request."""

    @property
    def answer(self) -> Answered | Unanswered:
        """For the session that asked."""

    @property
    def absent(self) -> bool:
        """Whether a gateway said that the unit is not there."""


class Frames(Protocol):
    """The bus's protocol: `edge_agent.link.modbus.ModbusFrames`, loaded only with a bus."""

    def request(self, unit: int, wanted: Read | Write) -> bytes:
        """Return the frame that asks; raises ValueError for what cannot be."""

    def feed(self, data: bytes) -> Settlement | None:
        """Take bytes; raises ValueError where the stream cannot be followed any more."""

    def give_up(self) -> bytes:
        """Expect no answer any more; return what was heard instead."""

    @property
    def idle(self) -> bool:
        """Whether nothing is asked: what is heard now is for nobody here."""


def pace_of(address: BusAddress) -> Pace:
    """Return the pace of the bus at `address`, by the standard."""
    return rtu_pace(address.baud) if isinstance(address, SerialAddress) else Pace()


def frames_of(address: BusAddress) -> Frames:
    """Return the protocol of the bus at `address`; loads pymodbus."""
    from edge_agent.link.modbus import frames  # noqa: PLC0415  2 MB that only a bus is worth

    return frames(address)


async def run_bus(
    members: Sequence[Member],
    opener: Opener,
    protocol: tuple[Callable[[], Frames], Pace],
    intake: Intake,
    clock: Clock,
    waits: Waits = DEFAULT_WAITS,
) -> None:
    """Poll the panels of one bus until cancelled, through every loss of its line.

    Units differ from each other.  What a session raises is a bug and comes out of here, in an
    ExceptionGroup.
    """
    wake = Wake()
    conversations = {
        member.unit: Conversation(member.panel, member.session, intake, clock, wake, member.desk)
        for member in members
    }
    if len(conversations) != len(members):
        raise ValueError("two panels on one unit of a bus")

    def down(error: LineError) -> None:
        for conversation in conversations.values():
            conversation.end(str(error))

    reopening = Reopening(opener, clock, down, waits)
    frames, pace = protocol

    async def run() -> None:
        while True:
            line = await reopening.open()
            try:
                await _Exchange(line, frames(), Schedule(pace), conversations, clock).run(
                    wake, reopening.heard
                )
            except LineError as error:
                reopening.lost(error)
            finally:
                line.close()

    try:
        async with asyncio.TaskGroup() as group:
            for conversation in conversations.values():
                group.create_task(conversation.reports.retry())
            group.create_task(run())
    finally:
        reopening.close()


class _Exchange:
    """The bus while its line is up."""

    def __init__(
        self,
        line: Line,
        frames: Frames,
        schedule: Schedule,
        conversations: dict[int, Conversation],
        clock: Clock,
    ) -> None:
        self._line = line
        self._frames = frames
        self._schedule = schedule
        self._conversations = conversations
        self._clock = clock
        self._asked: Ask | None = None
        self._parked: deque[Wanted] = deque()  # of panels whose reports wait for the disk
        self._again_ns: dict[int, int] = {}  # sessions that closed themselves

    async def run(self, wake: Wake, heard: Callable[[], None]) -> None:
        """Exchange until the line is lost: LineError."""
        for unit, conversation in self._conversations.items():
            self._perform(unit, conversation.begin())
        reading: Reading | None = None
        while True:
            if reading is None:
                reading = self._line.read()
                reading.add_done_callback(wake)
            await wake.wait(self._wait_ns())
            if reading.done():
                chunk, reading = reading.result(), None
                assert isinstance(chunk, Heard), "a bus has one peer"
                heard()
                self._feed(chunk)
            self._tick()

    def _wait_ns(self) -> int | None:
        deadlines = [
            self._schedule.deadline_ns(),
            *(conversation.deadline_ns() for conversation in self._conversations.values()),
            *self._again_ns.values(),
        ]
        earliest_ns = min((at for at in deadlines if at is not None), default=None)
        return None if earliest_ns is None else earliest_ns - self._clock.boottime_ns()

    def _feed(self, chunk: Heard) -> None:
        if self._frames.idle:  # late answers, noise, another master: for those who only listen
            for unit, conversation in self._conversations.items():
                self._perform(unit, conversation.take(Received(chunk.data, unit), chunk.stamp))
        try:
            settlement = self._frames.feed(chunk.data)
        except ValueError as error:
            raise LineError(
                f"what answers is no Modbus device: {error}", "check the port"
            ) from None
        if settlement is None:
            return
        asked, self._asked = self._asked, None
        if asked is not None:  # the session first: what it wants next may take its turn at once
            conversation = self._conversations[asked.unit]
            self._perform(asked.unit, conversation.take(settlement.answer, chunk.stamp))
        self._plan(Settled(settlement.absent))

    def _tick(self) -> None:
        for unit, again_ns in list(self._again_ns.items()):
            if again_ns <= self._clock.boottime_ns():
                del self._again_ns[unit]
                self._perform(unit, self._conversations[unit].begin())
        for unit, conversation in self._conversations.items():
            self._perform(unit, conversation.due())
        parked, self._parked = self._parked, deque()
        for wanted in parked:
            if wanted.unit not in self._again_ns:
                self._want(wanted)
        deadline_ns = self._schedule.deadline_ns()
        if deadline_ns is not None and deadline_ns <= self._clock.boottime_ns():
            self._plan(Passed())

    def _perform(self, unit: int, outward: list[Outward]) -> None:
        for action in outward:
            match action:
                case Read() | Write():
                    self._want(Wanted(unit, action))
                case Close(reason):
                    self._restart(unit, reason)
                    return
                case Send():
                    raise TypeError(f"panel {self._conversations[unit].panel} writes to a bus")

    def _want(self, wanted: Wanted) -> None:
        """Queue a read, unless what the panel said before still waits for the disk."""
        if self._conversations[wanted.unit].reports.full:
            self._parked.append(wanted)
        else:
            self._plan(wanted)

    def _restart(self, unit: int, reason: str) -> None:
        self._conversations[unit].end(reason)
        self._again_ns[unit] = self._clock.boottime_ns() + AGAIN_NS
        self._parked = deque(wanted for wanted in self._parked if wanted.unit != unit)
        if self._asked is not None and self._asked.unit == unit:
            self._asked = None
        self._plan(Left(unit))

    def _plan(self, happened: BusInput) -> None:
        for action in self._schedule.handle(happened, self._clock.boottime_ns()):
            match action:
                case Ask():
                    self._ask(action)
                case Failed(unit, wanted, detail, asked):
                    kind = FaultKind.NO_ANSWER
                    if asked:
                        self._asked = None
                        kind = self._given_up(unit)
                    answer = Unanswered(wanted.request, kind, detail)
                    self._perform(unit, self._conversations[unit].take(answer))

    def _ask(self, ask: Ask) -> None:
        try:
            frame = self._frames.request(ask.unit, ask.wanted)
        except ValueError as error:  # a profile's mistake: its panel hears of it, no other does
            refused = Unanswered(ask.wanted.request, FaultKind.UNSUPPORTED, str(error))
            self._perform(ask.unit, self._conversations[ask.unit].take(refused))
            self._plan(Settled())
        else:
            self._asked = ask
            self._line.write(frame)

    def _given_up(self, unit: int) -> FaultKind:
        """Expect no answer any more; return what was wrong: none came, or a damaged one."""
        heard = self._frames.give_up()
        if not heard:
            return FaultKind.NO_ANSWER
        self._conversations[unit].fault(
            Fault(FaultKind.NOISE, "bytes that are no answer", heard[-FRAME_BYTES_MAX:])
        )
        return FaultKind.CHECKSUM
