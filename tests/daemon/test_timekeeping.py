"""The center's receipts tell the time, and what happens to the clock becomes events."""

import asyncio
from dataclasses import dataclass, field

import pytest

from edge_agent.clock import Changed, Now, Told
from edge_agent.daemon.timekeeping import CenterTime, Timekeeper
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import ClockChange, Stamp, Trust
from edge_agent.evidence.bodies import ClockBody, LinkBody
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.receipt import Range, Receipt, sign_receipt
from edge_agent.evidence.signers import Ed25519Signer

S = 1_000_000_000
HOUR = 3600 * S
SIGNER = Ed25519Signer.generate()


def stamped(boottime_ns: int) -> bytes:
    """An envelope with this stamp."""
    body = LinkBody("p1", online=True).to_body()
    stamp = Stamp(None, boottime_ns, bytes(16), Trust.UNSET)
    event = Event(
        gateway="gw1",
        epoch=b"e" * 8,
        seq=1,
        root=bytes(32),
        stamp=stamp,
        lane=Lane.FAULT,
        type=EventType.LINK,
        body=body,
    )
    return seal(event, SIGNER)


def receipt(time_ms: int) -> bytes:
    held = Range(b"e" * 8, 1, 1, bytes(32))
    return sign_receipt(Receipt("gw1", "center", time_ms, (held,)), SIGNER)


@dataclass
class FakeClock:
    """Boot time and trust as a test sets them; what it heard."""

    boot_ns: int = 0
    trust: Trust = Trust.UNSET
    heard: list[Told] = field(default_factory=list)
    news: list[list[Changed]] = field(default_factory=list)

    def boottime_ns(self) -> int:
        return self.boot_ns

    def stamp(self) -> Stamp:
        return Stamp(0, self.boot_ns, bytes(16), self.trust)

    def look(self) -> list[Changed]:
        if not self.news:
            raise asyncio.CancelledError
        return self.news.pop(0)

    def now(self) -> Now:
        return Now(0, None)

    def recall(self, certain_ns: int, seen_ns: int) -> None:
        del certain_ns, seen_ns

    def hear(self, told: Told) -> None:
        self.heard.append(told)


@dataclass
class Notes:
    """What was recorded."""

    bodies: list[ClockBody] = field(default_factory=list)

    def __call__(self, type_: EventType, lane: Lane, body: Body) -> None:
        assert (type_, lane) == (EventType.CLOCK, Lane.FAULT)
        self.bodies.append(ClockBody.from_body(body))


# ---- what a receipt tells


def test_the_center_wrote_its_time_between_stamp_and_receipt() -> None:
    center = CenterTime()
    assert center.wants(10 * S)
    center.follow(7, 10 * S)
    assert not center.wants(11 * S)  # one is enough
    assert center.receipted((5, 6), 1_000, 12 * S) is None
    told = center.receipted((6, 7, 8), 5_000, 13 * S)
    assert told == Told(13 * S, 5 * S, 5 * S + 1_000_000 + 3 * S)
    assert center.receipted((7,), 6_000, 14 * S) is None


def test_an_event_that_nobody_receipts_is_not_followed_for_ever() -> None:
    center = CenterTime()
    center.follow(7, 0)
    assert center.wants(31 * S)
    center.follow(8, 31 * S)
    assert center.receipted((7,), 5_000, 32 * S) is None
    assert center.receipted((8,), 5_000, 32 * S) is not None


def test_the_first_word_a_sharper_one_and_one_an_hour_are_news() -> None:
    center = CenterTime()

    def is_news(at_ns: int, width_ns: int) -> bool:
        return center.is_news(Told(at_ns, 0, width_ns), Trust.UNSET)

    assert is_news(0, 40 * S)
    assert not is_news(S, 20 * S)
    assert is_news(2 * S, S)
    assert not is_news(3 * S, S)
    assert is_news(2 * S + HOUR, 30 * S)


def test_a_synced_clock_needs_no_word() -> None:
    assert not CenterTime().is_news(Told(0, 0, 1), Trust.SYNCED)
    assert CenterTime().is_news(Told(0, 0, 1), Trust.HOLDOVER)


# ---- the shell


def test_what_the_center_told_is_recorded_once_and_the_clock_hears_all() -> None:
    clock, notes = FakeClock(), Notes()
    keeper = Timekeeper(clock, notes)
    for turn in range(3):
        clock.boot_ns = turn * 10 * S
        keeper.sent(turn, stamped(clock.boot_ns))
        clock.boot_ns += S
        keeper.receipted(0, (turn,), receipt(1_000_000 + turn * 10_000))
    assert len(clock.heard) == 3
    (body,) = notes.bodies
    assert body.change is ClockChange.TOLD
    assert body.told == (1_000 * S, 1_001 * S + 1_000_000)


def test_an_event_that_left_before_is_followed_from_its_stamp() -> None:
    """Fails where its departure is gone by: sent again, its receipt may be for the first time."""
    clock, notes = FakeClock(), Notes()
    keeper = Timekeeper(clock, notes)
    clock.boot_ns = 20 * S  # the first time, over a connection that broke, was at 10 s
    keeper.sent(1, stamped(9 * S))
    clock.boot_ns = 21 * S
    keeper.receipted(0, (1,), receipt(1_000_000))
    (told,) = clock.heard
    assert told.latest_ns == 1_012 * S + 1_000_000


def test_a_later_center_is_believed_where_those_before_it_say_nothing() -> None:
    """Fails where the first of the configuration alone tells the time: it may be bankrupt."""
    clock, notes = FakeClock(news=[[], [], []]), Notes()
    keeper = Timekeeper(clock, notes, 3)

    def told(rank: int, seq: int) -> int:
        keeper.receipted(rank, (seq,), receipt(1_000_000))
        return len(clock.heard)

    keeper.sent(1, stamped(0))
    assert told(2, 1) == 0, "the first one may still come"
    assert told(1, 1) == 0
    keeper.look()
    assert clock.heard == []
    clock.boot_ns = 10 * S
    keeper.look()
    keeper.look()
    assert len(clock.heard) == 1
    assert clock.heard[0].boottime_ns == 0, "what it said of another moment"
    keeper.sent(2, stamped(clock.boot_ns))
    assert told(2, 2) == 1, "one before it has spoken"
    assert told(1, 2) == 2
    assert told(0, 1) == 3
    clock.boot_ns = 80 * S
    keeper.sent(3, stamped(clock.boot_ns))
    assert told(1, 3) == 3, "the first one has spoken in this run"


def test_a_receipt_that_cannot_be_read_tells_nothing() -> None:
    clock, notes = FakeClock(), Notes()
    keeper = Timekeeper(clock, notes)
    keeper.sent(1, stamped(0))
    keeper.receipted(0, (1,), b"puback")
    assert (clock.heard, notes.bodies) == ([], [])


def test_changes_of_the_clock_become_events_with_the_trust_before() -> None:
    stepped = Changed(ClockChange.STEPPED, 3 * S, Trust.UNSET)
    trusted = Changed(ClockChange.TRUSTED, 0, Trust.UNSET, "kernel")
    clock, notes = FakeClock(news=[[stepped, trusted]]), Notes()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Timekeeper(clock, notes).run())
    assert notes.bodies == [
        ClockBody(ClockChange.STEPPED, 3000, Trust.UNSET),
        ClockBody(ClockChange.TRUSTED, None, Trust.UNSET, "kernel"),
    ]
