"""Several real brokers: an alarm finds its way within ten seconds; the way back doubles nothing.

Seen to fail: without the question to a silent broker (`Pulse.is_due` always False) the alarm waits
for the MQTT keepalive; with the old connection dropped at once at the return events are sent again.
What is under way at that very moment is the matter of tests/uplink/test_supervision.py.
"""

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.uplink import watch
from edge_agent.uplink.dial import PathAccess
from edge_agent.uplink.uplink import Uplink
from hil.rig import Network
from tests.uplink.rig import Broker, Center, Rig, make_event, make_rig, until

FAILOVER_S_MAX = 25.0  # it takes some 4; without it the window notices after 30


@dataclass
class Brokers:
    """Two brokers of one center, each behind a network of its own."""

    rig: Rig
    second: Broker
    networks: tuple[Network, Network]

    def path(self, number: int, **changes: object) -> PathAccess:
        return self.rig.path(port=self.networks[number].port, **changes)

    @property
    def first(self) -> Broker:
        return self.rig.broker

    def doubled(self) -> list[bytes]:
        """What reached the center more than once, but the genesis, which heads each connection."""
        held = self.rig.center.held
        return [data for data, times in held.items() if times > 1 and data != self.genesis]

    @property
    def genesis(self) -> bytes:
        return self.rig.source.first.data


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Brokers]:
    with make_rig(tmp_path) as rig, contextlib.ExitStack() as stack:
        server = rig.authority.folder / "server.pem", rig.authority.folder / "server.key"
        (tmp_path / "second").mkdir()
        second = Broker(tmp_path / "second", rig.authority, server)
        second.start()
        stack.callback(second.kill)
        center = Center(second, rig.signer)  # the same center at its other broker
        center.held, center.lock = rig.center.held, rig.center.lock
        stack.callback(center.stop)
        networks = (Network(rig.broker.port), Network(second.port))
        for network in networks:
            stack.enter_context(network)
        yield Brokers(rig, second, networks)


async def _seconds_of_an_alarm(rig: Rig, uplink: Uplink, seq: int = 1) -> float:
    """Record a life alarm; return how long its receipt took."""
    clock = SystemClock()
    alarm, before_ns = make_event(seq, 0), clock.boottime_ns()
    rig.record(uplink, alarm)
    await until(lambda: alarm.key not in rig.source.events)
    return (clock.boottime_ns() - before_ns) / 1e9


def _freeze(two: Brokers) -> None:
    assert two.first.process is not None
    os.kill(two.first.process.pid, signal.SIGSTOP)


def _swallow(two: Brokers) -> None:
    two.networks[0].stall()


def _half_open(two: Brokers) -> None:
    """The broker is gone and nobody tells: what is sent is taken and leads nowhere."""
    two.networks[0].forget()


@pytest.mark.parametrize("fault", [_swallow, _freeze, _half_open])
def test_an_alarm_on_a_path_that_went_silent_is_receipted_over_the_next(
    two: Brokers, fault: Callable[[Brokers], None]
) -> None:
    async def scenario() -> None:
        async with two.rig.running(two.path(0), two.path(1)) as uplink:
            await until(lambda: uplink.view().proven)
            fault(two)
            assert await _seconds_of_an_alarm(two.rig, uplink) < FAILOVER_S_MAX
            assert uplink.view().path == two.path(1).where

    asyncio.run(scenario())
    [_, (path, up, reason), *_] = two.rig.source.paths
    assert (path, up) == (two.path(0).where, False)
    assert "does not answer" in reason


def test_a_path_that_is_cut_is_left_at_once(two: Brokers) -> None:
    async def scenario() -> None:
        async with two.rig.running(two.path(0), two.path(1)) as uplink:
            await until(lambda: uplink.view().proven)
            two.networks[0].cut()
            await _seconds_of_an_alarm(two.rig, uplink)

    asyncio.run(scenario())
    [_, (path, up, reason), *_] = two.rig.source.paths
    assert (path, up) == (two.path(0).where, False)
    assert "broke" in reason, "it was not waited for"


