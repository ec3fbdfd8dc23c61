"""The whole of it against emulators that stand for real panels on real ports."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.hil.bench.__main__ import EXIT_CONFIG, main
from tests.hil.process import PATIENCE_S, Emulator, running

FILE = """
[bench]
name = "wall"
quiet_s = 0.3
link_s = 60
lost_s = 60
within_s = 60

[[panel]]
id = "elk"
driver = "elk"
profile = "elk_m1"
serial = {{ port = "{folder}/elk", baud = 115200 }}

[[panel]]
id = "noisy"
driver = "ness"
serial = {{ port = "{folder}/ness" }}

[[bus]]
id = "b1"
serial = {{ port = "{folder}/bus", baud = 115200 }}

[[panel]]
id = "inputs"
driver = "modbus_map"
profile = "generic_di8"
bus = "b1"
unit = 1

[[hand]]
panel = "elk"
does = "trip"
zone = 3
ask = "open the door"

[[hand]]
panel = "elk"
does = "restore"
ask = "close the door"

[[hand]]
panel = "elk"
does = "unplug"
ask = "pull the plug"

[[hand]]
panel = "elk"
does = "plug"
ask = "put it back"

[[hand]]
panel = "inputs"
does = "trip"
zone = 2
run = ["sh", "-c", "echo 'input 2 on' > {folder}/relay"]

[[hand]]
panel = "inputs"
does = "restore"
run = ["sh", "-c", "echo 'input 2 off' > {folder}/relay"]
"""
ABSENT = """
[bench]
link_s = 0.1

[[panel]]
id = "absent"
driver = "surgard"
serial = {{ port = "{folder}/nothing" }}
"""
A_PERSON_DOES = {
    # what is asked: what is done at the panel
    "open the door": "alarm zone=3",
    "close the door": "restore alarm zone=3",
    "pull the plug": "unplug",
    "put it back": "plug",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[tuple[Path, Emulator]]:
    with ExitStack() as stack:
        pty = ("--pty", "--link")
        elk = stack.enter_context(running("elk", *pty, str(tmp_path / "elk"), "--test-s", "1"))
        busy = ("--fault", "flood 50 600", "--wrong", "0.25")
        noisy = stack.enter_context(running("ness", *pty, str(tmp_path / "ness"), *busy))
        noisy.where()
        os.mkfifo(tmp_path / "relay")
        relay = os.open(tmp_path / "relay", os.O_RDWR)
        stack.callback(os.close, relay)
        module = subprocess.Popen(
            [sys.executable, "-m", "hil.panels", "modbus_map", *pty, str(tmp_path / "bus")],
            stdin=relay,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(module.communicate, timeout=PATIENCE_S)
        stack.callback(module.terminate)
        assert module.stdout is not None
        assert '"open"' in module.stdout.readline()
        elk.where()
        file = tmp_path / "wall.toml"
        file.write_text(FILE.format(folder=tmp_path))
        yield file, elk


def test_panels_on_their_ports(bench: tuple[Path, Emulator], tmp_path: Path) -> None:
    file, elk = bench
    words = [sys.executable, "-m", "tests.hil.bench", "--bench", str(file)]
    with subprocess.Popen(
        [*words, "--json", str(tmp_path / "report.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            for asked, done in A_PERSON_DOES.items():
                if asked in line:
                    elk.tell(done)
        assert child.stdout is not None
        said = child.stdout.read()
    assert child.returncode == 1, "of a noisy line"
    report = json.loads((tmp_path / "report.json").read_text())
    verdicts: dict[tuple[str, str], Any] = {
        (one["panel"], one["check"]): one["verdict"] for one in report["results"]
    }
    bad = {key for key, verdict in verdicts.items() if verdict == "bad"}
    assert bad == {("noisy", "damaged frames")}, said
    for check in ("link up", "resync", "quiet", "status", "trip", "restore", "unplug", "return"):
        assert verdicts["elk", check] == "good", said
    assert verdicts["elk", "listen only"] == "good"
    assert verdicts["elk", "clock set"] == "left out", "the file does not allow it"
    assert verdicts["inputs", "trip"] == verdicts["inputs", "restore"] == "good"
    assert report["panels"]["elk"]["place"].endswith("/elk 115200 8N1")
    assert not report["good"]


def test_a_panel_that_is_not_there_is_bad_and_the_rest_of_it_left_out(tmp_path: Path) -> None:
    file, report = tmp_path / "wall.toml", tmp_path / "report.json"
    file.write_text(ABSENT.format(folder=tmp_path))
    assert main(["--bench", str(file), "--json", str(report)]) == 1
    verdicts = {one["check"]: one["verdict"] for one in json.loads(report.read_text())["results"]}
    assert verdicts.pop("link up") == "bad"
    assert set(verdicts.values()) == {"left out"}


def test_the_plan_touches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wall.toml"
    file.write_text(FILE.format(folder=tmp_path))
    assert main(["--bench", str(file), "--plan", "--panel", "elk"]) == 0
    said = capsys.readouterr().out
    assert "elk: driver elk, profile elk_m1" in said
    assert "may be sent: nothing" in said
    assert "trip zone 3 by person: open the door (within 60 s)" in said
    assert "inputs" not in said


def test_a_file_that_makes_no_sense_is_exit_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wall.toml").write_text("[[panel]]\nid = 'x'\ndriver = 'elkk'\n")
    assert main(["--bench", str(tmp_path / "wall.toml")]) == EXIT_CONFIG
    assert "wall.toml: " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--bench", str(Path("hil/bench.toml")), "--panel", "nobody"])
    assert "there are: hall, receiver, inputs" in capsys.readouterr().err
