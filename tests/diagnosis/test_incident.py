"""An incident keeps its lines in order and its tier from falling by itself."""

from edge_agent.diagnosis.incident import INCIDENTS_MAX, Cluster, Family, Going, Incident
from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.domain.kinds import Kind


def incident() -> Incident:
    return Incident(Family.INTRUSION, panel="p1", area=1, line=3, first_ns=0, last_ns=0)


def test_lines_are_ascending_and_once() -> None:
    found = incident()
    for line in (3, 7, 5, 7, 9):
        found.add_line(line)
    assert list(found.lines) == [3, 5, 7, 9]


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
    found.cluster = cluster = Cluster(0)
    found.called_ns = 3
    following = found.go_on(99)
    assert following.called_ns == 3
    clusters = [following.cluster, found.cluster]
    assert clusters == [cluster, None], "a storm has many parts"
    assert (following.id, following.tier, list(following.lines)) == ("i99", 2, [])
    assert following.parts == [found]
    assert found.over


def test_what_goes_on_is_one_until_it_is_quiet_and_never_too_many() -> None:
    going = Going(Family.FIRE)

    def alarm(line: int, panel: str, second: int) -> Incident:
        seen = Observation(line=line, t_ns=second * NS, kind=Kind.FIRE, panel=panel)
        found = going.take((panel, True), seen, 60 * NS)
        found.last_ns = seen.t_ns
        return found

    first = alarm(2, "p", 0)
    assert alarm(3, "p", 60) is first
    assert alarm(4, "p", 121) is not first
    for number in range(INCIDENTS_MAX):
        alarm(10 + number, f"p{number}", 121)
    assert going.at(("p", True), 121 * NS, 60 * NS) is None, "the oldest is forgotten"
    assert going.at(("p0", True), 121 * NS, 60 * NS) is not None


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