def test_a_handshake_that_hangs_costs_seconds(two: Brokers) -> None:
    """Somebody takes the connection and never speaks TLS: a dead load balancer."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        hanging = two.rig.path(port=mute.getsockname()[1])

        async def scenario() -> None:
            async with two.rig.running(hanging, two.path(1)) as uplink:
                assert await _seconds_of_an_alarm(two.rig, uplink) < FAILOVER_S_MAX

        asyncio.run(scenario())
    assert two.rig.source.paths[0][:2] == (hanging.where, False)


def test_a_name_server_that_hangs_costs_seconds(
    two: Brokers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, over = socket.getaddrinfo, threading.Event()

    def hanging(host: str, *rest: object, **more: object) -> object:
        if host == "broker.example":
            over.wait(60)
        return real(host, *rest, **more)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(socket, "getaddrinfo", hanging)

    async def scenario() -> None:
        named = two.path(0, host="broker.example")
        async with two.rig.running(named, two.path(1)) as uplink:
            assert await _seconds_of_an_alarm(two.rig, uplink) < FAILOVER_S_MAX

    try:
        asyncio.run(scenario())
    finally:
        over.set()
    assert "not resolved in time" in two.rig.source.paths[0][2]


@pytest.mark.parametrize("brokers", [1, 2])
def test_the_way_back_doubles_nothing(
    two: Brokers, brokers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under live traffic; with one broker behind both paths it drops the older connection."""
    monkeypatch.setattr(watch, "FIRST_NS", 200_000_000)  # the waits have their own tests
    monkeypatch.setattr(watch, "HOLD_NS_MIN", 500_000_000)
    if brokers == 1:
        two.networks[1].close()
        two.networks = (two.networks[0], Network(two.first.port))
        two.networks[1].start()

    async def scenario() -> None:
        async with two.rig.running(two.path(0), two.path(1)) as uplink:
            await until(lambda: uplink.view().proven)
            two.networks[0].cut()
            await until(lambda: uplink.view().proven and uplink.view().path == two.path(1).where)
            await until(lambda: not two.rig.source.events)
            before = set(two.doubled())
            two.networks[0].mend()
            seq = 0
            while uplink.view().path != two.path(0).where:
                seq += 1
                two.rig.record(uplink, make_event(seq, seq % 7))
                await asyncio.sleep(0.01)
            for later in range(seq + 1, seq + 100):
                two.rig.record(uplink, make_event(later, later % 7))
                await asyncio.sleep(0.01)
            await until(lambda: not two.rig.source.events)
            assert set(two.doubled()) == before
            assert uplink.view().tally.resent <= 1, "what was under way is let finish"

    try:
        asyncio.run(scenario())
    finally:
        if brokers == 1:
            two.networks[1].close()
    told = [(path, up) for path, up, _ in two.rig.source.paths]
    assert (two.path(0).where, False) in told
    assert told[-1] == (two.path(0).where, True)


def test_a_spare_path_is_watched_without_the_center_noticing(
    two: Brokers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is proven by the receipt of the genesis; its end is nobody's loss."""
    monkeypatch.setattr(watch, "FIRST_NS", 200_000_000)
    monkeypatch.setattr(watch, "AGAIN_NS", 200_000_000)

    async def scenario() -> None:
        async with two.rig.running(two.path(0), two.path(1)) as uplink:
            await until(lambda: all(way.good for way in uplink.view().paths))
            assert uplink.view().path == two.path(0).where

    asyncio.run(scenario())
    assert [(path, up) for path, up, _ in two.rig.source.paths] == [
        (two.path(0).where, True),
        (two.path(1).where, True),
    ]
    assert b"" not in {payload for payload, _ in two.rig.center.statuses}, "no will"
    two.rig.source.paths.clear()
    two.networks[1].cut()

    async def dead() -> None:
        async with two.rig.running(two.path(0), two.path(1)) as uplink:
            await until(lambda: uplink.view().paths[1].good is False)
            assert uplink.view().proven

    asyncio.run(dead())
