"""Several ports at once: which one carries what is published, and who hears of which.

Seen to fail: a probe under the main client id is dropped by the broker, or drops the main one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.evidence.signers import P256Signer
from edge_agent.uplink import connections as module
from edge_agent.uplink.connections import Connections, Listener
from edge_agent.uplink.dial import CenterAccess, PathAccess
from edge_agent.uplink.port import Hearing, Manner
from edge_agent.uplink.trouble import Cause, Trouble

SECOND = 1_000_000_000
GONE = Trouble(Cause.BROKEN, "gone", "")


@dataclass
class FakePort:
    """What a port was asked."""

    path: PathAccess
    manner: Manner
    hearing: Hearing
    patience_s: float
    asked: list[str] = field(default_factory=list)

    def open(self) -> None:
        self.asked.append("open")

    def ping(self) -> None:
        self.asked.append("ping")

    def close(self) -> None:
        self.asked.append("close")

    def abandon(self) -> None:
        self.asked.append("abandon")

    def hand_over(self, topic: str, payload: bytes, taken: Callable[[str], None]) -> None:
        self.asked.append(f"{topic} {payload.decode()}")
        taken("")

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        self.asked.append(f"{topic} {payload.decode()} {qos} {retain}")


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> list[FakePort]:
    made: list[FakePort] = []

    def make(*given: object) -> FakePort:
        made.append(FakePort(*given))  # type: ignore[arg-type]  # as Port is given them
        return made[-1]

    monkeypatch.setattr(module, "Port", make)
    return made


def make_connections(
    told: list[tuple[object, ...]], seal: Callable[[bytes], bytes] | None = None
) -> Connections:
    def note(name: str) -> Callable[..., None]:
        return lambda *said: told.append((name, *said))

    paths = tuple(
        PathAccess(host=host, ca=Path("ca"), certificate=Path("c"), key=Path("k")) for host in "ab"
    )
    center = CenterAccess("center", P256Signer.generate().public, paths, "gw1-x", seal)
    names = ("connected", "lost", "alive", "heard", "refused", "unread")
    return Connections(center, "edge/v1/gw1/", Listener(*map(note, names)))


def test_a_probe_has_its_own_name_and_no_will(ports: list[FakePort]) -> None:
    connections = make_connections([])
    connections.open(0, 1, 4 * SECOND, probe=False)
    connections.open(1, 2, 8 * SECOND, probe=True)
    main, probe = ports
    assert (main.path.host, main.patience_s, main.asked) == ("a", 4.0, ["open"])
    topics = ("edge/v1/gw1/receipts", "edge/v1/gw1/commands")
    assert main.manner == Manner("gw1-x", "edge/v1/gw1/status", topics)
    assert probe.manner == Manner("gw1-x-probe", None, ("edge/v1/gw1/receipts",))


def test_the_main_connection_carries_what_is_published(ports: list[FakePort]) -> None:
    connections = make_connections([])
    connections.open(0, 1, SECOND, probe=False)
    connections.publish("alarms", b"early", qos=1)
    connections.open(1, 2, SECOND, probe=False)
    connections.use(1)
    connections.publish("alarms", b"one", qos=1)
    connections.use(2)
    connections.publish("status", b"two", qos=0, retain=True)
    connections.publish_over(1, "events", b"three", qos=1)
    connections.ping(2)
    assert ports[0].asked[1:] == [
        "edge/v1/gw1/alarms one 1 False",
        "edge/v1/gw1/events three 1 False",
    ]
    assert ports[1].asked == ["open", "edge/v1/gw1/status two 0 True", "ping"]


def test_a_piece_is_handed_over_on_the_main_connection_and_sealed_there(
    ports: list[FakePort],
) -> None:
    told: list[str] = []
    connections = make_connections([], seal=lambda data: b"sealed " + data)
    connections.hand_over("files", b"x", told.append)
    connections.open(0, 1, SECOND, probe=False)
    connections.use(1)
    connections.hand_over("files", b"x", told.append)
    assert told == ["there is no connection", ""]
    assert ports[0].asked == ["open", "edge/v1/gw1/files sealed x"]


def test_what_is_sealed_goes_sealed_but_for_the_empty_word(ports: list[FakePort]) -> None:
    told: list[tuple[object, ...]] = []
    connections = make_connections(told, seal=lambda data: b"sealed " + data)
    connections.open(0, 1, SECOND, probe=False)
    connections.use(1)
    connections.publish("events", b"e", qos=1)
    connections.publish_over(1, "events", b"g", qos=1)
    connections.publish("status", b"", qos=1, retain=True)
    assert ports[0].asked[1:] == [
        "edge/v1/gw1/events sealed e 1 False",
        "edge/v1/gw1/events sealed g 1 False",
        "edge/v1/gw1/status  1 True",
    ]


def test_a_dropped_connection_is_closed_as_asked_and_used_no_more(ports: list[FakePort]) -> None:
    connections = make_connections([])
    for attempt in (1, 2, 3):
        connections.open(0, attempt, SECOND, probe=False)
    connections.use(1)
    connections.drop(1, orderly=True)
    connections.drop(2, orderly=False)
    connections.drop(2, orderly=False)
    connections.publish("alarms", b"x", qos=1)
    connections.ping(1)
    connections.close()
    assert [port.asked[1:] for port in ports] == [["close"], ["abandon"], ["close"]]


def test_news_carry_their_attempt_and_those_of_a_probe_do_not_disturb(
    ports: list[FakePort],
) -> None:
    told: list[tuple[object, ...]] = []
    connections = make_connections(told)
    connections.open(0, 1, SECOND, probe=False)
    connections.open(1, 2, SECOND, probe=True)
    for port in ports:
        port.hearing.connected(100)
        port.hearing.heard("edge/v1/gw1/receipts", b"r", False)
        port.hearing.alive()
        port.hearing.refused("quota")
        port.hearing.unread()
        port.hearing.lost(GONE)
    topic = "edge/v1/gw1/receipts"
    assert told == [
        ("connected", 1, 100),
        ("heard", 1, topic, b"r", False),
        ("alive", 1),
        ("refused", "quota"),
        ("unread",),
        ("lost", 1, GONE),
        ("connected", 2, 100),
        ("heard", 2, topic, b"r", False),
        ("lost", 2, GONE),
    ]
    connections.close()
    assert all("close" not in port.asked for port in ports), "what is lost is gone"
