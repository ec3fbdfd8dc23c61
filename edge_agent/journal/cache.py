"""Heads and footers of sealed segments in one file, so that a start need not open each of them.

A start can do without it.  Entries are appended when a segment is sealed, never flushed, and each
is checked by its own CRC and by the length and time of change of the segment that it is about: what
is lost, torn, flipped or out of date is read from the segment itself, and appended again.
"""

import contextlib
import struct
from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

from edge_agent.journal.disk import Disk, File, write_all
from edge_agent.journal.footer import FOOTER_BYTES_MAX, Footer, decode_footer
from edge_agent.journal.format import HEAD_READ_BYTES, Head, decode_head, encode_head, head_size

CACHE_NAME = "footers.cache"
_MAGIC = b"\xeaCch"
_ENTRY = struct.Struct(">4sIIQqI")  # magic, length of all, number, mark, length of the footer
_CRC = struct.Struct(">I")
_NAME_BYTES = 16
ENTRY_BYTES_MAX = _ENTRY.size + _NAME_BYTES + HEAD_READ_BYTES + FOOTER_BYTES_MAX + _CRC.size

WASTE_BYTES_MIN = 64 * 1024
"""Less than this is not worth making it anew."""

Mark = tuple[int, int]
"""Length and time of change of a segment's file, see `Disk.mark`."""


class _Entry(NamedTuple):
    number: int
    mark: Mark
    offset: int
    length: int


class Cache:
    """What the file holds.  Not changed while it is read."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._file: File | None = None
        self._entries: dict[str, _Entry] = {}
        self.end = 0
        self.used = 0  # bytes of entries that were asked for and are about what is there
        with contextlib.suppress(OSError):
            self._file = disk.open(CACHE_NAME)
            self._scan(self._file)

    def number(self, name: str) -> int | None:
        """Return the number of the segment in file `name`, None where the file must be asked."""
        entry = self._entries.get(name)
        with contextlib.suppress(OSError):
            if entry is not None and entry.mark == self._disk.mark(name):
                self.used += entry.length
                return entry.number
        return None

    def load(self, name: str) -> tuple[Head, Footer, int] | None:
        """Return head, footer and size of a segment for which `number` was given."""
        entry = self._entries[name]
        data = self._read(entry.offset, entry.length)
        if data is None:
            return None
        *_, footer_bytes = _ENTRY.unpack_from(data)
        start = _ENTRY.size + _NAME_BYTES
        stop = len(data) - _CRC.size - footer_bytes
        head = decode_head(data[start:stop])
        footer = decode_footer(data[stop : -_CRC.size])
        if head is None or footer is None:
            return None
        return head, footer, entry.mark[0]

    def names(self) -> Iterable[str]:
        """Return the files that it has entries for."""
        return self._entries.keys()

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _scan(self, file: File) -> None:
        """Find the entries up to the first that does not hold."""
        size = file.size()
        while self.end + _ENTRY.size <= size:
            magic, length, number, *mark, _ = _ENTRY.unpack(file.read(self.end, _ENTRY.size))
            if magic != _MAGIC or not _ENTRY.size + _NAME_BYTES < length <= ENTRY_BYTES_MAX:
                return
            data = self._read(self.end, length)
            if data is None:
                return
            name = data[_ENTRY.size : _ENTRY.size + _NAME_BYTES].rstrip(b"\0")
            entry = _Entry(number, (mark[0], mark[1]), self.end, length)
            self._entries[name.decode("ascii", "replace")] = entry
            self.end += length

    def _read(self, offset: int, length: int) -> bytes | None:
        if self._file is None:
            return None
        try:
            data = self._file.read(offset, length)
        except OSError:
            return None
        if len(data) != length or length <= _ENTRY.size + _CRC.size:
            return None
        crc = _CRC.unpack_from(data, length - _CRC.size)[0]
        return data if crc == crc32(data[: -_CRC.size]) else None


def encode_entry(name: str, mark: Mark, head: Head, footer: bytes) -> bytes:
    """Return the entry of a segment; `footer` without the trailer."""
    text = name.encode().ljust(_NAME_BYTES, b"\0")
    start = encode_head(head)
    assert len(start) == head_size(head), "of a sealed segment"
    length = _ENTRY.size + len(text) + len(start) + len(footer) + _CRC.size
    fixed = _ENTRY.pack(_MAGIC, length, head.number, *mark, len(footer))
    body = b"".join((fixed, text, start, footer))
    return body + _CRC.pack(crc32(body))


def is_mostly_waste(end: int, used: int) -> bool:
    """Tell whether a cache of `end` bytes should be made anew: segments were removed or changed."""
    return end > 2 * used + WASTE_BYTES_MIN


class CacheWriter:
    """Appends to the file from byte `end` on, behind what was found whole in it."""

    def __init__(self, disk: Disk, end: int) -> None:
        self._disk = disk
        self._end = end
        self._file: File | None = None

    def append(self, entry: bytes) -> None:
        """Add an entry.  Raises OSError."""
        if self._file is None:
            self._file = self._open()
        write_all(self._file, self._end, entry)
        self._end += len(entry)

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _open(self) -> File:
        try:
            file = self._disk.open(CACHE_NAME, writable=True)
        except FileNotFoundError:
            self._end = 0
            return self._disk.create(CACHE_NAME)
        if file.size() != self._end:
            file.truncate(self._end)
        return file
