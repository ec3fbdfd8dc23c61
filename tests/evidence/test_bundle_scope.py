"""What a scope names and is not there is named, and of a sample also what was not drawn."""

from edge_agent.evidence.bundle import Kind, Scope
from edge_agent.evidence.bundle_report import Report
from edge_agent.evidence.bundle_scope import Held, check_scope
from edge_agent.evidence.sample import places
from tests.evidence.bundles import FIRST, NONCE


def found(scope: Scope, held: Held) -> list[tuple[str, int | None, int | None]]:
    report = Report()
    check_scope(report, scope, [(FIRST, held)])
    return [(str(one.what), one.seq, one.last) for one in report.problems]


def test_each_stretch_has_to_be_whole() -> None:
    scope = Scope(gateway="gw1", kind=Kind.SPAN, stretches=((FIRST, 3, 9), (FIRST, 20, 22)))
    assert found(scope, [[3, 9], [20, 22]]) == []
    assert found(scope, [[0, 30]]) == []
    assert found(scope, [[3, 4], [6, 8]]) == [("gap", 5, 5), ("gap", 9, 9), ("gap", 20, 22)]
    assert found(scope, []) == [("gap", 3, 9), ("gap", 20, 22)]


def test_a_sample_is_what_the_nonce_draws() -> None:
    stretches = ((FIRST, 0, 99),)
    scope = Scope(gateway="gw1", kind=Kind.SAMPLE, stretches=stretches, nonce=NONCE, count=3)
    drawn = sorted(place.seq for place in places(NONCE, stretches, 3))
    assert found(scope, [[seq, seq] for seq in drawn]) == []
    other = next(seq for seq in range(100) if seq not in drawn)
    told = found(scope, [[seq, seq] for seq in (*drawn[1:], other)])
    assert told == [("sample", other, None), ("sample", drawn[0], None)]
