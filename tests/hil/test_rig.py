"""The rig itself: its count finds what it is there to find, its network cuts and slows, its
children end.  Stacks run in tests/system."""

import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hil.rig import Child, Count, Network, RigError, Way, compare, run, wait_until

MS = 1_000_000


# ---- the count


def said(number: int, frame: bytes, *states: str) -> list[dict[str, Any]]:
    return [{"id": number, "state": state, "frame": frame.hex(), "t_ns": 0} for state in states]


def edge(number: int, state: str, *times: tuple[str, int]) -> list[dict[str, Any]]:
    signal_ = {"zone": 1, "state": state}
    return [
        {"id": number, "state": word, "frame": "", "t_ns": ms * MS, "signal": signal_}
        for word, ms in times
    ]


def row(frame: bytes = b"", **body: Any) -> dict[str, Any]:
    at_ms = body.pop("at_ms", 0)
    given = {"panel": "p", "kind": "burglary", "origin": "live", "frame": frame.hex(), **body}
    return {"type": "signal", "body": given, "stamp": {"boottime_ns": at_ms * MS}}


def told(state: str, at_ms: int, **body: Any) -> dict[str, Any]:
    return row(zone=1, state=state, at_ms=at_ms, **body)


OPENED = [{"id": 0, "state": "open", "line": "here"}]


@pytest.mark.parametrize(
    ("ledger", "rows", "count"),
    [
        (said(1, b"A", "said", "acked"), [row(b"A\x14")], Count()),
        (said(1, b"A", "said", "acked"), [], Count(lost=("p 'A' x1",))),
        (said(1, b"A", "said"), [], Count()),
        (said(1, b"A", "said", "gave_up"), [row(b"A")], Count()),
        (said(1, b"A", "said", "acked"), [row(b"A"), row(b"A")], Count(doubled=("p 'A' x1",))),
        (
            said(1, b"A", "said", "acked") + said(2, b"A", "said", "acked"),
            [row(b"A")],
            Count(lost=("p 'A' x1",)),
        ),
        ([], [row(b"B")], Count(invented=("p 'B' x1",))),
        (said(1, b"B", "dropped"), [row(b"B")], Count(invented=("p 'B' x1",))),
        ([], [row(b"B", kind="zone")], Count()),
    ],
)
def test_frames_are_counted(
    ledger: list[dict[str, Any]], rows: list[dict[str, Any]], count: Count
) -> None:
    assert compare({"p": OPENED + ledger}, rows) == count


ON = edge(1, "active", ("set", 1000), ("said", 1100))
OFF = edge(2, "restored", ("set", 3000), ("said", 3100))


@pytest.mark.parametrize(
    ("ledger", "rows", "words"),
    [
        (ON, [told("active", 1101)], ""),
        (ON, [], "lost"),
        (ON + OFF, [told("active", 1101)], "lost"),
        (edge(1, "active", ("set", 1000), ("found", 1100)), [], ""),
        (edge(1, "active", ("set", 1000), ("missed", 1100)), [], ""),
        (ON, [told("active", 1101), told("active", 1900)], "doubled"),
        (ON, [told("active", 1101), told("active", 1900, origin="at_start")], ""),
        (ON + OFF, [told("active", 1101), told("restored", 3101), told("active", 9000)], "doubled"),
        (
            ON + OFF,
            [told("active", 1101), told("restored", 3101), told("active", 9, origin="at_start")],
            "invented",
        ),
        ([], [told("active", 1)], "invented"),
        (ON, [told("active", 900)], "lost invented"),
        (ON + OFF, [told("active", 1101), told("ok", 3100, kind="zone", origin="at_start")], ""),
    ],
)
def test_edges_are_counted(
    ledger: list[dict[str, Any]], rows: list[dict[str, Any]], words: str
) -> None:
    count = compare({"p": ledger}, rows, registers=["p"])
    bad = {"lost": count.lost, "doubled": count.doubled, "invented": count.invented}
    assert [name for name, found in bad.items() if found] == words.split()


def test_what_was_read_just_before_a_kill_may_be_missing() -> None:
    for kill_ms, lost in ((1090, 0), (1300, 0), (1700, 1), (500, 1)):
        count = compare({"p": ON}, [], registers=["p"], kills_ns=[kill_ms * MS])
        assert len(count.lost) == lost


# ---- the network


