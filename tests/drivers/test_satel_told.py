"""The same alarm in the log and in a map of a Satel INTEGRA is told once."""

from drivers._satel_told import Told
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal

BURGLARY = Signal(kind=Kind.BURGLARY, code="131", state=State.ACTIVE, area=1, zone=3)
OVER = Signal(kind=Kind.BURGLARY, code="131", state=State.RESTORED, area=1, zone=3)
SHOWN = Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=3)
GONE = Signal(kind=Kind.BURGLARY, code="130", state=State.RESTORED, zone=3)
FIRE = Signal(kind=Kind.FIRE, code="111", state=State.ACTIVE, area=2, zone=16)
AREA_FIRE = Signal(kind=Kind.FIRE, code="110", state=State.ACTIVE, area=2)
AREA = Signal(kind=Kind.AREA, state=State.ALARM, area=2)


def test_what_the_log_told_a_map_shows_in_its_words_while_it_stands() -> None:
    told = Told()
    assert told.by_log(BURGLARY) == BURGLARY
    [same] = told.beyond("02", (SHOWN,), (BURGLARY,))
    assert (same.code, same.state, same.zone) == ("131", State.ACTIVE, 3)


def test_what_the_log_ended_and_nobody_cleared_is_no_new_one_until_it_was_not_shown() -> None:
    told = Told()
    told.by_log(BURGLARY)
    told.by_log(OVER)
    assert told.beyond("02", (SHOWN,), ()) == ()
    told.forget(())
    assert told.beyond("02", (SHOWN,), ()) == (), "not after an absence either"
    assert told.beyond("02", (), ()) == ()
    assert told.beyond("02", (SHOWN,), ()) == (SHOWN,)


def test_what_a_map_told_the_log_tells_as_known_and_an_end_not_at_all() -> None:
    told = Told()
    told.by_map((SHOWN, AREA), reading=1)
    known = told.by_log(BURGLARY)
    assert known is not None
    assert (known.code, known.state, known.area) == ("131", State.STATUS, 1)
    assert told.by_log(BURGLARY) == BURGLARY, "a second one"
    told.by_map((GONE,), reading=1)
    assert told.by_log(OVER) is None
    assert told.by_log(OVER) == OVER


def test_a_reading_that_began_later_and_did_not_tell_it_ends_the_waiting() -> None:
    told = Told()
    told.by_map((SHOWN,), reading=1)
    told.read(1)  # it may have been read before
    told.read(2)
    assert told.by_log(BURGLARY) == BURGLARY


def test_an_alarm_of_another_kind_is_another_one() -> None:
    told = Told()
    told.by_map((Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=16),), reading=1)
    assert told.by_log(FIRE) == FIRE


def test_what_stands_in_the_journal_without_its_entry_is_not_told_again() -> None:
    told = Told()
    told.open((SHOWN,), (), (SHOWN,))
    assert told.by_log(BURGLARY) is None
    assert told.by_log(BURGLARY) == BURGLARY
    told.open((SHOWN,), (BURGLARY,), (SHOWN,))
    assert told.by_log(BURGLARY) == BURGLARY, "its own entry is on record: this is another"
    told.open((SHOWN,), (), ())
    assert told.by_log(BURGLARY) == BURGLARY, "an entry told it, long ago: this is another"
    told.open((), (), (SHOWN,))
    assert told.by_log(BURGLARY) == BURGLARY, "it has ended"
    told.open((SHOWN,), (), (SHOWN,))
    assert told.by_log(OVER) == OVER
    assert told.by_log(BURGLARY) == BURGLARY, "over, and begun again"
    told.open((SHOWN,), (), (SHOWN,))
    told.read(1)
    assert told.by_log(BURGLARY) == BURGLARY, "only what the first reading finds is of then"


def test_the_fire_of_an_area_is_that_of_its_zone() -> None:
    told = Told()
    assert told.fires_beyond((AREA, AREA_FIRE), ()) == (AREA, AREA_FIRE)
    told.by_log(FIRE)
    assert told.fires_beyond((AREA, AREA_FIRE), (FIRE,)) == (AREA,)
    assert told.fires_beyond((AREA, AREA_FIRE), ()) == (AREA,), "over, and not cleared"
    assert told.fires_beyond((), ()) == ()
    assert told.fires_beyond((AREA_FIRE,), ()) == (AREA_FIRE,)


def test_a_trouble_of_another_code_is_none_of_that_map() -> None:
    battery = Signal(kind=Kind.ZONE_TROUBLE, code="384", state=State.ACTIVE, zone=3)
    long = Signal(kind=Kind.ZONE_TROUBLE, code="380", state=State.ACTIVE, zone=3)
    assert Told().beyond("08", (long,), (battery,)) == (long,)
