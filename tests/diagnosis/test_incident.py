"""An incident keeps its lines in order and its tier from falling by itself."""

from edge_agent.diagnosis.incident import Cluster, Family, Incident
from edge_agent.diagnosis.observation import NS


def incident() -> Incident:
    return Incident(Family.INTRUSION, panel="p1", area=1, line=3, first_ns=0, last_ns=0)


def test_lines_are_ascending_and_once() -> None:
    found = incident()
    for line in (3, 7, 5, 7, 9):
        found.add_line(line)
    assert found.lines == [3, 5, 7, 9]


def test_a_tier_rises_and_never_falls_by_rising() -> None:
    found = incident()
    assert found.rise(1, "a")
    assert found.rise(3, "b")
    assert not found.rise(2, "c")
    found.because("a", "b")
    verdict = found.verdict(NS, ((), ()))
    assert (verdict.tier, verdict.reasons) == (3, ("b", "a"))


def test_what_goes_on_knows_what_was() -> None:
    found = incident()
    found.rise(2, "a")
    following = found.go_on(99)
    assert (following.id, following.tier, following.lines) == ("i99", 2, [])
    assert following.parts == [found]
    assert found.over


def test_a_cluster_takes_what_comes_out_of_order() -> None:
    cluster = Cluster(0)
    cluster.add(("p1", 1), 10 * NS)
    assert cluster.takes(9 * NS)
    assert cluster.takes(12 * NS)
    assert not cluster.takes(13 * NS)
    assert cluster.add(("p1", 2), 9 * NS)
    assert not cluster.add(("p1", 1), 11 * NS)
    assert [zone for (_, zone), _ in cluster.trips] == [2, 1]
    assert not cluster.takes(13 * NS + NS // 2)  # four seconds from end to end
