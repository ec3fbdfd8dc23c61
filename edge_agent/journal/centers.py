"""Which center has which slot: the small number that stands for it in receipts and in memory.

A center keeps its slot for good: when it leaves the configuration nothing waits for it any more,
when it comes back it goes on where it was.  Only when all slots are taken does a new center get the
slot of one that is no longer configured.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.journal.format import NO_EPOCH, SLOTS, Record, RecordKind

NAME_BYTES_MAX = 32
"""As long as the configuration allows a center's name to be."""


@dataclass(frozen=True, slots=True)
class Center:
    """`epoch` is the first one of which this center is owed the events, None until it has begun;
    NO_EPOCH: it is owed all.  `slot` is 0 to 7.
    """

    slot: int
    name: str
    epoch: bytes | None


def center_record(center: Center) -> Record:
    """Return the record that says so; it stands in the first commit of every segment."""
    assert center.epoch is not None, "its first run has begun"
    return Record(RecordKind.CENTER, center.slot, center.epoch, 0, center.name.encode())


def center_of(record: Record) -> Center | None:
    """Return what a CENTER record says, None where its name is none."""
    try:
        name = record.data.decode()
    except UnicodeDecodeError:
        return None
    if not 0 < len(record.data) <= NAME_BYTES_MAX:
        return None
    return Center(record.lane, name, record.epoch)


def assign(known: Iterable[Center], names: Sequence[str], *, empty: bool) -> list[Center]:
    """Return all centers that have a slot in a run configured with `names`, by slot.

    The known ones stay as they are; new ones have no epoch yet, it is that of the run.  Slot 0 is
    given away first: where its center is not known though the journal is not `empty`, it is older
    than these names, and the first configured center is the one that was meant.  Raises ValueError
    for names that cannot all have a slot.
    """
    if not 0 < len(set(names)) == len(names) <= SLOTS:
        raise ValueError(f"1 to {SLOTS} centers, each once, are possible, not {list(names)}")
    if any(not 0 < len(name.encode()) <= NAME_BYTES_MAX for name in names):
        raise ValueError(f"the name of a center has 1 to {NAME_BYTES_MAX} bytes")
    by_slot = {center.slot: center for center in known}
    named = {center.name for center in by_slot.values()}
    for name in names:
        if name in named:
            continue
        slot = _free(by_slot, names)
        meant = slot == 0 and 0 not in by_slot and not empty
        by_slot[slot] = Center(slot, name, NO_EPOCH if meant else None)
    return [by_slot[slot] for slot in sorted(by_slot)]


def _free(by_slot: Mapping[int, Center], names: Sequence[str]) -> int:
    """Return a slot that no center has, or else one whose center is not configured."""
    unused = [slot for slot in range(SLOTS) if slot not in by_slot]
    others = [slot for slot, center in by_slot.items() if center.name not in names]
    return min(unused or others)
