import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from edge_agent.center import cli
from edge_agent.center.layout import Layout
from edge_agent.evidence.signers import Ed25519Signer
from tests.center.world import FakeCenter, FakeGateway


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """`serve` sets logging up for its process: here for one test."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    assert cli.main(["init", str(tmp_path / "c"), "--gateway", "gw1", "--host", "10.0.0.9"]) == 0
    return tmp_path / "c"


@pytest.fixture
def filled(directory: Path) -> FakeCenter:
    """A center whose database holds what gateway gw1 sent."""
    identity = Ed25519Signer.load(Layout(directory).gateway("gw1") / "identity.key")
    gateway = FakeGateway("gw1", identity=identity)
    center = FakeCenter(directory, gateway)
    center.office = type(center.office)(
        center="center",
        signer=Ed25519Signer.load(Layout(directory).key("receipt")),
        roster=center.roster,
        turns=center.turns,
    )
    center.store = type(center.store)(center.office, center.connection, urgent=True)
    center.take(gateway.start(), *gateway.events(3))
    return center


def usage(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("sing",),
        ("init",),
        ("init", "d", "--gateway", "a/b"),
        ("init", "d", "--gateway", "center"),
        ("init", "d", "--host", "a b"),
        ("init", "d", "--port", "0"),
        ("init", "d", "--port", "65536"),
        ("init", "d", "--days", "-1"),
        ("events", "d", "--lane", "8"),
        ("events", "d", "--type", "song"),
    ],
)
def test_wrong_usage_ends_with_2(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert usage(*words) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["init", "serve", "events", "fleet", "verify"])
def test_every_command_shows_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert usage(name, "--help") == 0
    assert f"  edge-center {name} /srv/center" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["serve", "events", "fleet", "verify"])
def test_a_directory_that_is_no_centers_ends_with_78(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([name, str(tmp_path)]) == 78
    assert str(tmp_path) in capsys.readouterr().err


def test_init_says_what_it_did(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["init", str(directory), "--gateway", "gw1", "--gateway", "gw2"]) == 0
    out = capsys.readouterr().out
    assert "gateway gw1: already there" in out
    assert "gateway gw2: made; hand gateways/gw2/ to it" in out
    assert cli.main(["init", str(directory)]) == 0
    assert capsys.readouterr().out == "nothing to do\n"


def test_init_where_a_file_is_in_the_way_ends_with_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c").write_text("a file")
    assert cli.main(["init", str(tmp_path / "c")]) == 78
    assert "File exists" in capsys.readouterr().err


def test_init_leaves_a_folder_of_somebody_else_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "passwd").write_text("a file")
    assert cli.main(["init", str(tmp_path)]) == 78
    assert "not empty, and no center's directory" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["passwd"]


def test_init_takes_the_top_of_a_fresh_disk(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    assert cli.main(["init", str(tmp_path)]) == 0


def test_verify_says_good_then_names_what_is_not(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(["verify", str(directory)]) == 0
    assert capsys.readouterr().out.startswith("gw1: good; 4 events, 3 proved")
    filled.connection.execute("DELETE FROM event WHERE seq = 2")
    assert cli.main(["verify", str(directory), "--json", "--gateway", "gw1"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["first_bad"]["seq"] == 2
    assert cli.main(["verify", str(directory)]) == 1
    assert "gap at" in capsys.readouterr().out


def test_verify_says_when_there_is_nothing(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.connection.executescript(
        "DELETE FROM event; DELETE FROM event_key; DELETE FROM epoch; DELETE FROM receipt"
    )
    capsys.readouterr()
    assert cli.main(["verify", str(directory)]) == 0
    assert capsys.readouterr().out == "no event of any gateway is stored\n"


def test_verify_of_a_gateway_that_is_none_ends_with_2(
    directory: Path, filled: FakeCenter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", str(directory), "--gateway", "gw7"]) == 2
    assert "there are: gw1" in capsys.readouterr().err
