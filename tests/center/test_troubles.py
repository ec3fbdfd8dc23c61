"""What went wrong at a gateway, what was settled of it, and when that comes back."""

from pathlib import Path

import pytest

from edge_agent.center import fleet, schema, troubles
from edge_agent.center.audit import Audit
from edge_agent.center.fleet import View
from edge_agent.center.settings import Presence
from edge_agent.center.store import Arrival
from edge_agent.center.troubles import Key, Settlement, Trouble
from tests.center.world import NOW_MS, FakeCenter, FakeGateway

MINUTE_MS = 60_000


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


def open_(center: FakeCenter) -> list[Trouble]:
    view = View(center.connection, ["gw1"], Presence(), NOW_MS)
    found = fleet.open_troubles(view, "gw1")
    assert found is not None
    return found


def words(center: FakeCenter) -> list[str]:
    return [one.key.what for one in open_(center)]


def settle(center: FakeCenter, *names: str) -> None:
    found = open_(center)
    chosen = [one for name in names for one in troubles.named(found, name)]
    assert chosen
    said = [Settlement(one.key, one.mark, "Wang", "looked into", NOW_MS) for one in chosen]
    troubles.settle(center.connection, "gw1", said)


def twin(gateway: FakeGateway) -> tuple[bytes, bytes]:
    """Two events of one number."""
    peaks = gateway.peaks.copy()
    first = gateway.event()
    gateway.peaks = peaks
    return first, gateway.event(reason="another")


def test_a_counter_that_rises_comes_back(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start(), b"junk")
    assert words(center) == ["malformed"]
    settle(center, "malformed")
    assert words(center) == []
    center.take(b"more junk")
    assert words(center) == ["malformed"]
    settle(center, "malformed")
    assert words(center) == []
    assert len(troubles.settlements(center.connection, "gw1")) == 2, "each is kept"


def test_events_that_are_missing_come_back_when_more_are(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    gateway.event()
    center.take(gateway.event())
    assert words(center) == ["missing"]
    settle(center, "missing")
    center.take(gateway.event())
    assert words(center) == []
    gateway.event()
    center.take(gateway.event())
    assert words(center) == ["missing"]


def test_a_third_event_of_one_number_brings_a_fork_back(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    center.take(gateway.start())
    peaks = gateway.peaks.copy()
    first, second = twin(gateway)
    center.take(first, second)
    assert set(words(center)) == {"fork", "forks"}
    settle(center, "fork", "forks")
    center.take(first, second)
    assert words(center) == [], "doubles are no news"
    gateway.peaks = peaks
    center.take(gateway.event(reason="a third"))
    assert set(words(center)) == {"fork", "forks"}


def test_a_clone_comes_back_when_both_go_on(center: FakeCenter, gateway: FakeGateway) -> None:
    """Whichever is the true one: that goes on alone without a word."""
    center.take(gateway.start(), *gateway.events(2))
    copy = gateway.copied()
    center.take(gateway.start(), gateway.event())
    center.take(copy.start(), copy.event())
    center.connection.execute(
        "INSERT INTO problem VALUES (9, 'gw1', ?, 0, 'clone', 'both', ?)", (copy.epoch, NOW_MS)
    )

    def goes_on(one: FakeGateway, minutes: int) -> None:
        at_ms = NOW_MS + minutes * MINUTE_MS
        center.store.take([Arrival("gw1", True, one.start())], at_ms)

    goes_on(gateway, 1)
    settle(center, "clone")
    goes_on(gateway, 2)
    goes_on(gateway, 3)
    assert words(center) == []
    goes_on(copy, 4)
    assert words(center) == ["clone"]


def test_a_problem_elsewhere_is_another(center: FakeCenter, gateway: FakeGateway) -> None:
    center.take(gateway.start(vouched=False))
    settle(center, "unvouched")
    assert words(center) == []
    center.take(gateway.start(vouched=False))
    assert words(center) == ["unvouched"]


def test_what_is_found_again_of_the_same_is_no_news(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """At each start the center looks at all epochs once more."""
    center.take(gateway.start(), *gateway.events(3))
    center.connection.execute("UPDATE event SET root = zeroblob(32) WHERE seq = 2")
    audit = Audit(center.connection, center.turns)
    while audit.step(NOW_MS):
        pass
    assert words(center) == ["root"]
    settle(center, "root")
    center.connection.execute("UPDATE epoch SET broken = 0")
    while audit.step(NOW_MS):
        pass
    assert words(center) == []


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (Key("forged"), "forged"),
        (Key("missing", bytes(8)), "missing@000000"),
        (Key("fork", bytes(8), 3), "fork@000000/3"),
    ],
)
def test_a_trouble_is_named_by_its_place_or_by_its_word(key: Key, name: str) -> None:
    one = Trouble(key, 1)
    assert str(key) == name
    assert troubles.named([one], name) == [one]
    assert troubles.named([one], key.what) == [one]
    assert troubles.named([one], "other") == []


def test_a_database_of_before_has_nothing_settled(center: FakeCenter) -> None:
    center.connection.execute("DROP TABLE settlement")
    assert troubles.settlements(center.connection, "gw1") == []
    schema.open_for_writing(center.file).close()
    assert schema.has_table(center.connection, "settlement")
