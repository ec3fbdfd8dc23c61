"""What the journal does behind its commits: seals full segments, remembers their footers for the
next start, and reads through all that is sealed from time to time.

One step at a time, a few milliseconds each, so that whoever runs it can rest in between: alarms do
not wait for it.  A thread of low priority calls `step`; a simulation calls it inline.  Whatever
changes or removes files that are not being written belongs here, so that no two do it at once.
"""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass, field

from edge_agent.journal.cache import CACHE_NAME, CacheWriter, encode_entry, is_mostly_waste
from edge_agent.journal.chain import Damage
from edge_agent.journal.disk import Disk
from edge_agent.journal.files import SegmentFile, outline
from edge_agent.journal.footer import TRAILER_BYTES, encode_footer
from edge_agent.journal.index import Segment
from edge_agent.journal.recovery import Recovery
from edge_agent.journal.scribe import Care, Scribe
from edge_agent.journal.scrub import examine
from edge_agent.journal.sealing import NotWhole, Sealed, seal
from edge_agent.journal.spares import BROKEN_SUFFIX

SECOND_NS = 1_000_000_000

REST_NS = 5_000_000
"""Between two steps of one piece of work: with steps of about as long, it takes half a core."""

IDLE_NS = 5 * SECOND_NS
"""How soon a segment that was filled is found: nobody waits for it to be sealed."""

RETRY_NS = 60 * SECOND_NS
"""How long a segment whose sealing the disk refused is left alone."""

SCRUB_START_NS = 60 * SECOND_NS
"""The first reading begins when the panels are long connected and their states are told."""

SCRUB_PAUSE_NS = 5 * SECOND_NS
"""Between two segments: at most 0.2 MiB/s, and 4,000 segments in six hours."""

SCRUB_EVERY_NS = 7 * 86_400 * SECOND_NS
"""From the end of one reading to the next: a card that forgets is known within a week or so."""

Job = Generator[None, None, None]


@dataclass(slots=True)
class Upkeep:
    """Chooses what to do next and does it step by step."""

    disk: Disk
    recovery: Recovery
    scribe: Scribe
    care: Care
    sealed: int = 0  # segments, in this run
    scrubbed: int = 0
    _job: Job | None = None
    _begun_ns: int | None = None
    _refused_until: dict[int, int] = field(default_factory=dict)
    _uncached: list[str] = field(init=False)
    _cache: CacheWriter | None = field(init=False)
    removal_refused: str | None = None
    _removal: int | None = None
    _scrub_at_ns: int = 0
    _scrub_next: int = 0

    def __post_init__(self) -> None:
        self._uncached = list(self.recovery.uncached)
        end = self.recovery.cache_end
        if is_mostly_waste(end, self.recovery.cache_used):
            with contextlib.suppress(OSError):
                self.disk.remove(CACHE_NAME)
                end = 0
                self._uncached = [s.name for s in self.recovery.index.segments if s.sealed]
        self._cache = CacheWriter(self.disk, end)

    def step(self, now_ns: int) -> int:
        """Do a few milliseconds of work; return how long to rest before the next step."""
        if self._begun_ns is None:
            self._begun_ns, self._scrub_at_ns = now_ns, now_ns + SCRUB_START_NS
        if self._job is None:
            self._job = self._choose(now_ns)
        if self._job is None:
            return max(min(IDLE_NS, self._scrub_at_ns - now_ns), REST_NS)
        try:
            next(self._job)
        except StopIteration:
            self._job = None
        return REST_NS

    def remove(self, number: int) -> None:
        """Remove the oldest segment soon; from any thread.  It is gone when the journal's oldest
        is another one; `removal_refused` says why it could not be."""
        self._removal = number

    def close(self) -> None:
        """Let go of what is open."""
        if self._job is not None:
            self._job.close()
        if self._cache is not None:
            self._cache.close()

    def _choose(self, now_ns: int) -> Job | None:
        if self._removal is not None:
            number, self._removal = self._removal, None
            return self._remove(number)
        for segment in self.scribe.sealable():
            if self._refused_until.get(segment.number, 0) <= now_ns:
                return self._seal(segment, now_ns)
        if self._uncached and self._cache is not None:
            return self._remember(self._uncached.pop())
        if now_ns >= self._scrub_at_ns:
            return self._scrub(now_ns)
        return None

    # ---- removing

    def _remove(self, number: int) -> Job:
        self.removal_refused = None
        if self.scribe.oldest_number() == number:
            try:
                self.scribe.remove(number)
            except OSError as error:
                self.removal_refused = error.strerror or str(error)
        yield

    # ---- sealing

    def _seal(self, segment: Segment, now_ns: int) -> Job:
        end = segment.end
        work = seal(self.disk, segment.name, segment.number, end, self.care.contents)
        try:
            outcome = yield from work
        except OSError:  # full or refusing: it is as it was, and the journal says so itself
            self._refused_until[segment.number] = now_ns + RETRY_NS
            return
        self._refused_until.pop(segment.number, None)
        match outcome:
            case Sealed():
                self.scribe.was_sealed(segment, outcome)
                self.sealed += 1
                self._uncached.append(segment.name)
            case NotWhole(offset):
                text = "what was committed here is not whole: the segment stays as it is"
                self._damaged(segment, [Damage(segment.number, offset, text, segment.epoch)])
            case None:
                segment.damaged = True  # nothing is wrong with it, but it stays as it is too

    def _damaged(self, segment: Segment, damages: list[Damage]) -> None:
        """Keep the file for ever, which also tells every start that its damage is known."""
        segment.damaged = True
        with contextlib.suppress(OSError):  # then the next start names it once more
            self.disk.link(segment.name, segment.name + BROKEN_SUFFIX)
            self.disk.sync()
        for damage in damages:
            self.care.damaged(damage)

    # ---- the cache

    def _remember(self, name: str) -> Job:
        segment = self.scribe.segment_named(name)
        if segment is None or self._cache is None:
            return
        found = outline(self.disk, SegmentFile(name, segment.number, sealed=True))
        if found is None:
            return
        yield
        footer = encode_footer(found.footer)[:-TRAILER_BYTES]
        try:
            entry = encode_entry(name, self.disk.mark(name), found.head, footer)
            self._cache.append(entry)
        except OSError:
            self._cache.close()
            self._cache = None  # a start can do without it

    # ---- reading through

    def _scrub(self, now_ns: int) -> Job:
        segment = self.scribe.sealed_from(self._scrub_next)
        if segment is None:
            self._scrub_next, self._scrub_at_ns = 0, now_ns + SCRUB_EVERY_NS
            return
        self._scrub_next, self._scrub_at_ns = segment.number + 1, now_ns + SCRUB_PAUSE_NS
        try:
            damages = yield from examine(self.disk, segment.name, segment.number)
        except OSError:  # it was removed meanwhile, or cannot be opened: a start would name it
            return
        self.scrubbed += 1
        if damages:
            self._damaged(segment, damages)
