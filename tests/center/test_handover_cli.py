"""`edge-center handover`: what it prints, its exit codes, and what is brought to the gateway."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.center import charters, handover_cli, schema
from edge_agent.center.desk_rows import Outcome
from edge_agent.center.layout import Layout
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.handover import open_offer
from edge_agent.evidence.reply import Reply, sign_reply
from tests import papers
from tests.center.world import FakeGateway, stamp
from tests.evidence.conftest import signer
from tests.papers import Papers

Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers.whole(tmp_path_factory.mktemp("papers"))


@pytest.fixture
def site(whole: Papers, tmp_path: Path) -> Papers:
    shutil.copytree(whole.folder, tmp_path / "site")
    return Papers(tmp_path / "site")


def reply(facts: bytes, outcome: str = "done") -> bytes:
    said = Reply(
        gateway="gw1", epoch=bytes(8), number=1, digest=bytes(32), stamp=stamp(),
        outcome=outcome, detail="", facts=facts,
    )  # fmt: skip
    return sign_reply(said, signer(2))


def answers(
    monkeypatch: pytest.MonkeyPatch, outcome: str, facts: bytes = b""
) -> list[tuple[str, dict[int, object]]]:
    """Let the gateway answer so; return what it is asked."""
    asked: list[tuple[str, dict[int, object]]] = []

    def give(_arguments: object, what: str, body: dict[int, object], _wait_s: float) -> Outcome:
        asked.append((what, body))
        return Outcome(outcome, "detail", reply(facts, outcome), 1)

    monkeypatch.setattr("edge_agent.center.asking.give", give)
    return asked


def test_the_offer_is_fetched_and_checked(
    site: Papers, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    out = site.file("fetched")
    words = ("offer", "gw1", "--out", out, "--by", "Li Na")
    asked = answers(monkeypatch, "done", site.file("gw1.offer").read_bytes())
    assert site.center("old", "handover", *words) == 0
    said = capsys.readouterr().out
    assert "nothing is changed yet" in said
    assert "edge-center handover DIR accept fetched --enterprise NAME --out gw1.charter" in said
    assert asked == [("handover", {})]
    assert open_offer(out.read_bytes()).gateway == "gw1"
    assert site.center("old", "handover", *words, "--json") == 0
    assert json.loads(capsys.readouterr().out)["from"] == "center"
    answers(monkeypatch, "done", b"junk")
    assert site.center("old", "handover", *words) == 78
    assert "have the gateway make it anew" in capsys.readouterr().err
    answers(monkeypatch, "refused")
    assert site.center("old", "handover", *words) == 1
    assert capsys.readouterr().out == "refused: detail\n"


def test_the_answer_is_brought_and_the_charter_is_in_force_at_the_old_center_too(
    site: Papers, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    layout = Layout(site.folder / "old")
    words = ("send", "gw1", site.file("gw1.handover"), "--by", "Li Na")
    answers(monkeypatch, "refused")
    assert site.center("old", "handover", *words) == 1
    assert charters.next_number(layout, "gw1") == 2
    asked = answers(monkeypatch, "done")
    assert site.center("old", "handover", *words) == 0
    assert capsys.readouterr().out.endswith("done: detail\n")
    assert asked == [("handover", {1: site.answer})]
    assert charters.next_number(layout, "gw1") == 3
    wrong = ("send", "gw1", site.file("gw1.offer"), "--by", "Li Na")
    assert site.center("old", "handover", *wrong) == 78
    assert "name what `grant` has written" in capsys.readouterr().err


def test_who_takes_it_is_told_who_has_to_sign(site: Papers, capsys: Said) -> None:
    assert site.accept() == 0
    said = capsys.readouterr().out
    for line in (
        "passes the site on: center is served for 30 days more",
        "edge-center charter DIR sign gw1.charter",
        "edge-agent charter sign gw1.charter --key OWNER.key",
        "edge-agent charter sign gw1.charter --key INSPECTOR.key",
    ):
        assert line in said
    assert site.accept("--json", "--days", "0") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["handover"] == {"from": "center", "days": 0}
    with pytest.raises(SystemExit):
        site.accept("--days", "181")
    site.file("gw1.offer").write_bytes(b"junk")
    assert site.accept() == 78
    (site.folder / "new" / "ca.key").unlink()
    site.offer()
    assert site.accept() == 78
    assert "authority's key" in capsys.readouterr().err


def test_who_is_granted_is_told_how_it_goes_on(
    site: Papers, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert site.grant() == 0
    said = capsys.readouterr().out
    assert "edge-center handover DIR send gw1 gw1.handover --key YOUR.key" in said
    assert "edge-agent handover accept gw1.handover" in said
    monkeypatch.setattr(handover_cli, "ANSWER_BYTES_MAX", 100)
    assert site.grant() == 78
    assert "a command carries 100" in capsys.readouterr().err


def test_what_the_gateway_told_is_shown(site: Papers, capsys: Said) -> None:
    database = Layout(site.folder / "new").database
    schema.open_for_writing(database).close()
    gateway = FakeGateway()
    said = (
        ActBody("handover", "Li Na", "both are served", outcome="both"),
        ActBody("refused", "Li Na", "not signed", outcome="handover"),
        ActBody("refused", "Li Na", "another matter", outcome="charter"),
        ActBody("stop", "signal"),
    )
    with closing(sqlite3.connect(database)) as connection:
        gateway.start()
        _store_epoch(connection, gateway)
        for one in said:
            _store(connection, gateway.sealed(EventType.ACT, one.to_body(), Lane.FAULT))
        _store(connection, gateway.sealed(EventType.ACT, {1: "No Word"}, Lane.FAULT))
        connection.commit()
    capsys.readouterr()
    assert site.center("new", "handover", "show", "gw1") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("gw1 both: both are served (Li Na)")
    assert second.endswith("gw1 refused: not signed (Li Na)")
    assert site.center("new", "handover", "show", "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["outcome"] for one in told] == ["both", "handover"]
    assert site.center("new", "handover", "show", "gw2") == 1
    assert site.center("new", "handover", "show", "gw1", "--wait", "0.01") == 1, "not over"
    with closing(sqlite3.connect(database)) as connection:
        moved = ActBody("handover", "Li Na", "one is served", outcome="moved")
        _store(connection, gateway.sealed(EventType.ACT, moved.to_body(), Lane.FAULT))
        connection.commit()
    capsys.readouterr()
    assert site.center("new", "handover", "show", "gw1", "--wait", "60") == 0
    assert capsys.readouterr().out.endswith("gw1 moved: one is served (Li Na)\n")


def _store_epoch(connection: sqlite3.Connection, gateway: FakeGateway) -> None:
    connection.execute(
        "INSERT INTO epoch (id, gateway, epoch, vouched, previous_size, ended, received_ms)"
        " VALUES (1, 'gw1', ?, 1, 0, 'first', 0)",
        (gateway.epoch,),
    )


def _store(connection: sqlite3.Connection, envelope: bytes) -> None:
    event = peek(envelope)[1]
    connection.execute(
        "INSERT INTO event (epoch_id, seq, leaf, root, received_ms, lane, type, live, vouched,"
        " envelope) VALUES (1, ?, ?, ?, 0, 4, 'act', 1, 1, ?)",
        (event.seq, bytes([event.seq]), event.root, envelope),
    )
