"""Every fault is counted; the log gets the first of a kind and then one line a minute."""

from structlog.testing import capture_logs

from edge_agent.domain.session import Fault, FaultKind
from edge_agent.link.faults import LOG_EVERY_NS, REMEDIES, Faults
from tests.link.rig import Intake


def test_all_are_counted_and_few_are_logged() -> None:
    intake = Intake()
    with capture_logs() as logs:
        faults = Faults("p1", intake)
        for number in range(1000):
            faults.take(Fault(FaultKind.NOISE, frame=bytes(99)), number)
        faults.take(Fault(FaultKind.CHECKSUM), 1000)
        faults.take(Fault(FaultKind.NOISE), LOG_EVERY_NS)
    assert intake.faults == {"noise": 1001, "checksum": 1}
    assert [(log["kind"], log["times"]) for log in logs] == [
        ("noise", 1),
        ("checksum", 1),
        ("noise", 1000),
    ]
    assert logs[0]["panel"] == "p1"
    assert len(logs[0]["frame"]) == 64
    assert "baud" in logs[0]["remedy"]


def test_each_kind_has_a_remedy() -> None:
    assert set(REMEDIES) == set(FaultKind)


def test_a_repeat_is_no_warning() -> None:
    with capture_logs() as logs:
        Faults("p1", Intake()).take(Fault(FaultKind.REPEAT), 0)
    assert logs[0]["log_level"] == "info"
