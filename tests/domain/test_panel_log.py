"""A panel's own log fills a gap: neither what is recorded nor what is older is told again."""

from edge_agent.domain.panel_log import ENTRIES_MAX, RECORDED_MAX, Entry, PanelLog


def at(minute: int) -> str:
    return f"2026-11-23T20:{minute:02d}:00"


def entry(name: str, minute: int) -> Entry:
    return Entry(name.encode(), at(minute))


def log_of(*recorded: tuple[str, int]) -> PanelLog:
    log = PanelLog()
    for name, minute in recorded:
        log.recorded(name.encode(), at(minute))
    log.open()
    return log


def read(log: PanelLog, *entries: Entry) -> list[str]:
    for one in entries:
        log.take(one)
    return [one.identity.decode() for one in log.news()]


def test_only_what_came_after_the_last_recorded_event_is_news() -> None:
    log = log_of(("a", 1), ("b", 2))
    entries = [entry("old", 0), entry("a", 1), entry("b", 2), entry("c", 2), entry("d", 3)]
    assert read(log, *entries) == ["c", "d"]
    assert not log.is_wanted
    log.open()
    assert read(log, *entries, entry("e", 4)) == ["e"], "what was told is recorded"


def test_it_is_told_oldest_first_whatever_the_order_of_the_log() -> None:
    newest_first = [entry("d", 3), entry("c2", 2), entry("c1", 2), entry("a", 1)]
    assert read(log_of(("a", 1)), *newest_first) == ["c1", "c2", "d"]
    assert read(log_of(("a", 1)), *reversed(newest_first)) == ["c1", "c2", "d"]


def test_the_same_twice_in_a_minute_is_two_of_which_one_is_recorded() -> None:
    assert read(log_of(("a", 1)), entry("a", 1), entry("a", 1)) == ["a"]


def test_without_a_recorded_event_there_is_no_gap() -> None:
    log = PanelLog()
    log.open()
    assert not log.is_wanted
    assert read(log, entry("a", 1)) == []
    log.recorded(b"a", at(1))
    assert not log.is_wanted, "not before something was missed"
    log.clear()
    log.open()
    assert not log.is_wanted


def test_a_log_that_was_asked_for_by_another_host_is_no_gap_of_ours() -> None:
    log = log_of(("a", 1))
    assert read(log, entry("b", 2)) == ["b"]
    assert read(log, entry("c", 3)) == []


def test_memory_is_bounded() -> None:
    log = log_of(("a", 1))
    assert len(read(log, *(entry(f"{n}", 2) for n in range(2 * ENTRIES_MAX)))) == ENTRIES_MAX
    for number in range(2 * RECORDED_MAX):
        log.recorded(f"{number}".encode(), at(3))
    assert len(log._recorded) == RECORDED_MAX
