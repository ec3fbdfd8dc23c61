"""The disk itself: what a flush makes durable, what a cut leaves, what the kernel is answered."""

import errno
import struct
from pathlib import Path
from random import Random

from tests.crash.fuse_disk import (
    ATTR_OUT,
    FORGET,
    FSYNC,
    GETATTR,
    IN_HEADER,
    INIT,
    INIT_IN,
    INIT_OUT,
    OUT_HEADER,
    READ,
    READ_WRITE_IN,
    WRITE,
    Cut,
    Server,
    VolatileDisk,
)

SECTOR = 512
OLD, ONE, TWO = (bytes([letter]) * SECTOR for letter in b"-12")


def disk(sectors: int = 8) -> VolatileDisk:
    return VolatileDisk(bytearray(OLD * sectors))


def sectors(found: VolatileDisk) -> list[bytes]:
    size = len(found.durable)
    return [bytes(found.durable[at : at + SECTOR]) for at in range(0, size, SECTOR)]


def test_what_was_written_is_read_and_only_a_flush_makes_it_durable() -> None:
    one = disk()
    one.write(SECTOR, ONE * 2)
    one.write(2 * SECTOR, TWO)
    assert one.read(0, 4 * SECTOR) == OLD + ONE + TWO + OLD
    assert one.read(SECTOR + 8, SECTOR) == ONE[8:] + TWO[:8]
    assert sectors(one) == [OLD] * 8
    one.flush()
    assert sectors(one)[:4] == [OLD, ONE, TWO, OLD]


def test_a_cut_leaves_what_was_flushed_and_any_whole_sectors_of_the_rest() -> None:
    kinds = set()
    for seed in range(60):
        one = disk()
        one.write(0, ONE)
        one.flush()
        one.write(SECTOR, ONE * 4)
        one.write(SECTOR * 2, TWO)
        kept, lost = one.cut(Random(seed))
        found = sectors(one)
        assert found[0] == ONE
        assert found[5:] == [OLD] * 3
        assert set(found[1:5]) <= {OLD, ONE, TWO}
        assert one.waiting == []
        assert kept + lost in (2, 5)  # sectors of 4096 or of 512 bytes
        kinds.add((bool(kept), bool(lost), found[2]))
    assert {(True, False, TWO), (False, True, OLD), (True, True, ONE)} <= kinds


def ask(server: Server, opcode: int, body: bytes = b"") -> tuple[int, bytes]:
    """Return what the kernel would get: a negative errno, and the rest."""
    header = IN_HEADER.pack(IN_HEADER.size + len(body), opcode, 7, 1, 0, 0, 0, 0, 0)
    answer = server.handle(header + body)
    assert answer is not None
    length, failed, unique = OUT_HEADER.unpack_from(answer)
    assert (length, unique) == (len(answer), 7)
    return failed, answer[OUT_HEADER.size :]


def read_or_write(offset: int, data: bytes, size: int | None = None) -> bytes:
    return READ_WRITE_IN.pack(1, offset, size or len(data), 0, 0, 0, 0) + data


def test_the_kernel_is_answered() -> None:
    one = disk()
    server = Server(one)
    failed, told = ask(server, INIT, INIT_IN.pack(7, 45, 65536, 0xFFFFFFFF))
    assert (failed, len(told), INIT_OUT.unpack(told)[0]) == (0, 64, 7)
    failed, told = ask(server, GETATTR)
    assert (failed, len(told), ATTR_OUT.unpack(told)[4]) == (0, 104, 8 * SECTOR)
    failed, told = ask(server, WRITE, read_or_write(0, ONE))
    assert (failed, struct.unpack("<II", told)) == (0, (SECTOR, 0))
    assert ask(server, READ, read_or_write(0, b"", SECTOR)) == (0, ONE)
    assert sectors(one)[0] == OLD
    assert ask(server, FSYNC) == (0, b"")
    assert sectors(one)[0] == ONE
    assert ask(server, 9999) == (-errno.ENOSYS, b"")
    assert server.handle(IN_HEADER.pack(40, FORGET, 7, 1, 0, 0, 0, 0, 0)) is None


def test_a_cut_comes_at_the_write_or_flush_that_was_asked_for() -> None:
    cut = Cut.parse("5 3 0.5 /tmp/with a space")
    assert cut.ledger == Path("/tmp/with a space")  # noqa: S108  it is not opened
    requests = [READ, WRITE, GETATTR, FSYNC, READ, WRITE, READ]
    headers = [IN_HEADER.pack(40, opcode, 7, 1, 0, 0, 0, 0, 0) for opcode in requests]
    assert [cut.is_now(header) for header in headers].index(True) == 5


def test_without_power_every_request_is_an_error() -> None:
    one = disk()
    server = Server(one)
    one.cut(Random(0))
    for opcode in (READ, WRITE, FSYNC):
        assert ask(server, opcode, read_or_write(0, ONE)) == (-errno.EIO, b"")
    assert one.waiting == []
