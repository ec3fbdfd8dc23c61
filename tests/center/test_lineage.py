"""Cards that were copied, moved, set back, and an honest one that lost power while it refused."""

from pathlib import Path

import pytest
import structlog.testing

from edge_agent.center import fleet, fleet_lines, show
from edge_agent.center.audit import Audit
from edge_agent.center.lineage import REMEDIES, machine_of
from edge_agent.center.settings import Presence
from edge_agent.center.show import Wanted
from edge_agent.center.store import Arrival
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import Ended, JournalBody, JournalChange
from edge_agent.evidence.machine import BOARD, CARD, Fact, fact
from edge_agent.evidence.verify import WORD_LOST
from edge_agent.language import Catalog
from tests.center.world import NOW_MS, FakeCenter, FakeGateway, stamp

MINUTE_MS, DAY_MS = 60_000, 86_400_000


def machine(board: str, card: str = "c1") -> tuple[Fact, ...]:
    return fact("gw1", BOARD, board), fact("gw1", CARD, card)


HERE, ELSEWHERE, NEW_CARD = machine("b1"), machine("b2"), machine("b1", "c2")


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway(machine=HERE)


@pytest.fixture
def center(tmp_path: Path, gateway: FakeGateway) -> FakeCenter:
    return FakeCenter(tmp_path, gateway)


def take(center: FakeCenter, *envelopes: bytes, at_ms: int = 0) -> None:
    center.store.take([Arrival("gw1", True, one) for one in envelopes], NOW_MS + at_ms)


def judged(center: FakeCenter) -> list[str]:
    """What a running center says after it looked twice."""
    audit = Audit(center.connection, center.turns)
    for _ in range(2):
        while audit.step(NOW_MS):
            pass
        audit.lineage(NOW_MS)
    return [what for what, _ in center.problems()]


def journal(change: JournalChange, first: int | None = None) -> tuple[EventType, dict, Lane]:  # type: ignore[type-arg]  # a body
    return EventType.JOURNAL, dict(JournalBody(change, "x", first).to_body()), Lane.FAULT


# ---- copied, moved, set back


