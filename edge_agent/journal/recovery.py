"""What a start finds: reads every segment, decides torn from damaged, cuts, keeps, rebuilds.

Nothing here may keep the agent from starting: a file that cannot be read is named, a repair that
the disk refuses is left for the next start.  A torn tail is cut off; a damaged file is never
changed again and gets a second name, `<name>.broken`, which also tells the next start that the
damage is already known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from edge_agent.journal.cache import CACHE_NAME, Cache
from edge_agent.journal.centers import Center
from edge_agent.journal.chain import Chain, Damage
from edge_agent.journal.disk import LOCK_NAME, Disk
from edge_agent.journal.files import (
    SegmentFile,
    last_events,
    list_segments,
    outline,
    read_segment,
)
from edge_agent.journal.format import BLOCK_BYTES, SEALED_BYTES_MAX, Record
from edge_agent.journal.index import Index, Segment
from edge_agent.journal.rebuild import VISITED_MAX, Rebuild
from edge_agent.journal.repairs import UNFINISHED, Found, Repairs, number_limit
from edge_agent.journal.scan import Scan, scan_segment
from edge_agent.journal.spares import BROKEN_SUFFIX, segment_number


class Tail(Enum):
    """In what state the journal was found."""

    CLEAN = "clean"
    TORN = "torn"  # an unfinished last write was dropped: never promised to anybody
    DAMAGED = "damaged"  # something that had been durable is not whole (named since this start)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The journal as found.  `epoch` is the newest epoch, None in an empty journal.

    `count` is the number of its events (last sequence number + 1) and `noted` how many of them
    `note`, the sealer's last durable note, covers (fewer only after damage).  `head` is its
    genesis envelope.  `damages` were never named before, `known` were.  `centers` are those that
    have a slot; `unreceipted` counts per lane, over all epochs, the events that any of them is
    owed.  `refused`: why a repair could not be made, None where all
    were.  `foreign`: names in the directory that are not the journal's.  `uncached`: sealed
    segments that the cache, whole up to byte `cache_end`, does not know; `cache_used` bytes of it
    are about segments that are there.
    """

    epoch: bytes | None
    count: int
    note: bytes
    noted: int
    head: bytes | None
    tail: Tail
    orderly: bool
    torn_bytes: int
    damages: tuple[Damage, ...]
    known: tuple[Damage, ...]
    centers: tuple[Center, ...]
    unreceipted: tuple[int, ...]
    foreign: tuple[str, ...]
    refused: str | None
    index: Index
    spares: tuple[int, ...]
    next_number: int
    uncached: tuple[str, ...] = ()
    cache_end: int = 0
    cache_used: int = 0


def recover(disk: Disk, visit: Callable[[Record], None] | None = None) -> Recovery:
    """Read the journal and make it ready for a new epoch.

    Of sealed segments only what they say of themselves is read.  `visit` is called with the newest
    envelopes (at most VISITED_MAX), oldest first.
    """
    cache = Cache(disk)
    try:
        return _Start(disk, cache).run(visit)
    finally:
        cache.close()


class Reading:
    """All segments as found, taken one after the other; nothing is changed.

    `each` sees what was read of every file; nothing of it is kept.
    """

    def __init__(
        self, disk: Disk, cache: Cache, each: Callable[[Scan], None] | None = None
    ) -> None:
        self._disk = disk
        self._cache = cache
        self._each = each
        self.names = set(disk.names())
        self.files: list[Found] = []
        self.copies: list[str] = []
        self.chain = Chain()
        self.rebuild = Rebuild()
        self.uncached: list[str] = []

    def read(self) -> None:
        """Read all of them."""
        listed, self.copies = list_segments(self._disk, self.names, self._cache)
        for one in listed:
            if not self._take(one):
                break
        self._blame(self.rebuild.take(self.chain.finish()))

    def _take(self, one: SegmentFile) -> bool:
        """Take the next file; return whether others may follow."""
        file = Found(one.name, one.number)
        known = one.name + BROKEN_SUFFIX in self.names  # reported: its records are read each time
        found = None if known else outline(self._disk, one, self._cache)
        if found is not None:
            head, footer, file.size = found
            scan = Scan(head, head.epoch, (footer,), file.size, sealed=True, footer=footer)
            if not one.cached:
                self.uncached.append(one.name)
        else:
            data, file.size, file.damages = read_segment(self._disk, one.name, one.number)
            scan = scan_segment(data, one.number)
            if one.came_meanwhile(scan):
                return False
        self.files.append(file)
        file.take(scan)
        if scan.epoch is not None:
            self.rebuild.index.add(_segment(file, scan))
        self._blame(self.rebuild.take(self.chain.feed(file.number, scan)))
        if self._each is not None:
            self._each(scan)
        return True

    def _blame(self, damages: list[Damage]) -> None:
        for damage in damages:
            owner = next((f for f in self.files if f.number == damage.segment), self.files[-1])
            owner.damages.append(damage)


