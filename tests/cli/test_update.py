"""`edge-agent update`: what it says, its exit codes, and that it is for root.

Seen to fail: with a refusal that exits 0, and with an update begun beside another one.
"""

import argparse
import json
from pathlib import Path

import pytest

from edge_agent.cli import main, update
from edge_agent.update.folder import CURRENT, Folder
from edge_agent.update.steps import Marker, Phase
from tests.update.releases import release
from tests.update.world import Service, folder, hands


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A gateway with version 1.0 in service."""
    place = folder(tmp_path / "opt")
    made = Service(place)
    monkeypatch.setattr(update, "_hands", lambda arguments: hands(place, made))
    return made


def run(tmp_path: Path, what: str, *options: str) -> int:
    return main(["update", what, "--root", str(tmp_path / "opt"), *options])


def test_a_release_is_put_into_service(
    tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, str(release(tmp_path, "2.0")[0])) == 0
    assert capsys.readouterr().out == "confirmed: from 1.0 to 2.0: receipted and self-tested\n"
    assert run(tmp_path, "status", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["current"], told["good"], told["floor"]) == ("2.0", "2.0", "0")
    assert told["installed"] == ["1.0", "2.0"]
    assert told["last"]["phase"] == "kept"
    assert run(tmp_path, "status") == 0
    assert "runs 2.0, proven 2.0" in capsys.readouterr().out


def test_one_that_is_taken_back_is_exit_1(
    tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.broken = {"2.0"}
    assert run(tmp_path, str(release(tmp_path, "2.0")[0]), "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "outcome": "switched_back",
        "detail": "from 2.0 to 1.0: it does not start",
    }


def test_what_is_no_release_is_refused(
    tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.release"
    file.write_bytes(b"x")
    assert run(tmp_path, str(file)) == 1
    assert "no release of edge-agent" in capsys.readouterr().err
    assert run(tmp_path, str(tmp_path / "none")) == 1
    assert "none: No such file" in capsys.readouterr().err


def test_one_that_was_cut_off_is_gone_on_with_first(
    tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "resume") == 0
    assert "no update is under way" in capsys.readouterr().out
    place = service.place
    place.release("2.0").mkdir()
    place.complete("2.0", b"m")
    place.write(Marker(Phase.TRIAL, "2.0", "1.0", "1.0", "", "Li Na"))
    assert run(tmp_path, "status") == 1
    assert "under way: 1.0 to 2.0, trial" in capsys.readouterr().out
    assert run(tmp_path, str(release(tmp_path, "3.0")[0])) == 0
    assert place.linked(CURRENT) == "2.0"


def test_one_update_at_a_time(
    tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    with Folder(tmp_path / "opt").locked():
        assert run(tmp_path, str(release(tmp_path, "2.0")[0])) == 1
    assert "another process is at an update" in capsys.readouterr().err
    assert service.starts == 0


def test_a_checkout_is_not_updated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "opt").mkdir()
    assert run(tmp_path, "status") == 1
    assert "no link to a release" in capsys.readouterr().err


def test_the_hands_are_the_gateways_own(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(
        '[gateway]\nid = "gw1"\nsocket = "/tmp/x.sock"\n'
        '[[center]]\nname = "main"\npath = [{host = "h"}]\n'
        '[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = {port = "/dev/null"}\n'
    )
    parsed = argparse.Namespace(config=config, root=tmp_path, restart="true now")
    made = update._hands(parsed)
    assert made.folder.root == tmp_path
    assert made.now_ns() > 0
