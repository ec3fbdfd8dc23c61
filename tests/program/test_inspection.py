"""Every changed, missing or added file of an installation is found, bytecode too.

Seen to fail: without the comparison of bytecode, without `_starting`, and with hashes of RECORD
taken for those of the files.
"""

import base64
import hashlib
import importlib.util
import marshal
import os
import py_compile
import sys
from pathlib import Path

import pytest

from edge_agent.program import inspection
from edge_agent.program.inspection import Difference, inspect
from edge_agent.program.release import digest

FILES = {
    "edge_agent/__init__.py": "__version__ = '1.2'\n",
    "edge_agent/agent.py": "def run():\n    return 1\n",
    "drivers/surgard.py": "NAME = 'surgard'\n",
    "edge_agent/_data/config/codes.csv": "130,burglary\n",
}
OTHER = {"helpful/__init__.py": "x = 1\n"}


def install(site: Path, name: str, version: str, files: dict[str, str], needs: str = "") -> None:
    folder = f"{name}-{version}.dist-info"
    rows = []
    files = files | {
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    }
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        hashed = hashlib.sha256(text.encode()).digest()
        named = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        rows.append(f"{path},sha256={named},{len(text)}")
    rows += [f"{folder}/RECORD,,", f"{folder}/INSTALLER,,"]
    (site / folder / "RECORD").write_text("\n".join(rows))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(tmp_path, "edge_agent", "1.2", FILES, "Requires-Dist: helpful>=2\n")
    install(tmp_path, "helpful", "2.0", OTHER)
    library = [path for path in sys.path if "site-packages" not in path]
    monkeypatch.setattr(sys, "path", [str(tmp_path), *library])
    return tmp_path


def compiled(site: Path, path: str, source: str | None = None) -> Path:
    """Compile a file, or other source under its name: what Python would run in its place."""
    made = Path(py_compile.compile(str(site / path), doraise=True) or "")
    if source is not None:
        code = compile(source, str(site / path), "exec")
        made.write_bytes(made.read_bytes()[:16] + marshal.dumps(code))
    return made


def found(site: Path) -> set[tuple[str, str]]:
    return {(one.path, one.what) for one in inspect().differences}


def test_a_whole_installation_is_as_released(site: Path) -> None:
    compiled(site, "edge_agent/agent.py")
    seen = inspect()
    assert seen.differences == ()
    assert (seen.version, seen.released) == ("1.2", True)
    hashes = {
        path: hashlib.sha256((site / path).read_bytes()).digest()
        for path in [*FILES, "edge_agent-1.2.dist-info/METADATA"]
    }
    assert seen.digest == digest(hashes)


def test_altered_missing_and_added_files_are_named(site: Path) -> None:
    before = inspect()
    (site / "edge_agent/agent.py").write_text("def run():\n    return 2\n")
    (site / "drivers/surgard.py").unlink()
    (site / "drivers/spy.py").write_text("")
    (site / "helpful/__init__.py").write_text("x = 2\n")
    assert found(site) == {
        ("edge_agent/agent.py", "altered"),
        ("drivers/surgard.py", "missing"),
        ("drivers/spy.py", "added"),
        ("helpful/__init__.py", "altered"),
    }
    after = inspect()
    assert after.digest != before.digest
    assert after.dependencies != before.dependencies


def test_what_it_does_not_run_on_does_not_count(site: Path) -> None:
    before = inspect()
    install(site, "beside", "1.0", {"beside.py": "x = 1\n"})
    (site / "beside.py").write_text("x = 2\n")
    assert inspect() == before


def test_a_file_changed_together_with_its_list_is_not_what_was_signed(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = inspect().digest
    monkeypatch.setattr(
        inspection, "is_as_signed", lambda version, digest: (version, digest) == ("1.2", signed)
    )
    assert inspect().signed is True
    install(site, "edge_agent", "1.2", FILES | {"edge_agent/agent.py": "planted = 1\n"})
    seen = inspect()
    assert seen.signed is False
    assert {(one.path, one.what) for one in seen.differences} == {("manifest", "unsigned")}


@pytest.mark.parametrize("name", ["spy.pth", "sitecustomize.py", "usercustomize.py"])
def test_what_runs_by_itself_is_named(site: Path, name: str) -> None:
    (site / name).write_text("import os\n")
    assert found(site) == {(name, "added")}


@pytest.mark.parametrize("path", ["edge_agent/agent.py", "helpful/__init__.py"])
def test_bytecode_that_is_not_its_sources_is_named(site: Path, path: str) -> None:
    planted = compiled(site, path, "def run():\n    return 'planted'\n")
    assert found(site) == {(planted.relative_to(site).as_posix(), "bytecode")}


def test_bytecode_of_optimised_code_is_compared_as_such(site: Path) -> None:
    (site / "edge_agent/agent.py").write_text(FILES["edge_agent/agent.py"])
    py_compile.compile(str(site / "edge_agent/agent.py"), optimize=2)
    assert found(site) == set()


def test_old_bytecode_is_none_that_python_runs(site: Path) -> None:
    planted = compiled(site, "edge_agent/agent.py", "planted = 1\n")
    status = planted.stat()
    os.utime(site / "edge_agent/agent.py", (status.st_atime, status.st_mtime + 100))
    assert found(site) == set()


def test_unchecked_bytecode_is_named(site: Path) -> None:
    path = site / "edge_agent/agent.py"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(path), invalidation_mode=mode)
    made = Path(importlib.util.cache_from_source(path))
    assert found(site) == {(made.relative_to(site).as_posix(), "bytecode")}


def test_torn_bytecode_is_named(site: Path) -> None:
    made = compiled(site, "edge_agent/agent.py")
    made.write_bytes(made.read_bytes()[:40])
    assert found(site) == {(made.relative_to(site).as_posix(), "bytecode")}


def test_a_checkout_has_no_list_and_says_so() -> None:
    seen = inspection.inspect()
    assert not seen.released
    assert seen.version
    assert not [one for one in seen.differences if one != Difference(one.path, "bytecode")]
