"""`edge-agent update`: what it says, its exit codes, and that it is for root.

Seen to fail: with a refusal that exits 0, with an update begun beside another one, with the mask of
the shell, and with another name than sudo's.
"""

import argparse
import json
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.cli import main, update
from edge_agent.update.folder import CURRENT, Folder
from edge_agent.update.install import Installer
from edge_agent.update.marker import Marker, Phase
from edge_agent.update.steps import Silent
from tests.update.releases import release
from tests.update.world import Service, folder, hands


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A gateway with version 1.0 in service, and a shell that shows files to nobody else."""
    place = folder(tmp_path / "opt")
    made = Service(place)
    monkeypatch.setattr(update, "_hands", lambda arguments: hands(place, made))
    mask = os.umask(0o077)
    yield made
    os.umask(mask)


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


def test_what_was_installed_by_hand_counts_as_proven(
    tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    (service.place.root / "good").unlink(missing_ok=True)
    assert run(tmp_path, "status") == 0
    assert "runs 1.0, proven 1.0" in capsys.readouterr().out
    assert not (service.place.root / "good").is_symlink(), "who asks writes nothing"


def test_it_is_told_under_the_name_of_whoever_became_root(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "li.na")
    run(tmp_path, str(release(tmp_path, "2.0")[0]))
    monkeypatch.delenv("SUDO_USER")
    assert service.actors == ["li.na"] * 2
    run(tmp_path, str(release(tmp_path, "3.0")[0]))
    assert service.actors[2:] == [pwd.getpwuid(os.getuid()).pw_name] * 2


def test_the_agents_own_user_can_read_what_root_installs(tmp_path: Path, service: Service) -> None:
    run(tmp_path, str(release(tmp_path, "2.0")[0]))
    place = service.place.release("2.0")
    for made, mode in ((place, 0o755), (place / "bin", 0o755), (place / "manifest", 0o644)):
        assert stat.S_IMODE(made.stat().st_mode) == mode


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
        f'[gateway]\nid = "gw1"\nsocket = "{tmp_path}/x.sock"\n'
        '[[center]]\nname = "main"\npath = [{host = "h"}]\n'
        '[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = {port = "/dev/null"}\n'
    )
    mark = tmp_path / "restarted"
    parsed = argparse.Namespace(config=config, root=tmp_path, restart=f"touch {mark}")
    made = update._hands(parsed)
    assert made.folder.root == tmp_path
    assert made.installer == Installer(config)
    assert made.service.look() == Silent()
    made.service.restart()
    assert mark.exists()
    assert made.now_ns() > 0
