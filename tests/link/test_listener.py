"""Lines on which panels call: one conversation, a panel's newest call wins, strays do not."""

import asyncio
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_agent.domain.address import ListenAddress
from edge_agent.link import listener
from edge_agent.link.line import LineError
from edge_agent.link.listener import ListenOpener
from hil.rig import free_port
from tests.link.rig import CLOCK, MS, run, until


def fresh() -> ListenOpener:
    return ListenOpener(ListenAddress(host="127.0.0.1", port=free_port()), CLOCK)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def call(opener: ListenOpener, source: str = "127.0.0.1") -> socket.socket:
    await until(lambda: opener._listening, "listening")
    sock = socket.socket()
    sock.bind((source, 0))
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", opener._address.port))
    return sock


def test_a_panel_calls_and_talks() -> None:
    async def main() -> None:
        opener = fresh()
        opening = asyncio.get_running_loop().create_task(opener.open())
        panel = await call(opener)
        line = await opening
        panel.send(b"here")
        assert (await line.read()).data == b"here"
        line.close()
        opener.close()
        panel.close()

    run(main())


def test_the_same_panel_calling_again_ends_its_old_conversation() -> None:
    async def main() -> None:
        opener = fresh()
        opening = asyncio.get_running_loop().create_task(opener.open())
        first = await call(opener)
        line = await opening
        reading = line.read()
        second = await call(opener)
        with pytest.raises(LineError, match="the panel called again"):
            await reading
        line.close()
        line = await opener.open()
        second.send(b"second")
        assert (await line.read()).data == b"second"
        line.close()
        opener.close()
        first.close()
        second.close()

    run(main())


def test_of_calls_that_wait_only_the_newest_is_kept() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        opener = fresh()
        opening = loop.create_task(opener.open())
        first = await call(opener)
        line = await opening
        waiting = [await call(opener) for _ in range(5)]
        for panel in waiting[:-1]:
            assert await loop.sock_recv(panel, 1) == b""
        line.close()
        waiting[-1].send(b"newest")
        line = await opener.open()
        assert (await line.read()).data == b"newest"
        line.close()
        opener.close()
        for panel in (first, *waiting):
            panel.close()

    run(main())


def test_a_stray_caller_is_refused_and_said_once_while_the_panel_talks() -> None:
    async def main() -> None:
        opener = fresh()
        opening = asyncio.get_running_loop().create_task(opener.open())
        panel = await call(opener)
        line = await opening
        with capture_logs() as logs:
            for _ in range(3):
                stray = await call(opener, "127.0.0.2")
                assert await asyncio.get_running_loop().sock_recv(stray, 1) == b""
                stray.close()
        assert [entry["caller"] for entry in logs] == ["127.0.0.2"]
        assert "port of its own" in logs[0]["remedy"]
        panel.send(b"undisturbed")
        assert (await line.read()).data == b"undisturbed"
        line.close()
        other = await call(opener, "127.0.0.2")  # nobody talks any more: welcome
        (await opener.open()).close()
        opener.close()
        panel.close()
        other.close()

    run(main())


def test_a_port_that_is_taken_names_the_remedy() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with pytest.raises(LineError, match="another program has the port"):
                await ListenOpener(ListenAddress(host="127.0.0.1", port=port), CLOCK).open()

    run(main())


def test_out_of_descriptors_the_listener_rests_and_then_takes_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "ACCEPT_AGAIN_S", 0.02)

    async def main() -> None:
        opener = fresh()
        opening = asyncio.get_running_loop().create_task(opener.open())
        await until(lambda: opener._listening, "listening")
        assert opener._listening is not None
        real, tries = opener._listening, []

        class Starved:
            def accept(self) -> tuple[socket.socket, tuple[str, int]]:
                tries.append(1)
                if len(tries) < 3:
                    raise OSError(24, "Too many open files")
                return real.accept()

            def __getattr__(self, name: str) -> object:
                return getattr(real, name)

        monkeypatch.setattr(opener, "_listening", Starved())
        start_ns = CLOCK.boottime_ns()
        panel = await call(opener)
        (await opening).close()
        assert len(tries) == 3
        assert CLOCK.boottime_ns() - start_ns >= 40 * MS  # it rested, the loop did not spin
        opener.close()
        panel.close()

    run(main())


def test_closing_drops_a_call_that_nobody_took() -> None:
    async def main() -> None:
        opener = fresh()
        opening = asyncio.get_running_loop().create_task(opener.open())
        first = await call(opener)
        (await opening).close()
        second = await call(opener)
        await until(lambda: opener._next, "the second call")
        opener.close()
        assert await asyncio.get_running_loop().sock_recv(second, 1) == b""
        first.close()
        second.close()

    run(main())


def test_thousands_of_calls_leave_nothing_behind_and_the_panel_is_heard_among_them() -> None:
    async def main() -> None:
        opener = fresh()
        opening = asyncio.get_running_loop().create_task(opener.open())
        panel = await call(opener)
        line = await opening
        before = descriptors()
        for number in range(2000):
            stray = await call(opener, "127.0.0.2")  # from elsewhere: refused, the panel goes on
            stray.close()
            if number % 100 == 0:
                panel.send(b"x")
                assert (await line.read()).data == b"x"
        for _ in range(2000):  # from the panel's own address: the newest wins, each time
            (await call(opener)).close()
        line.close()
        line = await opener.open()
        await until(lambda: descriptors() <= before + 2, "closed")
        line.close()
        opener.close()
        panel.close()

    run(main())
