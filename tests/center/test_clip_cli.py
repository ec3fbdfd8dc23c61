"""`edge-center clip`: only what is as signed is written."""

import hashlib
from pathlib import Path

import pytest

from edge_agent.center import clip_cli
from edge_agent.center.spool import await_files
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.clip import ClipBody, ClipChange, ClipPart
from tests.center.test_incidents import Site

CLIP = "000012-9f3ac1"
DATA = (b"first", b"second")
PARTS = tuple(ClipPart("image/jpeg", len(data), hashlib.sha256(data).digest(), 40) for data in DATA)


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    made = Site(tmp_path)
    kept = ClipBody(what=ClipChange.KEPT, camera="front", clip=CLIP, panel="p1", parts=PARTS)
    made.center.take(made.gateway.sealed(EventType.CLIP, kept.to_body(), Lane.VERDICT))
    capsys.readouterr()
    return made


def test_the_gateways_own_event_says_what_a_clip_is(site: Site) -> None:
    connection = site.center.connection
    assert clip_cli.signed_parts(connection, "gw1", CLIP) == PARTS
    assert clip_cli.signed_parts(connection, "gw2", CLIP) is None
    assert clip_cli.signed_parts(connection, "gw1", "000013-9f3ac1") is None
    removed = ClipBody(what=ClipChange.REMOVED, clip=CLIP, detail="for its room")
    site.center.take(site.gateway.sealed(EventType.CLIP, removed.to_body(), Lane.STATE))
    assert clip_cli.signed_parts(connection, "gw1", CLIP) == PARTS, "it may be on its way"


def test_nothing_is_asked_for_that_makes_no_sense(
    site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    by = ("--by", "Li", "--wait", "0")
    assert site.run("clip", "gw1", "../x", *by) == 2
    assert site.run("clip", "gw1", "000013-9f3ac1", *by) == 2
    assert site.run("clip", "gw1", CLIP, *by, "--out", str(tmp_path / "none")) == 2
    assert site.center.count("command") == 0
    assert site.run("clip", "gw1", CLIP, *by) == 1
    assert "not answered yet" in capsys.readouterr().err
    assert site.center.count("command") == 1


def spooled(folder: Path, *contents: bytes) -> list[Path]:
    files = [folder / f"{CLIP}.{number}" for number in range(len(PARTS))]
    for file, data in zip(files, contents, strict=False):
        file.write_bytes(data)
    return files


def test_all_parts_are_written_where_all_are_as_signed(tmp_path: Path) -> None:
    files = spooled(tmp_path, *DATA)
    out = tmp_path / "out"
    out.mkdir()
    await_files(files, [part.size for part in PARTS])
    written = clip_cli.keep(files, PARTS, out)
    assert [file.name for file in written] == [f"{CLIP}.0.jpg", f"{CLIP}.1.jpg"]
    assert [file.read_bytes() for file in written] == list(DATA)
    assert not any(file.exists() for file in files)


@pytest.mark.parametrize("contents", [(b"first", b"forged"), (b"first",), ()])
def test_nothing_is_written_where_one_is_not(tmp_path: Path, contents: tuple[bytes, ...]) -> None:
    files = spooled(tmp_path, *contents)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ValueError, match="not as signed"):
        clip_cli.keep(files, PARTS, out)
    assert list(out.iterdir()) == []
    assert not any(file.exists() for file in files)


def test_a_media_type_that_nobody_knows_has_a_name_too() -> None:
    assert clip_cli.suffix("image/jpeg") == ".jpg"
    assert clip_cli.suffix("image/unheard-of") == ".bin"
