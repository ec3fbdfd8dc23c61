"""Sessions on ptys and sockets: ACK after durable, back-pressure, loss and return, fairness."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from edge_agent.domain.session import (
    WAITING,
    Action,
    Input,
    Read,
    Recent,
    Session,
    Table,
)
from edge_agent.limits import UNCOMMITTED_REPORTS_MAX
from edge_agent.link.line import READ_BYTES_MAX
from edge_agent.link.open import opener
from edge_agent.link.runner import run_panel
from hil.rig import free_port
from tests.link.rig import (
    ACK,
    CLOCK,
    MS,
    QUICK,
    Intake,
    LineSession,
    Port,
    Running,
    run,
    until,
)

Body = Callable[["Bench"], Coroutine[Any, Any, None]]


class Bench:
    """One panel on one port, with the runner at work."""

    def __init__(self, port: Port, intake: Intake, silence_ns: int | None) -> None:
        self.port = port
        self.intake = intake
        self.sessions: list[LineSession] = []
        self._silence_ns = silence_ns

    def session(self) -> LineSession:
        self.sessions.append(LineSession(self._silence_ns))
        return self.sessions[-1]

    def runner(self, address: LineAddress | None = None) -> Running:
        where = opener(address or SerialAddress(port=str(self.port.path)), CLOCK)
        return Running(run_panel("p1", self.session, where, self.intake, CLOCK, QUICK))


def bench(tmp_path: Path, intake: Intake, body: Body, silence_ns: int | None = None) -> Bench:
    made = Bench(Port(tmp_path), intake, silence_ns)

    async def main() -> None:
        with made.port:
            async with made.runner():
                await made.port.expect(b"hello\n")
                await body(made)

    run(main())
    return made


def test_a_report_is_recorded_with_the_time_of_its_bytes_and_acknowledged(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        before_ns = CLOCK.boottime_ns()
        bench.port.say(b"fire\n")
        await bench.port.expect(ACK + b"fire\n")
        ((panel, signal, stamp),) = bench.intake.recorded
        assert (panel, signal.text) == ("p1", "fire")
        assert before_ns < stamp.boottime_ns < CLOCK.boottime_ns()

    bench(tmp_path, Intake(), body)


def test_no_ack_before_it_is_durable_and_then_in_order_of_completion(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.port.say(b"a\nb\nc\n")
        futures = bench.intake.futures
        await until(lambda: len(futures) == 3, "three reports")
        bench.port.say(b"d\n")
        await until(lambda: len(futures) == 4, "reading goes on while commits are pending")
        assert bench.port.hear() == b""
        for index in (2, 0):
            futures[index].set_result(None)
        assert await bench.port.expect(b"a\n") == ACK + b"c\n" + ACK + b"a\n"

    bench(tmp_path, Intake(commits=False), body)


def test_reports_that_are_not_durable_are_bounded_by_not_reading(tmp_path: Path) -> None:
    lines = 40 * UNCOMMITTED_REPORTS_MAX

    async def body(bench: Bench) -> None:
        intake, left = bench.intake, [b"%04d\n" % number for number in range(lines)]

        def say() -> None:
            while left:
                try:
                    bench.port.say(left[0])
                except BlockingIOError:
                    return
                left.pop(0)

        say()
        await until(lambda: len(intake.futures) >= UNCOMMITTED_REPORTS_MAX, "the bound")
        for _ in range(20):
            await asyncio.sleep(0.001)
            say()
        # At the bound reading stops; what one last read brought may come on top.
        assert len(intake.futures) <= UNCOMMITTED_REPORTS_MAX + 2 * READ_BYTES_MAX // 5
        assert len(intake.recorded) < lines

        def finished() -> bool:
            say()
            bench.port.hear()
            for future in intake.futures:
                if not future.done():
                    future.set_result(None)
            return len(intake.recorded) == lines

        await until(finished, "all of them")
        assert intake.texts == [f"{number:04}" for number in range(lines)]

    bench(tmp_path, Intake(commits=False), body)


def test_a_full_intake_keeps_the_report_and_the_panel_gets_no_ack(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.intake.room = False
        bench.port.say(b"kept\n")
        await until(lambda: bench.sessions[0].received == 1, "the report")
        bench.port.say(b"unread\n")
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert bench.sessions[0].received == 1
        assert bench.port.hear() == b""
        bench.intake.room = True
        await bench.port.expect(ACK + b"unread\n")
        assert bench.intake.texts == ["kept", "unread"]

    bench(tmp_path, Intake(), body)


def test_a_kept_report_is_recorded_even_if_its_line_is_lost(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.intake.room = False
        bench.port.say(b"kept\n")
        await until(lambda: bench.sessions[0].received == 1, "the report")
        bench.port.unplug()
        bench.intake.room = True
        await until(lambda: bench.intake.texts == ["kept"], "recorded without a line")

    bench(tmp_path, Intake(), body)


def test_unplugged_under_load_and_back(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        for number in range(5):
            for line in range(50):
                bench.port.say(b"%d-%d\n" % (number, line))
            await until(lambda: bench.sessions[-1].received, "some of it")
            bench.port.unplug()
            await until(lambda: bench.intake.links[-1][1] is False, "offline")
            bench.port.plug()
            await bench.port.expect(b"hello\n")
        assert len(bench.sessions) >= 6
        bench.port.say(b"last\n")
        await bench.port.expect(ACK + b"last\n")

    with capture_logs() as logs:
        made = bench(tmp_path, Intake(), body)
    states = [online for _, online, _ in made.intake.links]
    assert states == [True, False] * 5 + [True]
    assert "the serial port is gone" in made.intake.links[1][2]
    events = [log["event"] for log in logs]
    assert events == ["line.open"] + ["line.down", "line.back"] * 5


def test_a_port_missing_at_start_is_said_once_and_opened_when_it_comes(tmp_path: Path) -> None:
    intake = Intake()
    made = Bench(Port(tmp_path), intake, None)

    async def main() -> None:
        async with made.runner():
            await until(lambda: intake.links, "offline")
            for _ in range(20):
                await asyncio.sleep(0.001)
            with made.port:
                await made.port.expect(b"hello\n")

    with capture_logs() as logs:
        run(main())
    ((_, online, reason),) = intake.links
    assert online is False
    assert "is not there" in reason
    assert [log["event"] for log in logs] == ["line.down"]


def test_a_commit_of_the_lost_line_reaches_no_session(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.port.say(b"pending\n")
        await until(lambda: bench.intake.futures, "the report")
        bench.port.unplug()
        await until(lambda: bench.intake.links[-1][1] is False, "offline")
        bench.port.plug()
        await bench.port.expect(b"hello\n")
        bench.intake.futures[0].set_result(None)
        bench.port.say(b"new\n")
        await until(lambda: len(bench.intake.futures) == 2, "the new report")
        bench.intake.futures[1].set_result(None)
        assert await bench.port.expect(b"new\n") == ACK + b"new\n"
        assert bench.sessions[-1].committed == [WAITING, 0]
        assert bench.sessions[0].committed == []

    bench(tmp_path, Intake(commits=False), body)


def test_a_silent_panel_goes_offline_by_its_session_and_comes_back(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        links = bench.intake.links
        bench.port.say(b"here\n")
        await until(lambda: ("p1", True, "heard") in links, "heard")
        await until(lambda: links[-1] == ("p1", False, "silent"), "silence")
        before = len(links)
        bench.port.say(b"here again\n")
        await until(lambda: ("p1", True, "heard") in links[before:], "back")
        assert len(bench.sessions) == 1

    bench(tmp_path, Intake(), body, silence_ns=30 * MS)


def test_a_stall_of_ours_is_not_taken_for_silence_of_the_panel(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.port.say(b"before\n")
        await bench.port.expect(ACK + b"before\n")
        bench.port.say(b"meanwhile\n")
        threading.Event().wait(1.6)  # the loop does not turn, and the deadline passes
        await bench.port.expect(ACK + b"meanwhile\n")
        assert bench.intake.links == [("p1", True, "heard")]

    bench(tmp_path, Intake(), body, silence_ns=1500 * MS)


def test_a_session_that_closes_is_replaced_by_a_fresh_one(tmp_path: Path) -> None:
    async def body(bench: Bench) -> None:
        bench.intake.recent_of = (Recent(b"newest", 5),)
        bench.port.say(b"one\nbye\n")
        await until(lambda: len(bench.sessions) == 2, "a second session")
        await until(lambda: bench.sessions[1].opened, "opened")
        opened = bench.sessions[1].opened
        assert opened is not None
        assert opened.recent == (Recent(b"newest", 5),)
        assert bench.intake.links[-1] == ("p1", False, "goodbye")
        await bench.port.expect(b"hello\n")

    bench(tmp_path, Intake(), body)


def test_a_bug_in_a_session_comes_out(tmp_path: Path) -> None:
    made = Bench(Port(tmp_path), Intake(), None)

    async def main() -> None:
        with made.port:
            async with made.runner() as runner:
                await made.port.expect(b"hello\n")
                made.port.say(b"bug\n")
                assert runner.task is not None
                await asyncio.wait([runner.task])

    with pytest.raises(BaseExceptionGroup) as caught:
        run(main())
    assert caught.group_contains(ZeroDivisionError)


def test_a_stream_session_that_reads_registers_is_a_bug(tmp_path: Path) -> None:
    class Confused:
        def handle(self, happened: Input, now_ns: int) -> list[Action]:
            return [Read(1, Table.COILS, 0, 1)]

        def deadline_ns(self) -> int | None:
            return None

    async def main() -> None:
        with Port(tmp_path) as port:
            where = opener(SerialAddress(port=str(port.path)), CLOCK)
            make: Callable[[], Session] = Confused
            await run_panel("p1", make, where, Intake(), CLOCK)

    with pytest.raises(BaseExceptionGroup) as caught:
        run(main())
    assert caught.group_contains(TypeError, match="p1 reads registers")


def test_cancelled_it_leaves_the_port_free(tmp_path: Path) -> None:
    async def main() -> None:
        with Port(tmp_path) as port:
            for _ in range(3):
                made = Bench(port, Intake(), None)
                async with made.runner():
                    await port.expect(b"hello\n")
                assert made.intake.links == []

    run(main())


def test_over_tcp_in_both_directions(tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            made = Bench(Port(tmp_path), Intake(), None)
            async with made.runner(TcpAddress(host="127.0.0.1", port=server.getsockname()[1])):
                for _ in range(2):  # the second time after a loss
                    panel, _ = await loop.sock_accept(server)
                    panel.setblocking(False)
                    assert await loop.sock_recv(panel, 99) == b"hello\n"
                    await loop.sock_sendall(panel, b"fire\n")
                    assert await loop.sock_recv(panel, 99) == ACK + b"fire\n"
                    panel.close()
        port = free_port()
        made = Bench(Port(tmp_path), Intake(), None)
        async with made.runner(ListenAddress(host="127.0.0.1", port=port)):
            for _ in range(2):
                reader, writer = await connected(port)
                assert await reader.readline() == b"hello\n"
                writer.write(b"fire\n")
                assert await reader.readline() == ACK + b"fire\n"
                writer.close()
        socket.create_server(("127.0.0.1", port)).close()  # nobody listens there any more

    run(main())


def test_a_panel_that_should_call_and_never_did_is_said_to_be_offline(tmp_path: Path) -> None:
    async def main() -> None:
        port = free_port()
        made = Bench(Port(tmp_path), Intake(), None)
        where = opener(ListenAddress(host="127.0.0.1", port=port), CLOCK)
        waits = replace(QUICK, call_ns=20 * MS)
        async with Running(run_panel("p1", made.session, where, made.intake, CLOCK, waits)):
            await until(lambda: made.intake.links)
            ((panel, online, reason),) = made.intake.links
            assert (panel, online) == ("p1", False)
            assert "nobody calls" in reason
            reader, writer = await connected(port)
            assert await reader.readline() == b"hello\n"
            writer.close()

    run(main())


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    found: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    while not found:
        try:
            found.append(await asyncio.open_connection("127.0.0.1", port))
        except ConnectionRefusedError:
            await asyncio.sleep(0.001)
    return found[0]


def test_one_line_that_cannot_be_opened_does_not_stop_the_others(tmp_path: Path) -> None:
    async def main() -> None:
        absent, good = Bench(Port(tmp_path, "no"), Intake(), None), Port(tmp_path, "yes")
        with good:
            made = Bench(good, Intake(), None)
            async with absent.runner(), made.runner():
                await good.expect(b"hello\n")
                good.say(b"fire\n")
                await good.expect(ACK + b"fire\n")
        assert absent.intake.links[0][1] is False

    run(main())


def test_a_flood_on_one_line_does_not_starve_another(tmp_path: Path) -> None:
    """Counted in turns: between a quiet panel's bytes and its record the flood gets few turns.

    Over TCP, because a pty hands bytes over in the kernel's own time.
    """

    async def main() -> None:
        noisy, calm = (Bench(Port(tmp_path), Intake(), None) for _ in range(2))
        with socket.create_server(("127.0.0.1", 0)) as server:
            where = TcpAddress(host="127.0.0.1", port=server.getsockname()[1])
            async with noisy.runner(where):
                flood = await accepted(server)
                async with calm.runner(where):
                    quiet = await accepted(server)
                    worst = 0
                    for number in range(100):
                        fill(flood)
                        quiet.send(b"%d\n" % number)
                        before = noisy.sessions[0].received
                        while len(calm.intake.recorded) == number:
                            fill(flood)
                            await asyncio.sleep(0)
                        worst = max(worst, noisy.sessions[0].received - before)
                    flood.close()
                    quiet.close()
        assert noisy.intake.faults["noise"] > 1000
        assert worst <= 2, f"the flood had {worst} turns before the quiet panel had one"

    run(main())


async def accepted(server: socket.socket) -> socket.socket:
    server.setblocking(False)
    panel, _ = await asyncio.get_running_loop().sock_accept(server)
    assert await asyncio.get_running_loop().sock_recv(panel, 99) == b"hello\n"
    panel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return panel


def fill(panel: socket.socket) -> None:
    try:
        while True:
            panel.send(b"?garbage\n" * 1000)
    except BlockingIOError:
        return
