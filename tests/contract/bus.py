"""A register-map panel, a bad bus and a gateway in virtual time.

The master here is a second one, written from the public RTU frame layout alone: one request at a
time, 300 ms for its answer, no repeats; what is damaged or late is no answer.
"""

import struct
from collections import deque
from dataclasses import dataclass

from edge_agent.domain.kinds import POINTS
from edge_agent.domain.session import (
    Action,
    Answered,
    Close,
    FaultKind,
    Read,
    Send,
    Unanswered,
)
from hil.panels.machine import Command, Commanded, Entry, Heard, Plugged, Said, Unplugged
from hil.panels.machine import Ticked as PanelTicked
from hil.panels.stand import Noted, Spoken, Stand, StandOutput
from tests.contract.world import SECOND_NS, STEPS_MAX, Gateway, Meaning, meaning

ANSWER_NS_MAX = 300_000_000  # the shortest answer time in use
UNIT = 17


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS, from a table made of its polynomial; not the emulator's way of doing it."""
    value = 0xFFFF
    for byte in data:
        value = (value >> 8) ^ TABLE[(value ^ byte) & 0xFF]
    return bytes((value & 0xFF, value >> 8))


def _row(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ 0xA001 if byte & 1 else byte >> 1
    return byte


TABLE = tuple(_row(byte) for byte in range(256))


@dataclass(slots=True)
class Asked:
    """The read under way, and when it counts as unanswered."""

    read: Read
    until_ns: int
    heard: bytes = b""


class BusWorld:
    """Runs a stand and the gateway of one unit."""

    def __init__(self, stand: Stand, gateway: Gateway) -> None:
        self.stand = stand
        self.gateway = gateway
        self.now_ns = SECOND_NS
        self.ledger: list[tuple[int, Entry]] = []
        self.reads: list[int] = []  # when each read was sent
        self._waiting: deque[Read] = deque()
        self._asked: Asked | None = None
        self._plugged = False
        self._plans: list[tuple[int, str]] = []

    def tell(self, t_ns: int, line: str) -> None:
        """Give the panel a control line at `t_ns`; `plug` and `unplug` are of the whole bus."""
        self._plans.append((t_ns, line))
        self._plans.sort(key=lambda plan: plan[0])

    def run(self, until_ns: int) -> None:
        """Let time pass until `until_ns`."""
        for _ in range(STEPS_MAX):
            due_ns = self._next_ns()
            if due_ns is None or due_ns > until_ns:
                self.now_ns = until_ns
                return
            self.now_ns = max(self.now_ns, due_ns)
            self._step()
        raise AssertionError(f"time stands still at {self.now_ns}")

    def states(self, *wanted: Said) -> list[Entry]:
        """Return the ledger's entries in these states."""
        return [entry for _, entry in self.ledger if entry.state in wanted]

    @property
    def events(self) -> list[Meaning]:
        """The meanings of all durable events, points left out, in order."""
        return [
            meaning(item.signal) for item in self.gateway.durable if item.signal.kind not in POINTS
        ]

    def _next_ns(self) -> int | None:
        due = [self.stand.deadline_ns(), self.gateway.deadline_ns()]
        due += [plan[0] for plan in self._plans[:1]]
        if self._asked is not None:
            due.append(self._asked.until_ns)
        elif self._waiting:
            due.append(self.now_ns)
        return min((due_ns for due_ns in due if due_ns is not None), default=None)

    def _step(self) -> None:
        while self._plans and self._plans[0][0] <= self.now_ns:
            self._obey(self._plans.pop(0)[1])
        self._panel_does(self.stand.handle(PanelTicked(), self.now_ns))
        if self._asked is not None and self.now_ns >= self._asked.until_ns:
            self._settle(Unanswered(self._asked.read.request, FaultKind.NO_ANSWER, "timeout"))
        self._gateway_does(self.gateway.due(self.now_ns))
        self._ask()

    def _obey(self, line: str) -> None:
        match line:
            case "plug":
                self._plugged = True
                self._panel_does(self.stand.handle(Plugged(), self.now_ns))
                self._gateway_does(self.gateway.open(self.now_ns))
            case "unplug":
                self._plugged = False
                self.gateway.end()
                self._asked = None
                self._waiting.clear()
                self._panel_does(self.stand.handle(Unplugged(), self.now_ns))
            case _:
                told = Commanded(Command.parse(line))
                self._panel_does(self.stand.handle(told, self.now_ns))

    def _ask(self) -> None:
        if self._asked is not None or not self._waiting:
            return
        read = self._waiting.popleft()
        pdu = struct.pack(">BBHH", UNIT, read.table.value, read.address, read.count)
        self._asked = Asked(read, self.now_ns + ANSWER_NS_MAX)
        self.reads.append(self.now_ns)
        self._panel_does(self.stand.handle(Heard(pdu + crc(pdu)), self.now_ns))

    def _hear(self, data: bytes) -> None:
        if self._asked is None:
            return  # late: whoever asked has given up
        self._asked.heard += data
        heard, read = self._asked.heard, self._asked.read
        octets = (read.count + 7) // 8 if read.table.value in {1, 2} else 2 * read.count
        good = bytes((UNIT, read.table.value, octets))
        for at in range(len(heard)):  # a late answer to something else may come first
            refused = heard[at : at + 2] == bytes((UNIT, read.table.value | 0x80))
            size = 5 if refused else 5 + octets if heard[at : at + 3] == good else 0
            frame = heard[at : at + size]
            if not size or len(frame) < size or crc(frame[:-2]) != frame[-2:]:
                continue  # cut or damaged: the answer time will pass
            if refused:
                came = Unanswered(read.request, FaultKind.REFUSED, f"exception {frame[2]}")
                self._settle(came)
            else:
                self._settle(Answered(read.request, _values(read, frame[3:-2]), frame))
            return

    def _settle(self, came: Answered | Unanswered) -> None:
        self._asked = None
        self._gateway_does(self.gateway.take(came, self.now_ns))

    def _gateway_does(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Read():
                    self._waiting.append(action)
                    assert len(self._waiting) < 100, "a session that never waits for answers"
                case Close() | Send() | _:
                    raise AssertionError(f"a bus driver asked for {action}")

    def _panel_does(self, outputs: list[StandOutput]) -> None:
        for output in outputs:
            match output:
                case Spoken(data):
                    self._hear(data)
                case Noted(entry):
                    self.ledger.append((self.now_ns, entry))
                case _:
                    raise AssertionError("the world pulls the plugs")


def _values(read: Read, data: bytes) -> tuple[int, ...]:
    if read.table.value in {1, 2}:
        bits = int.from_bytes(data, "little")
        return tuple(bits >> at & 1 for at in range(read.count))
    return struct.unpack(f">{read.count}H", data)
