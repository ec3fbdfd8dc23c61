"""What listeners are told, in which order, and what time must wait for."""

from pathlib import Path

from edge_agent.daemon.listeners import Hearing
from edge_agent.domain.event import Draft, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from tests.daemon.test_recorder import BURGLARY, CLOSED, FIRE, Rig, until, with_rig

E = b"epoch--1"


def stamp(boottime_ns: int) -> Stamp:
    return Stamp(None, boottime_ns, bytes(16), Trust.UNSET)


def draft(boottime_ns: int) -> Draft:
    return Draft(EventType.ACT, Lane.FAULT, stamp(boottime_ns), {})


def test_events_are_told_in_order_up_to_what_is_published() -> None:
    told: list[Numbered] = []
    hearing = Hearing()
    hearing.listen(told.append)
    hearing.numbered(E, [("a", 0, draft(5)), ("b", 1, draft(6)), ("c", 2, draft(7))])
    hearing.tell(1)
    assert [event.seq for event in told] == [0, 1]
    hearing.tell(1)
    hearing.tell()
    assert [event.seq for event in told] == [0, 1, 2]
    assert told[2] == Numbered(E, 2, draft(7))


def test_time_waits_for_what_is_stamped_and_not_told() -> None:
    hearing = Hearing()
    assert hearing.earliest_ns() is None
    hearing.coming("a", stamp(5))
    hearing.coming("b", stamp(9))
    hearing.numbered(E, [("a", 0, draft(5))])
    assert hearing.earliest_ns() == 5, "numbered is not told"
    hearing.tell()
    assert hearing.earliest_ns() == 9
    hearing.omitted("b")
    assert hearing.earliest_ns() is None


def test_time_waits_for_a_report_that_found_no_room() -> None:
    hearing = Hearing()
    hearing.held_back("p1", stamp(3))
    hearing.held_back("p2", stamp(4))
    assert hearing.earliest_ns() == 3
    hearing.taken("p1")
    assert hearing.earliest_ns() == 4
    hearing.taken("p2")
    hearing.taken("p3")
    assert hearing.earliest_ns() is None


def test_who_judges_hears_each_event_after_it_was_sent(tmp_path: Path) -> None:
    """In the order of the numbers, an overtaking fire first; with what is signed, and no sooner."""
    told: list[tuple[int, int]] = []

    async def scenario(rig: Rig) -> None:
        rig.recorder.hearing.listen(lambda event: told.append((event.seq, len(rig.published))))
        with rig.journal._feeding:
            rig.record("p2", CLOSED)
            rig.record("p1", FIRE)
            assert rig.recorder.hearing.earliest_ns() is not None
        await until(lambda: len(told) == 2)
        assert [seq for seq, _ in told] == [1, 2]
        assert all(sent > seq for seq, sent in told)
        assert rig.recorder.hearing.earliest_ns() is None

    with_rig(tmp_path, scenario)


def test_who_judges_hears_of_what_the_disk_refuses_too(tmp_path: Path) -> None:
    told: list[int] = []

    async def scenario(rig: Rig) -> None:
        rig.recorder.hearing.listen(lambda event: told.append(event.seq))
        rig.refusing = True
        rig.record("p1", BURGLARY)
        await until(lambda: told[:1] == [1])
        rig.refusing = False
        await until(lambda: rig.recorder.refusal is None)

    with_rig(tmp_path, scenario)
