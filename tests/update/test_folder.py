"""What stands in the folder of releases is whole or not there, and nobody is let out of it.

Seen to fail: a link that is removed before it is made anew, a folder without its manifest counted
as installed, a release removed that a link points to, a floor that can be lowered, and a marker
that cannot be read gone once somebody has asked how it stands.
"""

import json
from pathlib import Path

import pytest

from edge_agent import files
from edge_agent.program.signed import PINS
from edge_agent.update.folder import CURRENT, GOOD, Busy, Folder, NotByReleases
from edge_agent.update.marker import Marker, Phase
from tests.evidence.conftest import signer
from tests.update.releases import KEY
from tests.update.world import folder

MARKER = Marker(Phase.TRIAL, "2.0", "1.0", "1.0", "ab" * 32, "Li Na")


def test_what_has_no_manifest_is_not_installed(tmp_path: Path) -> None:
    place = folder(tmp_path)
    place.release("1.10").mkdir()
    place.release("junk").mkdir()
    (place.release("junk") / "manifest").touch()
    assert place.versions() == ["1.0"]
    place.complete("1.10", b"m")
    place.release("1.9").mkdir()
    place.complete("1.9", b"m")
    assert place.versions() == ["1.0", "1.9", "1.10"]
    assert place.holds("1.10", b"m")
    assert not place.holds("1.10", b"n")


def test_a_link_is_replaced_and_never_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder(tmp_path)
    seen: list[str | None] = []
    original = files.move

    def move(source: Path, target: Path) -> None:
        seen.append(place.linked(CURRENT))
        original(source, target)
        seen.append(place.linked(CURRENT))

    monkeypatch.setattr(files, "move", move)
    place.point(CURRENT, "2.0")
    assert seen == ["1.0", "2.0"]
    assert (tmp_path / CURRENT).readlink() == Path("releases/2.0")  # also in another mount


def test_a_release_in_use_stays(tmp_path: Path) -> None:
    place = folder(tmp_path)
    place.release("2.0").mkdir()
    place.complete("2.0", b"m")
    place.point(CURRENT, "2.0")
    for version in ("1.0", "2.0"):
        place.remove(version)
    assert place.versions() == ["1.0", "2.0"]
    place.point(CURRENT, "1.0")
    place.remove("2.0")
    assert place.versions() == ["1.0"]
    for way_out in ("", "..", "../x"):
        with pytest.raises(ValueError, match="no version"):
            place.remove(way_out)


def test_a_program_that_was_not_installed_by_releases_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(NotByReleases, match="no link to a release"):
        Folder(tmp_path).proven()
    (tmp_path / CURRENT).symlink_to("/usr/bin")
    with pytest.raises(NotByReleases, match="no link to a release"):
        Folder(tmp_path).proven()
    assert not (tmp_path / GOOD).is_symlink()


def test_what_was_installed_by_hand_is_good(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (tmp_path / GOOD).unlink()
    assert place.proven() == "1.0"


def test_pins_are_read_or_their_remedy_told(tmp_path: Path) -> None:
    place = folder(tmp_path)
    other = signer(9)
    (tmp_path / PINS).write_bytes(KEY.public.to_pem() + other.public.to_pem())
    assert place.pins() == (KEY.public, other.public)
    for wrong in (b"", b"nonsense", KEY.public.to_pem() * 5):
        (tmp_path / PINS).write_bytes(wrong)
        with pytest.raises(NotByReleases, match="edge-agent release key"):
            place.pins()
    (tmp_path / PINS).unlink()
    with pytest.raises(NotByReleases, match="edge-agent release key"):
        place.pins()


def test_a_floor_only_rises(tmp_path: Path) -> None:
    place = folder(tmp_path)
    assert place.floor() is None
    place.raise_floor("1.2")
    place.raise_floor("1.1")
    assert place.floor() == (1, 2, 0, 0)
    (tmp_path / "floor").write_text("?")
    with pytest.raises(NotByReleases, match="floor"):
        place.floor()


def test_a_marker_comes_back_and_is_remembered(tmp_path: Path) -> None:
    place = folder(tmp_path)
    assert place.marker() is None
    assert place.last() is None
    place.write(MARKER)
    assert place.marker() == MARKER
    place.erase()
    place.erase()
    assert place.marker() is None
    assert place.last() == MARKER


def test_an_unreadable_marker_of_nothing_is_nothing(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (tmp_path / "update.json").write_bytes(b"\xff")
    assert place.marker() is None
    assert place.take_up() is None
    assert (tmp_path / "update.json.broken").read_bytes() == b"\xff"
    assert not (tmp_path / "update.json").exists()
    (tmp_path / "last.json").write_text("[" * 100_000)
    assert place.last() is None


def test_an_unreadable_marker_stays_until_what_goes_back_is_written(tmp_path: Path) -> None:
    place = folder(tmp_path)
    place.point(CURRENT, "2.0")
    file = tmp_path / "update.json"
    for damage in (b"", b"{", b"[" * 100_000):
        file.write_bytes(damage)
        asked = place.marker()  # as `edge-agent update status` does: it changes nothing
        assert file.read_bytes() == damage
        assert asked is not None
        assert (asked.phase, asked.version, asked.before) == (Phase.BACK, "2.0", "1.0")
        assert place.take_up() == asked == Marker.read(json.loads(file.read_bytes()))
        assert place.take_up() == asked
        assert (tmp_path / "update.json.broken").read_bytes() == damage


def test_one_update_at_a_time(tmp_path: Path) -> None:
    place = folder(tmp_path)
    with place.locked(), pytest.raises(Busy), Folder(tmp_path).locked():
        pass
    with place.locked(wait=True):
        pass
    with pytest.raises(NotByReleases), Folder(tmp_path / "none").locked():
        pass
