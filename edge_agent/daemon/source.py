"""The journal and the recorder, as the uplink of one center sees them."""

import asyncio
from collections.abc import Callable

from edge_agent.daemon.epoch import Beginning, owner_of
from edge_agent.daemon.recorder import Recorder
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import PathBody
from edge_agent.evidence.tree import leaf_hash
from edge_agent.journal import Journal, Position, Record
from edge_agent.uplink.messages import Cursor, Outgoing
from edge_agent.uplink.uplink import Portion


class JournalSource:
    """One center's source; `time` is told each receipt for events of the run, and what it holds."""

    def __init__(
        self,
        center: str,
        journal: Journal,
        recorder: Recorder,
        begun: Beginning,
        time: Callable[[tuple[int, ...], bytes], None],
    ) -> None:
        self._center = center
        self._journal = journal
        self._recorder = recorder
        self._begun = begun
        self._time = time
        self._gateway = owner_of(begun.genesis)
        self._ours: dict[bytes, bool] = {begun.epoch: True}  # epochs, as far as they were asked for

    async def fetch(self, lane: int, after: Cursor | None, bytes_max: int) -> Portion:
        """Return events of `lane` that the center is owed, oldest first.  May raise OSError."""
        assert after is None or isinstance(after, Position), "made by this very source"
        fetch = self._journal.fetch
        while True:
            batch = await asyncio.to_thread(fetch, self._center, lane, after, bytes_max)
            ours = [record for record in batch.records if await self._is_ours(record.epoch)]
            if ours or batch.next is None:
                return Portion(tuple(map(outgoing, ours)), batch.next)
            after = batch.next

    async def _is_ours(self, epoch: bytes) -> bool:
        """Tell whether an epoch is this gateway's own: a card of another one may have been put in,
        whose events the center would not take from us."""
        if epoch not in self._ours:
            genesis = await asyncio.to_thread(self._journal.first_of, epoch)
            self._ours[epoch] = owner_of(genesis) in (None, self._gateway)
        return self._ours[epoch]

    async def genesis(self, epoch: bytes) -> bytes | None:
        """Return the genesis envelope of `epoch`, None where there is none.  May raise OSError."""
        if epoch == self._begun.epoch:
            return self._begun.genesis  # alarms wait for it: no disk and no thread is asked
        return await asyncio.to_thread(self._journal.first_of, epoch)

    def release(self, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        """The center holds these."""
        if epoch == self._begun.epoch:
            self._time(seqs, receipt)
        self._recorder.receipted(self._center, epoch, seqs, receipt)

    def path(self, center: str, path: str, up: bool, reason: str) -> None:
        """Record that a way to the center came or went."""
        body = PathBody(center, path, up, reason).to_body()
        self._recorder.note(EventType.PATH, Lane.FAULT, body)


def outgoing(record: Record) -> Outgoing:
    """Return a journal's record as the uplink sends it."""
    return Outgoing(record.epoch, record.seq, record.lane, leaf_hash(record.data), record.data)
