"""An update on a real file system, killed before and after every change to it, and gone on with.

Seen to fail: with the manifest written before what it stands for is whole, with the switch before
`trial` was written, with the floor left out of what is settled, and with `current` removed and made
anew instead of renamed over.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent import files
from edge_agent.program.release import NoRelease
from edge_agent.program.signed import MANIFEST
from edge_agent.update import install, perform
from edge_agent.update.folder import CURRENT, GOOD, Folder
from edge_agent.update.marker import Word
from edge_agent.update.steps import End
from tests.evidence.conftest import signer
from tests.update.releases import release
from tests.update.world import Service, folder, hands


def update(file: Path, place: Folder, service: Service, why: str = "") -> End:
    with file.open("rb") as stream:
        return perform.update(stream, hands(place, service, why=why), "Li Na")


def check_settled(place: Folder, version: str) -> None:
    """Both links lead to a whole release, and nothing is under way."""
    assert place.linked(CURRENT) == place.linked(GOOD) == version
    assert version in place.versions()
    assert (place.root / CURRENT / "manifest").exists()
    assert place.marker() is None


def test_a_release_is_installed_tried_and_kept(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    service = Service(place)
    file, manifest = release(tmp_path, "2.0", "1.5")
    end = update(file, place, service)
    assert end.word is Word.CONFIRMED
    check_settled(place, "2.0")
    assert place.holds("2.0", _signed(file))
    assert place.versions() == ["1.0", "2.0"]
    assert [word for word, _ in service.told] == [Word.BEGUN, Word.CONFIRMED]
    assert set(service.digests) == {manifest.digest.hex()}
    assert place.floor() == (1, 5, 0, 0)
    last = place.last()
    assert last is not None
    assert (last.version, last.actor) == ("2.0", "Li Na")


def _signed(file: Path) -> bytes:
    data = file.read_bytes()
    return data[13 : 13 + int.from_bytes(data[9:13], "big")]


def test_the_one_before_last_is_removed(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    service = Service(place)
    for version in ("2.0", "3.0"):
        update(release(tmp_path, version)[0], place, service)
    assert place.versions() == ["2.0", "3.0"]


def test_the_one_that_was_installed_by_hand_is_good_and_goes_like_others(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    (place.release("1.0") / MANIFEST).unlink()  # as docs/operations.md installs it
    (place.root / GOOD).unlink()
    service = Service(place)
    half = place.release("1.5")  # a power cut while it was removed
    half.mkdir()
    end = update(release(tmp_path, "2.0")[0], place, service)
    assert end.word is Word.CONFIRMED
    check_settled(place, "2.0")
    assert place.release("1.0").is_dir()
    assert not half.exists()
    update(release(tmp_path, "3.0")[0], place, service)
    assert not place.release("1.0").exists()


def test_whoever_goes_on_with_the_first_one_finds_a_release_to_run_from(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    (place.root / GOOD).unlink()
    update(release(tmp_path, "2.0")[0], place, Service(place), why="stopped there")
    assert place.linked(GOOD) == "1.0"


def test_one_that_is_gone_back_to_is_checked_again_and_needs_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder(tmp_path / "opt")
    service = Service(place)
    first = release(tmp_path, "2.0")[0]
    for file in (first, release(tmp_path, "3.0")[0]):
        update(file, place, service)
    starts = service.starts
    monkeypatch.setattr(install, "SPARE_BYTES", 1 << 60)
    with pytest.raises(NoRelease, match="no room"):
        update(release(tmp_path, "4.0")[0], place, service)
    assert update(first, place, service).word is Word.CONFIRMED
    check_settled(place, "2.0")
    assert service.starts == starts + 1
    third = tmp_path / "3.0.release"
    refused = update(third, place, service, why="the configuration has a key that it does not know")
    assert refused.word is Word.REFUSED
    assert service.starts == starts + 1


def test_one_that_does_not_start_is_taken_back_and_removed(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    service = Service(place)
    service.broken = {"2.0"}
    end = update(release(tmp_path, "2.0", "1.5")[0], place, service)
    assert end.word is Word.SWITCHED_BACK
    check_settled(place, "1.0")
    assert place.versions() == ["1.0"]
    assert place.floor() is None  # what was taken back raises nothing
    assert service.runs == "1.0"
    assert [word for word, _ in service.told] == [Word.BEGUN, Word.SWITCHED_BACK]


def test_what_may_not_be_installed_is_refused_and_recorded(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    service = Service(place)
    update(release(tmp_path, "2.0", "1.5")[0], place, service)
    service.told.clear()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for file, why in (
        (release(tmp_path, "1.4")[0], "below 1.5"),
        (release(tmp_path, "2.0", "1.5")[0], "runs already"),
        (release(foreign, "3.0", key=signer(8))[0], "not pinned here"),
    ):
        with pytest.raises(NoRelease, match=why):
            update(file, place, service)
        word, detail = service.told.pop()
        assert word is Word.REFUSED
        assert why in detail
    check_settled(place, "2.0")
    assert update(release(tmp_path, "1.5")[0], place, service).word is Word.CONFIRMED
    assert place.floor() == (1, 5, 0, 0)  # gone back to, and the floor stays


def test_what_cannot_be_installed_leaves_nothing(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    service = Service(place)
    file = release(tmp_path, "2.0")[0]
    end = update(file, place, service, why="no room")
    assert end.word is Word.REFUSED
    changed = tmp_path / "changed.release"
    changed.write_bytes(file.read_bytes()[:-1] + b"?")
    assert update(changed, place, service).word is Word.REFUSED
    check_settled(place, "1.0")
    assert [one.name for one in (place.root / "releases").iterdir()] == ["1.0"]
    assert service.starts == 0


def test_a_release_cut_short_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    service = Service(place)
    cut = tmp_path / "cut.release"
    cut.write_bytes(release(tmp_path, "2.0")[0].read_bytes()[:40])
    with pytest.raises(NoRelease):
        update(cut, place, service)
    assert [one.name for one in (place.root / "releases").iterdir()] == ["1.0"]


# ---- killed


class Killed(BaseException):
    """The process is gone: nothing of it cleans up."""


CHANGES: tuple[tuple[object, str], ...] = (
    (files, "move"),
    (os, "sync"),
    (shutil, "rmtree"),
    (Service, "restart"),
    (Service, "tell"),
    (Path, "mkdir"),
)
"""Every call by which an update changes something."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, bool], None]]:
    """Arm: the process dies at that change, before or after it."""
    state = {"left": -1, "after": 0}

    def armed(original: Callable[..., object]) -> Callable[..., object]:
        def change(*arguments: object, **options: object) -> object:
            state["left"] -= 1
            mine = state["left"] == 0
            if mine and not state["after"]:
                raise Killed
            result = original(*arguments, **options)
            if mine:
                raise Killed
            return result

        return change

    for owner, name in CHANGES:
        monkeypatch.setattr(owner, name, armed(getattr(owner, name)))

    def arm(change: int, after: bool) -> None:
        state.update(left=change, after=int(after))

    yield arm
    state["left"] = -1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("good", [True, False])
