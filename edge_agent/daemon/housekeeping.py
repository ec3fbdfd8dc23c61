"""Keeps the journal's house: watches its space and says aloud what becomes of it.

The shell around the journal's own machines: measures on a thread, performs on the loop.
"""

import asyncio
from dataclasses import dataclass

import structlog

from edge_agent import limits
from edge_agent.clock import Clock
from edge_agent.daemon.recorder import Recorder
from edge_agent.daemon.retirement import Retirement
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import JournalBody, JournalChange
from edge_agent.journal import Journal
from edge_agent.journal.retention import Retention
from edge_agent.journal.space import Action, Admit, LevelFell, LevelRose, Room, Space

log = structlog.get_logger()

MIB = 1 << 20
DAY_NS = 86_400 * 1_000_000_000
REMEDY = "let the center be reached, so that what it holds can be removed; or give it a larger card"


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the configuration says: `bytes_max` None is a share of the filesystem."""

    bytes_max: int | None
    days: int


class Housekeeping:
    """Runs beside the panels; `room` is the space as last measured, None before."""

    def __init__(
        self, journal: Journal, recorder: Recorder, clock: Clock, keeping: Keeping
    ) -> None:
        self._journal = journal
        self._recorder = recorder
        self._clock = clock
        self._bound_ns = clock.boottime_ns()
        self._space = Space(keeping.bytes_max)
        retention = Retention(keeping.days * DAY_NS, limits.KEEP_PRESSED_NS)
        self._retirement = Retirement(journal, recorder, clock, retention)
        self._measured = False

    @property
    def room(self) -> Room | None:
        """How full the journal is, None while that is not known."""
        return self._space.room if self._measured else None

    @property
    def omitted(self) -> list[str]:
        """The lanes of which only what is reserved is recorded, for lack of space."""
        return [lane.name.lower() for lane in Lane if lane > self._space.room.lane_max]

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            removing = await self.look()
            await asyncio.sleep(limits.REMOVAL_LOOK_S if removing else limits.SPACE_LOOK_S)

    async def look(self) -> bool:
        """Measure once and do what follows; return whether something is being removed."""
        if self._clock.boottime_ns() - self._bound_ns >= limits.BINDING_NS:
            self.bind_receipts()
        await self._measure()
        return await self._retirement.look(self.room)

    async def _measure(self) -> None:
        try:
            measured = await asyncio.to_thread(self._journal.measure)
        except OSError:  # a disk that is not there: the journal says so itself
            self._measured = False
            return
        self._measured = True
        for action in self._space.handle(measured):
            self._perform(action)

    def bind_receipts(self) -> None:
        """Sign a digest over the receipts recorded since the last one."""
        self._bound_ns = self._clock.boottime_ns()
        if (bound := self._journal.bind()) is not None:
            detail = f"{bound.last - bound.first + 1} receipts recorded"
            body = JournalBody(
                JournalChange.RECEIPTS, detail, bound.first, bound.last, digest=bound.digest
            )
            self._recorder.say(body, Lane.STATE)

    def _perform(self, action: Action) -> None:
        match action:
            case LevelRose(room):
                log.warning("journal.nearly_full", percent=room.percent, remedy=REMEDY)
                self._note(JournalChange.NEARLY_FULL, _used(room))
            case LevelFell(room):
                log.info("journal.roomy", percent=room.percent)
                self._note(JournalChange.ROOMY, _used(room))
            case Admit(lane_max, before):
                self._journal.allow(lane_max)
                self._say_admission(lane_max, before)

    def _say_admission(self, lane_max: int, before: int) -> None:
        names = ", ".join(lane.name.lower() for lane in Lane if before < lane <= lane_max)
        if names:
            log.info("journal.records_again", lanes=names)
            self._recorder.say_omitted()
            return
        names = ", ".join(lane.name.lower() for lane in Lane if lane_max < lane <= before)
        log.error("journal.omits", lanes=names, cause="the space left is kept for alarms")
        text = f"from now on not recorded, the space left is kept for alarms: {names}"
        self._note(JournalChange.OMITTED, text)

    def _note(self, what: JournalChange, detail: str) -> None:
        self._recorder.say(JournalBody(what, detail))


def _used(room: Room) -> str:
    used, capacity = room.used_bytes // MIB, room.capacity_bytes // MIB
    return f"{room.percent} % used: {used} of {capacity} MiB"
