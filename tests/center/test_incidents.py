"""Incidents as the center shows them: the newest verdict of each, in words, with what was said."""

from pathlib import Path

import pytest

from edge_agent.center import incidents
from edge_agent.center.cli import main
from edge_agent.center.store import Arrival
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.cited import Place
from edge_agent.evidence.signers import load_signer
from edge_agent.evidence.verdict import VerdictBody
from edge_agent.language import Catalog
from tests.center.world import NOW_MS, FakeCenter, FakeGateway


class Site:
    """A real center's directory whose database holds verdicts of one gateway."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "c"
        assert main(["init", str(self.directory), "--gateway", "gw1"]) == 0
        self.gateway = FakeGateway()
        self.center = FakeCenter(self.directory, self.gateway)
        self.center.take(self.gateway.start())
        self.key = load_signer(self.directory / "command.key").public

    def place(self, number: int) -> Place:
        return Place(self.gateway.epoch, number)

    def verdict(self, number: int, tier: int, *reasons: str, zones: tuple[int, ...] = (3,)) -> None:
        self.verdict_at(NOW_MS, number, tier, *reasons, zones=zones)

    def verdict_at(
        self, at_ms: int, number: int, tier: int, *reasons: str, zones: tuple[int, ...] = (3,)
    ) -> None:
        body = VerdictBody(
            incident=self.place(number),
            tier=tier,
            reasons=reasons or ("bs8243.unconfirmed",),
            evidence=(self.place(number),),
            panel="p1",
            area=1,
            zones=zones,
            missing=("image",),
        )
        sealed = self.gateway.sealed(EventType.VERDICT, body.to_body(), Lane.VERDICT)
        self.center.store.take([Arrival("gw1", False, sealed)], at_ms)

    def incidents(self) -> list[incidents.Incident]:
        return incidents.incidents(self.center.connection, self.key)

    def run(self, *words: str) -> int:
        command, *rest = words
        return main([command, str(self.directory), *rest])

    def say(self, number: int, *words: str) -> int:
        place = f"{self.gateway.epoch.hex()[:6]}/{number}"
        person = ("--by", "Li Na", "--qualification", "310115-0042", "--wait", "0")
        return self.run("disposition", "gw1", place, *words, *person)


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    made = Site(tmp_path)
    capsys.readouterr()
    return made


def test_the_newest_verdict_of_each_incident_counts(site: Site) -> None:
    site.verdict(1, 1)
    site.verdict(2, 4, "own.life")
    site.verdict(1, 2, "bs8243.sequential", zones=(3, 5))
    site.verdict(1, 0, "cp01.cancel", zones=(3, 5))
    first, second = site.incidents()
    assert (first.place, first.verdict.tier, first.tier_max) == (site.place(1), 0, 2)
    assert (second.verdict.tier, second.verdict.reasons) == (4, ("own.life",))


def test_a_verdict_that_came_late_replaces_no_newer_one(site: Site) -> None:
    late = VerdictBody(
        incident=site.place(1), tier=1, reasons=("bs8243.unconfirmed",), evidence=(site.place(1),)
    )
    held = site.gateway.sealed(EventType.VERDICT, late.to_body(), Lane.VERDICT)
    site.verdict(1, 3)
    site.center.take(held)
    assert [one.verdict.tier for one in site.incidents()] == [3]


def test_every_word_is_there_in_both_tongues() -> None:
    for name, pair in incidents.WORDS.items():
        english, chinese = pair
        assert english.count("{") == chinese.count("{"), name
    say = Catalog(incidents.WORDS, "zh")
    assert all(say.known(word) for word in ("genuine", "false", "test", "sent", "police"))
