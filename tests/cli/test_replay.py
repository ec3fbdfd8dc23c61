"""`edge-agent replay` as a person uses it."""

import json
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.linetools.format import Chunk, Header, Place, Record, Said, encode

ALARM = b"870003610208012611232015304B\r\n"
KEYS = b"8300660H2468E38?"
S = 10**9


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "c.jsonl"
    held: list[Record] = [
        Header(0, 0, "", "", (Place("/dev/x", Said.LINE),), driver="ness"),
        Chunk(1 * S, 1_795_000_000 * S, Said.LINE, ALARM),
        Chunk(2 * S, 1_795_000_001 * S, Said.HOST, KEYS),
    ]
    path.write_bytes(b"".join(map(encode, held)))
    return path


def test_it_decodes_as_the_captures_own_driver_does(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(capture), "--speed", "max", "--lang", "en"]) == 0
    said = capsys.readouterr()
    assert "burglary (" in said.out
    assert "keys" in said.out
    assert "2468" not in said.out
    assert "pieces played: 2" in said.err


def test_as_json_it_is_decodes_output_with_times(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["replay", str(capture), "--speed", "max", "--json", "--from", "line"]
    assert main(arguments) == 0
    [told] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told["mono_ns"] == 1 * S
    assert told["signals"][0]["kind"] == "burglary"
    assert bytes.fromhex(told["frame"]) == ALARM[:-1]


def test_damage_is_told_and_the_rest_is_played(
    capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capture.open("ab") as file:
        file.write(b'damage\n{"mono_ns": 1')
    assert main(["replay", str(capture), "--speed", "max", "--lang", "en"]) == 0
    said = capsys.readouterr().err
    assert "line 4 of the capture is unreadable" in said
    assert "line 5 of the capture was cut off" in said


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--driver", "nes"], 2, "did you mean 'ness'"),
        (["--to", "nowhere"], 2, "is no line; they are"),
        (["--to", "/dev/no-port"], 1, "is not there"),
        (["--from", "panel", "--speed", "max"], 1, "pieces played: 0"),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: list[str], code: int, says: str, capture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(capture), "--lang", "en", *arguments]) == code
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("held", [b"", b"no capture\n"])
def test_what_is_no_capture_is_told(
    held: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x"
    assert main(["replay", str(path)]) == 2
    assert "No such file" in capsys.readouterr().err
    path.write_bytes(held)
    assert main(["replay", str(path)]) == 2
    assert "is no capture" in capsys.readouterr().err


@pytest.mark.parametrize("speed", ["0", "-1", "x", "nan"])
def test_what_is_no_speed_is_told(speed: str, capture: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["replay", str(capture), "--speed", speed])
    assert ended.value.code == 2
