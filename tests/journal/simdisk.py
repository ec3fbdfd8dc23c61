"""A disk in memory that forgets, tears and refuses: what a power cut and a dying card do.

What was written and not synced is kept sector by sector (512 bytes) as a separate state; a cut
keeps any subset of it, in any order.  Names are durable only after `Disk.sync`; of the changes
since then a cut keeps the first few (a journaling filesystem orders them).  `before` is called
ahead of every operation and may raise.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

SECTOR_BYTES = 512


class PowerCut(BaseException):
    """The lights go out in the middle of an operation."""


_CHANGES = count(1)


@dataclass
class Node:
    data: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    dirty: set[int] = field(default_factory=set)  # sectors written since the last sync
    changed: int = field(default_factory=lambda: next(_CHANGES))

    def survivor(self, random: Random) -> "Node":
        size = random.choice((len(self.data), len(self.durable)))
        after = bytearray(self.durable[:size].ljust(size, b"\0"))
        keep = random.choice((0.0, 0.5, 0.9, 1.0))
        for sector in self.dirty:
            start, end = sector * SECTOR_BYTES, min((sector + 1) * SECTOR_BYTES, size)
            if start < end and random.random() < keep:
                after[start:end] = self.data[start:end].ljust(end - start, b"\0")
        return Node(after, bytes(after), changed=self.changed)


def _copied(node: Node) -> Node:
    return Node(bytearray(node.data), bytes(node.data), changed=node.changed)


class SimFile:
    def __init__(self, disk: "SimDisk", node: Node, name: str) -> None:
        self._disk, self._node, self._name = disk, node, name

    def read(self, offset: int, size: int) -> bytes:
        self._disk.before("read", self._name)
        return bytes(self._node.data[offset : offset + size])

    def write(self, offset: int, data: bytes | memoryview) -> int:
        taken = self._disk.take(len(data))
        node, end = self._node, offset + taken
        if end > len(node.data) and self._disk.free_bytes() < end - len(node.data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._name in self._disk.nodes and node.data[offset:end].strip(b"\0"):
            raise AssertionError(f"{self._name}: bytes at {offset} are written again")
        node.data.extend(bytes(max(end - len(node.data), 0)))
        node.data[offset:end] = data[:taken]
        node.changed = next(_CHANGES)
        node.dirty |= set(range(offset // SECTOR_BYTES, -(-end // SECTOR_BYTES)))
        self._disk.before("write", self._name)  # a cut or an error may leave part of it behind
        return taken

    def sync(self) -> None:
        self._disk.before("sync", self._name)
        if self._disk.lying:
            return
        self._node.durable = bytes(self._node.data)
        self._node.dirty.clear()

    def truncate(self, size: int) -> None:
        self._disk.before("truncate", self._name)
        del self._node.data[size:]
        self._node.changed = next(_CHANGES)

    def size(self) -> int:
        return len(self._node.data)

    def uncache(self) -> None:
        pass

    def close(self) -> None:
        pass


class SimDisk:
    """`lying`: syncs do nothing, to see that the tests would notice.  `short`: writes are short."""

    def __init__(self, before: Callable[[str, str], None] | None = None) -> None:
        self.nodes: dict[str, Node] = {}
        self._durable_names: dict[str, Node] = {}
        self._changes: list[Callable[[dict[str, Node]], None]] = []
        self._before = before
        self.refusing: dict[str, int] = {}  # operation -> errno
        self.lying = False
        self.short: Random | None = None
        self.capacity_bytes = 1 << 40
        self.operations: list[tuple[str, str]] = []

    def before(self, operation: str, name: str) -> None:
        self.operations.append((operation, name))
        if self._before is not None:
            self._before(operation, name)
        if (number := self.refusing.get(operation)) is not None:
            raise OSError(number, os.strerror(number))

    def take(self, size: int) -> int:
        return size if self.short is None else self.short.randint(1, size)

    def space(self) -> tuple[int, int]:
        self.before("space", "")
        return self.free_bytes(), self.capacity_bytes

    def free_bytes(self) -> int:
        nodes = {id(node): len(node.data) for node in self.nodes.values()}
        return max(0, self.capacity_bytes - sum(nodes.values()))

    def names(self) -> list[str]:
        return list(self.nodes)

    def open(self, name: str, *, writable: bool = False) -> SimFile:
        if name not in self.nodes:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return SimFile(self, self.nodes[name], name)

    def create(self, name: str) -> SimFile:
        self.before("create", name)
        assert name not in self.nodes
        node = Node()
        self._change(lambda names: names.__setitem__(name, node))
        return SimFile(self, node, name)

    def mark(self, name: str) -> tuple[int, int]:
        if name not in self.nodes:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return len(self.nodes[name].data), self.nodes[name].changed

    def rename(self, old: str, new: str) -> None:
        self.before("rename", old)
        self._change(lambda names: names.__setitem__(new, names.pop(old)))

    def link(self, old: str, new: str) -> None:
        self.before("link", old)
        self._change(lambda names: names.__setitem__(new, names[old]))

    def remove(self, name: str) -> None:
        if name not in self.nodes:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        self.before("remove", name)
        self._change(lambda names: names.pop(name))

    def sync(self) -> None:
        self.before("sync_names", "")
        if self.lying:
            return
        self._durable_names = dict(self.nodes)
        self._changes.clear()

    def after_cut(self, random: Random) -> "SimDisk":
        """What the next start may find."""
        names = dict(self._durable_names)
        for change in self._changes[: random.randint(0, len(self._changes))]:
            change(names)
        return self._with(names, lambda node: node.survivor(random))

    def copy(self) -> "SimDisk":
        """The same disk after an orderly stop of the machine."""
        return self._with(self.nodes, _copied)

    def _with(self, names: dict[str, Node], made: Callable[[Node], Node]) -> "SimDisk":
        disk = SimDisk()
        nodes = {id(node): made(node) for node in names.values()}
        disk.nodes = {name: nodes[id(node)] for name, node in names.items()}
        disk._durable_names = dict(disk.nodes)
        return disk

    def _change(self, change: Callable[[dict[str, Node]], object]) -> None:
        change(self.nodes)
        self._changes.append(change)  # type: ignore[arg-type]
