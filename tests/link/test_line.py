"""What every line does: stamps where it reads, reads nothing ahead, and says how it was lost."""

import asyncio
import fcntl
import socket
import sys
import termios

import pytest

from edge_agent.link.line import (
    READ_BYTES_MAX,
    UNSENT_BYTES_MAX,
    DescriptorLine,
    Heard,
    LineError,
)
from tests.link.rig import CLOCK, run, until


def pair() -> tuple[DescriptorLine, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    lost = LineError("lost", "find it")
    return DescriptorLine(ours.fileno(), CLOCK, ours.close, lost), theirs


def test_bytes_arrive_with_the_time_of_their_reading() -> None:
    async def main() -> Heard:
        line, peer = pair()
        peer.send(b"abc")
        before_ns = CLOCK.boottime_ns()
        heard = await line.read()
        assert before_ns <= heard.stamp.boottime_ns <= CLOCK.boottime_ns()
        line.close()
        peer.close()
        return heard

    assert run(main()).data == b"abc"


def test_one_turn_reads_a_bounded_share_and_nothing_is_read_ahead() -> None:
    async def main() -> None:
        line, peer = pair()
        peer.send(bytes(3 * READ_BYTES_MAX))
        assert len((await line.read()).data) == READ_BYTES_MAX
        for _ in range(5):  # turns in which a line that read ahead would
            await asyncio.sleep(0)
        waiting = fcntl.ioctl(line._fd, termios.FIONREAD, bytes(4))
        assert int.from_bytes(waiting, sys.byteorder) == 2 * READ_BYTES_MAX
        line.close()
        peer.close()

    run(main())


def test_a_peer_that_hangs_up_loses_the_line_for_good() -> None:
    async def main() -> None:
        line, peer = pair()
        peer.close()
        for _ in range(2):
            with pytest.raises(LineError, match="lost; find it"):
                await line.read()
        assert line.over
        line.write(b"into nothing")
        line.close()
        line.close()

    run(main())


def test_a_write_that_fails_is_told_to_the_reader() -> None:
    async def main() -> None:
        line, peer = pair()
        reading = line.read()
        peer.close()
        line.write(b"x")
        with pytest.raises(LineError, match="Broken pipe"):
            await reading
        line.close()

    run(main())


def test_what_the_peer_does_not_take_yet_is_sent_when_it_does() -> None:
    async def main() -> None:
        line, peer = pair()
        sent = b""
        while not line._unsent:
            sent += bytes(4096)
            line.write(bytes(4096))
        line.write(b"end")
        got = bytearray()

        def all_there() -> bool:
            try:
                got.extend(peer.recv(65536))
            except BlockingIOError:
                return False
            return len(got) == len(sent) + 3

        await until(all_there, "the rest")
        assert got.endswith(b"end")
        line.close()
        peer.close()

    run(main())


def test_a_peer_that_takes_nothing_loses_the_line_in_bounded_memory() -> None:
    async def main() -> None:
        line, peer = pair()
        while not line.over:
            line.write(bytes(4096))
            assert len(line._unsent) <= UNSENT_BYTES_MAX + 4096
        with pytest.raises(LineError, match="takes no bytes"):
            await line.read()
        line.close()
        peer.close()

    run(main())


def test_closing_cancels_the_pending_read() -> None:
    async def main() -> None:
        line, peer = pair()
        reading = line.read()
        line.close()
        assert reading.cancelled()
        assert line.read().cancelled()
        peer.close()

    run(main())
