"""Frames by the book, typed from worked examples; and everything that is no answer."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.address import SerialAddress, TcpAddress
from edge_agent.domain.session import Answered, FaultKind, Read, Table, Unanswered, Write
from edge_agent.link.modbus import UNREAD_BYTES_MAX, ModbusFrames, Settlement, frames

# Unit 17, as worked with CRC-16/MODBUS in the protocol notes: wire recap.
ASK_INPUTS = bytes.fromhex("1102000000087b5c")
INPUTS_1_AND_3 = bytes.fromhex("11020105654b")
ASK_REGISTERS = bytes.fromhex("110300f20003a6a8")
ILLEGAL_ADDRESS = bytes.fromhex("118302c134")

EIGHT_INPUTS = Read(5, Table.DISCRETE_INPUTS, 0, 8)
THREE_REGISTERS = Read(6, Table.HOLDING_REGISTERS, 242, 3)
ANSWER = Settlement(Answered(5, (1, 0, 1, 0, 0, 0, 0, 0), INPUTS_1_AND_3))


def rtu() -> ModbusFrames:
    asked = ModbusFrames(tcp=False)
    assert asked.request(17, EIGHT_INPUTS) == ASK_INPUTS
    return asked


def test_a_read_of_inputs_is_asked_and_answered() -> None:
    assert rtu().feed(INPUTS_1_AND_3) == ANSWER


def test_a_refusal_names_the_exception() -> None:
    asked = ModbusFrames(tcp=False)
    assert asked.request(17, THREE_REGISTERS) == ASK_REGISTERS
    refused = Unanswered(6, FaultKind.REFUSED, "exception 2: illegal data address")
    assert asked.feed(ILLEGAL_ADDRESS) == Settlement(refused)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (Table.COILS, (1, 0, 1)),
        (Table.DISCRETE_INPUTS, (1, 0, 1)),
        (Table.HOLDING_REGISTERS, (1, 0xFFFF, 3)),
        (Table.INPUT_REGISTERS, (1, 0xFFFF, 3)),
    ],
)
def test_each_table_over_tcp(table: Table, values: tuple[int, ...]) -> None:
    asked = ModbusFrames(tcp=True)
    request = asked.request(3, Read(1, table, 0x0102, 3))
    assert request == b"\0\x01\0\0\0\x06\x03" + bytes((table.value,)) + b"\x01\x02\0\x03"
    body = b"\x01\x05" if max(values) == 1 else b"\x06\0\x01\xff\xff\0\x03"
    frame = b"\0\x01\0\0\0" + bytes((len(body) + 2, 3, table.value)) + body
    assert asked.feed(frame) == Settlement(Answered(1, values, frame))


COIL_ON = Write(7, Table.COILS, 0x00AC, (1,))
REGISTERS = Write(8, Table.HOLDING_REGISTERS, 1, (10, 258))


@pytest.mark.parametrize(
    ("write", "request_", "answer"),
    [  # the examples of the Modbus application protocol, functions 05 and 16
        (COIL_ON, "05 00AC FF00", "05 00AC FF00"),
        (REGISTERS, "10 0001 0002 04 000A 0102", "10 0001 0002"),
    ],
)
def test_a_write_is_put_and_answered(write: Write, request_: str, answer: str) -> None:
    asked = ModbusFrames(tcp=True)
    pdu = bytes.fromhex(request_)
    assert asked.request(3, write) == b"\0\x01\0\0\0" + bytes((len(pdu) + 1, 3)) + pdu
    frame = b"\0\x01\0\0\0\x06\x03" + bytes.fromhex(answer)
    assert asked.feed(frame) == Settlement(Answered(write.request, (), frame))
    assert asked.idle
    serial = ModbusFrames(tcp=False)
    whole = serial.request(3, write)
    said = whole if write is COIL_ON else b"\x03" + bytes.fromhex(answer) + b"\x11\xea"
    settled = serial.feed(said)
    assert settled is not None
    assert isinstance(settled.answer, Answered)


def test_a_write_that_was_answered_by_something_else_is_not_done() -> None:
    asked = ModbusFrames(tcp=True)
    asked.request(3, COIL_ON)
    settled = asked.feed(bytes.fromhex("0001 0000 0006 03 05 00AC 0000"))
    assert settled is not None
    assert isinstance(settled.answer, Unanswered)
    asked.request(3, COIL_ON)
    refused = Unanswered(7, FaultKind.REFUSED, "exception 2: illegal data address")
    assert asked.feed(bytes.fromhex("0002 0000 0003 03 85 02")) == Settlement(refused)


@pytest.mark.parametrize(
    "write", [Write(1, Table.DISCRETE_INPUTS, 1, (1,)), Write(1, Table.COILS, 1, (1, 0))]
)
def test_a_write_that_cannot_be_is_refused(write: Write) -> None:
    with pytest.raises(ValueError, match="are not written"):
        ModbusFrames(tcp=False).request(3, write)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 99])
@pytest.mark.parametrize(
    "before",
    [b"", ASK_INPUTS, b"\x11", b"\0\xff\x11\x02\x01", bytes.fromhex("12020105a5"), bytes(600)],
    ids=["clean", "echo", "start of a frame", "noise", "another unit's", "much noise"],
)
def test_the_answer_is_found_in_any_split_behind_anything(before: bytes, size: int) -> None:
    asked, stream = rtu(), before + INPUTS_1_AND_3
    found = [asked.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
    assert [settlement for settlement in found if settlement] == [ANSWER]


def test_a_damaged_answer_is_none() -> None:
    for at in range(len(INPUTS_1_AND_3)):
        damaged = bytearray(INPUTS_1_AND_3)
        damaged[at] ^= 0x10
        asked = rtu()
        assert asked.feed(bytes(damaged)) is None
        assert asked.give_up() == bytes(damaged)


def test_after_giving_up_a_late_answer_is_for_nobody() -> None:
    asked = rtu()
    assert asked.give_up() == b""
    assert asked.feed(INPUTS_1_AND_3) is None
    assert asked.request(17, THREE_REGISTERS) == ASK_REGISTERS
    assert asked.feed(INPUTS_1_AND_3) is None


def mbap(transaction: int, unit: int, pdu: bytes) -> bytes:
    head = transaction.to_bytes(2) + b"\0\0" + (len(pdu) + 1).to_bytes(2)
    return head + bytes((unit,)) + pdu


def test_over_tcp_a_late_answer_is_told_by_its_number() -> None:
    asked = ModbusFrames(tcp=True)
    asked.request(3, EIGHT_INPUTS)
    late = mbap(1, 3, b"\x02\x01\xff")
    asked.give_up()
    asked.request(3, EIGHT_INPUTS)
    right = mbap(2, 3, b"\x02\x01\x00")
    assert asked.feed(late + right) == Settlement(Answered(5, (0,) * 8, right))


def test_over_tcp_an_answer_cut_in_two_survives_the_next_request() -> None:
    asked = ModbusFrames(tcp=True)
    asked.request(3, EIGHT_INPUTS)
    late = mbap(1, 3, b"\x02\x01\xff")
    asked.feed(late[:5])
    asked.give_up()
    asked.request(3, EIGHT_INPUTS)
    right = mbap(2, 3, b"\x02\x01\x00")
    assert asked.feed(late[5:] + right) == Settlement(Answered(5, (0,) * 8, right))


@pytest.mark.parametrize(
    ("pdu", "fault", "detail"),
    [
        (b"\x02\x02\xff\xff", FaultKind.LENGTH, "2 octets for 1"),
        (b"\x02\x02\xff", FaultKind.LENGTH, "1 octets for 1"),
        (b"\x04\x01\xff", FaultKind.SHAPE, "no answer to the question"),
        (b"\x63\x01\xff", FaultKind.SHAPE, "no answer to the question"),
        (b"\x82\x06", FaultKind.REFUSED, "exception 6: device busy"),
        (b"\x82\x63", FaultKind.REFUSED, "exception 99: unknown"),
    ],
)
def test_over_tcp_what_is_no_good_answer(pdu: bytes, fault: FaultKind, detail: str) -> None:
    asked = ModbusFrames(tcp=True)
    asked.request(3, EIGHT_INPUTS)
    assert asked.feed(mbap(1, 3, pdu)) == Settlement(Unanswered(5, fault, detail))


def test_a_gateway_that_does_not_reach_the_unit_says_that_it_is_absent() -> None:
    asked = ModbusFrames(tcp=True)
    asked.request(3, EIGHT_INPUTS)
    detail = "exception 11: gateway: target does not respond"
    absent = Settlement(Unanswered(5, FaultKind.NO_ANSWER, detail), absent=True)
    assert asked.feed(mbap(1, 3, b"\x82\x0b")) == absent


@pytest.mark.parametrize("head", ["0001000100040302", "0001000000020382", "00010000ffff0302"])
def test_over_tcp_a_stream_that_is_no_modbus_cannot_be_followed(head: str) -> None:
    asked = ModbusFrames(tcp=True)
    asked.request(3, EIGHT_INPUTS)
    with pytest.raises(ValueError, match="no Modbus/TCP header"):
        asked.feed(bytes.fromhex(head) + bytes(99))


@pytest.mark.parametrize("read", [Read(1, Table.COILS, 0, 2001), Read(1, Table.COILS, 70000, 1)])
def test_a_read_that_cannot_be_is_refused(read: Read) -> None:
    with pytest.raises(ValueError, match=r"\d+"):
        ModbusFrames(tcp=True).request(1, read)


@given(st.lists(st.binary(max_size=2000), max_size=6), st.booleans())
def test_anything_may_come_in_bounded_memory(chunks: list[bytes], wanted: bool) -> None:
    for tcp in (False, True):
        asked = ModbusFrames(tcp)
        for chunk in chunks:
            if wanted:
                asked.request(17, THREE_REGISTERS)
            try:
                asked.feed(chunk)
            except ValueError:
                break
            assert len(asked._heard) <= UNREAD_BYTES_MAX


@pytest.mark.parametrize("wanted", [True, False])
def test_a_flood_of_noise_is_kept_in_bounded_memory(wanted: bool) -> None:
    asked = rtu() if wanted else ModbusFrames(tcp=False)
    for _ in range(20):
        assert asked.feed(bytes(1024)) is None
    assert len(asked._heard) <= UNREAD_BYTES_MAX


def test_transaction_numbers_come_round() -> None:
    asked = ModbusFrames(tcp=True)
    asked._transaction = 0xFFFF
    assert asked.request(1, EIGHT_INPUTS)[:2] == b"\0\x01"


def test_serial_lines_speak_rtu() -> None:
    assert frames(SerialAddress(port="/dev/x")).request(17, EIGHT_INPUTS) == ASK_INPUTS
    assert frames(TcpAddress(host="h", port=502)).request(17, EIGHT_INPUTS)[6:] == ASK_INPUTS[:-2]


def test_the_library_is_silent() -> None:
    assert not logging.getLogger("pymodbus.logging").isEnabledFor(logging.ERROR)
