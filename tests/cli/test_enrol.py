"""`edge-agent enrol`, `identity` and `renew`: words, files and exit codes.

The way over the network is tried against a real server in tests/center/test_est.py and, by the
commands themselves, by tests/system/test_docs.py.
"""

import fcntl
import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from edge_agent import cli
from edge_agent.center import credentials
from edge_agent.center.cli import main as center
from edge_agent.clock import SystemClock
from edge_agent.evidence.invitation import Invitation
from edge_agent.identity import decommissioning, renewal
from edge_agent.identity.decommissioning import Marker, Phase
from tests.softhsm import PIN, softhsm
from tests.swtpm import swtpm

PANEL = '\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = { port = "/dev/ttyUSB0" }\n'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    assert center(["init", str(tmp_path / "c")]) == 0
    return tmp_path / "c"


@pytest.fixture
def code(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert center(["enrolment", str(directory), "new", "gw4", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert Invitation.read(said["text"]).code == said["code"]
    return str(said["text"])


@pytest.fixture
def folder(directory: Path, code: str, tmp_path: Path) -> Path:
    """A gateway that was enrolled by file."""
    folder, request, answer = tmp_path / "gw4", tmp_path / "a.request", tmp_path / "a.answer"
    told = ["enrol", code, "--folder", str(folder)]
    assert cli.main([*told, "--request", str(request)]) == 0
    answered = ["enrolment", str(directory), "answer", str(request), "--out", str(answer)]
    assert center(answered) == 0
    assert cli.main([*told, "--answer", str(answer)]) == 0
    with (folder / "gateway.toml").open("a") as file:
        file.write(PANEL)
    return folder


def test_a_folder_of_a_gateway_that_ended_is_no_place_for_another(
    folder: Path, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = Marker(
        phase=Phase.GONE, gateway="gw4", reason="closed", actor="root", digest=bytes(32), keys=()
    )
    decommissioning.write(folder / "gateway.toml", gone)
    assert cli.main(["enrol", code, "--folder", str(folder)]) == 1
    assert "gw4, which was taken out of service: name a new folder" in capsys.readouterr().err


def test_by_file_both_ways(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["identity", "--config", str(folder / "gateway.toml"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["gateway"] == "gw4"
    assert said["key_id"]
    assert said["centers"][0]["due"] < said["centers"][0]["until"]


def test_with_a_key_that_the_tpm_made(
    directory: Path, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Enrolled by file; shown; and said where the TPM is gone."""
    folder, request, answer = tmp_path / "gw4", tmp_path / "a.request", tmp_path / "a.answer"
    told = ["enrol", code, "--folder", str(folder)]
    with swtpm() as chip:
        assert cli.main([*told, "--request", str(request), "--tpm", str(chip)]) == 0
        answered = ["enrolment", str(directory), "answer", str(request), "--out", str(answer)]
        assert center(answered) == 0
        assert cli.main([*told, "--answer", str(answer), "--tpm", str(chip)]) == 0
        with (folder / "gateway.toml").open("a") as file:
            file.write(PANEL)
        show = ["identity", "--config", str(folder / "gateway.toml")]
        capsys.readouterr()
        assert cli.main(show) == 0
        assert f", esp256, in the TPM at {chip}\n" in capsys.readouterr().out
    assert cli.main([*show, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["key_id"]
    assert said["trouble"].startswith(f"key file {folder}/identity.key: there is no TPM at {chip}")


def test_with_a_key_in_a_token(
    directory: Path, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Enrolled by file; shown, without its PIN; and said where the token is gone."""
    folder, request, answer = tmp_path / "gw4", tmp_path / "a.request", tmp_path / "a.answer"
    told = ["enrol", code, "--folder", str(folder)]
    show = ["identity", "--config", str(folder / "gateway.toml"), "--json"]
    with softhsm() as uri:
        told += ["--pkcs11", uri.text]
        assert cli.main([*told, "--request", str(request)]) == 0
        answered = ["enrolment", str(directory), "answer", str(request), "--out", str(answer)]
        assert center(answered) == 0
        assert cli.main([*told, "--answer", str(answer)]) == 0
        with (folder / "gateway.toml").open("a") as file:
            file.write(PANEL)
        capsys.readouterr()
        assert cli.main(show) == 0
        said = json.loads(capsys.readouterr().out)
    assert (said["algorithm"], said["where"]) == ("esp256", f"in {uri.place}")
    assert "object=edge-agent%20gw4;" in (folder / "identity.key").read_text()
    assert cli.main(show) == 1
    out = capsys.readouterr().out
    assert json.loads(out)["key_id"] == said["key_id"]
    assert json.loads(out)["trouble"].startswith(f"key file {folder}/identity.key: {uri.place}")
    for path in (*folder.iterdir(), request, answer):
        assert PIN.encode() not in path.read_bytes(), f"in {path}"


def test_what_names_no_token_is_usage(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["enrol", code, "--pkcs11", "pkcs11:token=a?pin-value=1234"]) == 2
    assert "a PIN does not belong into a name" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["junk"], ["gw4", "host"], ["gw4", "host", "0" * 30]])
def test_what_is_no_code_is_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["enrol", *words]) == 2
    assert "edge-agent: " in capsys.readouterr().err


def test_nobody_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Invitation("gw4", "127.0.0.1", 1, "0" * 16, "0" * 12).text
    assert cli.main(["enrol", text, "--folder", str(tmp_path / "gw4")]) == 1
    assert "is the network up" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    text = Invitation("gw4", "127.0.0.1", 1, "0" * 16, "0" * 12).text
    assert cli.main(["enrol", text, "--folder", str(tmp_path / "file" / "gw4")]) == 1
    assert "--folder" in capsys.readouterr().err


def test_a_missing_key_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "identity.key").unlink()
    assert cli.main(["identity", "--config", str(folder / "gateway.toml")]) == 1
    assert "it is not there" in capsys.readouterr().out


def test_nothing_due_is_nothing_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["renew", "--config", str(folder / "gateway.toml"), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["centers"]
    assert one["what"].startswith("not due before")
    assert (one["until"], one["trouble"]) == (None, None)


def test_a_renewal_that_fails_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "gateway.toml"
    file.write_text(file.read_text().replace(":8443", ":1"))
    assert cli.main(["renew", "--now", "--config", str(file)]) == 1
    assert "is the network up" in capsys.readouterr().out


def test_a_renewal_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    until = credentials.utc(SystemClock().stamp().wall_ns or 0)
    monkeypatch.setattr(renewal, "renew", lambda *_: until)
    assert cli.main(["renew", "--now", "--config", str(folder / "gateway.toml")]) == 0
    assert f"renewed until {until:%Y-%m-%d}" in capsys.readouterr().out


def test_two_renewals_do_not_meet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daily one and one by command are processes of their own, and write the same files."""

    until = credentials.utc(SystemClock().stamp().wall_ns or 0)

    def renew(place: renewal.Place, *_: object) -> datetime:
        descriptor = os.open(place.client.parent, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
        return until

    monkeypatch.setattr(renewal, "renew", renew)
    words = ["renew", "--now", "--config", str(folder / "gateway.toml")]
    assert cli.main(words) == cli.main(words) == 0, "and the first one lets go"


def test_a_center_without_enrolment_is_left_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "gateway.toml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith("enrolment")]
    file.write_text("\n".join(kept))
    assert cli.main(["renew", "--config", str(file)]) == 0
    assert "nothing to renew" in capsys.readouterr().out
    assert cli.main(["identity", "--config", str(file)]) == 0
    assert "not renewed by itself" in capsys.readouterr().out


def test_the_key_of_the_second_signature_is_named_in_both_languages(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "gateway.toml"
    with file.open("a") as opened:
        opened.write("\n[sm2]\n")
    show = ["identity", "--config", str(file)]
    assert cli.main(show) == 1
    assert "edge-agent sm2 --make" in capsys.readouterr().out
    assert cli.main(["sm2", "--make", "--config", str(file)]) == 0
    assert cli.main([*show, "--lang", "zh"]) == 0
    assert "SM2 密钥" in capsys.readouterr().out
