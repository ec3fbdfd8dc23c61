"""`edge-agent report` on a real agent's journal: written, recorded, and verified by anybody."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.views.signed_page import digest, split
from tests.cli.exporting import Site, site


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as made:
        yield made


def reported(running: Site, name: str, *words: str) -> tuple[int, Path]:
    out = running.folder / name
    config = ["--config", str(running.config), "--out", str(out), "--purpose", "handed over"]
    return main(["report", *config, *words]), out


def verified(running: Site, out: Path, *words: str) -> int:
    return main(["verify", str(out), "--ca", str(running.ca), *words])


def test_it_is_recorded_and_verifies(running: Site, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = reported(running, "a.html", "--lang", "en")
    shown = capsys.readouterr()
    assert (code, shown.err) == (1, "")  # nobody walked here
    assert "the configuration lists no zone" in shown.out
    assert out.stat().st_mode & 0o777 == 0o600
    page, _ = split(out.read_bytes())
    acts = [one for one in running.acts() if one.digest == digest(page)]
    assert [(one.what, one.purpose) for one in acts] == [("export", "handed over")]
    assert verified(running, out) == 0
    said = capsys.readouterr().out
    assert "the page is as event " in said
    assert "nothing wrong" in said
    assert verified(running, out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["page"]["actor"] == acts[0].actor


def test_a_page_that_was_changed_is_found(
    running: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seen to fail with the page's digest not compared."""
    _, out = reported(running, "b.html")
    whole = out.read_bytes()
    changed = running.folder / "changed.html"
    capsys.readouterr()
    for data in (whole.replace(b"</h1>", b" </h1>", 1), whole[:-9], whole + b"<p>more"):
        changed.write_bytes(data)
        assert verified(running, changed) == 1
        assert "page: " in capsys.readouterr().out
    _, other = reported(running, "c.html", "--lang", "zh")
    bundle = other.read_bytes()[len(split(other.read_bytes())[0]) :]
    changed.write_bytes(split(whole)[0] + bundle)  # with the proof of another
    assert verified(running, changed) == 1


def test_scripts_get_the_facts(running: Site, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = reported(running, "d.html", "--json")
    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert told["out"] == str(out)
    assert {one["zone"] for one in told["zones"]} == {1, 2, 3, 4, 5, 6}
    assert "no_zones" in {one["what"] for one in told["open"]}


def test_nothing_is_written_over_and_nothing_without_a_record(
    running: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = running.folder / "there.html"
    there.write_text("mine")
    assert reported(running, there.name)[0] == 2
    assert there.read_text() == "mine"
    config = tmp_path / "gateway.toml"
    text = running.config.read_text()
    config.write_text(text.replace("agent.sock", "none.sock"))
    out = tmp_path / "x.html"
    code = main(["report", "-c", str(config), "--out", str(out), "--purpose", "p"])
    assert code == 1
    assert "an export must be recorded" in capsys.readouterr().err
    assert not out.exists()
