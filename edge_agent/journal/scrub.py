"""Reads one sealed segment through, from the medium where that can be, and says what is wrong."""

import contextlib
from collections.abc import Generator

from edge_agent.journal.chain import Damage
from edge_agent.journal.disk import Disk, File, read_blocks
from edge_agent.journal.files import read_footer, read_head
from edge_agent.journal.footer import Footer
from edge_agent.journal.format import BLOCK_BYTES, SEALED_BYTES_MAX, RecordKind
from edge_agent.journal.pieces import records
from edge_agent.journal.ranges import from_seqs
from edge_agent.journal.scan import footer_of
from edge_agent.journal.sealed import walk_records

RECORDS_A_STEP = 500


def examine(disk: Disk, name: str, number: int) -> Generator[None, None, list[Damage]]:
    """Return what is not whole in a sealed segment; yields every few milliseconds.

    Raises OSError where the file cannot be opened.
    """
    file = disk.open(name)
    with contextlib.closing(file):
        file.uncache()
        size = file.size()
        if (yield from _is_whole(file, number, size)):
            file.uncache()  # what nobody needs again shall not push out what is needed
            return []
        data, unreadable = read_blocks(file, min(size, SEALED_BYTES_MAX), BLOCK_BYTES)
        try:
            head = read_head(file)
        except OSError:
            head = None
        file.uncache()
    yield
    if head is None or head.number != number:
        return [Damage(number, 0, "segment head unreadable")]
    footer = footer_of(data, number, head)
    if footer is None:
        return [Damage(number, size, "footer unreadable", head.epoch)]
    return (yield from _read(data, number, footer, unreadable))


def _is_whole(file: File, number: int, size: int) -> Generator[None, None, bool]:
    """Read a segment piece by piece; tell whether all that its footer names is there.

    Only one that is not is then read at once: what is wrong with it must be told.
    """
    with contextlib.suppress(OSError):
        head = read_head(file)
        footer = read_footer(file, size, head) if head is not None else None
        if head is None or footer is None or head.number != number or size > SEALED_BYTES_MAX:
            return False
        count = events = 0
        for _, record in records(file, footer.start, footer.end, footer.epoch):
            count, events = count + 1, events + (record.kind is RecordKind.ENVELOPE)
            if count % RECORDS_A_STEP == 0:
                yield
        return (count, events) == (footer.records, footer.events)
    return False


def _read(
    data: bytes, number: int, footer: Footer, unreadable: list[int]
) -> Generator[None, None, list[Damage]]:
    seqs: list[int] = []
    damages = []
    if unreadable:
        text = f"{len(unreadable)} blocks of {BLOCK_BYTES} bytes: the disk cannot read them"
        damages.append(Damage(number, unreadable[0], text, footer.epoch))
    found = walk_records(data, footer.start, footer.end, 0, footer.epoch)
    count = 0
    for place, record in found:
        if record is None:
            damages.append(Damage(number, place, "bytes unreadable", footer.epoch))
            continue
        count += 1
        if record.kind is RecordKind.ENVELOPE:
            seqs.append(record.seq)
        if count % RECORDS_A_STEP == 0:
            yield
    kept = set(seqs)
    for first, last in footer.runs:
        lost = from_seqs(seq for seq in range(first, last + 1) if seq not in kept)
        for low, high in lost:
            text = f"events {low} to {high} are lost"
            damages.append(Damage(number, footer.start, text, footer.epoch, low, high))
    if count != footer.records and not damages:
        text = f"{count} records, the footer says {footer.records}"
        damages.append(Damage(number, footer.start, text, footer.epoch))
    return damages
