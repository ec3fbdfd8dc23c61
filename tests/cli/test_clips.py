"""`edge-agent clips`: what the journal tells of clips, a copy that is as signed, a camera tried."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.evidence.cited import Place
from edge_agent.evidence.clip import ClipBody, ClipChange, ClipPart
from hil.cameras import Camera, Fault, on_thread
from tests.configuration import configuration
from tests.daemon.test_epoch import run_once

PICTURE = b"\xff\xd8\xff picture \xff\xd9"
CLIP, OTHER = "000001-abcdef", "000002-abcdef"
PART = ClipPart("image/jpeg", len(PICTURE), hashlib.sha256(PICTURE).digest(), 40)


def kept(clip: str, camera: str) -> ClipBody:
    return ClipBody(
        what=ClipChange.KEPT,
        clip=clip,
        camera=camera,
        panel="p1",
        kind="burglary",
        zone=4,
        alarm=Place(b"epoch001", 1),
        parts=(PART,),
    )


MISSED = ClipBody(
    what=ClipChange.MISSED, camera="yard", panel="p1", kind="fire", detail="it is \x1b[31mdead"
)
REMOVED = ClipBody(what=ClipChange.REMOVED, clip=OTHER, detail="for its room")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway's data: a journal that tells of clips, and the one that is left."""
    folder = tmp_path_factory.mktemp("data")
    notes = (kept(OTHER, "yard"), kept(CLIP, "front"), MISSED, REMOVED)
    run_once(folder / "journal", frames=1, notes=notes)
    (folder / "clips").mkdir()
    (folder / "clips" / f"{CLIP}.1.jpg").write_bytes(PICTURE)
    return folder


def clips(action: str, data: Path, *more: str) -> int:
    return main(["clips", action, *more, "--journal", str(data / "journal")])


def test_clips_are_listed_as_they_are_now(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clips("list", data, "--json") == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["what"], one["camera"]) for one in said] == [
        *(("removed", "yard"), ("kept", "front"), ("missed", "yard"))
    ]
    assert said[1]["parts"][0]["sha256"] == PART.digest.hex()
    assert said[1]["alarm"] == f"{b'epoch001'.hex()}/1"
    assert clips("list", data, "--camera", "yard") == 0
    removed, missed = capsys.readouterr().out.splitlines()
    assert f"removed  {OTHER}  yard  burglary  panel p1  zone 4" in removed
    assert "\x1b" not in missed


def test_a_clip_is_copied_for_the_owner_only(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clips("get", data, CLIP, "--out", str(tmp_path), "--json") == 0
    (file,) = json.loads(capsys.readouterr().out)["files"]
    copy = tmp_path / f"{CLIP}.1.jpg"
    assert file["file"] == str(copy)
    assert copy.read_bytes() == PICTURE
    assert copy.stat().st_mode & 0o777 == 0o600
    assert clips("get", data, CLIP, "--out", str(tmp_path)) == 1  # nothing is overwritten
    assert "File exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("clip", "why"), [("000009-abcdef", "no event tells"), (OTHER, "0 of 1 files")]
)
def test_a_clip_that_is_not_there(
    data: Path, clip: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clips("get", data, clip) == 1
    assert why in capsys.readouterr().err


def test_an_altered_picture_is_not_given(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "clips" / f"{CLIP}.1.jpg"
    file.write_bytes(PICTURE.replace(b"p", b"q"))
    try:
        assert clips("get", data, CLIP, "--out", str(tmp_path)) == 1
    finally:
        file.write_bytes(PICTURE)
    assert "not what was signed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_a_journal_there_are_no_clips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clips("list", tmp_path) == 2
    assert "cannot be read" in capsys.readouterr().err


# ---- with a configuration


def config(folder: Path, url: str, consent: str = '"image"') -> Path:
    file = folder / "gateway.toml"
    camera = f"""
[[camera]]
id = "front"
sees = [{{ panel = "p1" }}]
snapshot_url = "{url}"
consent = [{consent}]
"""
    own = f'data_dir = "{folder}"\nsocket = "{folder}/agent.sock"'
    file.write_text(configuration(gateway=own, more=camera))
    return file


def test_without_a_running_agent_nobody_records_the_reading(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = config(tmp_path, "http://10.0.0.1/")
    (tmp_path / "journal").symlink_to(data / "journal")
    assert main(["clips", "get", CLIP, "-c", str(file), "--out", str(tmp_path)]) == 1
    assert "systemctl start" in capsys.readouterr().err
    assert not (tmp_path / f"{CLIP}.1.jpg").exists()


@pytest.fixture
def camera() -> Iterator[Camera]:
    """An emulated camera on a loop of its own: the command has one, too."""
    with on_thread(Camera()) as camera:
        yield camera


def test_a_camera_is_tried_and_no_picture_taken(
    camera: Camera, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(config(tmp_path, camera.url()))
    assert main(["clips", "try", "-c", file]) == 0
    assert "good  camera front: image would be given" in capsys.readouterr().out
    camera.fault = Fault.MISSING
    assert main(["clips", "try", "front", "-c", file, "--lang", "zh"]) == 1
    assert "更正网址" in capsys.readouterr().out
    assert main(["clips", "try", "-c", file, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["cameras"][0]["cause"] == "camera_answer"
    assert main(["clips", "try", "back", "-c", file]) == 2
    assert "there are: front" in capsys.readouterr().err


def test_without_consent_not_even_a_trial(
    camera: Camera, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clips", "try", "-c", str(config(tmp_path, camera.url(), ""))]) == 0
    assert "no consent" in capsys.readouterr().out
    assert camera.connections == 0
