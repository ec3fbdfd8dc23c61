"""One port, many callers: told apart, each answered by itself, bounded, and held back together."""

import asyncio
import socket

import pytest

from edge_agent.domain.address import ListenAddress
from edge_agent.link.line import Came, Happening, Heard, LineError, Went
from edge_agent.link.switchboard import Switchboard, SwitchboardOpener
from hil.rig import free_port
from tests.link.rig import CLOCK, PATIENCE_S, run, until


def fresh(peers_max: int = 3) -> SwitchboardOpener:
    return SwitchboardOpener(
        ListenAddress(host="127.0.0.1", port=free_port()), CLOCK, peers_max=peers_max
    )


async def call(opener: SwitchboardOpener) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", opener._address.port))
    return sock


async def happens(line: Switchboard) -> Happening:
    return await asyncio.wait_for(line.read(), PATIENCE_S)


async def said(line: Switchboard) -> tuple[int, bytes]:
    heard = await happens(line)
    assert isinstance(heard, Heard)
    assert not heard.packet
    return heard.peer, heard.data


def test_callers_are_told_apart_and_answered_by_themselves() -> None:
    async def main() -> None:
        opener = fresh()
        line = await opener.open()
        first, second = await call(opener), await call(opener)
        assert await happens(line) == Came(1, "127.0.0.1")
        assert await happens(line) == Came(2, "127.0.0.1")
        second.send(b"two")
        assert await said(line) == (2, b"two")
        first.send(b"one")
        assert await said(line) == (1, b"one")
        line.write(b"to one", 1)
        line.write(b"to nobody", 7)
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(first, 99) == b"to one"
        first.close()
        assert await happens(line) == Went(1)
        line.hang_up(2, "done")
        assert await happens(line) == Went(2)
        assert await loop.sock_recv(second, 99) == b""
        third = await call(opener)
        assert await happens(line) == Came(3, "127.0.0.1"), "numbers are never given again"
        for sock in (second, third):
            sock.close()
        line.close()

    run(main())


def test_the_caller_silent_longest_has_to_go_when_it_is_full() -> None:
    async def main() -> None:
        opener = fresh(peers_max=2)
        line = await opener.open()
        socks = [await call(opener), await call(opener)]
        assert [await happens(line), await happens(line)] == [
            Came(1, "127.0.0.1"),
            Came(2, "127.0.0.1"),
        ]
        socks[0].send(b"here")
        assert await said(line) == (1, b"here")
        socks.append(await call(opener))
        assert await happens(line) == Went(2)
        assert await happens(line) == Came(3, "127.0.0.1")
        for sock in socks:
            sock.close()
        line.close()

    run(main())


def test_nobody_is_read_or_accepted_while_nobody_reads() -> None:
    async def main() -> None:
        opener = fresh()
        line = await opener.open()
        sock = await call(opener)
        assert isinstance(await happens(line), Came)
        sock.send(b"x" * 5000)
        peer, data = await said(line)
        await asyncio.sleep(0.02)
        assert len(line._ready) <= 1, "one piece a peer is read ahead"
        assert not line._heard, "and no more until somebody reads"
        got = len(data)
        while got < 5000:
            peer, data = await said(line)
            got += len(data)
        assert (peer, got) == (1, 5000)
        sock.close()
        line.close()

    run(main())


def test_closing_ends_every_conversation_and_the_port_can_be_had_again() -> None:
    async def main() -> None:
        opener = fresh()
        line = await opener.open()
        with pytest.raises(LineError, match="cannot listen"):
            await opener.open()
        sock = await call(opener)
        assert isinstance(await happens(line), Came)
        reading = line.read()
        line.close()
        line.close()
        await until(reading.cancelled)
        assert line.read().cancelled()
        assert await asyncio.get_running_loop().sock_recv(sock, 9) == b""
        again = await opener.open()
        again.close()
        opener.close()
        sock.close()

    run(main())
