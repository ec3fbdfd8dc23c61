"""`edge-agent events` and `verify` on a journal that the real recorder wrote."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import backlog
from edge_agent.cli import main
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.signers import Ed25519Signer
from tests.daemon.test_epoch import IDENTITY, T0, S, SetLater, run_once


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    run_once(folder, frames=3)
    run_once(folder, frames=1, orderly=False)
    return folder


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    IDENTITY.save(tmp_path / "identity.key")
    return tmp_path / "identity.key"


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_events_lists_what_the_journal_holds(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["events", "--journal", str(journal)]) == 0
    lines = printed(capsys).splitlines()
    assert len(lines) == 6
    assert "genesis" in lines[0]
    assert "p1 burglary active zone 1" in lines[1]


def test_events_can_be_chosen_and_printed_as_json(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ["--type", "signal", "--panel", "p1", "--last", "2", "--json"]
    assert main(["events", "--journal", str(journal), *chosen]) == 0
    events = [json.loads(line) for line in printed(capsys).splitlines()]
    assert [event["body"]["zone"] for event in events] == [3, 1]
    assert main(["events", "--journal", str(journal), "--panel", "p9"]) == 0
    assert printed(capsys) == ""


def test_zones_are_named_by_the_configuration_of_the_same_gateway(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gateway.toml"
    words = ["events", "--journal", str(journal), "-c", str(file), "--type", "signal", "--last"]
    site = '[[zone]]\npanel = "p1"\nzone = 1\nname = "前门"\n'
    panel = '[[panel]]\nid = "p1"\ndriver = "ness"\nserial = { port = "/dev/x" }\n'
    center = '[[center]]\nname = "c"\n[[center.path]]\nhost = "h"\n'
    for gateway, name in (("gw1", "前门"), ("gw2", None)):
        file.write_text(f'[gateway]\nid = "{gateway}"\n{center}{panel}{site}')
        assert main([*words, "1", "--json"]) == 0
        [told] = json.loads(printed(capsys))["zones_named"]
        assert (told["zone"], told["name"]) == (1, name)
        assert main([*words, "1"]) == 0
        assert ("zone 1 前门" in printed(capsys)) is (name is not None)


def test_an_event_of_1970_is_shown_when_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fails where the journal is read once only: the clock was set after the event."""
    run_once(tmp_path, clock=SetLater(3, T0))
    assert main(["events", "--journal", str(tmp_path), "--utc"]) == 0
    genesis, first, second = printed(capsys).splitlines()
    assert genesis.startswith("2026-11-18 11:07:40.000+00:00 ±")
    assert first.startswith("2026-11-18 11:08:40.000+00:00 ±526 ms  gw1")
    assert second.startswith("2026-11-18 11:09:40.000+00:00  gw1")
    assert main(["events", "--journal", str(tmp_path), "--json"]) == 0
    event = json.loads(printed(capsys).splitlines()[1])
    assert event["stamp"]["wall_ns"] == 120 * S  # as it was signed
    assert event["time"]["wall_ns"] == T0 + 120 * S
    assert event["time"]["basis"] == "later"


def test_a_journal_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["events", "--journal", str(tmp_path / "none")]) == 2
    assert "--journal" in capsys.readouterr().err


def test_that_nothing_matches_is_said(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "--journal", str(journal), "--panel", "nosuch"]) == 0
    said = capsys.readouterr()
    assert (said.out, "no event of this kind" in said.err) == ("", True)


