"""What a process asked of its disk, as strace heard it, and the disks that a cut may leave of it.

Stricter than any file system: a flush makes durable what was written to that file before the flush
began, and nothing else.  Of the rest every sector of 512 bytes is there, in any of its versions, or
not; a file's new length is, or not; of names made since the directory's last flush, any first part.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from tests.crash.rig import Writers
from tests.crash.writer import Order

SECTOR_BYTES = 512
CALLS = (
    "openat,pwrite64,write,fdatasync,fsync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,"
    "link,linkat"
)
STRING_BYTES_MAX = 2 << 20  # a segment is 1 MiB: nothing is to be shortened
KEPT = (0.0, 0.5, 0.9, 1.0)  # how much of what was not flushed an image keeps
_NEVER = sys.maxsize
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*)", re.DOTALL)
_RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)", re.DOTALL)
_RESULT = re.compile(r" += (-?\d+)")
_UNFINISHED = " <unfinished ...>"
_HEX = r"(?:\\x[0-9a-f]{2})*"
_PLACE = re.compile(rf"(?:-?\w+)<({_HEX})>")
_STRING = re.compile(rf'"({_HEX})"')
_NUMBERS = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: from which line of the trace to which, and what it was given.

    `place`: the file behind its descriptor.  `paths`: the files that it names, by folder and name.
    `data`: what it wrote.  `number`: its last argument, an offset or a length.
    """

    begun: int
    ended: int
    name: str
    place: Path
    paths: tuple[Path, ...] = ()
    data: bytes = b""
    number: int = 0
    creates: bool = False

    def names_any(self, tops: tuple[str, ...]) -> bool:
        """Tell whether it is about a file that is one of these, or below."""
        return any(str(path).startswith(tops) for path in (self.place, *self.paths))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _text(text: str) -> str:
    return _bytes(text).decode(errors="replace")


def calls(lines: list[str]) -> Iterator[Call]:
    """Yield the calls that the trace holds, in the order in which they ended; failed ones not."""
    open_calls: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        if resumed := _RESUMED.match(line):
            begun, text = open_calls.pop(resumed[1])
            yield from _call(begun, number, text + resumed[2])
        elif line.endswith(_UNFINISHED):
            open_calls[line.split(maxsplit=1)[0]] = (number, line.removesuffix(_UNFINISHED))
        else:
            yield from _call(number, number, line)
    for begun, text in open_calls.values():
        yield from _call(begun, _NEVER, text + f") = {_NEVER}")


def _call(begun: int, ended: int, text: str) -> Iterator[Call]:
    text, _, end = text.rpartition(")")
    match, result = _BEGUN.match(text), _RESULT.match(end)
    if match and result and int(result[1]) >= 0:
        yield _taken_apart(Call(begun, ended, match[2], Path()), match[3], int(result[1]))


def _taken_apart(call: Call, said: str, result: int) -> Call:
    """Return the call with what it was given, as strace says it."""
    if call.name in {"write", "pwrite64"}:
        before, _, rest = said.partition('"')
        data, _, after = rest.partition('"')
        call, said = replace(call, data=_bytes(data)[:result]), before + after
    places = [_text(found) for found in _PLACE.findall(said)]
    names = [_text(found) for found in _STRING.findall(said)]
    paths = names if call.name in {"rename", "unlink", "link"} else map(Path, places, names)
    numbers = _NUMBERS.findall(said.rpartition(",")[2])
    return replace(
        call,
        place=Path(places[0]) if _PLACE.match(said) else Path(),
        paths=tuple(map(Path, paths)),
        number=int(numbers[-1]) if numbers else 0,
        creates="O_CREAT" in said,
    )


def record(order: Order, writers: Writers, trace: Path) -> list[Call]:
    """Run a writer under strace to its end; return its calls."""
    shown = ("-y", "-xx", "-s", str(STRING_BYTES_MAX), "-e", "signal=none")
    with writers.traced(order, trace, *shown, "-e", f"trace={CALLS}") as writer:
        writer.wait_gone()
        said = writer.ledger()
        assert said.endswith("done\n"), said[-300:]
    found = list(calls(trace.read_text().splitlines()))
    trace.unlink()
    return [call for call in found if call.names_any((order.folder, order.ledger))]


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes put at an offset, or (None) the file cut there; durable only by a later flush."""

    ended: int
    offset: int
    data: bytes | None


@dataclass(slots=True)
class Inode:
    """A file: what is durable of it, and what was done since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def flush(self, begun: int) -> None:
        """Make durable what had ended when the flush began."""
        rest = []
        for change in self.pending:
            if change.ended < begun:
                _apply(self.durable, change)
            else:
                rest.append(change)
        self.pending = rest

    def image(self, chance: Random, kept: float) -> bytes:
        """Return one content that may be found after a cut."""
        found, cache = bytearray(self.durable), bytearray(self.durable)
        versions: dict[int, list[bytes]] = {}
        for change in self.pending:
            before = bytes(cache)
            _apply(cache, change)
            for at in _sectors(change):
                seen = versions.setdefault(at, [before[at : at + SECTOR_BYTES]])
                seen.append(bytes(cache[at : at + SECTOR_BYTES]))
        for at, seen in versions.items():
            if chance.random() < kept:
                _apply(found, Change(0, at, chance.choice(seen[1:])))
        if len(found) < len(cache) and chance.random() < kept:
            found.extend(bytes(len(cache) - len(found)))
        elif chance.random() >= kept:
            del found[max(len(self.durable), 0) :]
        return bytes(found)


