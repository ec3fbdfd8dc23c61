"""The installed wheel works without the checkout: code, data and commands are all in it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_agent.program.release import of_wheel

ROOT = Path(__file__).resolve().parent.parent
BUILT_FROM = (
    *("edge_agent", "drivers", "hil", "config", "systemd"),
    *("pyproject.toml", "README.md", "LICENSE"),
)


def run(command: Sequence[str | Path], cwd: Path, **variables: str) -> str:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ran = subprocess.run(
        command, cwd=cwd, env=kept | variables, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{command}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def build(copy: Path, out: Path, version: str = "") -> Path:
    """Build a wheel without network, from a copy: a checkout is left as it was."""
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy)
    if version:
        named = copy / "edge_agent" / "__init__.py"
        named.write_text(
            re.sub(r"(?m)^__version__ = .*$", f'__version__ = "{version}"', named.read_text())
        )
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out], copy)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist"))


class Installed:
    """The wheel in an environment of its own, its dependencies borrowed from the tests' one."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.cwd = folder / "elsewhere"
        self.cwd.mkdir()
        self._site = folder / "site"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        run([*pip, "--no-compile", "--target", self._site, wheel], self.cwd)
        self._borrow(folder / "borrowed")

    def _borrow(self, folder: Path) -> None:
        # links to the dependencies alone, without the .pth line that names the checkout
        folder.mkdir()
        for path in Path(pytest.__file__).parent.parent.iterdir():
            if path.suffix != ".pth" and not path.name.startswith("edge_agent"):
                (folder / path.name).symlink_to(path)
        self._borrowed = folder

    def python(self, code: str) -> str:
        # -S: no site-packages, hence no checkout
        path = f"import sys; sys.path += [{str(self._site)!r}, {str(self._borrowed)!r}]\n"
        return run([sys.executable, "-I", "-S", "-c", path + code], self.cwd)

    def command(self, name: str, *arguments: str) -> str:
        module, _, call = scripts()[name].partition(":")
        return self.python(
            f"from {module} import {call}\nsys.argv = {[name, *arguments]!r}\nsys.exit({call}())"
        )


def scripts() -> dict[str, str]:
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: dict[str, str] = metadata["project"]["scripts"]
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def shipped(folder: str, pattern: str) -> list[str]:
    return sorted(
        str(path.relative_to(ROOT / folder))
        for path in (ROOT / folder).rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    )


def test_the_same_sources_make_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    """Elsewhere, later, and by somebody with another umask: whoever builds it can compare."""
    source, out = tmp_path / "another", tmp_path / "out"
    source.mkdir()
    before = os.umask(0o077)
    try:
        again = build(source, out)
    finally:
        os.umask(before)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_the_installed_program_is_known_for_its_release(wheel: Path, installed: Installed) -> None:
    code = (
        "import json\n"
        "from edge_agent.program.inspection import inspect\n"
        "seen = inspect()\n"
        "tops = ('edge_agent', 'drivers', 'hil')\n"
        "ours = [one.path for one in seen.differences if one.path.startswith(tops)]\n"
        "print(json.dumps([seen.released, seen.digest.hex(), ours]))"
    )
    version, digest = of_wheel(wheel)
    assert json.loads(installed.python(code)) == [True, digest.hex(), []]
    assert version == wheel.name.split("-")[1]


def test_the_checkout_is_out_of_sight(installed: Installed) -> None:
    where = installed.python("import edge_agent; print(edge_agent.__file__)")
    assert not Path(where.strip()).is_relative_to(ROOT)
    path = installed.python("print([p for p in sys.path])")
    assert f"'{ROOT}'" not in path


@pytest.mark.parametrize("folder", ["edge_agent", "drivers", "hil"])
def test_every_source_is_in_the_wheel(wheel: Path, folder: str) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {f"{folder}/{name}" for name in shipped(folder, "*.py")}
    assert sources
    assert sources <= names


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    version = wheel.name.split("-")[1]
    assert tops == {"edge_agent", "drivers", "hil", f"edge_agent-{version}.dist-info"}


@pytest.mark.parametrize("folder", ["config", "systemd"])
def test_data_is_found_by_the_accessor(installed: Installed, folder: str) -> None:
    found = json.loads(
        installed.python(
            "import json\n"
            "from edge_agent.resources import data\n"
            f"top = data({folder!r})\n"
            "files = [p for p in top.rglob('*') if p.is_file()]\n"
            "print(json.dumps([str(top), sorted(str(p.relative_to(top)) for p in files)]))"
        )
    )
    top, names = found
    assert not Path(top).is_relative_to(ROOT)
    assert names == shipped(folder, "*")
    assert names


def test_profiles_codes_and_drivers_are_found(installed: Installed) -> None:
    counts = json.loads(
        installed.python(
            "import json\n"
            "from edge_agent import resources\n"
            "codes = resources.load_codes()\n"
            "loaded = [resources.load_driver(name).name for name in resources.drivers()]\n"
            "print(json.dumps([len(resources.profiles()), len(codes.sia_rows), loaded]))"
        )
    )
    profiles, codes, drivers = counts
    assert profiles == len(shipped("config/profiles", "*.toml"))
    assert codes > 100
    assert sorted(drivers) == sorted(
        Path(name).stem for name in shipped("drivers", "*.py") if not name.startswith("_")
    )


def test_emulators_are_in_the_wheel(installed: Installed) -> None:
    assert installed.python("import hil.panels\nprint(hil.panels.__name__)")


@pytest.mark.parametrize("name", sorted(scripts()))
def test_commands_start(installed: Installed, name: str) -> None:
    assert name in installed.command(name, "--help")


def test_the_installed_command_lists_its_drivers(installed: Installed) -> None:
    listed = installed.command("edge-agent", "drivers", "--json")
    assert "surgard" in listed
    assert all(isinstance(json.loads(line), dict | list) for line in listed.splitlines())


def test_the_version_is_the_sources(installed: Installed) -> None:
    version = installed.command("edge-agent", "--version").split()[-1]
    assert f'__version__ = "{version}"' in (ROOT / "edge_agent" / "__init__.py").read_text()
