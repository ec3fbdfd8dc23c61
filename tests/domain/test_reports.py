"""Reports: numbered, and the same frame doubled by the line told apart."""

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.reports import DOUBLED_NS, Reports
from edge_agent.domain.session import Frame, Report
from edge_agent.domain.signal import Signal

ALARM = Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=3)


def test_each_frame_with_signals_is_one_report_with_a_number_of_its_own() -> None:
    reports = Reports()
    assert reports.of(()) == []
    assert reports.of((ALARM, ALARM)) == [Report(1, (ALARM, ALARM))]
    reports.clear()
    assert reports.of((ALARM,)) == [Report(2, (ALARM,))], "a number is never given twice"


def test_the_same_frame_so_soon_is_a_double_and_later_another_event() -> None:
    reports = Reports()
    assert not reports.is_doubled(Frame(b"alarm 3\r\n"), 0)
    assert reports.is_doubled(Frame(b"alarm 3\n"), DOUBLED_NS)
    assert not reports.is_doubled(Frame(b"alarm 4"), DOUBLED_NS)
    assert not reports.is_doubled(Frame(b"alarm 3"), DOUBLED_NS), "never hold back an alarm"
    assert not reports.is_doubled(Frame(b"alarm 3"), 2 * DOUBLED_NS + 1)
    reports.clear()
    assert not reports.is_doubled(Frame(b"alarm 3"), 2 * DOUBLED_NS + 1), "the line was opened"


def test_what_goes_on_and_on_is_recorded_again_and_again() -> None:
    reports = Reports()
    every_ns = DOUBLED_NS * 4 // 5
    heard = [reports.is_doubled(Frame(b"alarm 3"), at * every_ns) for at in range(6)]
    assert heard == [False, True] * 3
