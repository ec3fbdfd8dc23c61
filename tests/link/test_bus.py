"""Many sessions on one bus, against real Modbus devices over TCP and over a serial cable."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from drivers.modbus_map import MapSession
from edge_agent.domain.address import BusAddress, SerialAddress, TcpAddress
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    Action,
    Answered,
    ClockRead,
    Close,
    FaultKind,
    Input,
    Link,
    Opened,
    Read,
    Report,
    Send,
    Session,
    Setup,
    Table,
    Ticked,
    Unanswered,
)
from edge_agent.domain.signal import Signal
from edge_agent.link import bus
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.desk import Desk
from edge_agent.link.open import opener
from edge_agent.link.schedule import Pace
from edge_agent.resources import load_codes, load_profile
from hil.rig import free_port
from tests.link import devices
from tests.link.rig import CLOCK, MS, QUICK, Intake, Port, Running, run, until


class Poller:
    """Reads the same again and again, `poll_ns` after each answer; a change is a report."""

    def __init__(self, read: Read, poll_ns: int) -> None:
        self.answers_ns: list[int] = []
        self.values: tuple[int, ...] | None = None
        self.misses: list[Unanswered] = []
        self._read = read
        self._poll_ns = poll_ns
        self._due_ns: int | None = None

    def deadline_ns(self) -> int | None:
        return self._due_ns

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        self._due_ns = None
        match happened:
            case Opened() | Ticked():
                return [self._read]
            case Answered(values=values):
                self._due_ns = now_ns + self._poll_ns
                self.answers_ns.append(now_ns)
                before, self.values = self.values, values
                return [Link(True), *self._changed(before, values)]
            case Unanswered():
                self._due_ns = now_ns + self._poll_ns
                self.misses.append(happened)
                return [Link(False, happened.detail)] if len(self.misses) >= 3 else []
            case _:
                return []

    def _changed(self, before: tuple[int, ...] | None, values: tuple[int, ...]) -> list[Action]:
        if before is None or before == values:
            return []
        text = "".join(map(str, values))
        return [Report(0, (Signal(kind=Kind.BURGLARY, state=State.ACTIVE, text=text),))]


EIGHT = Read(1, Table.DISCRETE_INPUTS, 0, 8)


class Bench:
    """One bus with a poller for each unit."""

    def __init__(
        self, address: BusAddress, units: Iterable[int], poll_ns: int = 2 * MS, read: Read = EIGHT
    ) -> None:
        self.address = address
        self.intake = Intake()
        self.made: dict[int, list[Poller]] = {}
        self.members = [
            Member(f"p{unit}", unit, self._maker(unit, read, poll_ns)) for unit in units
        ]
        self.pace = pace_of(address)

    def _maker(self, unit: int, read: Read, poll_ns: int) -> Callable[[], Session]:
        def make() -> Poller:
            self.made.setdefault(unit, []).append(Poller(read, poll_ns))
            return self.made[unit][-1]

        return make

    def of(self, unit: int) -> Poller:
        return self.made[unit][-1]

    def running(self) -> Running:
        protocol = (lambda: frames_of(self.address), self.pace)
        where = opener(self.address, CLOCK)
        return Running(run_bus(self.members, where, protocol, self.intake, CLOCK, QUICK))

    async def polled(self, units: Iterable[int], times: int) -> None:
        await until(
            lambda: all(u in self.made and len(self.of(u).answers_ns) >= times for u in units),
            f"{times} answers of each",
        )


@asynccontextmanager
async def served(
    kind: str, units: Iterable[int], folder: Path
) -> AsyncIterator[tuple[devices.Devices, BusAddress]]:
    if kind == "tcp":
        async with devices.over_tcp(units) as made:
            yield made
    else:
        async with devices.over_rtu(units, folder) as serial:
            yield serial


both = pytest.mark.parametrize("kind", ["tcp", "rtu"])


@both
def test_inputs_are_read_and_a_change_is_recorded(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with served(kind, [1, 2], tmp_path) as (real, address):
            bench = Bench(address, [1, 2])
            async with bench.running():
                await bench.polled([1, 2], 3)
                assert bench.of(1).values == (1, 0, 1, 0, 0, 0, 0, 1)
                before_ns = CLOCK.boottime_ns()
                await real.set_input(2, 1, True)
                await until(lambda: bench.intake.recorded, "the change")
                ((panel, signal, stamp),) = bench.intake.recorded
                assert (panel, signal.text) == ("p2", "11100001")
                assert before_ns < stamp.boottime_ns < CLOCK.boottime_ns()
        assert bench.intake.links[:2] == [("p1", True, ""), ("p2", True, "")]

    run(main())


@both
@pytest.mark.parametrize("table", [Table.COILS, Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS])
def test_the_other_tables(kind: str, table: Table, tmp_path: Path) -> None:
    async def main() -> None:
        async with served(kind, [1], tmp_path) as (_, address):
            bench = Bench(address, [1], read=Read(1, table, 1, 2))
            async with bench.running():
                await bench.polled([1], 1)
                wanted = (0, 1) if table is Table.COILS else (2, 0xFFFF)
                assert bench.of(1).values == wanted

    run(main())


@both
def test_a_refusal_reaches_its_session_and_the_unit_stays_alive(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with served(kind, [1], tmp_path) as (_, address):
            bench = Bench(address, [1], read=Read(1, Table.COILS, 4000, 1))
            async with bench.running():
                await until(lambda: 1 in bench.made and len(bench.of(1).misses) > 5, "refusals")
                miss = bench.of(1).misses[-1]
                assert (miss.fault, miss.detail) == (
                    FaultKind.REFUSED,
                    "exception 2: illegal data address",
                )

    run(main())


@both
def test_a_unit_that_dies_is_missed_and_found_again(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with served(kind, [1, 2], tmp_path) as (real, address):
            bench = Bench(address, [1, 2])
            bench.pace = Pace(answer_ns=250 * MS, probe_ns=20 * MS)  # 250: a busy machine's answer
            async with bench.running():
                await bench.polled([1, 2], 3)
                real.off.add(2)
                await until(lambda: ("p2", False) in [x[:2] for x in bench.intake.links], "dead")
                assert bench.of(2).misses[0].detail == "no answer within 250 ms"
                answers = len(bench.of(2).answers_ns)
                await bench.polled([1], len(bench.of(1).answers_ns) + 10)  # the bus is not held up
                real.off.clear()
                await bench.polled([2], answers + 10)
                assert bench.intake.links[-1] == ("p2", True, "")
                assert len(bench.made[2]) == 1
        assert bench.intake.faults == {}

    run(main())


@both
def test_an_order_is_written_once_and_read_back(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with served(kind, [1], tmp_path) as (_, address):
            setup = Setup(load_codes(), load_profile("generic_di8_relay8"))
            desk = Desk(frozenset({"output"}))
            bench = Bench(address, [])
            bench.members = [Member("p1", 1, lambda: MapSession(setup), desk)]

            def outputs() -> list[str]:
                told = [signal for _, signal, _ in bench.intake.recorded]
                return [s.state.value for s in told if s.kind is Kind.OUTPUT and s.zone == 2]

            async with bench.running():
                await until(lambda: outputs() == ["off"], "the relays")
                obeyed = await desk.ask(Command(act=Act.OUTPUT_ON, zone=2))
                assert obeyed.outcome is Outcome.DONE
                await until(lambda: outputs() == ["off", "on"], "the relay")

    run(main())


def test_the_line_is_lost_and_every_session_begins_afresh() -> None:
    port = free_port()

    async def main() -> None:
        async with devices.over_tcp([1, 2], port) as (_, address):
            bench = Bench(address, [1, 2])
            running = bench.running()
            await running.__aenter__()
            await bench.polled([1, 2], 2)
        await until(lambda: len(bench.intake.links) >= 4, "both offline")
        assert [online for _, online, _ in bench.intake.links] == [True, True, False, False]
        async with devices.over_tcp([1, 2], port):
            await until(lambda: len(bench.made[1]) > 1 and bench.of(1).answers_ns, "back")
            await bench.polled([1, 2], 2)
        await running.__aexit__()
        assert bench.intake.links[4:6] == [("p1", True, ""), ("p2", True, "")]

    with capture_logs() as logs:
        run(main())
    events = [log["event"] for log in logs]
    assert events[:3] == ["line.open", "line.down", "line.back"]


def test_a_serial_bus_that_is_unplugged_returns(tmp_path: Path) -> None:
    async def main() -> None:
        bench = Bench(SerialAddress(port=str(tmp_path / "bus"), baud=115_200), [1])
        async with bench.running():
            for _ in range(3):
                before = len(bench.made.get(1, []))
                async with devices.over_rtu([1], tmp_path):
                    await until(lambda n=before: len(bench.made.get(1, [])) > n, "opened")  # type: ignore[misc]
                    await bench.polled([1], 3)
                await until(lambda: bench.intake.links[-1][1] is False, "offline")

    run(main())


def test_noise_instead_of_answers_is_counted_and_named(tmp_path: Path) -> None:
    async def main() -> None:
        with Port(tmp_path) as port:
            bench = Bench(SerialAddress(port=str(port.path), baud=115_200), [1])
            bench.pace = Pace(answer_ns=500 * MS)  # what comes later is nobody's answer
            async with bench.running():
                while not bench.intake.faults["noise"]:
                    await port.expect(b"\x01\x02\0\0\0\x08")
                    port.say(b"\xff\xfe\xfd")
                    await asyncio.sleep(0.01)

    with capture_logs() as logs:
        run(main())
    fault = next(log for log in logs if log["event"] == "panel.fault")
    assert (fault["panel"], fault["frame"]) == ("p1", "fffefd")


def test_a_peer_that_speaks_no_modbus_is_hung_up_on() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            bench = Bench(TcpAddress(host="127.0.0.1", port=server.getsockname()[1]), [1])
            async with bench.running():
                for _ in range(2):
                    peer, _ = await loop.sock_accept(server)
                    peer.setblocking(False)
                    await loop.sock_recv(peer, 99)
                    await loop.sock_sendall(peer, b"SSH-2.0-OpenSSH_9.2\r\n")
                    assert await loop.sock_recv(peer, 99) == b""
                    peer.close()
            assert "no Modbus device" in bench.intake.links[0][2]

    run(main())


def test_reports_that_wait_stop_the_polling_of_their_panel_alone() -> None:
    async def main() -> None:
        async with devices.over_tcp([1, 2]) as (real, address):
            bench = Bench(address, [1, 2])
            async with bench.running():
                await bench.polled([1, 2], 3)
                bench.intake.room = False
                await real.set_input(2, 1, True)
                await until(lambda: bench.of(2).values == (1, 1, 1, 0, 0, 0, 0, 1), "the change")
                polled = len(bench.of(2).answers_ns)
                await bench.polled([1], len(bench.of(1).answers_ns) + 20)
                assert len(bench.of(2).answers_ns) == polled
                bench.intake.room = True
                await bench.polled([2], polled + 3)
                assert bench.intake.texts == ["11100001"]

    run(main())


class Odd:
    """Does one odd thing when it is opened, and polls like the others later."""

    def __init__(self, first: Action) -> None:
        self.first = first
        self.given: list[Input] = []

    def deadline_ns(self) -> int | None:
        return None

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        self.given.append(happened)
        return [EIGHT, self.first] if isinstance(happened, Opened) else []


def odd_bus(address: BusAddress, bench: Bench, action: Action) -> tuple[list[Odd], Running]:
    made: list[Odd] = []

    def make() -> Odd:
        made.append(Odd(action))
        return made[-1]

    bench.members.append(Member("odd", 9, make))
    return made, bench.running()


def test_a_session_that_closes_starts_over_later_and_hears_no_old_answer() -> None:
    async def main() -> None:
        async with devices.over_tcp([1, 9]) as (_, address):
            bench = Bench(address, [1])
            made, running = odd_bus(address, bench, Close("nonsense"))
            async with running:
                await until(lambda: len(made) == 2, "a second session")
                await bench.polled([1], 20)
        assert [type(given) for given in made[0].given] == [Opened, ClockRead]
        assert ("odd", False, "nonsense") in bench.intake.links
        assert len(bench.made[1]) == 1

    run(main())


def test_a_late_answer_for_a_closed_session_does_not_reach_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bus, "AGAIN_NS", MS)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            bench = Bench(TcpAddress(host="127.0.0.1", port=server.getsockname()[1]), [])
            made: list[Odd] = []

            def make() -> Odd:
                made.append(Odd(Close("once") if not made else EIGHT))
                return made[-1]

            bench.members.append(Member("odd", 9, make))
            async with bench.running():
                peer, _ = await loop.sock_accept(server)
                peer.setblocking(False)
                await loop.sock_recv(peer, 99)
                await until(lambda: len(made) == 2, "a second session")
                await loop.sock_sendall(peer, bytes.fromhex("00010000000409020100"))
                await loop.sock_recv(peer, 99)
                await loop.sock_sendall(peer, bytes.fromhex("000200000004090201ff"))
                await until(lambda: len(made[1].given) > 2, "its own answer")
                peer.close()
        answer = made[1].given[2]
        assert isinstance(answer, Answered)
        assert answer.values == (1,) * 8

    run(main())


def test_a_read_that_cannot_be_is_told_to_its_session_alone() -> None:
    async def main() -> None:
        async with devices.over_tcp([1]) as (_, address):
            bench = Bench(address, [1])
            made, running = odd_bus(address, bench, Read(7, Table.COILS, 0, 9999))
            async with running:
                await bench.polled([1], 20)
                await until(lambda: len(made[0].given) > 1, "told")
                await bench.polled([1], 200)  # longer than a request could have blocked the bus
        told = [given for given in made[0].given if isinstance(given, Unanswered)]
        assert (7, FaultKind.UNSUPPORTED) in [(miss.request, miss.fault) for miss in told]
        assert FaultKind.NO_ANSWER not in [miss.fault for miss in told]

    run(main())


def test_a_bus_session_that_writes_bytes_is_a_bug() -> None:
    async def main() -> None:
        async with devices.over_tcp([1]) as (_, address):
            bench = Bench(address, [])
            _, running = odd_bus(address, bench, Send(b"x"))
            async with running:
                assert running.task is not None
                await asyncio.wait([running.task])

    with pytest.raises(BaseExceptionGroup) as caught:
        run(main())
    assert caught.group_contains(TypeError, match="odd writes to a bus")


def test_two_panels_on_one_unit_are_refused() -> None:
    async def main() -> None:
        address = TcpAddress(host="127.0.0.1", port=1)
        async with Bench(address, [1, 1]).running() as running:
            assert running.task is not None
            await asyncio.wait([running.task])

    with pytest.raises(ValueError, match="two panels on one unit"):
        run(main())


def test_pymodbus_is_loaded_only_with_a_bus() -> None:
    code = (
        "import sys, edge_agent.link.bus, edge_agent.link.runner; print('pymodbus' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
