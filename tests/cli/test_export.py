"""`edge-agent export` out of a real agent's journal, and `edge-agent verify FILE`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.daemon.offering import read_answer
from edge_agent.evidence import certificates
from edge_agent.evidence.bundle_check import check
from edge_agent.evidence.bundle_report import Report, Trust
from edge_agent.evidence.certificates import read_pem
from edge_agent.identity.bundle_files import certificates_of
from edge_agent.trusted import Trusted
from tests import papers
from tests.cli.exporting import Site, site

NONCE = "00112233445566778899aabbccddeeff"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as made:
        yield made


def exported(running: Site, *words: str) -> tuple[int, Path]:
    out = running.folder / f"{len(list(running.folder.iterdir()))}.bundle"
    config = ["--config", str(running.config), "--out", str(out), "--purpose", "case 17"]
    return main(["export", *config, *words]), out


def report(running: Site, out: Path) -> Report:
    with out.open("rb") as stream:
        return check(stream.read, Trust(tuple(read_pem(running.ca.read_bytes()))))


def test_a_span_is_exported_recorded_and_verifies(
    running: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(running.acts())
    code, out = exported(running, "--json")
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    facts = json.loads(said.out)
    found = report(running, out)
    assert found.problems == []
    assert found.events == facts["events"] > 10
    assert out.stat().st_mode & 0o777 == 0o600
    act = running.acts()[before]
    assert (act.what, act.purpose) == ("export", "case 17")
    assert act.digest == bytes.fromhex(facts["digest"])
    assert found.seal is not None
    assert found.seal.actor == act.actor
    assert main(["verify", str(out), "--ca", str(running.ca)]) == 0
    shown = capsys.readouterr().out
    assert "given by you" in shown
    assert "nothing wrong" in shown
    assert main(["verify", str(out), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["ok"], facts["pinned"], facts["purpose"]) == (True, False, "case 17")


def test_the_head_is_the_newest_receipted_one(running: Site) -> None:
    _, out = exported(running, "--epoch", running.first.hex(), "--seq", "2-4")
    found = report(running, out)
    assert found.problems == []
    assert found.events == 3
    assert [head.center for head in found.heads if head.epoch == running.first] == ["center"]


def test_a_timestamp_goes_along_and_is_checked_offline(
    running: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the bundle, over what is older than it; and in the journal itself."""
    _, out = exported(running, "--epoch", running.first.hex(), "--seq", "2-4")
    capsys.readouterr()
    trusted = ["--tsa", str(running.tsa)]
    assert main(["verify", str(out), *trusted]) == 0
    said = capsys.readouterr().out
    assert "the first 6 of them existed at 20" in said
    assert "says 'CN=Time'; trusted for timestamps, given by you" in said
    assert main(["verify", str(out), "--tsa", str(running.ca)]) == 1
    assert f"timestamp at {running.first.hex()}/6: no authority" in capsys.readouterr().out
    assert main(["verify", "--config", str(running.config), *trusted, "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["timestamps"]
    assert (one["event"], one["held"], one["trusted"]) == (f"{running.first.hex()}/6", True, True)
    assert (one["receipted_by"], one["receipted_ms"]) == ("center", 1_795_000_000_000)
    assert main(["verify", "--config", str(running.config)]) == 0
    said = capsys.readouterr().out
    assert "1 timestamps good" in said
    assert "(COMPARE its SHA-256 " in said
    assert "center countersigned it 2026-11-18" in said


def test_the_configured_authority_is_trusted_where_none_is_named(
    running: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    anchor = '\n[anchor]\nurl = "http://a.example"\ncertificate = "%s"\n'
    config = running.config.with_name("anchored.toml")
    config.write_text(running.config.read_text() + anchor % running.tsa)
    assert main(["verify", "--config", str(config)]) == 0
    assert "by 'CN=Time' (trusted)" in capsys.readouterr().out
    gone = str(running.folder / "none.pem")
    config.write_text(running.config.read_text() + anchor % gone)
    assert main(["verify", "--config", str(config)]) == 0
    said = capsys.readouterr()
    assert "none.pem: No such file" in said.err
    assert "timestamps are not held to it" in said.err
    assert "(COMPARE its SHA-256 " in said.out
    assert main(["verify", "--config", str(config), "--tsa", gone]) == 2
    assert "put the authority's certificate there" in capsys.readouterr().err


def test_an_area_an_incident_and_a_sample(running: Site) -> None:
    for words, events in (
        (("--panel", "p1", "--area", "2"), 6),
        (("--incident", f"{running.first.hex()}/{running.alarm}"), 3),
        (("--sample", "4", "--nonce", NONCE), 4),
    ):
        code, out = exported(running, *words)
        found = report(running, out)
        assert (code, found.problems, found.events) == (0, [], events)


def test_an_earlier_bundle_is_continued(running: Site) -> None:
    _, earlier = exported(running, "--epoch", running.first.hex(), "--seq", "2")
    _, out = exported(running, "--sample", "2", "--nonce", NONCE, "--earlier", str(earlier))
    found = report(running, out)
    assert found.problems == []
    assert any(head.earlier_size for head in found.heads)


def test_a_changed_file_is_found(running: Site, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = exported(running, "--epoch", running.first.hex())
    data = bytearray(out.read_bytes())
    stamped = data.index(b"burglary")  # in the head that was timestamped
    data[data.index(b"burglary", stamped + 1)] ^= 1
    out.write_bytes(data)
    capsys.readouterr()
    assert main(["verify", str(out), "--ca", str(running.ca)]) == 1
    said = capsys.readouterr().out
    assert f"bad_signature at {running.first.hex()}/1" in said
    assert "the first bad number is 1" in said


def test_what_cannot_be_read_is_usage(running: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(running.folder / "none.bundle")]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main(["verify", str(running.ca), "--ca", str(running.config)]) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--area", "2"), 2, "--panel"),
        (("--sample", "3"), 2, "go together"),
        (("--incident", "x", "--since", "2h"), 2, "one of"),
        (("--incident", "x"), 1, "EPOCH/NUMBER"),
        (("--panel", "p1", "--area", "77"), 1, "no such event"),
    ],
)
def test_what_makes_no_sense_is_said(
    running: Site,
    words: tuple[str, ...],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, out = exported(running, *words)
    assert (found, out.exists()) == (code, False)
    assert said in capsys.readouterr().err


def test_no_file_is_written_over(running: Site, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--config", str(running.config), "--out", str(running.ca), "--purpose", "x"]
    assert main(["export", *words]) == 2
    assert "new file" in capsys.readouterr().err


def test_nothing_is_exported_unrecorded(
    running: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an agent that records it there is no bundle."""
    config = tmp_path / "gateway.toml"
    text = running.config.read_text().replace("agent.sock", "nobody.sock")
    config.write_text(text)
    out = tmp_path / "x.bundle"
    assert main(["export", "--config", str(config), "--out", str(out), "--purpose", "x"]) == 1
    assert not out.exists()
    assert "systemctl start edge-agent" in capsys.readouterr().err


def test_what_each_center_certified_goes_along(tmp_path: Path) -> None:
    """After a handover the identity's certificate is that of the new center as well."""
    made = papers.whole(tmp_path)
    folder = tmp_path / "gateway"
    answer = read_answer(made.answer, made.loaded, made.loaded.file.read_bytes(), made.present)
    (folder / "green").mkdir()
    for name, pem in certificates_of(answer.bundle).items():
        (folder / "green" / name).write_bytes(pem)
    made.loaded.file.write_bytes(answer.both)
    given = [certificates.read(one) for one in Trusted.of(made.loaded).certificates(print)]
    identities = [one for one in given if certificates.is_for_signing(one)]
    keys = [certificates.key_digest(one) for one in identities]
    own = certificates.key_digest(certificates.read(answer.bundle.identity))
    assert keys.count(own) == 2
