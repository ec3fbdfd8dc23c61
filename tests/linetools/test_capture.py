"""Keeping what is heard: by real sockets and ptys, to a file that outlives whoever wrote it."""

import asyncio
import os
import socket
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from edge_agent.linetools.capture import (
    CaptureError,
    CaptureFile,
    DiskLowError,
    header_of,
    listen,
)
from edge_agent.linetools.format import Chunk, Happened, Header, Note, Reader, Record, Said
from edge_agent.link.line import LineError
from hil.rig import free_port

PATIENCE_S = 60.0


def heard(
    tapped: list[tuple[LineAddress, Said]], script: Callable[[list[Record]], None]
) -> list[Record]:
    """Listen while `script` goes on in a thread of its own."""
    found: list[Record] = []

    async def both() -> None:
        listening = asyncio.ensure_future(listen(tapped, SystemClock(), found.append))
        await asyncio.get_running_loop().run_in_executor(None, script, found)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening

    asyncio.run(both())
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.perf_counter() + PATIENCE_S
    while not condition():
        assert time.perf_counter() < end
        time.sleep(0.005)


def said(records: list[Record], at: int = 0) -> bytes:
    return b"".join(one.data for one in records if isinstance(one, Chunk) and one.at == at)


def notes(records: list[Record]) -> list[Happened]:
    return [one.what for one in records if isinstance(one, Note)]


def test_both_ends_of_a_tap_are_heard_and_not_a_byte_is_sent(tmp_path: Path) -> None:
    ends = [os.openpty() for _ in range(2)]
    for _, slave in ends:
        tty.setraw(slave)

    def script(found: list[Record]) -> None:
        wait_for(lambda: notes(found).count(Happened.OPENED) == 2)
        for number, (master, _) in enumerate(ends):
            os.write(master, b"said by %d" % number)
        wait_for(lambda: bool(said(found, 0) and said(found, 1)))

    found = heard(
        [
            (SerialAddress(port=os.ttyname(ends[0][1])), Said.PANEL),
            (SerialAddress(port=os.ttyname(ends[1][1])), Said.HOST),
        ],
        script,
    )
    assert said(found, 0) == b"said by 0"
    assert said(found, 1) == b"said by 1"
    assert {one.said for one in found if isinstance(one, Chunk)} == {Said.PANEL, Said.HOST}
    for master, slave in ends:
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 1)
        os.close(master)
        os.close(slave)


def test_a_line_that_is_lost_is_listened_to_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()

        def script(found: list[Record]) -> None:
            for turn in range(2):
                peer, _ = server.accept()
                peer.sendall(b"turn %d" % turn)
                wait_for(lambda turn=turn: b"turn %d" % turn in said(found))  # type: ignore[misc]
                peer.setblocking(False)
                with pytest.raises(BlockingIOError):
                    peer.recv(1)
                peer.close()
                wait_for(lambda turn=turn: notes(found).count(Happened.LOST) > turn)  # type: ignore[misc]

        found = heard([(TcpAddress(host=host, port=port), Said.LINE)], script)
    assert said(found) == b"turn 0turn 1"
    assert notes(found)[:3] == [Happened.OPENED, Happened.LOST, Happened.OPENED]


def test_callers_and_datagrams_are_heard_each_with_a_number_and_answered_nothing() -> None:
    port = free_port()

    def script(found: list[Record]) -> None:
        wait_for(lambda: notes(found).count(Happened.OPENED) == 2)
        peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for number, peer in enumerate(peers):
            peer.sendall(b"caller %d" % number)
        sender.sendto(b"datagram", ("127.0.0.1", port))
        wait_for(lambda: len(said(found, 0)) == 16 and len(said(found, 1)) == 8)
        for one in (*peers, sender):
            one.setblocking(False)
            with pytest.raises(BlockingIOError):
                one.recv(1)
            one.close()
        wait_for(lambda: notes(found).count(Happened.WENT) >= 2)

    found = heard(
        [
            (ListenAddress(port=port, host="127.0.0.1"), Said.LINE),
            (ListenAddress(port=port, host="127.0.0.1", transport="udp"), Said.LINE),
        ],
        script,
    )
    chunks = [one for one in found if isinstance(one, Chunk)]
    assert len({one.peer for one in chunks if one.at == 0}) == 2
    assert [one.packet for one in chunks if one.at == 1] == [True]


def test_a_line_that_does_not_open_is_told_at_once() -> None:
    with pytest.raises(LineError, match="is not there"):
        asyncio.run(listen([(SerialAddress(port="/dev/no-port"), Said.LINE)], SystemClock(), print))


# ---- the file

CHUNK = Chunk(7, 8, Said.LINE, b"data")


def header() -> Header:
    return header_of(
        [(SerialAddress(port="/dev/x", baud=2400), Said.LINE)], SystemClock().stamp(), "ness"
    )


def read(path: Path) -> list[object]:
    reader = Reader()
    return [*reader.feed(path.read_bytes()), *reader.finish()]


def test_it_is_appended_to_and_a_torn_end_is_left_behind(tmp_path: Path) -> None:
    path, first = tmp_path / "c.jsonl", header()
    file = CaptureFile(path)
    file.write(first)
    file.write(CHUNK)
    file.close()
    whole = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(whole[:-9])
    again = CaptureFile(path)
    second = header()
    again.write(second)
    again.write(CHUNK)
    again.close()
    found = read(path)
    assert [found[0], *found[2:]] == [first, second, CHUNK]
    assert getattr(found[1], "torn", None) is True
    assert first.places[0].settings == "2400-8N1"


@pytest.mark.parametrize("held", [b"something else\n", b"{}", b"\x00" * 50])
def test_what_is_no_capture_is_not_touched(held: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(held)
    with pytest.raises(CaptureError, match="is no capture"):
        CaptureFile(path)
    assert path.read_bytes() == held


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="directory"):
        CaptureFile(tmp_path)


def test_it_ends_while_the_journal_still_has_room(tmp_path: Path) -> None:
    file = CaptureFile(tmp_path / "c.jsonl", free_bytes_min=1 << 62)
    with pytest.raises(DiskLowError):
        file.write(header())
    file.close()
