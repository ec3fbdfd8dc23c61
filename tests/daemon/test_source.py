"""What an uplink gets of journal and recorder: by fakes; tests/test_agent.py has the whole."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from edge_agent.daemon.source import JournalSource, outgoing
from edge_agent.domain.event import EventType
from edge_agent.evidence.bodies import PathBody
from edge_agent.evidence.tree import leaf_hash
from edge_agent.journal import Batch, Position, Record, RecordKind
from tests.center.world import FakeGateway

OWN, OTHER = b"o" * 8, b"x" * 8
AFTER = Position(1, 2, OTHER, 7)
RECORD = Record(RecordKind.ENVELOPE, 2, OTHER, 7, b"envelope")


@dataclass
class Fake:
    """Journal, recorder, beginning and timekeeper in one: what was asked of it."""

    asked: list[Any] = field(default_factory=list)
    epoch: bytes = OWN
    genesis: bytes = b"our genesis"
    batches: list[Batch] = field(default_factory=lambda: [Batch((RECORD,), None)])

    def fetch(self, *given: Any) -> Batch:
        self.asked.append(given)
        return self.batches.pop(0)

    def first_of(self, epoch: bytes) -> bytes:
        return b"genesis of " + epoch

    def receipted(self, *given: Any) -> None:
        self.asked.append(given)

    def note(self, *given: Any) -> None:
        self.asked.append(given)


def make() -> tuple[Fake, Fake, JournalSource]:
    fake, time = Fake(), Fake()
    return fake, time, JournalSource("c1", fake, fake, fake, time.receipted)  # type: ignore[arg-type]  # fakes


def test_what_the_center_is_owed_is_read_by_its_name() -> None:
    fake, _, source = make()
    portion = asyncio.run(source.fetch(2, None, 1000))
    assert fake.asked == [("c1", 2, None, 1000)]
    assert portion.events == (outgoing(RECORD),)
    assert portion.next is None
    assert portion.events[0].leaf == leaf_hash(b"envelope")
    assert isinstance(portion.next, Position | None)


def test_the_own_genesis_asks_no_disk() -> None:
    _, _, source = make()
    assert asyncio.run(source.genesis(OWN)) == b"our genesis"
    assert asyncio.run(source.genesis(OTHER)) == b"genesis of " + OTHER


def test_events_of_another_gateways_card_are_kept_and_not_sent() -> None:
    """Fails where they are sent: the center refuses them, and they come again for ever."""
    fake, time = Fake(), Fake()
    fake.genesis = FakeGateway("gw1").start()
    foreign = FakeGateway("gw2").start()
    fake.first_of = lambda epoch: foreign  # type: ignore[method-assign]  # of OTHER
    fake.batches = [Batch((RECORD,), AFTER), Batch((replace(RECORD, epoch=OWN),), None)]
    source = JournalSource("c1", fake, fake, fake, time.receipted)  # type: ignore[arg-type]  # fakes
    portion = asyncio.run(source.fetch(2, None, 1000))
    assert [event.epoch for event in portion.events] == [OWN]
    assert [asked[2] for asked in fake.asked] == [None, AFTER]


def test_only_receipts_of_this_run_tell_the_time() -> None:
    """Fails where an old epoch's numbers are taken for this run's."""
    fake, time, source = make()
    source.release(OTHER, (1, 2), b"receipt")
    assert time.asked == []
    source.release(OWN, (3,), b"receipt")
    assert time.asked == [((3,), b"receipt")]
    assert fake.asked == [("c1", OTHER, (1, 2), b"receipt"), ("c1", OWN, (3,), b"receipt")]


def test_a_path_becomes_an_event() -> None:
    fake, _, source = make()
    source.path("c1", "host:1", False, "cut")
    ((type_, _, body),) = fake.asked
    assert type_ is EventType.PATH
    assert PathBody.from_body(body) == PathBody("c1", "host:1", False, "cut")
