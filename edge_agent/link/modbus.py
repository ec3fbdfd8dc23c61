"""Modbus frames: the only file that knows pymodbus, pinned to 3.16 because minors change its API.

Used of it are the framers and the messages.  Its clients are not, for reasons that a bus of many
units cannot live with: they drop the connection after a few unanswered requests (one dead unit cuts
off all the others), they reopen ports and log on their own, and a malformed frame raises inside the
event loop.  Facts about 3.16 that matter here:

* its RTU framer, once it has found a frame, throws away whatever follows in the same buffer (the
  right answer behind a late one), so frames are cut here and handed over one by one;
* exception answers are returned as messages, with `isError()`; malformed ones raise
  ModbusException, struct.error, IndexError or ValueError;
* it logs every skipped frame at level ERROR, which is why its logger is turned down;
* bits come padded to whole octets; requests take `dev_id`, `address`, `count` by keyword;
* its messages name the server's memory in annotations, and load it and a simulator for that: it is
  left out here.

Import it only where a bus is configured: it costs 0.8 MB.
"""

import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.domain.address import BusAddress, SerialAddress
from edge_agent.domain.session import Answered, FaultKind, Read, Table, Unanswered, Write
from edge_agent.lean import without

with without(stand_ins={"pymodbus.datastore": {"ModbusServerContext": object}}):
    from pymodbus import ModbusException
    from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
    from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
    from pymodbus.pdu.bit_message import (
        ReadCoilsRequest,
        ReadDiscreteInputsRequest,
        WriteSingleCoilRequest,
    )
    from pymodbus.pdu.register_message import (
        ReadHoldingRegistersRequest,
        ReadInputRegistersRequest,
        WriteMultipleRegistersRequest,
    )

logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)

ADU_BYTES_MAX = 260  # Modbus over TCP; RTU has 256
UNREAD_BYTES_MAX = 4 * ADU_BYTES_MAX  # a late answer, an echo and noise may precede the answer
TRANSACTIONS = 0xFFFF

_BITS = (Table.COILS, Table.DISCRETE_INPUTS)
_REQUESTS: dict[Table, Callable[..., ModbusPDU]] = {
    Table.COILS: ReadCoilsRequest,
    Table.DISCRETE_INPUTS: ReadDiscreteInputsRequest,
    Table.HOLDING_REGISTERS: ReadHoldingRegistersRequest,
    Table.INPUT_REGISTERS: ReadInputRegistersRequest,
}
_MEANINGS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not ready",
    6: "device busy",
    10: "gateway has no path",
    11: "gateway: target does not respond",
}
_WRITE_COIL, _WRITE_REGISTERS = 5, 16
_WRITTEN_BYTES = 8  # unit, function, address, value or count, CRC
_GATEWAY_MISSES = (10, 11)  # said by a TCP gateway when the unit behind it is dead


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of a request; `absent`: a gateway says that the unit is not there."""

    answer: Answered | Unanswered
    absent: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    unit: int
    wanted: Read | Write
    transaction: int

    @property
    def function(self) -> int:
        """The function code, which the answer repeats."""
        if isinstance(self.wanted, Read):
            return self.wanted.table.value
        return _WRITE_COIL if self.wanted.table is Table.COILS else _WRITE_REGISTERS

    @property
    def answer(self) -> bytes:
        """What its answer begins with, after the unit."""
        if isinstance(self.wanted, Read):
            return bytes((self.function, _octets(self.wanted)))
        values = self.wanted.values
        word = len(values) if self.function == _WRITE_REGISTERS else 0xFF00 * values[0]
        return struct.pack(">BHH", self.function, self.wanted.address, word)

    @property
    def answer_bytes(self) -> int:
        """The length of its answer's frame on a serial bus."""
        return 5 + _octets(self.wanted) if isinstance(self.wanted, Read) else _WRITTEN_BYTES