def test_a_card_copied_into_another_machine_is_a_clone(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    copy = gateway.copied(ELSEWHERE)
    take(center, gateway.start(Ended.CRASH), gateway.event())
    take(center, copy.start(Ended.CRASH), copy.event())
    assert judged(center) == ["clone"]


def test_two_that_run_at_the_same_time_are_a_clone_whatever_they_run_on(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """A copy in a virtual machine tells no board."""
    take(center, gateway.start(), gateway.event())
    copy = gateway.copied()
    take(center, gateway.start(Ended.CRASH), gateway.event())
    take(center, copy.start(Ended.CRASH), copy.event(), at_ms=DAY_MS)
    assert judged(center) == ["branch"]
    take(center, gateway.event(), at_ms=DAY_MS + 2 * MINUTE_MS)
    assert judged(center) == ["clone"]


def test_the_true_one_may_have_restarted_meanwhile(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    copy = gateway.copied()
    take(center, gateway.start(Ended.CRASH), gateway.event())
    take(center, copy.start(Ended.CRASH), copy.event(), at_ms=DAY_MS)
    take(center, gateway.start(), gateway.event(), at_ms=2 * DAY_MS)
    assert judged(center) == ["clone"]


def test_an_old_image_restored_on_the_same_board_is_a_rollback(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    image = gateway.copied(HERE)
    take(center, gateway.event(), gateway.event())
    take(center, gateway.start(), gateway.event())
    take(center, image.start(Ended.CRASH), image.event(), at_ms=DAY_MS)
    assert judged(center) == ["rollback"]


def test_a_card_in_other_hardware_has_moved(center: FakeCenter, gateway: FakeGateway) -> None:
    take(center, gateway.start(), gateway.event())
    gateway.machine = ELSEWHERE
    take(center, gateway.start(), gateway.event())
    take(center, gateway.start(), gateway.event())  # and stays there: nothing new
    assert judged(center) == ["moved"]


def test_a_new_card_in_the_same_hardware_was_copied(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    gateway.machine = NEW_CARD
    take(center, gateway.start(), gateway.event())
    assert judged(center) == ["copied"]


# ---- the honest one


def test_what_a_refusing_card_lost_is_no_rollback(center: FakeCenter, gateway: FakeGateway) -> None:
    """Fails where the gateway's word about its disk is not asked for."""
    take(center, gateway.start(), *gateway.events(3))
    left = gateway.copied(HERE)  # what the card holds
    take(center, gateway.event(), gateway.event(Lane.INTRUSION))
    take(center, gateway.sealed(*journal(JournalChange.REFUSED, 4)), gateway.event())
    take(center, left.start(Ended.CRASH), left.event(), at_ms=MINUTE_MS)
    assert judged(center) == ["unwritten"]


def test_a_card_set_back_further_than_it_refused_is_a_rollback(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """The hole that an excuse must not open: pull the card out first, then restore an image."""
    take(center, gateway.start(), *gateway.events(3))
    image = gateway.copied(HERE)
    take(center, *gateway.events(3), gateway.sealed(*journal(JournalChange.REFUSED, 7)))
    take(center, image.start(Ended.CRASH), image.event(), at_ms=MINUTE_MS)
    assert judged(center) == ["rollback"]


def test_what_stands_behind_a_lost_word_proves_nothing(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """Fails where a gap is overlooked: the lost event may have said that the disk refuses."""
    take(center, gateway.start(), gateway.event())
    left = gateway.copied(HERE)
    gateway.sealed(*journal(JournalChange.REFUSED, 2))  # never came
    take(center, gateway.event())
    take(center, left.start(Ended.CRASH), left.event())
    assert judged(center) == ["unwritten"]


def test_set_back_before_a_lost_word_is_a_rollback_that_says_so(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    left = gateway.copied(HERE)
    take(center, gateway.event())
    gateway.sealed(*journal(JournalChange.REFUSED, 2))  # never came
    take(center, gateway.event())
    take(center, left.start(Ended.CRASH), left.event())
    assert judged(center) == ["rollback"]
    (detail,) = center.connection.execute("SELECT detail FROM problem").fetchone()
    assert detail.endswith(WORD_LOST)


def test_a_number_that_stays_missing_excuses_nothing_later(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """Fails where a hole of the center's own opens the door for every image from then on."""
    take(center, gateway.start(), gateway.event())
    image = gateway.copied(HERE)
    gateway.event()  # never came
    for minute in range(4):
        at = stamp(boottime_ns=minute * 60 * 1_000_000_000)
        take(center, gateway.sealed(EventType.LINK, {}, at=at))
    take(center, image.start(Ended.CRASH), image.event(), at_ms=MINUTE_MS)
    assert judged(center) == ["rollback"]


def test_a_disk_that_accepted_again_excuses_nothing(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    image = gateway.copied(HERE)
    take(center, gateway.sealed(*journal(JournalChange.REFUSED, 2)), *gateway.events(2))
    take(center, gateway.sealed(*journal(JournalChange.ACCEPTED)), gateway.event())
    take(center, image.start(Ended.CRASH), image.event(), at_ms=MINUTE_MS)
    assert judged(center) == ["rollback"]


def test_an_image_of_an_orderly_end_is_a_rollback(center: FakeCenter, gateway: FakeGateway) -> None:
    """An orderly end leaves nothing unwritten, whatever was sent after it."""
    take(center, gateway.start(), gateway.event())
    image = gateway.copied(HERE)
    take(center, gateway.event(Lane.LIFE))
    take(center, image.start(Ended.ORDERLY), image.event(), at_ms=MINUTE_MS)
    assert judged(center) == ["rollback"]


def test_a_life_alarm_ahead_of_a_slow_card_is_no_rollback(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    left = gateway.copied(HERE)
    take(center, gateway.event(Lane.LIFE))
    take(center, left.start(Ended.TORN), left.event(), at_ms=MINUTE_MS)
    assert judged(center) == ["unwritten"]


def test_a_run_of_which_the_card_kept_nothing_is_no_branch(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    left = gateway.copied(HERE)
    take(center, gateway.start(Ended.CRASH), gateway.event(Lane.FIRE))
    take(center, left.start(Ended.CRASH), left.event(), at_ms=MINUTE_MS)
    assert judged(center) == ["unwritten"]


def test_a_run_that_was_before_and_came_after_is_no_branch(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    """Fails where arrival is taken for order: a broker may hold long what it was given."""
    take(center, gateway.start(), gateway.event())
    left = gateway.copied(HERE)
    lost = gateway.start(Ended.CRASH, at=stamp(5)), gateway.event(Lane.FIRE)
    take(center, left.start(Ended.CRASH, at=stamp(9)), left.event(), *lost, at_ms=MINUTE_MS)
    assert judged(center) == ["unwritten"]


def test_a_word_that_comes_late_replaces_the_first_judgement(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    left = gateway.copied(HERE)
    refused = gateway.event(), gateway.sealed(*journal(JournalChange.REFUSED, 2))
    take(center, refused[0], left.start(Ended.CRASH), left.event())
    assert judged(center) == ["rollback"]
    take(center, refused[1])
    assert judged(center) == ["unwritten"]


# ---- shown


def test_it_is_said_by_name_with_a_remedy_everywhere(
    center: FakeCenter, gateway: FakeGateway
) -> None:
    take(center, gateway.start(), gateway.event())
    copy = gateway.copied(ELSEWHERE)
    take(center, gateway.start(Ended.CRASH), gateway.event())
    take(center, copy.start(Ended.CRASH), copy.event())
    with structlog.testing.capture_logs() as logs:
        judged(center)
    (line,) = [one for one in logs if one["event"] == "strange"]
    assert (line["what"], line["remedy"]) == ("clone", REMEDIES["clone"])
    view = fleet.View(center.connection, ["gw1"], Presence(), NOW_MS)
    (fact_,) = fleet.facts(view)
    assert fact_["problems"][0]["remedy"] == REMEDIES["clone"]
    said = fleet_lines.lines(fact_, NOW_MS, Catalog(fleet_lines.WORDS, "en"))
    assert any("PROBLEM clone" in one and "destroy" in one for one in said)
    newest = show.newest(center.connection, Wanted(), 1)[0]
    assert "clone" in newest.marks
    assert "clone" not in next(show.select(center.connection, Wanted())).marks


def test_what_is_no_machine_is_none() -> None:
    for stored in (None, b"", b"\xff", b"\x01"):
        assert machine_of(stored) == ()
