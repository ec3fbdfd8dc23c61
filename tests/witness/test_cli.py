"""`edge-center witness`: made, told whom to trust, looked at; the server is a system test's."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.center.cli import main
from edge_agent.evidence.certificates import fingerprint
from edge_agent.witness.folder import Folder
from edge_agent.witness.store import WitnessStore
from tests.witness.world import AUTHORITY, DIGEST, WITNESS, asked, begun, forked, proven

FIRST = begun()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "w")
    assert witness(folder, "init", "--name", "south", "--host", "localhost") == 0
    return folder


def witness(folder: Folder, *words: str) -> int:
    return main(["witness", str(folder.path), *words])


def test_it_is_made_and_told_whom_to_trust(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.public_bytes(Encoding.PEM))
    assert witness(folder, "trust", str(tmp_path / "ca.pem"), "--name", "red") == 0
    assert fingerprint(AUTHORITY) in capsys.readouterr().out
    assert folder.trusted() == [AUTHORITY]
    assert witness(folder, "list") == 0
    assert witness(folder, "conflicts") == 0
    assert capsys.readouterr().out == ""


def test_what_was_cosigned_and_what_contradicts_it_is_shown(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = forked(FIRST, 8, 9)
    with closing(WitnessStore(folder.database)) as store:
        for one in (asked(FIRST, 12), asked(twin, 12)):
            store.submit(proven(one), "south", WITNESS, 1_795_000_000_000)
    capsys.readouterr()
    assert witness(folder, "list") == 1
    assert "12 events of run 65706f63682d2d31" in (said := capsys.readouterr().out)
    assert "STOPPED" in said
    assert witness(folder, "list", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["gateway"], told["authority"], told["size"]) == ("gw1", DIGEST.hex(), 12)
    out = tmp_path / "evidence"
    assert witness(folder, "conflicts", "--out", str(out)) == 1
    assert "1: fork of gw1" in capsys.readouterr().out
    assert (out / "1-seen.cose").read_bytes() == FIRST.envelopes[12]
    assert (out / "1-shown.cose").read_bytes() == twin.envelopes[12]
    assert witness(folder, "conflicts", "--json") == 1
    assert json.loads(capsys.readouterr().out)["what"] == "fork"
    assert witness(folder, "accept", "gw1") == 0
    assert witness(folder, "list") == 0
    assert "broke off 1 times" in capsys.readouterr().out


@pytest.mark.parametrize("words", [("list",), ("serve",), ("accept", "gw1")])
def test_a_folder_that_is_none_is_told_with_its_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert witness(Folder(tmp_path), *words) == 78
    assert "init" in capsys.readouterr().err


def test_what_cannot_be_done_is_told(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert witness(folder, "accept", "gw1") == 78
    assert "nothing of it is stopped" in capsys.readouterr().err
    assert witness(folder, "trust", str(folder.path / "none.pem"), "--name", "red") == 78
    with closing(sqlite3.connect(folder.database)) as connection:
        connection.execute("PRAGMA user_version = 7")
    assert witness(folder, "list") == 78
    assert "another version" in capsys.readouterr().err