@pytest.fixture
def echo() -> Iterator[int]:
    """Return the port of a server that says back what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer = server.accept()[0]
                except OSError:
                    return
                threading.Thread(target=answer, args=(peer,), daemon=True).start()

        def answer(peer: socket.socket) -> None:
            with peer:
                try:
                    while data := peer.recv(4096):
                        peer.sendall(data)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def call(network: Network) -> socket.socket:
    return socket.create_connection(("127.0.0.1", network.port), 5)


def echoed(peer: socket.socket, data: bytes) -> float:
    """Return how long it took until all of `data` came back."""
    start = time.perf_counter()
    peer.sendall(data)
    left = len(data)
    while left:
        left -= len(peer.recv(4096))
    return time.perf_counter() - start


def test_a_cut_resets_and_refuses_and_a_mended_network_has_the_same_port(echo: int) -> None:
    with Network(echo) as network:
        port = network.port
        with call(network) as peer:
            echoed(peer, b"hello")
            network.cut()
            with pytest.raises(ConnectionResetError):
                peer.recv(10)
        with pytest.raises(ConnectionRefusedError):
            call(network)
        network.mend()
        assert network.port == port
        with call(network) as peer:
            echoed(peer, b"again")


def test_a_stall_lets_nothing_through_until_it_ends(echo: int) -> None:
    with Network(echo) as network, call(network) as peer:
        network.stall()
        peer.sendall(b"late")
        peer.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.recv(10)
        network.mend()
        peer.settimeout(60)
        assert peer.recv(10) == b"late"


def test_delay_and_rate_are_kept(echo: int) -> None:
    """Delay once each way; 12,500 bytes take 0.1 s at 1 Mbit/s, in both directions at once."""
    with Network(echo, delay_s=0.04) as network, call(network) as peer:
        assert echoed(peer, b"x") >= 0.08
        network.delay_s, network.bits_per_s = 0.0, 1e6
        assert echoed(peer, bytes(12_500)) >= 0.1
        assert network.carried == 2 * 12_501


def test_a_stall_of_one_way_lets_the_other_through(echo: int) -> None:
    with Network(echo) as network, call(network) as peer:
        network.stall(Way.BACK)
        peer.sendall(b"heard")
        wait_until(lambda: network.carried == 10, "there, and back as far as the network")
        peer.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.recv(10)
        network.mend()
        peer.settimeout(60)
        assert peer.recv(10) == b"heard"


def test_a_network_that_forgets_tells_the_caller_nothing(echo: int) -> None:
    with Network(echo) as network, call(network) as peer:
        echoed(peer, b"hello")
        network.forget()
        peer.sendall(b"into the void")
        peer.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.recv(10)
        with call(network) as other:
            echoed(other, b"new connections are relayed")
        network.mend()
        peer.settimeout(60)
        with pytest.raises(ConnectionResetError):
            peer.recv(10)


def test_damage_flips_one_bit_of_a_piece(echo: int) -> None:
    with Network(echo) as network, call(network) as peer:
        network.stall(Way.BACK)
        network.damage = 1.0
        peer.sendall(bytes(100))
        wait_until(lambda: network.damaged == 2, "one piece there, and the same back")
        network.mend()
        peer.settimeout(60)
        heard = peer.recv(100)
        assert len(heard) == 100
        assert sum(byte.bit_count() for byte in heard) in (0, 2)  # 0: the same bit, both times


# ---- children


def child(tmp_path: Path, script: str) -> Child:
    return Child("test", [sys.executable, "-c", script], tmp_path / "log")


def test_a_child_is_stopped_killed_and_started_again(tmp_path: Path) -> None:
    script = "import time; print('up', flush=True); time.sleep(60)"
    with child(tmp_path, script) as one:
        one.wait_said("up")
        one.kill()
        assert not one.runs()
        one.start()
        assert one.starts == 2
        one.wait_said("up")
        assert one.said().count("up") == 1, "of this run only"
        assert one.stop() == -signal.SIGTERM


def test_a_child_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    with child(tmp_path, "raise SystemExit('no port')") as one:
        with pytest.raises(RigError, match=r"(?s)ended with 1.*no port"):
            one.wait_said("up")
        assert one.wait_end() == 1


def test_what_is_dear_to_look_at_is_looked_at_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    def look(seconds: float) -> bool:
        now[0] += seconds
        return len(slept) % 3 == 2

    clock = SimpleNamespace(perf_counter=lambda: now[0], sleep=sleep)
    monkeypatch.setattr("hil.rig.child.time", clock)
    wait_until(lambda: look(0.0001), "cheap")
    slept.append(0.0)
    wait_until(lambda: look(0.02), "dear")
    assert slept == pytest.approx([0.005, 0.005, 0.0, 0.08, 0.08])


def test_waiting_in_vain_and_a_wrong_exit_code_are_told() -> None:
    with pytest.raises(RigError, match=r"0.01 s in vain: rain"):
        wait_until(lambda: False, "rain", 0.01)
    with pytest.raises(RigError, match="exit code 2"):
        run("hil.panels", "nosuch")
