"""`edge-center enrolment`: what it prints, and its exit codes."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.center.cli import main
from edge_agent.center.layout import Layout
from edge_agent.evidence.invitation import Invitation
from edge_agent.identity import enrolment


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "c"), "--host", "center.example"]) == 0
    return tmp_path / "c"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["enrolment", *words])
    return code, capsys.readouterr().out


def test_a_new_one_is_a_picture_and_words(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, str(directory), "new", "gw4", "--hours", "2")
    assert code == 0
    assert "▄" in text
    typed = re.search(r"edge-agent enrol (gw4) (\S+) (\S+)\n", text)
    scanned = re.search(r"edge-agent enrol '(\S+)'", text)
    assert typed is not None
    assert scanned is not None
    assert Invitation.typed(*typed.groups()) == Invitation.read(scanned[1])
    assert typed[2] == "center.example:8443"


def test_a_host_that_the_certificate_lacks_is_told(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enrolment", str(directory), "new", "gw4", "--at", "other.example"]) == 78
    assert "--host other.example" in capsys.readouterr().err
    assert main(["enrolment", str(directory), "new", "gw4", "--at", "localhost:x"]) == 78


def test_they_are_listed_and_revoked(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, str(directory), "new", "gw4")
    code, text = said(capsys, str(directory), "list", "--json")
    assert code == 0
    assert json.loads(text)["state"] == "open"
    assert said(capsys, str(directory), "list")[1].startswith("gw4: open, until ")
    assert said(capsys, str(directory), "revoke", "gw4")[0] == 0
    assert said(capsys, str(directory), "revoke", "gw4")[0] == 1
    assert said(capsys, str(directory), "list")[1] == ""


def test_a_name_that_is_in_service_is_said(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip of the hand would give a second machine the name of one that runs."""
    assert main(["init", str(directory), "--gateway", "gw1"]) == 0
    capsys.readouterr()
    assert main(["enrolment", str(directory), "new", "gw1", "--json"]) == 0
    assert "gw1 is known here already" in capsys.readouterr().err
    assert main(["enrolment", str(directory), "new", "gw11", "--json"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("hours", ["0", "x", "99999"])
def test_hours_have_bounds(directory: Path, hours: str) -> None:
    with pytest.raises(SystemExit):
        main(["enrolment", str(directory), "new", "gw4", "--hours", hours])


def test_a_file_that_is_no_request_is_told(
    directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_bytes(b"junk")
    words = ["enrolment", str(directory), "answer", str(tmp_path / "x"), "--out", "y"]
    assert main(words) == 78
    assert "no request of" in capsys.readouterr().err


def test_serve_serves_until_it_is_stopped(
    directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command itself: ready, a gateway enrolled, SIGTERM, exit 0."""
    start = "import sys; from edge_agent.center.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", start, "enrolment", str(directory), "serve"]
    child = subprocess.Popen(
        [*command, "--listen", "127.0.0.1", "--port", "0"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        where = f"localhost:{ready['port']}"
        _, text = said(capsys, str(directory), "new", "gw4", "--at", where, "--json")
        invitation = Invitation.read(json.loads(text)["text"])
        done = enrolment.enrol(invitation, tmp_path / "gw4", lambda _: None)
        assert "client.pem" in done.written
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=60) == 0
    finally:
        child.kill()
        child.communicate()
    assert Layout(directory).identity("gw4").exists()