def test_killed_at_any_change_it_ends_whole(
    tmp_path: Path, kill_at: Callable[[int, bool], None], good: bool, after: bool
) -> None:
    (tmp_path / "made").mkdir()
    file = release(tmp_path / "made", "2.0")[0]
    change = 0
    while True:
        change += 1
        place = folder(tmp_path / f"opt-{change}")
        service = Service(place)
        service.broken = set() if good else {"2.0"}
        kill_at(change, after)
        try:
            end: End | None = update(file, place, service)
        except Killed:
            kill_at(-1, False)
            assert place.linked(CURRENT) in place.versions()  # whatever starts now is whole
            assert "2.0" not in place.versions() or (place.release("2.0") / "bin").is_dir()
            end = perform.resume(hands(place, service))
        else:
            break
        settled = place.linked(CURRENT)
        assert settled is not None
        check_settled(place, settled)
        if end is None:  # nothing was written down yet, or all was done
            assert settled in {"1.0", "2.0"}
            continue
        assert (end.word is Word.CONFIRMED) is (settled == "2.0") is (service.runs == "2.0")
        assert service.told[-1][0] is end.word
        if not good:
            assert settled == "1.0"
    assert change > 15
    assert end is not None
    assert end.word is (Word.CONFIRMED if good else Word.SWITCHED_BACK)


def test_a_marker_that_cannot_be_read_leads_back(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    service = Service(place)
    place.release("2.0").mkdir()
    place.complete("2.0", b"m")
    place.point(CURRENT, "2.0")
    service.restart()
    (place.root / "update.json").write_text('{"phase": ')
    end = perform.resume(hands(place, service))
    assert end is not None
    assert end.word is Word.SWITCHED_BACK
    check_settled(place, "1.0")
    assert service.runs == "1.0"
    assert (place.root / "update.json.broken").exists()


def test_nothing_to_go_on_with(tmp_path: Path) -> None:
    place = folder(tmp_path / "opt")
    assert perform.resume(hands(place, Service(place))) is None
