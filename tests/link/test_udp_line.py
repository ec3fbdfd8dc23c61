"""Datagrams: whole, told apart by address, answered to whoever sent them."""

import asyncio
import socket

import pytest

from edge_agent.domain.address import ListenAddress
from edge_agent.link import udp_line
from edge_agent.link.line import Came, Happening, Heard, LineError, Went
from edge_agent.link.udp_line import DatagramLine, DatagramOpener
from hil.rig import free_port
from tests.link.rig import CLOCK, PATIENCE_S, run


def fresh() -> DatagramOpener:
    address = ListenAddress(host="127.0.0.1", port=free_port(), transport="udp")
    return DatagramOpener(address, CLOCK)


def sender(opener: DatagramOpener) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", opener._address.port))
    sock.setblocking(False)
    return sock


async def happens(line: DatagramLine) -> Happening:
    return await asyncio.wait_for(line.read(), PATIENCE_S)


async def said(line: DatagramLine) -> tuple[int, bytes]:
    heard = await happens(line)
    assert isinstance(heard, Heard)
    assert heard.packet
    return heard.peer, heard.data


def test_datagrams_are_whole_and_their_senders_told_apart() -> None:
    async def main() -> None:
        opener = fresh()
        line = await opener.open()
        one, two = sender(opener), sender(opener)
        one.send(b"a")
        one.send(b"b" * 3000)
        one.send(b"")
        two.send(b"c")
        assert await happens(line) == Came(1, "127.0.0.1")
        assert await said(line) == (1, b"a")
        assert await said(line) == (1, b"b" * 3000)
        assert await happens(line) == Came(2, "127.0.0.1")
        assert await said(line) == (2, b"c")
        line.write(b"to two", 2)
        line.write(b"to nobody", 9)
        assert await asyncio.get_running_loop().sock_recv(two, 99) == b"to two"
        with pytest.raises(BlockingIOError):
            one.recv(9)
        line.hang_up(1, "done")
        assert await happens(line) == Went(1)
        one.send(b"again")
        assert await happens(line) == Came(3, "127.0.0.1")
        for sock in (one, two):
            sock.close()
        line.close()

    run(main())


def test_a_sender_that_is_gone_harms_nobody() -> None:
    async def main() -> None:
        opener = fresh()
        line = await opener.open()
        one, two = sender(opener), sender(opener)
        one.send(b"a")
        assert isinstance(await happens(line), Came)
        await said(line)
        one.close()
        line.write(b"answer", 1)  # refused: the next read of the port reports it
        two.send(b"b")
        assert isinstance(await happens(line), Came)
        assert await said(line) == (2, b"b")
        two.close()
        line.close()

    run(main())


def test_forged_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_line, "PEERS_MAX", 2)

    async def main() -> None:
        opener = fresh()
        line = await opener.open()
        socks = [sender(opener) for _ in range(3)]
        for sock in (socks[0], socks[1], socks[0], socks[2]):
            sock.send(b"x")
        seen = [await happens(line) for _ in range(8)]
        assert [one for one in seen if not isinstance(one, Heard)] == [
            Came(1, "127.0.0.1"),
            Came(2, "127.0.0.1"),
            Went(2),
            Came(3, "127.0.0.1"),
        ]
        for sock in socks:
            sock.close()
        line.close()

    run(main())


def test_a_port_is_not_shared_and_is_free_after_closing() -> None:
    async def main() -> None:
        opener = fresh()
        line = await opener.open()
        with pytest.raises(LineError, match="cannot listen"):
            await opener.open()
        reading = line.read()
        line.close()
        line.close()
        assert reading.cancelled()
        assert line.read().cancelled()
        (await opener.open()).close()
        opener.close()

    run(main())