def test_a_reader_that_goes_away_is_no_fault_of_the_journal(journal: Path) -> None:
    """As in `edge-agent events | head -1`."""
    words = [sys.executable, "-m", "edge_agent", "events", "--journal", str(journal)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert (child.wait(), child.stderr.read()) == (0, b"")


def test_a_type_that_is_none_is_refused(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["events", "--journal", str(journal), "--type", "signals"])
    assert "'signal'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (None, 0, "--identity"),
        (b"junk", 0o600, "no usable private key"),
        (b"-----BEGIN CERTIFICATE-----", 0o600, "no certificate"),
        (b"junk", 0o644, "chmod 600"),
    ],
)
def test_an_identity_that_cannot_be_used_is_said(
    content: bytes | None,
    mode: int,
    said: str,
    journal: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "other.key"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    assert verify(journal, file) == 2
    assert said in capsys.readouterr().err


def verify(journal: Path, identity: Path) -> int:
    trusted = ["--identity", str(identity), "--gateway", "gw1"]
    return main(["verify", "--journal", str(journal), *trusted, "--json"])


def test_a_whole_journal_verifies(
    journal: Path, identity: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(journal, identity) == 0
    assert json.loads(printed(capsys)) == {
        "gateway": "gw1",
        "verified": 6,
        "receipts": 0,
        "problems": [],
        "timestamps": [],
        "second_signatures": [],
    }


def test_a_changed_byte_is_found_and_its_number_named(
    journal: Path, identity: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record's checksum makes it damage, and the missing number is named."""
    segment = min(journal.glob("*.seg"))
    data = bytearray(segment.read_bytes())
    at = data.index(b"burglary")
    data[at] ^= 1
    segment.write_bytes(data)
    assert verify(journal, identity) == 1
    problems = json.loads(printed(capsys))["problems"]
    assert any(problem["what"] == "damage" for problem in problems)
    assert [p["seq"] for p in problems if p["what"] == "gap"] == [1]


def test_another_identity_is_refused(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Ed25519Signer.generate().save(tmp_path / "other.key")
    assert verify(journal, tmp_path / "other.key") == 1
    assert json.loads(printed(capsys))["problems"][0]["what"] == "unknown_key"


DAY = 86_400 * S


class Set:
    """A right clock, each in a boot of its own."""

    def __init__(self, wall_ns: int) -> None:
        self._wall_ns, self._boot_ns = wall_ns, 0
        self._boot_id = wall_ns.to_bytes(16, "big")

    def boottime_ns(self) -> int:
        return self._boot_ns

    def stamp(self) -> Stamp:
        self._boot_ns += 60 * S
        wall_ns = self._wall_ns + self._boot_ns
        return Stamp(wall_ns, self._boot_ns, self._boot_id, Trust.SYNCED, 20)


def sealed(folder: Path) -> None:
    """Seal all that is there, as the agent does in the background."""
    backlog.seal(folder)


def test_events_of_a_time_a_run_and_a_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same with sealed segments, where most are skipped."""
    for day in range(3):
        run_once(tmp_path, frames=2, clock=Set(T0 + day * DAY))
    for _ in range(2):
        assert chosen(tmp_path, capsys, "--since", "2026-11-19T00:00Z") == [0, 1, 2, 0, 1, 2]
        assert chosen(tmp_path, capsys, "--until", "2026-11-19T00:00Z") == [0, 1, 2]
        times = ("--since", "2026-11-19T00:00Z", "--until", "2026-11-20T00:00Z")
        assert chosen(tmp_path, capsys, *times) == [0, 1, 2]
        assert chosen(tmp_path, capsys, "--seq", "1") == [1, 1, 1]
        assert chosen(tmp_path, capsys, "--seq", "1-9") == [1, 2, 1, 2, 1, 2]
        epoch = run_of(tmp_path, capsys)
        assert chosen(tmp_path, capsys, "--epoch", epoch[:8].upper()) == [0, 1, 2]
        assert chosen(tmp_path, capsys, "--epoch", epoch, "--seq", "2") == [2]
        sealed(tmp_path)


def test_an_event_before_the_clock_was_set_is_found_at_its_corrected_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_once(tmp_path, clock=SetLater(3, T0))
    for _ in range(2):
        assert chosen(tmp_path, capsys, "--since", "2026-11-18T11:00Z") == [0, 1, 2]
        assert chosen(tmp_path, capsys, "--until", "2026-11-18T11:00Z") == []
        assert chosen(tmp_path, capsys, "--until", "2026-11-18T11:08Z") == [0]
        sealed(tmp_path)


def chosen(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[int]:
    assert main(["events", "--journal", str(folder), "--json", *words]) == 0
    return [json.loads(line)["seq"] for line in printed(capsys).splitlines()]


def run_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["events", "--journal", str(folder), "--json", "--last", "1"]) == 0
    epoch: str = json.loads(printed(capsys))["epoch"]
    return epoch


@pytest.mark.parametrize("words", [["--seq", "x"], ["--seq", "9-3"], ["--epoch", "xyz"]])
def test_what_is_no_number_and_no_run(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["events", *words])
