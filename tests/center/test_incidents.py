"""Incidents as the center shows them: the newest verdict of each, in words, with what was said."""

import json
from pathlib import Path

import pytest

from edge_agent.center import desk_rows, incidents
from edge_agent.center.cli import main
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.cited import Place
from edge_agent.evidence.signers import load_signer
from edge_agent.evidence.verdict import VerdictBody
from edge_agent.language import Catalog
from tests.center.world import FakeCenter, FakeGateway


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
        self.center.take(sealed)

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


def test_people_read_why_in_their_own_tongue(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.verdict(1, 2, "bs8243.sequential", "a.newer.rule", zones=(3, 5))
    assert site.run("incidents", "--utc", "--lang", "en") == 0
    said = capsys.readouterr().out
    assert "2 presence likely  p1 area 1 zones 3, 5" in said
    assert "A second, independent detector alarmed" in said
    assert "a.newer.rule" in said
    assert "nobody has said anything of it" in said
    assert site.run("incidents", "--lang", "zh") == 0
    said = capsys.readouterr().out
    assert "很可能有人" in said
    assert "确认时间内第二个独立探测器报警" in said


def test_every_word_is_there_in_both_tongues() -> None:
    for name, pair in incidents.WORDS.items():
        english, chinese = pair
        assert english.count("{") == chinese.count("{"), name
    say = Catalog(incidents.WORDS, "zh")
    assert all(say.known(word) for word in ("genuine", "false", "test", "sent", "police"))


def test_what_was_said_is_signed_shown_and_on_its_way(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.verdict(1, 1)
    assert site.say(1, "sent") == 0
    assert site.say(1, "false", "--cause", "animal", "--note", "a cat") == 0
    assert "kept here" in capsys.readouterr().out
    (one,) = site.incidents()
    assert one.decided is not None
    assert (one.decided.words, one.decided.zones) == ("false, animal", (3,))
    assert site.run("incidents", "--json") == 0
    told = json.loads(capsys.readouterr().out)["dispositions"]
    assert [(each["said"], each["cause"], each["journaled_ms"]) for each in told] == [
        ("sent", None, None), ("false", "animal", None),
    ]  # fmt: skip
    assert site.run("incidents", "--lang", "en") == 0
    said = capsys.readouterr().out
    assert "> false, animal, by Li Na (310115-0042) at" in said
    assert "[not yet in the gateway's journal]" in said
    assert site.run("incidents", "--open") == 0
    assert site.place(1).epoch.hex() not in capsys.readouterr().out


def test_a_slip_of_the_hand_is_told(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.verdict(1, 1)
    assert site.say(9, "test") == 2
    assert "no incident of gw1" in capsys.readouterr().err
    assert site.say(1, "false") == 2
    assert site.say(1, "test", "--cause", "animal") == 2
    assert "--cause" in capsys.readouterr().err
    assert list(desk_rows.dispositions(site.center.connection, site.key)) == []


def test_zones_that_are_false_too_often_are_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 5):
        site.verdict(number, 1)
        if number < 4:
            site.say(number, "false", "--cause", "animal")
    capsys.readouterr()
    assert site.run("incidents", "--zones", "--lang", "en") == 0
    said = capsys.readouterr().out
    assert "p1 zone 3  4 alarms: 0 genuine, 3 false, 0 test, 1 open (animal 3)" in said
    assert "false too often" in said
    assert site.run("incidents", "--zones", "--json") == 0
    assert json.loads(capsys.readouterr().out)["high"] is True
