"""A command is entered, waited for and told: what holds for whatever is asked of a gateway."""

from pathlib import Path

import pytest

from edge_agent.center import asking, desk_rows
from edge_agent.center.cli import main
from edge_agent.center.desk_rows import Outcome
from edge_agent.center.layout import Layout
from edge_agent.domain.access import Role
from edge_agent.evidence.reply import Reply, sign_reply
from tests.center.test_incidents import Site, site
from tests.center.world import NOW_MS
from tests.evidence.conftest import STAMP, signer

__all__ = ["site"]

BY = ("--by", "Li Na", "--wait", "0")


def entered(site: Site) -> int:
    wanted = desk_rows.Wish(
        gateway="gw1", what="state", operator="Li", role=Role.OPERATOR, made_ms=NOW_MS,
        until_ms=NOW_MS + 60_000, body={},
    )  # fmt: skip
    return desk_rows.wish(site.center.connection, wanted)


def test_each_change_is_told_once_and_the_end_is_not_waited_past(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LOOK_S", 0)
    connection, number = site.center.connection, entered(site)
    told: list[tuple[int, str]] = []
    steps = ["tries = 1", "detail = 'trying'", "tries = 2, outcome = 'kept'"]

    def progress(now: Outcome) -> None:
        told.append((now.tries, now.detail))
        connection.execute(f"UPDATE command SET {steps[len(told) - 1]} WHERE id = ?", (number,))  # noqa: S608  our own words

    assert asking.awaited(connection, number, 20, progress).outcome == "kept"
    assert told == [(0, ""), (1, ""), (1, "trying")]


def test_whoever_does_not_wait_is_told_how_it_stands(site: Site) -> None:
    assert asking.awaited(site.center.connection, entered(site), 0).outcome is None


def test_without_a_key_that_signs_nothing_is_entered(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seen to fail: a command that waits for its end, and nobody could ever send it."""
    Layout(site.directory).key("command").unlink()
    assert site.run("command", "gw1", "state", *BY) == 78
    assert "no usable key; run edge-center init" in capsys.readouterr().err
    assert site.center.count("command") == 0


def test_a_center_that_was_never_served_takes_no_command(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "c"), "--gateway", "gw1"]) == 0
    assert main(["command", str(tmp_path / "c"), "gw1", "state", *BY]) == 78
    assert not Layout(tmp_path / "c").database.exists()


def reply(facts: bytes) -> bytes:
    said = Reply(
        gateway="gw1", epoch=bytes(8), number=1, digest=bytes(32), stamp=STAMP, outcome="done",
        facts=facts,
    )  # fmt: skip
    return sign_reply(said, signer(2))


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("done", 0), ("kept", 0), ("rolled_back", 1), ("refused", 1), (None, 1)],
)
def test_what_was_not_done_is_an_exit_code(
    outcome: str | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asking.tell_command(Outcome(outcome, "why", None, 1), as_json=False) == code
    assert capsys.readouterr().out == f"{outcome or 'not answered yet'}: why\n"


def test_what_was_never_sent_says_where_to_look() -> None:
    """A gateway that is offline, a center that does not serve."""
    said = asking.standing(Outcome(None, "", None, 0))
    assert "is `edge-center serve` running, and the gateway online?" in said
    assert asking.standing(Outcome(None, "", None, 1)) == "not answered yet"


def test_what_a_gateway_says_is_shown_and_cannot_steer_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asking.tell_command(Outcome("done", "\x1b[2J", reply(b'{"a": "\\u001b"}'), 1), as_json=False)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert '"a"' in said
    assert asking.facts_told(reply(b"\xff")) == "ff", "what is no JSON is shown all the same"
