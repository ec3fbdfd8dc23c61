"""What was installed must be what was signed, and accept the configuration; else nothing goes on.

The commands that make a real environment are run by tests/system/test_installed.py.

Seen to fail: with the digest not compared, and with exit code 78 of `check` taken for good.
"""

import json
from pathlib import Path

import pytest

from edge_agent.evidence.manifest import Manifest, Part
from edge_agent.update import install
from edge_agent.update.install import Failed, Installer, is_room

MANIFEST = Manifest("2.0", "1.0", b"d" * 32, (Part("edge_agent-2.0.whl", 3, b"a" * 32),))
GOOD = {"version": "2.0", "digest": (b"d" * 32).hex(), "differences": []}


def program(folder: Path, says: object, check_exit: int = 0) -> Path:
    """A folder with an `edge-agent` that says this of itself."""
    (folder / "bin").mkdir(parents=True)
    script = folder / "bin" / "edge-agent"
    said = says if isinstance(says, str) else json.dumps(says)
    script.write_text(
        f"#!/bin/sh\nif [ $1 = check ]; then echo bad key >&2; exit {check_exit}; fi\n"
        f"echo '{said}'\nexit 1\n"
    )
    script.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (GOOD | {"digest": "ee" * 32}, "not as signed"),
        (GOOD | {"version": "1.0"}, "not as signed"),
        (GOOD | {"differences": [{"path": "edge_agent/agent.py"}]}, "edge_agent/agent.py"),
        ({}, "cannot be told"),
        ("nonsense", "cannot be told"),
    ],
)
def test_what_is_not_as_signed_is_refused(tmp_path: Path, says: object, why: str) -> None:
    installer = Installer(tmp_path / "gateway.toml")
    with pytest.raises(Failed, match=why):
        installer.check(program(tmp_path / "new", says), MANIFEST)


@pytest.mark.parametrize("code", [0, 1])
def test_a_new_release_may_find_things_to_mend(tmp_path: Path, code: int) -> None:
    config = tmp_path / "gateway.toml"
    config.touch()
    Installer(config).check(program(tmp_path / "new", GOOD, code), MANIFEST)


def test_one_that_refuses_the_configuration_is_not_switched_to(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.touch()
    with pytest.raises(Failed, match=r"configuration under the new release.* 78: bad key"):
        Installer(config).check(program(tmp_path / "new", GOOD, 78), MANIFEST)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failed):
        Installer(tmp_path / "none").check(tmp_path, MANIFEST)


def test_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_room(tmp_path, MANIFEST)
    monkeypatch.setattr(install, "SPARE_BYTES", 1 << 60)
    assert not is_room(tmp_path, MANIFEST)
