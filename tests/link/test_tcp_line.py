"""Lines that we call: connected, kept alive, lost; and every refusal names its remedy."""

import asyncio
import socket
import threading

import pytest

from edge_agent.domain.address import TcpAddress
from edge_agent.link import tcp_line
from edge_agent.link.line import LineError
from edge_agent.link.tcp_line import TcpOpener
from tests.link.rig import CLOCK, run


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def refusal(host: str, port: int) -> LineError:
    async def main() -> None:
        await TcpOpener(TcpAddress(host=host, port=port), CLOCK).open()

    with pytest.raises(LineError) as caught:
        run(main())
    return caught.value


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_bytes_go_both_ways_and_small_ones_at_once(host: str) -> None:
    async def main() -> None:
        with listening() as server:
            opener = TcpOpener(TcpAddress(host=host, port=server.getsockname()[1]), CLOCK)
            line = await opener.open()
            peer, _ = server.accept()
            ours = socket.fromfd(line._fd, socket.AF_INET, socket.SOCK_STREAM)
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 25_000
            ours.close()
            peer.sendall(b"ping")
            assert (await line.read()).data == b"ping"
            line.write(b"pong")
            assert peer.recv(4) == b"pong"
            peer.close()
            with pytest.raises(LineError, match="the peer hung up"):
                await line.read()
            line.close()
            opener.close()

    run(main())


def test_a_peer_that_resets_is_a_lost_line() -> None:
    async def main() -> None:
        with listening() as server:
            opener = TcpOpener(TcpAddress(host="127.0.0.1", port=server.getsockname()[1]), CLOCK)
            line = await opener.open()
            peer, _ = server.accept()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.close()
            with pytest.raises(LineError, match=r"hung up \(Connection reset by peer\)"):
                await line.read()
            line.close()

    run(main())


def test_a_closed_port_refuses() -> None:
    with listening() as server:
        port = server.getsockname()[1]
    error = refusal("127.0.0.1", port)
    assert error.cause == f"127.0.0.1:{port} refuses the call"
    assert "check the port" in error.remedy


def test_a_name_nobody_knows() -> None:
    error = refusal("no-such-panel.invalid", 1)
    assert "the name no-such-panel.invalid is not known" in error.cause
    assert "DNS" in error.remedy


def test_an_address_that_cannot_be_reached() -> None:
    error = refusal("255.255.255.255", 1)
    assert "cannot be reached" in error.cause


def test_a_device_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_line, "CONNECT_S_MAX", 0.05)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        host, port = deaf.getsockname()
        fillers = []
        for _ in range(4):  # once its queue is full the kernel drops further calls
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((host, port))
            fillers.append(filler)
        error = refusal(host, port)
        for filler in fillers:
            filler.close()
    assert "does not answer" in error.cause
    assert "power" in error.remedy


def test_a_call_that_is_given_up_leaves_no_socket_behind() -> None:
    async def main() -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(0)
            opener = TcpOpener(TcpAddress(host="127.0.0.1", port=deaf.getsockname()[1]), CLOCK)
            tasks = [asyncio.get_running_loop().create_task(opener.open()) for _ in range(5)]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if not isinstance(result, BaseException):
                    result.close()

    run(main())  # a socket left open is a ResourceWarning, and that is an error here


def test_a_resolver_that_hangs_takes_no_thread_from_the_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()
    asked: list[object] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *more: int, **how: int) -> object:
        if "flags" in how:
            return real(host, port, *more, **how)
        asked.append(host)
        answered.wait(60)
        return real("127.0.0.1", port, *more, **how)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(tcp_line, "CONNECT_S_MAX", 0.05)

    async def main() -> None:
        with listening() as server:
            where = TcpAddress(host="panel.example", port=server.getsockname()[1])
            openers = [TcpOpener(where, CLOCK) for _ in range(40)]  # more than the pool has
            for _ in range(2):
                ends = [asyncio.ensure_future(opener.open()) for opener in openers]
                for end in ends:
                    with pytest.raises(LineError, match="does not answer"):
                        await end
            assert len(asked) == 40  # a lookup that hangs is not asked twice
            await asyncio.wait_for(asyncio.to_thread(answered.is_set), 60)
            answered.set()
            monkeypatch.setattr(tcp_line, "CONNECT_S_MAX", 60.0)
            for opener in openers:
                (await opener.open()).close()

    run(main())
