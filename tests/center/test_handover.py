"""The papers of a handover at both centers: who has to sign, whom the new one lets in.

Seen to fail: a certificate granted before all have signed; a gateway that takes another's name.
"""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.center import schema
from edge_agent.center.handover import heard
from edge_agent.center.layout import Layout
from edge_agent.center.roster import Roster
from edge_agent.evidence.charter import Part
from edge_agent.evidence.succession import check_next
from tests import papers
from tests.papers import Papers


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    made = papers.first(tmp_path_factory.mktemp("papers"))
    made.offer()
    assert made.accept("--days", "7") == 0
    return made


@pytest.fixture
def site(offered: Papers, tmp_path: Path) -> Papers:
    shutil.copytree(offered.folder, tmp_path / "site")
    return Papers(tmp_path / "site")


def test_the_next_charter_is_the_old_one_but_for_who_runs_it(site: Papers) -> None:
    before, after = site.present.charter, site.next.charter
    assert (after.number, after.purpose, after.panels) == (2, before.purpose, before.panels)
    enterprise = after.party(Part.ENTERPRISE)
    assert enterprise is not None
    assert enterprise.name == "Green Lion"
    assert after.parties[1:] == before.parties[1:]
    assert [one.center for one in after.destinations] == ["center", "green"]
    assert after.handover is not None
    assert (after.handover.center, after.handover.days) == ("center", 7)


@pytest.mark.parametrize(
    ("parties", "missing"),
    [
        ((), "its owner, Shop, has not signed it"),
        (("old",), "its owner, Shop, has not signed it"),
        (("owner",), "the enterprise of number 1, Red Lion, has not signed it"),
        (("inspector", "old"), "its owner, Shop, has not signed it"),
    ],
)
def test_nothing_is_granted_before_all_have_signed(
    site: Papers, parties: tuple[str, ...], missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for party in parties:
        site.sign(party)
    capsys.readouterr()
    assert site.grant() == 1
    assert missing in capsys.readouterr().err
    assert not site.file("gw1.handover").exists()
    assert Roster(Layout(site.folder / "new")).gateways() == []


@pytest.mark.parametrize("parties", [("old", "owner"), ("owner", "inspector")])
def test_who_is_granted_is_known_and_may_be_granted_again(
    site: Papers, parties: tuple[str, ...]
) -> None:
    for party in parties:
        site.sign(party)
    check_next(site.next, site.present.charter)
    for _ in range(2):
        assert site.grant() == 0
        assert Roster(Layout(site.folder / "new")).gateways() == ["gw1"]
        assert len(Roster(Layout(site.folder / "new")).identities("gw1") or ()) == 1


def test_a_name_that_another_gateway_has_is_not_taken(
    site: Papers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert site.center("new", "init", "--gateway", "gw1") == 0
    site.sign("old")
    site.sign("owner")
    capsys.readouterr()
    assert site.grant() == 78
    assert "another gateway of this center is called gw1" in capsys.readouterr().err


def test_a_charter_that_passes_it_elsewhere_is_not_ours(
    site: Papers, capsys: pytest.CaptureFixture[str]
) -> None:
    site.sign("old")
    site.sign("owner")
    answer = ("--out", site.file("x"))
    asked = ("grant", site.file("gw1.offer"), site.file("gw1.charter"))
    capsys.readouterr()
    assert site.center("old", "handover", *asked, *answer) == 78
    assert "does not pass gw1 on to here" in capsys.readouterr().err


def test_a_name_that_the_gateway_has_for_another_center_is_asked_anew(
    site: Papers, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("accept", site.file("gw1.offer"), "--enterprise", "Green", "--out", site.file("x"))
    assert site.center("new", "handover", *words) == 78
    assert "choose what it is to call yours, with --as NAME" in capsys.readouterr().err


def test_what_was_heard_is_shown_in_its_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout(tmp_path / "c")
    made = Papers(tmp_path)
    assert made.center("c", "init") == 0
    schema.open_for_writing(layout.database).close()
    with closing(schema.open_for_reading(layout.database)) as connection:
        assert list(heard(connection)) == []
    capsys.readouterr()
    assert made.center("c", "handover", "show", "--json") == 1
    assert made.center("c", "handover", "show") == 1
    said = capsys.readouterr().out
    assert said == "no gateway told of a handover yet\n"
    assert json.dumps(said)
