"""Records of a Satel INTEGRA's log, and how the log is read backwards, each entry told once."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._satel_frames import SatelDecoder
from drivers._satel_record import (
    ENTRIES_MAX,
    KNOWN_MAX,
    Entry,
    LogReading,
    Record,
    is_older,
    record_signal,
    stamp_of,
)
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.recent import FRAMES_MAX
from edge_agent.domain.session import Setup
from edge_agent.domain.signal import Signal
from edge_agent.resources import load_codes
from hil.panels.satel_frames import framed

CODES = load_codes()
NEWEST = 0xFFFFFF


def record(
    code: int,
    source: int = 1,
    *,
    restore: bool = False,
    group: int = 0,
    minute: int = 1215,
    day: int = 23,
) -> bytes:
    """A record of November 2026, partition 1."""
    third = 11 << 4 | minute >> 8
    return bytes(
        (
            0xB0,
            group << 5 | day,
            third,
            minute & 255,
            restore << 2 | code >> 8,
            code & 255,
            source,
            0,
        )
    )


def entry(number: int, *, minute: int = 1215, called: int | None = None) -> Entry:
    """The `number`-th entry of a log; 0 and less are empty."""
    told = record(130, number % 100 + 1, minute=minute) if number > 0 else bytes(8)
    index = 8 * number if called is None else called
    data = told + (8 * (number - 1) % 2**24).to_bytes(3) + (index % 2**24).to_bytes(3)
    [frame] = SatelDecoder(Setup(CODES)).feed(framed(0x8C, data))
    return Entry.of(frame)


def read(log: LogReading, newest: int, *, minutes: int = 0) -> list[int]:
    """Read a log of `newest` entries; return the numbers of its news."""
    told = entry(newest, called=NEWEST, minute=1215 + minutes * newest)
    while True:
        log.take(told)
        if log.is_over:
            return [news.before // 8 + 1 for news in log.news()]
        assert log.next is not None
        number = log.next // 8
        told = entry(number, minute=1215 + minutes * number)


@pytest.mark.parametrize(
    ("code", "restore", "kind", "contact_id", "state"),
    [
        (131, False, Kind.BURGLARY, "131", State.ACTIVE),
        (144, True, Kind.TAMPER, "144", State.RESTORED),
        (403, True, Kind.OPEN_CLOSE, "403", State.ARMED),
        (299, False, Kind.UNKNOWN, "299", State.ACTIVE),
        (84, False, Kind.TAMPER, "145", State.ACTIVE),
        (88, True, Kind.COMMS, "353", State.RESTORED),
        (95, False, Kind.SYSTEM_TROUBLE, "320", State.ACTIVE),
        (986, False, Kind.BURGLARY, "138", State.ACTIVE),
        (988, False, Kind.OPEN_CLOSE, "454", State.ACTIVE),
        (991, True, Kind.BYPASS, "570", State.RESTORED),
        (1000, False, Kind.ZONE_TROUBLE, "380", State.ACTIVE),
        (1001, False, Kind.OPEN_CLOSE, "450", State.ARMED),
        (1006, True, Kind.POWER, "309", State.RESTORED),
        (985, False, Kind.LOG, None, State.ACTIVE),
        (700, False, Kind.UNKNOWN, None, State.ACTIVE),
    ],
)
def test_what_a_code_means(
    code: int, restore: bool, kind: Kind, contact_id: str | None, state: State
) -> None:
    signal = record_signal(record(code, restore=restore), CODES, b"")
    assert signal is not None
    assert (signal.kind, signal.code, signal.state) == (kind, contact_id, state)


@pytest.mark.parametrize(
    ("code", "source", "area", "zone", "user"),
    [
        (130, 128, 1, 128, None),
        (130, 129, 1, None, None),  # an expander
        (130, 0, 1, None, None),
        (401, 240, 1, None, 240),
        (401, 252, 1, None, None),  # a timer
        (403, 5, 1, None, None),  # a timer, too
        (302, 5, None, None, None),
        (97, 7, 1, 7, None),
    ],
)
def test_where_it_was(
    code: int, source: int, area: int | None, zone: int | None, user: int | None
) -> None:
    signal = record_signal(record(code, source), CODES, b"")
    assert signal is not None
    assert (signal.area, signal.zone, signal.user) == (area, zone, user)


def test_what_users_do_is_a_note_where_no_table_has_it() -> None:
    signal = record_signal(record(5, group=6), CODES, b"")
    assert signal is not None
    assert (signal.kind, signal.code) == (Kind.LOG, None)


@given(st.binary(min_size=8, max_size=8))
@settings(max_examples=60)
def test_any_eight_bytes_are_a_record(data: bytes) -> None:
    Record.of(data)
    record_signal(data, CODES, data)


def test_the_year_is_that_of_the_panel_or_one_before() -> None:
    told = entry(1)
    assert told.time(2026) == "2026-11-23T20:15:00"
    assert told.time(2028) == "2026-11-23T20:15:00"
    assert told.time(2025) == "2022-11-23T20:15:00"


def test_what_is_older_is_so_over_the_turn_of_four_years() -> None:
    silvester, new_year = stamp_of(2027, 12, 31, 1439), stamp_of(2028, 1, 1, 0)
    assert is_older(silvester, new_year)
    assert not is_older(new_year, silvester)
    assert not is_older(new_year, new_year)


# ---- reading it


def test_of_a_log_never_read_only_what_comes_is_news() -> None:
    log = LogReading()
    assert read(log, 5) == []
    assert read(log, 5) == []
    assert read(log, 8) == [6, 7, 8]


def test_a_log_that_was_empty_fills() -> None:
    log = LogReading()
    assert read(log, 0) == []
    assert read(log, 2) == [1, 2]


def test_where_nothing_is_recorded_news_begin_with_a_minute() -> None:
    log = LogReading()
    log.since = entry(1, minute=1215 + 7).stamp
    assert read(log, 9, minutes=1) == [7, 8, 9]


def test_the_gap_goes_back_to_the_oldest_recorded_and_no_entry_is_told_twice() -> None:
    log = LogReading()
    log.open([entry(3), entry(6, called=NEWEST), entry(5)])  # 4 was lost
    assert read(log, 8) == [4, 7, 8]
    assert read(log, 9) == [9]


def urgent(number: int) -> Entry:
    fire = Signal(kind=Kind.FIRE, state=State.ACTIVE)
    told = entry(number)
    return replace(told, frame=replace(told.frame, signals=(fire,)))


@pytest.mark.parametrize(
    ("code", "restore", "is_urgent"),
    [(121, False, True), (110, False, True), (110, True, False), (130, False, False)],
)
def test_an_alarm_of_life_or_fire_is_urgent_and_its_end_is_not(
    code: int, restore: bool, is_urgent: bool
) -> None:
    told = framed(0x8C, record(code, restore=restore) + bytes(6))
    [frame] = SatelDecoder(Setup(CODES)).feed(told)
    assert Entry.of(frame).is_urgent is is_urgent


def test_a_gap_does_not_end_at_what_was_told_ahead_of_its_turn() -> None:
    log = LogReading()
    log.open([urgent(6), entry(3)])
    assert read(log, 8) == [4, 5, 7, 8]
    log.open([urgent(6)])
    log.since = entry(1).stamp
    assert read(log, 8) == [1, 2, 3, 4, 5, 7, 8]


def test_alarms_of_an_older_gap_say_nothing_of_how_far_a_long_row_of_them_goes_back() -> None:
    log = LogReading()
    log.open([urgent(2), *(urgent(number) for number in range(10, 10 + FRAMES_MAX))])
    assert read(log, 50) == [*range(10 + FRAMES_MAX, 51)]


def test_what_is_told_meanwhile_is_not_among_the_news() -> None:
    log = LogReading()
    read(log, 1)
    assert log.take(entry(3, called=NEWEST))
    log.know(entry(3, called=NEWEST))
    log.take(entry(2))
    log.take(entry(1))
    assert [told.before // 8 + 1 for told in log.news()] == [2]


def test_a_log_that_was_cleared_or_overwritten_is_read_to_the_day_of_what_was_recorded() -> None:
    log = LogReading()
    log.open([entry(900)])
    assert read(log, 3) == [1, 2, 3], "it ends with an empty entry"
    log.open([entry(900, minute=1000)])
    told = entry(5000, called=NEWEST)
    old = framed(0x8C, bytes((0xB0, 10)) + record(130)[2:] + bytes(6))
    [frame] = SatelDecoder(Setup(CODES)).feed(old)
    assert log.take(told)
    assert not log.take(Entry.of(frame)), "ten days before"
    assert log.is_over


def test_a_reading_is_bounded_and_says_so() -> None:
    log = LogReading()
    read(log, 1)
    number = 3 * ENTRIES_MAX
    told = entry(number, called=NEWEST)
    while not log.is_over:
        log.take(told)
        number -= 1
        told = entry(number)
    assert log.is_cut
    assert len(log.news()) == ENTRIES_MAX
    assert len(log._known) <= KNOWN_MAX


def test_entries_that_lead_to_each_other_end_a_reading() -> None:
    log = LogReading()
    log.since = 0
    one, other = entry(7), entry(6)
    for told in (one, other, one):
        log.take(told)
    assert log.is_over
