"""Makes a journal full of unreceipted events, as a gateway without a link does, and fast.

The real recorder, notary and journal write it; only the panels are missing.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from edge_agent.clock import SystemClock
from edge_agent.contents import Envelopes
from edge_agent.daemon.epoch import begin
from edge_agent.daemon.recorder import Notary, Recorder, Source
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from edge_agent.evidence.cose import Signer
from edge_agent.journal import Care, FolderDisk, Journal, Record, RecordKind, Terms, read, recover
from edge_agent.journal.scribe import Scribe
from edge_agent.journal.upkeep import REST_NS, Upkeep

REPORT_SIGNALS = 50
REPORTS_AHEAD = 20  # what waits for the disk: within the journal's bounded memory
SOURCE = Source("surgard", "1", "surgard_mlr2", "1", acknowledges=True)


def signal(number: int) -> Signal:
    """Return an alarm of its own, with the frame of a receiver's output."""
    zone, area = number % 999 + 1, number // 999 % 99 + 1
    frame = f"5011 182468E130{area:02}{zone:03}\x14".encode()
    return Signal(
        kind=Kind.BURGLARY,
        state=State.ACTIVE,
        code="130",
        area=area,
        zone=zone,
        account="2468",
        frame=frame,
    )


Make = Callable[[int], Signal]


def mixed(number: int) -> Signal:
    """Return what a site with a fault says in a long outage: troubles, some alarms, few fires."""
    kind = Kind.FIRE if number % 100 == 0 else Kind.BURGLARY if number % 20 == 1 else Kind.COMMS
    return replace(signal(number), kind=kind)


def fill(
    folder: Path, gateway: str, identity: Signer, count: int, make: Make = signal, panel: str = "p1"
) -> bytes:
    """Write `count` signals into the journal in `folder` as one run of the agent.

    Returns the epoch: its events are the genesis and the signals, 1..count.
    """
    return asyncio.run(_fill(folder, (gateway, identity), range(count), make, panel))


async def _fill(
    folder: Path, who: tuple[str, Signer], numbers: range, make: Make, panel: str
) -> bytes:
    (gateway, identity), count = who, len(numbers)
    clock = SystemClock()
    disk = FolderDisk(folder)
    found = recover(disk)
    begun = begin(gateway, identity, found, clock)
    notary = Notary(gateway, begun.epoch, begun.genesis, begun.signer)
    recorder = Recorder(clock, {panel: SOURCE}, _unsent)
    journal = Journal(disk, found, notary, recorder, Terms(["center"]))
    journal.start()
    recorder.attach(journal, begun.epoch, begun.draft)
    waiting: list[asyncio.Future[None]] = []
    for first in range(0, count, REPORT_SIGNALS):
        part = numbers[first : first + REPORT_SIGNALS]
        waiting.append(recorder.record(panel, tuple(map(make, part)), clock.stamp()))
        if len(waiting) >= REPORTS_AHEAD:
            await waiting.pop(0)
    await asyncio.gather(*waiting)
    await asyncio.to_thread(journal.close)
    disk.close()
    return begun.epoch


class _Nobody:
    """Stands for the recorder and the signer of a run that records nothing."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"nothing is recorded here: {name}")


def seal(folder: Path) -> float:
    """Seal at once what the agent seals in the background; return how long it took, in seconds."""
    disk = FolderDisk(folder)
    found = recover(disk)
    care = Care(Envelopes(), lambda damage: sys.exit(f"damage: {damage}"))
    nobody = cast("Any", _Nobody())
    scribe = Scribe(disk, found, nobody, nobody, Terms(["center"]))
    upkeep = Upkeep(disk, found, scribe, care)
    begun = time.perf_counter()
    while upkeep.step(0) <= REST_NS:
        pass
    took_s = time.perf_counter() - begun
    upkeep.close()
    disk.close()
    return took_s


def _unsent(record: Record, leaf: bytes, holders: AbstractSet[str]) -> None:
    """There is no link."""


def envelopes(folder: Path, epoch: bytes) -> list[bytes]:
    """Return the envelopes of an epoch, in order."""
    return [
        stored.record.data
        for stored in read(folder)
        if stored.record.kind is RecordKind.ENVELOPE and stored.record.epoch == epoch
    ]


def lanes(folder: Path, epoch: bytes) -> dict[int, int]:
    """Return the lane of each event of an epoch; urgent ones may have been signed before others."""
    return {
        stored.record.seq: stored.record.lane
        for stored in read(folder)
        if stored.record.kind is RecordKind.ENVELOPE and stored.record.epoch == epoch
    }
