"""`edge-center export`: out of a real store, recorded in the register, verified by anybody."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.center import export, init, schema
from edge_agent.center.cli import main
from edge_agent.center.credentials import utc
from edge_agent.center.layout import Layout
from edge_agent.center.store import Arrival, Office, Store
from edge_agent.center.turns import Turns
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence import cose
from edge_agent.evidence.bundle import Seal
from edge_agent.evidence.bundle_check import check
from edge_agent.evidence.bundle_report import Report, Trust
from edge_agent.evidence.certificates import read_pem
from edge_agent.evidence.cited import Place
from edge_agent.evidence.signers import Ed25519Signer, load_signer
from edge_agent.evidence.verdict import VerdictBody
from tests.center.world import NOW_MS, WALL_NS, FakeGateway, FakeRoster

NONCE = "00112233445566778899aabbccddeeff"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "c")
    init.init(layout, init.Request(gateways=("gw1",)), utc(WALL_NS))
    return layout


@pytest.fixture
def gateway(layout: Layout) -> FakeGateway:
    return FakeGateway(identity=Ed25519Signer.load(layout.gateway("gw1") / "identity.key"))


def store(layout: Layout, gateway: FakeGateway, *envelopes: bytes) -> None:
    signer = Ed25519Signer.load(layout.key("receipt"))
    office = Office(center="center", signer=signer, roster=FakeRoster(gateway), turns=Turns())
    with closing(schema.open_for_writing(layout.database)) as connection:
        taking = Store(office, connection, urgent=True)
        for at, envelope in enumerate(envelopes):
            taking.take([Arrival("gw1", False, envelope)], NOW_MS + at)


@pytest.fixture
def filled(layout: Layout, gateway: FakeGateway) -> Layout:
    first = [gateway.start(), *gateway.events(70)]
    alarm = Place(gateway.epoch, 3)
    body = VerdictBody(
        incident=alarm, tier=1, reasons=("one.zone",), evidence=(alarm,), panel="p1", area=2
    )
    verdict = gateway.sealed(EventType.VERDICT, body.to_body(), Lane.VERDICT)
    second = [gateway.start(), *gateway.events(4)]
    store(layout, gateway, *first, verdict, *second)
    return layout


def exported(layout: Layout, name: str, *words: str) -> tuple[int, Path]:
    out = layout.directory.parent / name
    told = ["--gateway", "gw1", "--out", str(out), "--purpose", "case 17"]
    return main(["export", str(layout.directory), *told, *words]), out


def report(layout: Layout, out: Path) -> Report:
    with out.open("rb") as stream:
        return check(stream.read, Trust(tuple(read_pem(layout.certificate("ca").read_bytes()))))


def incident(layout: Layout) -> str:
    with closing(sqlite3.connect(layout.database)) as connection:
        row = connection.execute("SELECT epoch FROM epoch ORDER BY id").fetchone()
    return f"{row[0].hex()}/3"


def test_everything_a_part_an_incident_and_a_sample(
    filled: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    epoch = incident(filled).split("/")[0]
    for name, words, events in (
        ("all", (), 77),
        ("part", ("--epoch", epoch[:9], "--first", "5", "--last", "68"), 64),
        ("incident", ("--incident", incident(filled)), 2),
        ("area", ("--panel", "p1", "--area", "2"), 1),
        ("sample", ("--sample", "5", "--nonce", NONCE), 5),
    ):
        code, out = exported(filled, name, *words)
        found = report(filled, out)
        assert (code, found.problems, found.events) == (0, [], events), name
        assert all(head.center == "center" for head in found.heads)
        assert found.seal is not None
        assert found.seal.by == "center"
    assert main(["verify", str(out), "--ca", str(filled.certificate("ca"))]) == 0
    assert "nothing wrong" in capsys.readouterr().out
    assert main(["verify", str(filled.directory)]) == 0


def test_the_register_is_a_chain(filled: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two", "three"):
        assert exported(filled, name)[0] == 0
    assert main(["verify", str(filled.directory)]) == 0
    with closing(sqlite3.connect(filled.database)) as connection, connection:
        connection.execute("DELETE FROM export WHERE number = 2")
    capsys.readouterr()
    assert main(["verify", str(filled.directory)]) == 1
    assert "export 2: exports 2 to 2 are missing" in capsys.readouterr().err
    with closing(sqlite3.connect(filled.database)) as connection, connection:
        connection.execute("UPDATE export SET number = 2 WHERE number = 3")
    assert main(["verify", str(filled.directory)]) == 1
    assert "export 2: it does not follow" in capsys.readouterr().err
    with closing(sqlite3.connect(filled.database)) as connection, connection:
        connection.execute("UPDATE export SET seal = x'00' WHERE number = 1")
    assert main(["verify", str(filled.directory)]) == 1


def test_an_export_signed_anew_in_another_place_is_found(
    filled: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """By whoever has the key: all but the word of the one before it is right."""
    for name in ("one", "two"):
        assert exported(filled, name)[0] == 0
    with closing(sqlite3.connect(filled.database)) as connection, connection:
        (data,) = connection.execute("SELECT seal FROM export WHERE number = 2").fetchone()
        other = replace(Seal.read(cose.parse(data)), previous=bytes(32))
        signed = other.signed(load_signer(filled.key("receipt")))
        connection.execute("UPDATE export SET seal = ? WHERE number = 2", (signed,))
    assert main(["verify", str(filled.directory)]) == 1
    assert "export 2: it does not follow" in capsys.readouterr().err


def test_it_is_recorded_before_the_file_is_written(
    filled: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(export, "_record", refuse)
    code, out = exported(filled, "x")
    assert (code, out.exists()) == (1, False)


def test_a_fork_is_shown(layout: Layout, gateway: FakeGateway) -> None:
    genesis = gateway.start()
    before = gateway.peaks.copy()
    false = gateway.event(reason="one side")
    gateway.peaks = before
    true = gateway.event(reason="other side")
    store(layout, gateway, genesis, false, true, *gateway.events(3))
    found = report(layout, exported(layout, "x")[1])
    assert [(str(one.what), one.seq) for one in found.problems] == [("fork", 1)]


def test_a_lost_event_is_a_gap(filled: Layout) -> None:
    with closing(sqlite3.connect(filled.database)) as connection, connection:
        connection.execute("DELETE FROM event WHERE id = 41")
    found = report(filled, exported(filled, "x")[1])
    assert ("gap", 40) in {(str(one.what), one.seq) for one in found.problems}


@pytest.mark.parametrize(
    "words",
    [("--epoch", "ffff"), ("--incident", "x"), ("--sample", "3"), ("--panel", "p", "--area", "1")],
)
def test_what_cannot_be_exported_is_said(
    filled: Layout, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = exported(filled, "x", *words)
    assert (code, out.exists()) == (78, False)
    assert "nothing was exported" in capsys.readouterr().err


def test_no_file_is_written_over(filled: Layout) -> None:
    (filled.directory.parent / "x").write_text("mine")
    assert exported(filled, "x")[0] == 78
