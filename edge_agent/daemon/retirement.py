"""Removes what was kept long enough: dates the oldest segment, says that it goes, lets it go.

The shell around the journal's retention.  A removal is recorded, and durable, before it is done: a
crash in between leaves a record of something that is still there, never a hole without a record.
"""

import asyncio

import structlog

from edge_agent import limits
from edge_agent.clock import Clock
from edge_agent.daemon.recorder import Recorder
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import JournalBody, JournalChange
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.envelope import peek
from edge_agent.journal import Journal
from edge_agent.journal.oldest import Glimpse
from edge_agent.journal.retention import Oldest, Remove, Retention, Stuck, Why
from edge_agent.journal.space import Room

log = structlog.get_logger()

_REMEDIES = {
    Why.UNRECEIPTED: "let every configured center be reached, or remove one that is gone for good",
    Why.YOUNG: "give it a larger card, or more of it with `journal_bytes_max`",
    Why.UNDATED: "give the gateway the time: a time server, or a clock with a battery",
}


def age_ns(then: Stamp, now: Stamp) -> int | None:
    """Return how long ago `then` was at least, None where that cannot be known."""
    if then.boot_id == now.boot_id:
        return max(0, now.boottime_ns - then.boottime_ns)
    if Trust.UNSET in {then.trust, now.trust} or then.wall_ns is None or now.wall_ns is None:
        return None
    doubt_ms = (then.uncertainty_ms or 0) + (now.uncertainty_ms or 0)
    return max(0, now.wall_ns - then.wall_ns - doubt_ms * 1_000_000)


class Retirement:
    """Looks at the oldest segment when it is told to."""

    def __init__(
        self, journal: Journal, recorder: Recorder, clock: Clock, retention: Retention
    ) -> None:
        self._journal = journal
        self._recorder = recorder
        self._clock = clock
        self._retention = retention
        self._glimpse: Glimpse | None = None  # of the oldest, with the stamp that dates it
        self._stamp: Stamp | None = None
        self._vowed = 0  # the segment whose removal is recorded

    async def look(self, room: Room | None) -> bool:
        """Have the oldest segment removed if it may go; return whether it is to go.

        It goes in the background: look again soon.
        """
        seen = await self._oldest()
        oldest = None
        if seen is not None:
            age = await self._age_ns() if seen.receipted else None
            oldest = Oldest(seen.number, seen.receipted, age)
        match self._retention.handle(oldest, room):
            case Stuck(why):
                self._say_stuck(why)
            case Remove(_, why):
                assert seen is not None
                return await self._remove(seen, why)
        return False

    async def _oldest(self) -> Glimpse | None:
        """Return the oldest segment; it is read once only."""
        known = self._glimpse
        if known is not None and self._journal.oldest_number() == known.number:
            return known
        seen = await asyncio.to_thread(self._journal.oldest)
        self._glimpse = seen if seen is not None and seen.receipted else None
        self._stamp = _stamp(seen.newest) if seen is not None else None
        return seen

    async def _age_ns(self) -> int | None:
        """What cannot be dated itself is older than the first thing behind it that can."""
        now = self._clock.stamp()
        age = None if self._stamp is None else age_ns(self._stamp, now)
        if now.trust is Trust.UNSET or age is not None:
            return age
        for place in range(1, limits.DATED_BY_MAX):
            stamp = _stamp(await asyncio.to_thread(self._journal.newest_of, place))
            if stamp is not None and (age := age_ns(stamp, now)) is not None:
                self._stamp = stamp
                return age
        return None

    async def _remove(self, seen: Glimpse, why: Why) -> bool:
        if refused := self._journal.removal_refused:
            log.error("journal.not_removed", segment=seen.number, cause=refused)
        if self._vowed != seen.number:
            if not await self._is_recorded(seen, why):
                return False
            self._vowed = seen.number
            log.info("journal.removes", segment=seen.number, why=str(why))
        self._journal.remove(seen.number)
        return True

    async def _is_recorded(self, seen: Glimpse, why: Why) -> bool:
        """Record the removal; return whether that is durable: else the next look tries again."""
        if seen.last is None:
            return True  # no event is in it
        body = JournalBody(
            JournalChange.REMOVED,
            f"segment {seen.number}: {why}",
            seen.first,
            seen.last,
            seen.epoch,
            tree=seen.note or None,
        )
        try:
            async with asyncio.timeout(limits.REMOVAL_RECORD_S_MAX):
                await self._recorder.vow(body)
        except TimeoutError:
            return False
        return True

    def _say_stuck(self, why: Why) -> None:
        log.error("journal.nothing_to_remove", cause=str(why), remedy=_REMEDIES[why])
        body = JournalBody(JournalChange.NEARLY_FULL, f"nothing can be removed: {why}")
        self._recorder.say(body)


def _stamp(envelope: bytes) -> Stamp | None:
    try:
        return peek(envelope)[1].stamp
    except Malformed:
        return None