class ModbusFrames:
    """Builds requests and finds their answers in what is heard, one request at a time."""

    def __init__(self, tcp: bool) -> None:
        self._tcp = tcp
        framer: type[FramerBase] = FramerSocket if tcp else FramerRTU
        self._framer = framer(DecodePDU(False))
        self._transaction = 0
        self._asked: _Asked | None = None
        self._heard = bytearray()

    @property
    def idle(self) -> bool:
        """Whether no answer is awaited."""
        return self._asked is None

    def request(self, unit: int, wanted: Read | Write) -> bytes:
        """Return the frame that asks `unit`; what was heard before is forgotten.

        Raises ValueError where it is outside what Modbus can carry.
        """
        transaction = self._transaction = self._transaction % TRANSACTIONS + 1
        number = transaction if self._tcp else 0
        frame = self._framer.buildFrame(_message(unit, number, wanted))
        self._asked = _Asked(unit, wanted, number)
        if not self._tcp:
            self._heard.clear()
        return frame

    def feed(self, data: bytes) -> Settlement | None:
        """Take bytes from the wire; return the answer to the last request once it is complete.

        Raises ValueError where a TCP stream is no Modbus: it can only be closed.
        """
        self._heard += data
        if self._asked is None:
            del self._heard[:-ADU_BYTES_MAX]
            return None
        settlement = self._find_tcp(self._asked) if self._tcp else self._find_rtu(self._asked)
        del self._heard[:-UNREAD_BYTES_MAX]
        if settlement is not None:
            self._asked = None
        return settlement

    def give_up(self) -> bytes:
        """The request has timed out: return what was heard instead of its answer."""
        self._asked = None
        heard = bytes(self._heard)
        if not self._tcp:
            self._heard.clear()
        return heard

    def _find_tcp(self, asked: _Asked) -> Settlement | None:
        while len(self._heard) >= 8:
            protocol, length = struct.unpack_from(">HH", self._heard, 2)
            if protocol != 0 or not 2 < length <= ADU_BYTES_MAX - 6:
                raise ValueError(f"no Modbus/TCP header: {self._heard[:8].hex()}")
            if len(self._heard) < 6 + length:
                return None
            frame = bytes(self._heard[: 6 + length])
            del self._heard[: 6 + length]
            if (int.from_bytes(frame[:2]), frame[6]) == (asked.transaction, asked.unit):
                return self._settle(asked, frame, frame[7], frame[8:])
        return None

    def _find_rtu(self, asked: _Asked) -> Settlement | None:
        """Look for the one frame that can be the answer, behind noise, echoes and late answers."""
        good = bytes((asked.unit,)) + asked.answer
        refused = bytes((asked.unit, asked.function | 0x80))
        for start in range(len(self._heard) - 4):
            head = self._heard[start : start + len(good)]
            size = 5 if head[:2] == refused else asked.answer_bytes if head == good else 0
            frame = bytes(self._heard[start : start + size])
            if size and len(frame) == size and _crc_is_good(frame):
                return self._settle(asked, frame, frame[1], frame[2:-2])
        return None

    def _settle(self, asked: _Asked, frame: bytes, function: int, body: bytes) -> Settlement:
        request, wanted = asked.wanted.request, asked.wanted
        try:
            _, message = self._framer.handleFrame(frame, asked.unit, asked.transaction)
        except (ModbusException, struct.error, IndexError, ValueError):
            message = None
        if isinstance(message, ExceptionResponse):
            return _refusal(request, message.exception_code)
        if message is None or function != asked.function:
            return _unusable(request, FaultKind.SHAPE, "no answer to the question")
        if isinstance(wanted, Write):
            if not body.startswith(asked.answer[1:]):
                return _unusable(request, FaultKind.SHAPE, "something else was written")
            return Settlement(Answered(request, (), frame))
        octets = _octets(wanted)
        if len(body) != octets + 1 or body[0] != octets:
            return _unusable(request, FaultKind.LENGTH, f"{len(body) - 1} octets for {octets}")
        values = message.bits if wanted.table in _BITS else message.registers
        numbers = tuple(int(value) for value in values[: wanted.count])
        return Settlement(Answered(request, numbers, frame))


def _message(unit: int, number: int, wanted: Read | Write) -> ModbusPDU:
    if isinstance(wanted, Read):
        return _REQUESTS[wanted.table](
            dev_id=unit, transaction_id=number, address=wanted.address, count=wanted.count
        )
    if wanted.table is Table.COILS and len(wanted.values) == 1:
        return WriteSingleCoilRequest(
            dev_id=unit,
            transaction_id=number,
            address=wanted.address,
            bits=[bool(wanted.values[0])],
        )
    if wanted.table is Table.HOLDING_REGISTERS:
        return WriteMultipleRegistersRequest(
            dev_id=unit,
            transaction_id=number,
            address=wanted.address,
            registers=list(wanted.values),
        )
    raise ValueError(f"{len(wanted.values)} values of {wanted.table.name.lower()} are not written")


def _refusal(request: int, code: int) -> Settlement:
    absent = code in _GATEWAY_MISSES
    fault = FaultKind.NO_ANSWER if absent else FaultKind.REFUSED
    detail = f"exception {code}: {_MEANINGS.get(code, 'unknown')}"
    return Settlement(Unanswered(request, fault, detail), absent)


def _unusable(request: int, fault: FaultKind, detail: str) -> Settlement:
    return Settlement(Unanswered(request, fault, detail))


def _octets(read: Read) -> int:
    return (read.count + 7) // 8 if read.table in _BITS else 2 * read.count


def _crc_is_good(frame: bytes) -> bool:
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:]))


def frames(address: BusAddress) -> ModbusFrames:
    """Return the frames of the bus at `address`: RTU on serial lines, MBAP over TCP."""
    return ModbusFrames(tcp=not isinstance(address, SerialAddress))