class _Start:
    """One start."""

    def __init__(self, disk: Disk, cache: Cache) -> None:
        self._disk = disk
        self._cache = cache
        self._reading = Reading(disk, cache)

    def run(self, visit: Callable[[Record], None] | None) -> Recovery:
        self._reading.read()
        if visit is not None:
            for record in self._newest():
                visit(record)
        repairs = Repairs(self._disk, self._reading.names)
        spares = repairs.make(self._reading.files, self._reading.rebuild.index)
        return self._recovery(repairs, spares)

    def _newest(self) -> list[Record]:
        """Return the newest envelopes, oldest first; sealed segments are read for them, as many as
        it takes."""
        reading = self._reading
        read: dict[int, list[Record]] = {}
        for number, record in reading.rebuild.newest:
            read.setdefault(number, []).append(record)
        newest: dict[tuple[bytes, int], Record] = {}  # newest first; what was repeated counts once
        for file in reversed(reading.files):
            records = read.get(file.number, [])
            if file.sealed and not records:
                records = self._last(file, VISITED_MAX - len(newest))
            for record in reversed(records):
                newest.setdefault((record.epoch, record.seq), record)
            if len(newest) >= VISITED_MAX:
                break
        return list(newest.values())[VISITED_MAX - 1 :: -1]

    def _last(self, file: Found, wanted: int) -> list[Record]:
        found = outline(self._disk, SegmentFile(file.name, file.number, sealed=True))
        return last_events(self._disk, file.name, found.footer, wanted) if found else []

    def _recovery(self, repairs: Repairs, spares: tuple[int, ...]) -> Recovery:
        reading = self._reading
        known_centers = reading.rebuild.centers.known
        run, index = reading.chain.run, reading.rebuild.index
        index.require(sorted(known_centers) or index.required)
        damages = [d for f in reading.files for d in f.damages if f.name not in repairs.known]
        known = [d for f in reading.files for d in f.damages if f.name in repairs.known]
        torn_bytes = repairs.torn_bytes + (run.torn_bytes if run else 0)
        named = [segment_number(n.removesuffix(BROKEN_SUFFIX)) or 0 for n in reading.names]
        limit = number_limit(reading.files)
        used = [n for n in (*named, *(f.number for f in reading.files)) if n <= limit]
        return Recovery(
            epoch=run.epoch if run else None,
            count=run.expected if run else 0,
            note=run.note if run else b"",
            noted=run.noted if run else 0,
            head=run.head if run else None,
            tail=Tail.DAMAGED if damages else Tail.TORN if torn_bytes else Tail.CLEAN,
            orderly=run is not None and run.orderly,
            torn_bytes=torn_bytes,
            damages=tuple(damages),
            known=tuple(known),
            centers=tuple(known_centers.values()),
            unreceipted=index.unreceipted(),
            foreign=tuple(sorted([*reading.copies, *(n for n in reading.names if _is_foreign(n))])),
            refused=repairs.refused,
            index=index,
            spares=spares,
            next_number=max([0, *used]) + 1,
            uncached=tuple(reading.uncached),
            cache_end=self._cache.end,
            cache_used=self._cache.used,
        )


def _segment(file: Found, scan: Scan) -> Segment:
    assert scan.epoch is not None
    footer = scan.footer
    return Segment(
        number=file.number,
        name=file.name,
        epoch=scan.epoch,
        first=0,
        start=footer.start if footer is not None else BLOCK_BYTES,
        end=footer.end if footer is not None else min(file.size, SEALED_BYTES_MAX),
        size=file.size,
        headed=scan.head is not None,
        sealed=scan.sealed,
        heard_ns=footer.span.wall_last_ns if footer is not None else None,
    )


def _is_foreign(name: str) -> bool:
    stem = name.removesuffix(BROKEN_SUFFIX)
    ours = segment_number(stem) is not None or name in {LOCK_NAME, CACHE_NAME}
    return not ours and not name.endswith(UNFINISHED)
