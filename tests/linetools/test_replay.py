"""A capture once more, on real lines."""

import asyncio
import os
import socket
import threading
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.domain.address import ListenAddress, TcpAddress
from edge_agent.linetools.format import Chunk, Header, Record, Said, Unreadable, encode
from edge_agent.linetools.playback import Pace, Play, Playback
from edge_agent.linetools.replay import Audience, Steps, place, play_out, play_to, records
from edge_agent.link.line import LineError

S = 10**9
HEADER = Header(0, 0, "", "", ())
HELD: list[Record] = [HEADER, *(Chunk(at * S, None, Said.PANEL, b"%d\r\n" % at) for at in range(3))]


class Heard:
    """What an audience hears."""

    def __init__(self, step: Callable[[], "asyncio.Future[None] | None"] | None = None) -> None:
        self.played: list[bytes] = []
        self.answers = b""
        self.names: list[str] = []
        self.audience = Audience(self._tell, self._answered, step or (lambda: None))

    def _tell(self, play: Play) -> None:
        self.played.append(play.chunk.data)

    def _answered(self, data: bytes, stamp: object) -> None:
        self.answers += data


def playback(pace: Pace) -> Playback:
    return Playback(iter(HELD), pace, frozenset(Said))


def test_a_file_is_read_with_its_damage_told(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(encode(HEADER) + b"damage\n" + encode(HELD[1]) + b'{"mono')
    doubts: list[Unreadable] = []
    assert list(records(path, doubts.append)) == HELD[:2]
    assert [(one.number, one.torn) for one in doubts] == [(2, False), (4, True)]


def read_exactly(read: Callable[[int], bytes], size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += read(size - len(found))
    return found


def test_onto_a_pty_that_another_program_opens(tmp_path: Path) -> None:
    link = tmp_path / "panel"
    heard = Heard()
    found: list[bytes] = []
    there = threading.Event()

    def reader() -> None:
        there.wait(60)
        port = os.open(link, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(port)
        found.append(read_exactly(lambda size: os.read(port, size), 9))
        os.write(port, b"\x06")
        os.close(port)

    def tell(name: str) -> None:
        heard.names.append(name)
        there.set()

    thread = threading.Thread(target=reader)
    thread.start()
    where = place(f"pty:{link}", None, SystemClock(), tell)
    asyncio.run(play_to(where, playback(Pace(200.0)), SystemClock(), heard.audience))
    thread.join(60)
    assert found == [b"0\r\n1\r\n2\r\n"]
    assert heard.names == [str(link)]
    assert heard.answers == b"\x06"
    assert not link.exists()


def test_a_file_in_the_place_of_the_link_is_left_alone(tmp_path: Path) -> None:
    taken = tmp_path / "notes"
    taken.write_text("mine")
    where = place(f"pty:{taken}", None, SystemClock(), print)
    with pytest.raises(LineError, match="is no link"):
        asyncio.run(play_to(where, playback(Pace()), SystemClock(), Heard().audience))
    assert taken.read_text() == "mine"


def test_to_whoever_calls_and_to_whoever_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found: list[bytes] = []

        def accept() -> None:
            peer, _ = server.accept()
            found.append(read_exactly(peer.recv, 9))
            peer.close()

        thread = threading.Thread(target=accept)
        thread.start()
        address = TcpAddress(host="127.0.0.1", port=port)
        where = place("there", address, SystemClock(), lambda name: None)
        asyncio.run(play_to(where, playback(Pace(None)), SystemClock(), Heard().audience))
        thread.join(60)
    assert found == [b"0\r\n1\r\n2\r\n"]

    async def listening() -> None:
        heard = Heard()
        address = ListenAddress(host="127.0.0.1", port=port)
        where = place("here", address, SystemClock(), heard.names.append)
        playing = asyncio.ensure_future(
            play_to(where, playback(Pace(None)), SystemClock(), heard.audience)
        )
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
        assert await reader.readexactly(9) == b"0\r\n1\r\n2\r\n"
        await playing  # the caller stays: it lingers and ends by itself
        writer.close()
        assert heard.names == ["here"]

    asyncio.run(listening())


def test_to_the_audience_alone_and_by_hand() -> None:
    heard = Heard()
    asyncio.run(play_out(playback(Pace(None)), SystemClock(), heard.audience))
    assert heard.played == [b"0\r\n", b"1\r\n", b"2\r\n"]

    async def by_hand(source: int) -> None:
        upcoming: list[bytes] = []
        machine = playback(Pace(by_hand=True))
        steps = Steps(machine, lambda play: upcoming.append(play.chunk.data), source)
        stepped = Heard(steps)
        await play_out(machine, SystemClock(), stepped.audience)
        assert stepped.played == heard.played
        assert upcoming == heard.played

    source, sink = os.pipe()
    os.write(sink, b"\n")
    os.close(sink)  # the end of input lets everything go
    asyncio.run(by_hand(source))
    os.close(source)


def test_who_hangs_up_in_the_middle_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = TcpAddress(host="127.0.0.1", port=server.getsockname()[1])

        def hang_up() -> None:
            peer, _ = server.accept()
            peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        where = place("there", address, SystemClock(), lambda name: None)
        with pytest.raises(LineError, match="hung up"):
            asyncio.run(play_to(where, playback(Pace(0.01)), SystemClock(), Heard().audience))
        thread.join(60)
