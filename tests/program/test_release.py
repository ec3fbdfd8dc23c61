"""A release's digest is of its files, whoever installed them."""

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest

from edge_agent.program.release import NoRelease, digest, is_released, of_wheel, read_record

FOLDER = "edge_agent-1.2.dist-info"


def listed(files: dict[str, bytes]) -> str:
    def value(data: bytes) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

    rows = [f"{path},sha256={value(data)},{len(data)}" for path, data in files.items()]
    return "\n".join([*rows, f"{FOLDER}/RECORD,,", ""])


def wheel(folder: Path, files: dict[str, bytes], record: str, name: str = FOLDER) -> Path:
    path = folder / "edge_agent-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as made:
        for inside, data in files.items():
            made.writestr(inside, data)
        made.writestr(f"{name}/RECORD", record)
    return path


def test_a_wheel_is_known_by_its_files(tmp_path: Path) -> None:
    files = {"edge_agent/a.py": b"a", "drivers/b.py": b"b", f"{FOLDER}/METADATA": b"m"}
    version, found = of_wheel(wheel(tmp_path, files, listed(files)))
    assert version == "1.2"
    lines = b"".join(
        path.encode() + b"\0" + hashlib.sha256(files[path]).hexdigest().encode() + b"\n"
        for path in ("drivers/b.py", f"{FOLDER}/METADATA", "edge_agent/a.py")
    )
    assert found == hashlib.sha256(lines).digest()


def test_another_byte_is_another_digest() -> None:
    one, other = {"a": b"1" * 32, "b": b"2" * 32}, {"a": b"1" * 32, "b": b"3" * 32}
    assert digest(one) != digest(other)
    assert digest(one) != digest({"a": b"1" * 32})


def test_what_an_installer_adds_does_not_count() -> None:
    added = ["../../bin/edge-agent", "a/__pycache__/b.cpython-311.pyc", f"{FOLDER}/RECORD"]
    added += [f"{FOLDER}/INSTALLER", f"{FOLDER}/direct_url.json", f"{FOLDER}/REQUESTED", "/etc/x"]
    assert not any(is_released(path) for path in added)
    assert is_released("edge_agent/RECORD")
    assert is_released(f"{FOLDER}/licenses/LICENSE")


def test_a_wheel_that_contradicts_its_list_is_refused(tmp_path: Path) -> None:
    files = {"edge_agent/a.py": b"a"}
    record = listed({"edge_agent/a.py": b"other"})
    with pytest.raises(NoRelease, match=r"damaged: edge_agent/a\.py"):
        of_wheel(wheel(tmp_path, files, record))


def test_a_file_beside_the_list_is_refused(tmp_path: Path) -> None:
    files = {"edge_agent/a.py": b"a", "edge_agent/more.py": b"x"}
    with pytest.raises(NoRelease, match=r"damaged: edge_agent/more\.py"):
        of_wheel(wheel(tmp_path, files, listed({"edge_agent/a.py": b"a"})))


@pytest.mark.parametrize("name", ["other-1.2.dist-info", "no folder at all"])
def test_what_is_not_ours_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoRelease):
        of_wheel(wheel(tmp_path, {}, "", name))


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"PK but no more")
    with pytest.raises(NoRelease, match="no wheel"):
        of_wheel(tmp_path / "x.whl")


def test_a_list_names_hashes_or_none() -> None:
    value = base64.urlsafe_b64encode(b"h" * 32).rstrip(b"=").decode()
    read = read_record(f'a,sha256={value},3\n"b,c",md5=xx,1\nRECORD,,\n\n')
    assert read == {"a": b"h" * 32, "b,c": None, "RECORD": None}


def test_a_broken_list_is_an_error() -> None:
    with pytest.raises(ValueError, match="RECORD"):
        read_record('a,"b\n')
