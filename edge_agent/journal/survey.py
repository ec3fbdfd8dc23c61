"""What a journal holds, for people: counted from footers where it is sealed, and checked by reading
everything.  No lock and no change; an agent may write it meanwhile.
"""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields

from edge_agent.journal.cache import Cache
from edge_agent.journal.chain import Damage
from edge_agent.journal.contents import Contents
from edge_agent.journal.disk import Disk
from edge_agent.journal.files import SegmentFile, list_segments, outline, read_segment
from edge_agent.journal.footer import Footer, Span
from edge_agent.journal.format import LANES, Record, RecordKind
from edge_agent.journal.reader import read_disk
from edge_agent.journal.recovery import Reading
from edge_agent.journal.scan import Region, Scan, scan_segment
from edge_agent.journal.sealed import summarise
from edge_agent.journal.spares import BROKEN_SUFFIX


@dataclass(slots=True)
class Epoch:
    """One run of the agent as far as the journal holds it."""

    epoch: bytes
    segments: int = 0
    events: int = 0
    first: int | None = None
    last: int | None = None
    lanes: list[int] = field(default_factory=lambda: [0] * LANES)
    wall_first_ns: int | None = None
    wall_last_ns: int | None = None


@dataclass(slots=True)
class Survey:
    """All of it.  `owed` counts, by center's name, what it has not receipted, per lane; damages are
    `known` where their segment has its second name, which says that an event named them."""

    segments: int = 0
    sealed: int = 0
    spare: int = 0
    used_bytes: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    owed: dict[str, tuple[int, ...]] = field(default_factory=dict)
    damages: list[tuple[Damage, bool]] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(epoch.events for epoch in self.epochs)


def survey(disk: Disk, contents: Contents) -> Survey:
    """Count what is there.  Raises OSError where the folder cannot be listed."""
    found = Survey()
    cache = Cache(disk)
    reading = Reading(disk, cache, lambda scan: _count(found, scan, contents))
    try:
        reading.read()
    finally:
        cache.close()
    index = reading.rebuild.index
    for segment in index.segments:
        epoch = next(one for one in found.epochs if one.epoch == segment.epoch)
        present = segment.present
        epoch.events += present.bit_count()
        epoch.lanes = [a + b for a, b in zip(epoch.lanes, segment.count(present), strict=True)]
        if present:
            epoch.first = segment.first if epoch.first is None else epoch.first
            epoch.last = segment.first + segment.span - 1
    known = reading.rebuild.centers.known
    found.owed = {center.name: index.owed(slot) for slot, center in sorted(known.items())}
    for file in reading.files:
        told = file.name + BROKEN_SUFFIX in reading.names
        found.damages += ((damage, told) for damage in file.damages)
    for name in reading.names:
        with contextlib.suppress(OSError):  # removed meanwhile
            found.used_bytes += disk.mark(name)[0]
    return found


def _count(found: Survey, scan: Scan, contents: Contents) -> None:
    if scan.blank:
        found.spare += 1
        return
    found.segments += 1
    found.sealed += scan.sealed
    if scan.epoch is None:
        return
    if not found.epochs or found.epochs[-1].epoch != scan.epoch:
        found.epochs.append(Epoch(scan.epoch))
    epoch = found.epochs[-1]
    epoch.segments += 1
    span = scan.footer.span if scan.footer is not None else _span(scan, contents)
    walls = (epoch.wall_first_ns, epoch.wall_last_ns, span.wall_first_ns, span.wall_last_ns)
    known = [wall for wall in walls if wall is not None]
    epoch.wall_first_ns, epoch.wall_last_ns = min(known, default=None), max(known, default=None)


def _span(scan: Scan, contents: Contents) -> Span:
    """Return when the events of a segment that was read were heard."""
    times = (contents.times(r.data) for r in _records(scan) if r.kind is RecordKind.ENVELOPE)
    walls = [time.wall_ns for time in times if time is not None and time.wall_ns is not None]
    return Span(min(walls, default=None), max(walls, default=None))


def _records(scan: Scan) -> Iterator[Record]:
    for piece in scan.pieces:
        if isinstance(piece, Region):
            yield from (record for _, record in piece.records)
        else:
            yield from getattr(piece, "records", ())


# ---- reading everything


@dataclass(slots=True)
class Checked:
    """What reading everything found; `problems` in their order, `known` as in `Survey`."""

    segments: int = 0
    sealed: int = 0
    events: int = 0
    problems: list[tuple[Damage, bool]] = field(default_factory=list)


def check(disk: Disk, contents: Contents) -> Checked:
    """Read every record: checksums, numbers, footers against what they sum up.

    Raises OSError where the folder cannot be listed.
    """
    checked = Checked()
    names = set(disk.names())
    told = {
        file.number: file.name + BROKEN_SUFFIX in names
        for file in list_segments(disk, sorted(names))[0]
    }

    def tell(damage: Damage) -> None:
        checked.problems.append((damage, told.get(damage.segment, False)))

    for stored in read_disk(disk, tell):
        checked.events += stored.record.kind is RecordKind.ENVELOPE
    for file in list_segments(disk, disk.names())[0]:
        for damage in _footer_problems(disk, file, contents, checked):
            tell(damage)
    return checked


def _footer_problems(
    disk: Disk, file: SegmentFile, contents: Contents, checked: Checked
) -> Iterable[Damage]:
    """Compare a footer with the records that it sums up."""
    data, _, _ = read_segment(disk, file.name, file.number)
    scan = scan_segment(data, file.number)
    checked.segments += not scan.blank
    checked.sealed += scan.sealed
    found = outline(disk, file)
    if found is None or any(isinstance(piece, Region) for piece in scan.pieces):
        return  # not sealed, or said already
    head, footer, _ = found
    made = summarise(head, _records(scan), footer.first, footer.noted, footer.note, contents)
    names = [one.name for one in fields(Footer)]
    wrong = [name for name in names if getattr(made, name) != getattr(footer, name)]
    if wrong:
        text = f"the footer's {', '.join(wrong)} are not those of the records"
        yield Damage(file.number, footer.end, text, footer.epoch)
