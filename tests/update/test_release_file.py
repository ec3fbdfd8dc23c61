"""A release is what was signed, to the last byte, or it is refused; the same files make the same.

Seen to fail: without the hash of each file, without the look behind the last one, and with a
manifest that is read before its signature was checked.
"""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence.manifest import Manifest
from edge_agent.program.release import NoRelease, of_wheel
from edge_agent.update.release_file import LOCK, MAGIC, make, open_release
from tests.evidence.conftest import signer
from tests.update.releases import KEY, parts, release, wheel

PINNED = (KEY.public,)


def unpacked(data: bytes, folder: Path) -> Manifest:
    opened = open_release(io.BytesIO(data), PINNED)
    opened.unpack(folder)
    return opened.manifest


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    file, made = release(tmp_path, "1.2.0", "1.1")
    manifest = unpacked(file.read_bytes(), tmp_path / "out")
    assert manifest == made
    assert (manifest.version, manifest.minimum) == ("1.2.0", "1.1")
    files = parts(tmp_path / "again", "1.2.0")
    assert {one.name: one.read_bytes() for one in (tmp_path / "out").iterdir()} == {
        name: path.read_bytes() for name, path in files.items()
    }
    ours = next(path for name, path in files.items() if name.startswith("edge_agent-"))
    assert manifest.digest == of_wheel(ours)[1]


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    one, _ = release(tmp_path, "1.2.0")
    two, _ = release(tmp_path / "elsewhere", "1.2.0")
    assert one.read_bytes() == two.read_bytes()


def test_any_changed_byte_is_found(tmp_path: Path) -> None:
    data = release(tmp_path, "1.2.0")[0].read_bytes()
    for at in [*range(0, 200, 7), *range(200, len(data), 61), len(data) - 1]:
        changed = data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
        with pytest.raises(NoRelease):
            unpacked(changed, tmp_path / f"out-{at}")


def test_less_and_more_is_found(tmp_path: Path) -> None:
    data = release(tmp_path, "1.2.0")[0].read_bytes()
    for number, wrong in enumerate([data[:-1], data + b"x", data[:300], data[:10], data[:3], b""]):
        with pytest.raises(NoRelease):
            unpacked(wrong, tmp_path / f"out-{number}")


def test_another_key_makes_no_release(tmp_path: Path) -> None:
    file, _ = release(tmp_path, "1.2.0", key=signer(8))
    with pytest.raises(NoRelease, match="not pinned here"):
        unpacked(file.read_bytes(), tmp_path / "out")


@settings(max_examples=30)
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda junk: MAGIC + junk))
def test_junk_is_no_release(junk: bytes) -> None:
    with pytest.raises(NoRelease):
        open_release(io.BytesIO(junk), PINNED)


def test_what_could_not_be_installed_is_not_made(tmp_path: Path) -> None:
    files = parts(tmp_path / "good", "1.2.0")
    other = wheel(tmp_path, "3.0", "helpful_thing")
    for wrong, why in (
        ({name: path for name, path in files.items() if "helpful" not in name}, "no wheel of"),
        (files | {other.name: other}, "not what requirements.txt has locked"),
        ({name: path for name, path in files.items() if "edge" not in name}, "0 wheels"),
        (files | {"edge_agent-9-py3-none-any.whl": files[LOCK]}, "2 wheels"),
    ):
        with pytest.raises(NoRelease, match=why):
            make(tmp_path / "wrong.release", wrong, "0", KEY)
