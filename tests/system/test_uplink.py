"""The uplink against a real mosquitto with TLS and client certificates.

Seen to fail: with the window freed by PUBACK the drain loses events; with `open_receipt` left out
the forged receipts free what they name; without `check_hostname` the wrong host connects.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.evidence.signers import P256Signer
from edge_agent.uplink import paths
from hil.rig import free_port
from tests.uplink.rig import Authority, MemorySource, Rig, make_event, make_rig, until

DRAINED = 8_000


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with make_rig(tmp_path) as made:
        yield made


def test_an_event_goes_out_at_once_and_is_let_go_on_its_receipt(rig: Rig) -> None:
    """The genesis comes first; live alarms and the rest go to their topics."""

    async def scenario() -> None:
        async with rig.running() as uplink:
            await until(lambda: uplink.view().proven)
            alarm, state = make_event(1, 0), make_event(2, 5)
            rig.record(uplink, alarm)
            rig.record(uplink, state)
            await until(lambda: not rig.source.events)
            assert uplink.view().outstanding_bytes == 0
            assert rig.center.topics[alarm.data] == "alarms"
            assert rig.center.topics[state.data] == "events"
            assert next(iter(rig.center.held)) == rig.source.first.data

    asyncio.run(scenario())
    assert rig.source.paths == [(f"127.0.0.1:{rig.broker.port}", True, "")]


def test_a_drain_through_default_limits_loses_nothing(rig: Rig) -> None:
    """mosquitto drops silently what exceeds 1000 queued messages: the window stays below it."""
    for seq in range(1, DRAINED + 1):
        event = make_event(seq, 5)
        rig.source.events[event.key] = event
    alarm = make_event(DRAINED + 1, 0)

    async def scenario() -> None:
        async with rig.running() as uplink:
            await until(lambda: len(rig.center.held) > 1000)
            rig.record(uplink, alarm)
            await until(lambda: alarm.key not in rig.source.events)
            assert rig.source.events, "the alarm did not overtake the drain"
            await until(lambda: not rig.source.events)
            assert uplink.view().tally.resent == 0

    asyncio.run(scenario())
    assert len(rig.center.held) == DRAINED + 2
    assert max(rig.center.held.values()) == 1
    assert rig.center.topics[alarm.data] == "alarms"


def test_nothing_but_a_verified_receipt_of_ours_frees(rig: Rig) -> None:
    """PUBACK, forged, foreign, mismatched, cut receipts: counted, and everything is kept."""
    rig.center.receipting = False
    event = make_event(1, 2)

    async def scenario() -> None:
        async with rig.running() as uplink:
            await until(lambda: uplink.view().connected)
            rig.record(uplink, event)
            await until(lambda: event.data in rig.center.held)
            rig.center.send(rig.center.make({1: event.leaf}, P256Signer.generate()))
            rig.center.gateway = "gw2"
            rig.center.send(rig.center.make({1: event.leaf}))
            rig.center.gateway = "gw1"
            rig.center.send(rig.center.make({1: bytes(32)}))
            rig.center.send(rig.center.make({1: event.leaf})[:-1])
            rig.center.send(b"")
            await until(lambda: uplink.view().receipts_refused == 4)
            await until(lambda: uplink.view().tally.receipt_mismatch == 1)
            assert event.key in rig.source.events
            assert uplink.view().outstanding_events == 2  # with the genesis
            rig.center.send(rig.center.make({1: event.leaf}))
            await until(lambda: event.key not in rig.source.events)

    asyncio.run(scenario())


def test_a_broker_killed_and_back_loses_nothing(rig: Rig) -> None:
    """What is recorded meanwhile and what was under way arrives; one fault, one return."""
    where = f"127.0.0.1:{rig.broker.port}"

    async def scenario() -> None:
        async with rig.running() as uplink:
            await until(lambda: uplink.view().proven)
            for seq in range(1, 40):
                rig.record(uplink, make_event(seq, seq % 7))
            rig.broker.kill()
            for seq in range(40, 80):
                rig.record(uplink, make_event(seq, seq % 7))
            await until(lambda: not uplink.view().connected)
            for seq in range(80, 120):
                rig.record(uplink, make_event(seq, seq % 7))
            rig.broker.start()
            await until(lambda: not rig.source.events)

    asyncio.run(scenario())
    assert len(rig.center.held) == 120
    assert [(path, up) for path, up, _ in rig.source.paths] == [
        (where, True),
        (where, False),
        (where, True),
    ]


def test_the_status_is_retained_repeated_and_sent_on_change(rig: Rig) -> None:
    async def scenario() -> None:
        async with rig.running(interval_s=1.0) as uplink:
            await until(lambda: len(rig.center.statuses) >= 2)
        async with rig.running(interval_s=1000.0) as uplink:
            await until(lambda: uplink.view().proven)
            await asyncio.sleep(0)
            before = len(rig.center.statuses)
            uplink.status_changed()
            await until(lambda: len(rig.center.statuses) > before)

    asyncio.run(scenario())
    assert {payload for payload, _ in rig.center.statuses} == {b"status"}, "no will at a good-bye"


def test_the_next_path_is_taken_when_the_first_is_dead(rig: Rig) -> None:
    dead = rig.path(port=free_port())

    async def scenario() -> None:
        async with rig.running(dead, rig.path()) as uplink:
            await until(lambda: not rig.source.events)
            assert uplink.view().path == rig.path().where

    asyncio.run(scenario())
    assert [(path, up) for path, up, _ in rig.source.paths] == [
        (dead.where, False),
        (rig.path().where, True),
    ]


# ---- what an operator can get wrong: the words that cause and remedy must hold


def _wrong_ca(rig: Rig) -> dict[str, object]:
    return {"ca": Authority(rig.folder / "other", "other CA").ca}


def _foreign_client(rig: Rig) -> dict[str, object]:
    certificate, key = Authority(rig.folder / "other", "other CA").issue("client")
    return {"certificate": certificate, "key": key}


def _expired_client(rig: Rig) -> dict[str, object]:
    certificate, key = rig.authority.issue("old", expired=True)
    return {"certificate": certificate, "key": key}


def _garbage_key(rig: Rig) -> dict[str, object]:
    (rig.folder / "garbage.key").write_text("no key")
    return {"key": rig.folder / "garbage.key"}


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (_wrong_ca, ["not of our CA", "check that `ca` is the center's"]),
        (lambda _: {"host": "localhost"}, ["for another host", "write `host` as it stands"]),
        (lambda _: {"port": free_port()}, ["nobody listens", "check that the broker runs"]),
        (lambda _: {"host": "no.such.host.invalid"}, ["cannot be resolved", "DNS"]),
        (lambda rig: {"key": rig.folder / "none"}, ["key file", "No such file", "check that"]),
        (lambda rig: {"certificate": rig.folder / "none"}, ["certificate file", "No such file"]),
        (lambda rig: {"ca": rig.folder / "none"}, ["ca file", "No such file"]),
        (_garbage_key, ["key file", "garbage.key"]),
        (_foreign_client, ["does not take our certificate", "center's CA"]),
        (_expired_client, ["certificate has expired", "renew"]),
        (lambda rig: {"port": rig.broker.plain_port}, ["no TLS", "TLS port"]),
        (lambda _: {"interface": "nosuch0"}, ["interface nosuch0", "ip link"]),
    ],
)
def test_a_mistake_is_named_once_with_its_remedy(
    rig: Rig, mistake: object, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice tried, once told; the uplink stays, and offers are still taken."""
    monkeypatch.setattr(paths, "PAUSE_NS_MIN", 20_000_000)  # the pauses have their own test
    assert callable(mistake)
    path = rig.path(**mistake(rig))

    async def scenario() -> None:
        async with rig.running(path) as uplink:
            await until(lambda: rig.source.paths)
            rig.record(uplink, make_event(1, 0))
            attempt = uplink._outbox.paths.attempt
            await until(lambda: uplink._outbox.paths.attempt > attempt + 1)

    asyncio.run(scenario())
    [(_, up, reason)] = rig.source.paths
    assert not up
    for word in words:
        assert word in reason
    assert len(rig.source.events) == 2


def test_an_expired_broker_certificate_is_named(tmp_path: Path) -> None:
    with make_rig(tmp_path, expired=True) as rig:
        source = MemorySource()
        rig.source = source

        async def scenario() -> None:
            async with rig.running():
                await until(lambda: source.paths)

        asyncio.run(scenario())
        assert "has expired" in source.paths[0][2]
        assert "renew it at the center" in source.paths[0][2]


def test_the_connection_keeps_to_the_named_interface(rig: Rig) -> None:
    """Bound to the loopback interface, the loopback broker is reached."""

    async def scenario() -> None:
        async with rig.running(rig.path(interface="lo")) as uplink:
            await until(lambda: uplink.view().proven)

    asyncio.run(scenario())