def _sectors(change: Change) -> range:
    if change.data is None:
        return range(0)
    first = change.offset // SECTOR_BYTES * SECTOR_BYTES
    return range(first, change.offset + len(change.data), SECTOR_BYTES)


def _apply(content: bytearray, change: Change) -> None:
    if change.data is None:
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    if len(content) < change.offset:
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(change.data)] = change.data


@dataclass(frozen=True, slots=True)
class Naming:
    """A name that was made (`inode`) or removed (None)."""

    ended: int
    path: Path
    inode: Inode | None


class DiskModel:
    """A folder's files as a process changes them; `before` is what was durable when it began."""

    def __init__(self, folder: Path, before: dict[str, bytes]) -> None:
        self._folder = folder
        self._names = {folder / name: Inode(bytearray(data)) for name, data in before.items()}
        self._durable_names = dict(self._names)
        self._namings: list[Naming] = []

    def take(self, call: Call) -> None:
        """Take the next call, in the order in which they ended."""
        match call.name:
            case "openat":
                [path] = call.paths
                if call.creates and path not in self._names:
                    self._name(call, path, Inode())
            case "pwrite64":
                self._change(call, call.number, call.data)
            case "write":
                inode = self._names.get(call.place)
                if inode is not None:
                    self._change(call, _end(inode), call.data)
            case "ftruncate":
                self._change(call, call.number, None)
            case "fdatasync" | "fsync":
                self._flush(call)
            case "unlink" | "unlinkat":
                self._name(call, call.paths[0], None)
            case "link" | "linkat":
                old, new = call.paths
                self._name(call, new, self._names[old])
            case _:
                old, new = call.paths
                self._name(call, new, self._names[old])
                self._name(call, old, None)

    def _change(self, call: Call, offset: int, data: bytes | None) -> None:
        inode = self._names.get(call.place)
        if inode is not None:
            inode.pending.append(Change(call.ended, offset, data))

    def _name(self, call: Call, path: Path, inode: Inode | None) -> None:
        if path.parent != self._folder:
            return
        self._namings.append(Naming(call.ended, path, inode))
        _rename(self._names, self._namings[-1])

    def _flush(self, call: Call) -> None:
        if call.ended == _NEVER:
            return
        if call.place == self._folder:
            for naming in [n for n in self._namings if n.ended < call.begun]:
                self._namings.remove(naming)
                _rename(self._durable_names, naming)
        elif inode := self._names.get(call.place):
            inode.flush(call.begun)

    def image(self, folder: Path, chance: Random) -> None:
        """Write one of the folders that may be found after a cut now."""
        kept = chance.choice(KEPT)
        names = dict(self._durable_names)
        for naming in self._namings[: chance.randint(0, len(self._namings))]:
            _rename(names, naming)
        for path, inode in names.items():
            if not path.name.endswith("-shm"):  # SQLite's, mapped: rebuilt at every start
                (folder / path.name).write_bytes(inode.image(chance, kept))


def _end(inode: Inode) -> int:
    """Return where an append goes."""
    ends = [c.offset + len(c.data) for c in inode.pending if c.data is not None]
    return max([len(inode.durable), *ends])


def _rename(names: dict[Path, Inode], naming: Naming) -> None:
    if naming.inode is None:
        names.pop(naming.path, None)
    else:
        names[naming.path] = naming.inode


def until(found: list[Call], moment: int) -> list[Call]:
    """Return what had begun at a moment; what had not ended then is left open."""
    begun = [call for call in found if call.begun < moment]
    running = [call for call in begun if call.ended >= moment]
    ended = [call for call in begun if call.ended < moment]
    return [*ended, *(replace(call, ended=_NEVER) for call in running)]
