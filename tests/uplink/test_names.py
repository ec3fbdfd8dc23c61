"""A name server that hangs or fails stops no failover.

Seen to fail: without the kept addresses a second network cannot be used while the name server, over
the first, is away; without the shared lookup each attempt leaves another thread hanging.
"""

import socket
import threading
from collections.abc import Iterator

import pytest

from edge_agent.uplink import names
from edge_agent.uplink.names import ADDRESSES_MAX, Names
from tests.uplink.rig import wait_for

Found = list[tuple[socket.AddressFamily, int, int, str, tuple[str, int]]]


def entry(address: str) -> tuple[socket.AddressFamily, int, int, str, tuple[str, int]]:
    return (socket.AF_INET, 0, 0, "", (address, 8883))


class Server:
    """Stands for getaddrinfo."""

    def __init__(self) -> None:
        self.calls = 0
        self.found: Found = [entry("192.0.2.1")]
        self.error: OSError | None = None
        self.answering = threading.Event()
        self.answering.set()

    def __call__(self, host: str, port: int, type: object) -> Found:  # noqa: A002  as the real one
        self.calls += 1
        self.answering.wait(60)
        if self.error is not None:
            raise self.error
        return self.found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    monkeypatch.setattr(names, "PATIENCE_S_KNOWN", 60.0)
    yield made
    made.answering.set()


def test_addresses_are_asked_for_each_time_and_bounded(server: Server) -> None:
    known = Names()
    server.found = [entry(f"192.0.2.{n}") for n in range(1, 9)]
    found = known.resolve("broker", 8883, 60)
    assert [address for _, address in found] == [
        (f"192.0.2.{n}", 8883) for n in range(1, ADDRESSES_MAX + 1)
    ]
    server.found = [entry("192.0.2.9")]
    assert known.resolve("broker", 8883, 60) == [(socket.AF_INET, ("192.0.2.9", 8883))]


def test_what_a_name_meant_last_time_is_used_while_the_server_fails_or_hangs(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Names()
    before = known.resolve("broker", 8883, 60)
    server.error = socket.gaierror(socket.EAI_AGAIN, "no answer")
    assert known.resolve("broker", 8883, 60) == before
    server.error = None
    server.answering.clear()
    monkeypatch.setattr(names, "PATIENCE_S_KNOWN", 0.02)
    assert known.resolve("broker", 8883, 60) == before


def test_an_unknown_name_fails_as_the_server_says_or_in_time(server: Server) -> None:
    known = Names()
    server.error = socket.gaierror(socket.EAI_NONAME, "not known")
    with pytest.raises(socket.gaierror, match="not known"):
        known.resolve("broker", 8883, 60)
    server.answering.clear()
    with pytest.raises(TimeoutError):
        known.resolve("broker", 8883, 0.02)


def test_a_name_has_one_lookup_under_way_however_often_it_is_asked(server: Server) -> None:
    known = Names()
    server.answering.clear()
    for _ in range(5):
        with pytest.raises(TimeoutError):
            known.resolve("broker", 8883, 0.01)
    wait_for(lambda: server.calls)
    assert server.calls == 1
    with pytest.raises(TimeoutError):
        known.resolve("other", 8883, 0.01)
    wait_for(lambda: server.calls > 1)
    assert server.calls == 2, "one name does not stop another"
    server.answering.set()
    assert known.resolve("broker", 8883, 60)


def test_a_name_that_is_none_is_an_error_like_others() -> None:
    with pytest.raises(socket.gaierror):
        Names().resolve("a" * 70 + ".example", 8883, 60)
