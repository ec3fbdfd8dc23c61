"""What a receiver does with what a broker brings: stored, receipted, and only then done with.

Seen to fail: where the broker is told that a message is done with before anything is stored.
"""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from edge_agent.center import receiver
from edge_agent.center.mqtt import Access, Message
from edge_agent.center.receiver import BATCH_BYTES_MAX, Backoff, Lane, Receiver
from edge_agent.center.store import Arrival, Publication, Taken
from edge_agent.domain.stamp import Stamp
from tests.center.world import stamp


class FakeClock:
    def __init__(self) -> None:
        self.now_ns = 0

    def boottime_ns(self) -> int:
        return self.now_ns

    def stamp(self) -> Stamp:
        return stamp(self.now_ns)


class FakeConnection:
    """What the broker would see."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []

    def publish(self, topic: str, data: bytes) -> None:
        self.said.append((topic, data))

    def acknowledge(self, message: Message) -> None:
        self.said.append(("ack", message.number))


class FakeIntake:
    def __init__(self) -> None:
        self.taken: list[list[bytes]] = []
        self.error: sqlite3.Error | None = None

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Taken:
        if self.error is not None:
            raise self.error
        self.taken.append([one.data for one in arrivals])
        return Taken([Publication(one.gateway, b"R" + one.data) for one in arrivals])

    def has_work(self) -> bool:
        return False


class Rig:
    def __init__(self) -> None:
        self.clock, self.intake, self.connection = FakeClock(), FakeIntake(), FakeConnection()
        files = Path("ca"), Path("cert"), Path("key")
        access = Access(host="h", port=1, ca=files[0], certificate=files[1], key=files[2])
        self.receiver = Receiver(access, Lane("alarms"), self.intake, self.clock)

    def receive(self, *payloads: bytes) -> None:
        for number, data in enumerate(payloads, 1):
            message = Message("edge/v1/gw1/alarms", data, number, 1, retained=False)
            self.receiver._waiting.append(message)

    def work(self) -> None:
        self.receiver._work(self.connection)  # type: ignore[arg-type]


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.receiver.close()


def test_receipts_go_out_before_the_broker_may_forget(rig: Rig) -> None:
    rig.receive(b"a", b"b")
    rig.work()
    topic = "edge/v1/gw1/receipts"
    assert rig.connection.said == [(topic, b"Ra"), (topic, b"Rb"), ("ack", 1), ("ack", 2)]


def test_a_transaction_is_bounded_in_bytes_but_takes_at_least_one(rig: Rig) -> None:
    half = b"x" * (BATCH_BYTES_MAX // 2)
    rig.receive(half, half, b"y", b"z" * (2 * BATCH_BYTES_MAX), b"last")
    for _ in range(3):
        rig.work()
    assert [len(batch) for batch in rig.intake.taken] == [2, 1, 1]
    rig.work()
    assert rig.intake.taken[-1] == [b"last"]


@pytest.mark.parametrize(
    "error",
    [sqlite3.OperationalError("database or disk is full"), sqlite3.DatabaseError("malformed")],
)
def test_a_disk_that_refuses_gives_no_receipt_and_is_tried_again(
    rig: Rig, error: sqlite3.Error
) -> None:
    rig.receive(b"a")
    rig.intake.error = error
    rig.work()
    assert rig.connection.said == []
    rig.intake.error = None
    rig.work()
    assert rig.connection.said == [], "not at once: a full disk is not asked in a tight loop"
    rig.clock.now_ns += receiver.RETRY_NS_MAX
    rig.work()
    assert rig.connection.said[-1] == ("ack", 1)
    assert rig.receiver._wait_s() == receiver.TURN_S


def test_our_own_bug_is_not_taken_for_a_bad_disk(rig: Rig) -> None:
    rig.receive(b"a")
    rig.intake.error = sqlite3.ProgrammingError("bug")
    with pytest.raises(sqlite3.ProgrammingError):
        rig.work()


def test_the_delay_doubles_up_to_its_limit_and_falls_back_only_after_a_good_connection() -> None:
    backoff = Backoff(random.Random(1))
    delays = [backoff.next_ns(lasted_ns=0) for _ in range(12)]
    for attempt, delay_ns in enumerate(delays):
        full_ns = min(receiver.RETRY_NS_MIN << attempt, receiver.RETRY_NS_MAX)
        assert full_ns // 2 <= delay_ns <= full_ns
    assert backoff.next_ns(receiver.LASTED_NS - 1) > receiver.RETRY_NS_MIN
    assert backoff.next_ns(receiver.LASTED_NS) <= receiver.RETRY_NS_MIN


def test_events_that_come_before_their_genesis_are_no_complaint(rig: Rig) -> None:
    """Each start of a gateway was warned of.  A key that stays unknown is told all the same."""
    some, none = Counter({("gw1", "unknown_key"): 2}), Counter({("gw1", "unknown_key"): -2})
    begin_ns = 7 * receiver.COMPLAIN_NS
    for counts in (some, none, some):
        rig.receiver._complain(Taken(counts=counts), begin_ns)
    assert not rig.receiver._complaints
    assert not rig.receiver._complained_ns
    rig.receiver._complain(Taken(), begin_ns + receiver.COMPLAIN_NS)
    assert rig.receiver._complained_ns == begin_ns + receiver.COMPLAIN_NS


class Walked(dict[str, tuple[int, int]]):
    """Counts how many are looked at."""

    steps = 0

    def items(self) -> Iterator[tuple[str, tuple[int, int]]]:  # type: ignore[override]
        for one in super().items():
            self.steps += 1
            yield one


def test_many_that_wait_for_their_genesis_are_not_looked_at_each_time(rig: Rig) -> None:
    held = rig.receiver._held = Walked()
    begin_ns = 7 * receiver.COMPLAIN_NS
    for at in range(300):
        counts = Counter({(f"gw{at}", "unknown_key"): 1, ("gw0", "unknown_key"): 1})
        rig.receiver._complain(Taken(counts=counts), begin_ns + at)
    assert len(held) == 300
    assert held.steps <= 2 * 300
    rig.receiver._complain(Taken(), begin_ns + receiver.COMPLAIN_NS + 1)
    assert "gw0" not in held
    assert list(held)[:1] == ["gw2"], "the first two have waited long enough"


def test_complaints_are_summed_up(rig: Rig) -> None:
    taken = Taken()
    taken.counts["gw1", "forged"] = 3
    taken.counts["gw1", "stored"] = 9
    taken.counts["gw1", "unknown_key"] = -1  # held until now
    rig.receiver._complain(taken, 5)
    rig.receiver._complain(taken, 6)
    assert rig.receiver._complaints == {("gw1", "forged"): 6}
    rig.receiver._complain(taken, receiver.COMPLAIN_NS)
    assert not rig.receiver._complaints


def test_a_stop_ends_the_pause(rig: Rig) -> None:
    rig.receiver.stop()
    rig.receiver.run()  # returns: nothing is even tried
    assert rig.intake.taken == []


def test_what_is_wrong_everywhere_does_not_flood_the_log(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = Taken(counts=Counter({(f"gw{number}", "forged"): 1 for number in range(500)}))
    rig.receiver._complain(taken, receiver.COMPLAIN_NS)
    said = capsys.readouterr()
    lines = (said.out + said.err).splitlines()
    assert len([line for line in lines if "forged" in line]) == receiver.COMPLAINTS_MAX
    assert any("gateways=480" in line or '"gateways": 480' in line for line in lines)
