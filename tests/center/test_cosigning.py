"""A center and a real witness over TLS: what is stored is cosigned, and what is not honest is not.

The store is a real one, filled as `serve` fills it.
"""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from edge_agent.center import cosigning, schema, settings
from edge_agent.center.cli import main
from edge_agent.center.cosigning import Access, AwayError, Cosigning, No, Told, Witness
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.turns import Turns
from edge_agent.evidence.bundle_check import check
from edge_agent.evidence.bundle_report import Report, Trust
from edge_agent.evidence.certificates import read_pem
from edge_agent.evidence.pinned import read_public_keys
from edge_agent.witness import folder as witness_folder
from edge_agent.witness.door import Door
from edge_agent.witness.folder import Folder
from tests.center.cosigning_world import access, door, gateway, layout, made, store
from tests.center.world import NOW_MS, FakeGateway

__all__ = ["door", "gateway", "layout", "made"]

DUE = 2**62  # all is due


def brought(layout: Layout, door: Door, due_ms: int = DUE) -> list[Told]:
    with (
        closing(schema.open_for_writing(layout.database)) as connection,
        closing(Witness(access(layout, int(door.server_address[1])))) as witness,
    ):
        one = Cosigning(connection, layout, "gw1", Turns())
        return list(one.bring(witness, due_ms))


def sizes(told: list[Told]) -> list[int | str]:
    return [one.size if one.no is None else one.no.why for one in told]


def test_each_run_is_cosigned_in_the_order_in_which_they_ran(
    layout: Layout, door: Door, gateway: FakeGateway
) -> None:
    first = [gateway.start(), *gateway.events(70)]
    second = [gateway.start(), *gateway.events(4)]
    store(layout, gateway, [*second, *first])  # the newer one arrived first
    assert sizes(brought(layout, door)) == [70, 4]
    assert brought(layout, door) == [], "nothing is new"
    store(layout, gateway, gateway.events(9))
    assert sizes(brought(layout, door, due_ms=0)) == [], "once a day is enough"
    assert sizes(brought(layout, door)) == [13]
    third = [gateway.start(), *gateway.events(2)]
    store(layout, gateway, third)
    assert sizes(brought(layout, door, due_ms=0)) == [2], "a new run is cosigned at once"


def test_bundles_carry_it_and_their_reader_is_told(
    layout: Layout, door: Door, gateway: FakeGateway, tmp_path: Path
) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(30)])
    before = _exported(layout, tmp_path / "before")
    assert {str(one.what) for one in before.problems} == {"unwitnessed"}
    brought(layout, door)
    store(layout, gateway, gateway.events(6))
    after = _exported(layout, tmp_path / "after")
    assert after.problems == []
    (told,) = after.heads[0].witnessed
    assert (told.cosignature.witness, told.cosignature.size) == ("inspector-south", 30)


def _exported(layout: Layout, out: Path) -> Report:
    words = ["--gateway", "gw1", "--out", str(out), "--purpose", "case 17"]
    assert main(["export", str(layout.directory), *words]) == 0
    authorities = tuple(read_pem(layout.certificate("ca").read_bytes()))
    keys = read_public_keys((layout.directory / "witness.pem").read_bytes())
    with out.open("rb") as stream:
        return check(stream.read, Trust(authorities, witnesses=keys))


def test_an_answer_that_was_lost_is_asked_for_again(
    layout: Layout, door: Door, gateway: FakeGateway
) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(30)])
    brought(layout, door)
    store(layout, gateway, gateway.events(6))
    brought(layout, door)
    with closing(schema.open_for_writing(layout.database)) as connection:
        connection.execute("DELETE FROM cosignature")  # as if both answers had been lost
    assert sizes(brought(layout, door)) == [36]
    with closing(schema.open_for_writing(layout.database)) as connection:
        connection.execute("DELETE FROM cosignature")
    store(layout, gateway, gateway.events(3))
    assert sizes(brought(layout, door)) == [39], "the witness says from where"


def test_a_store_that_was_made_anew_gets_all_its_cosignatures_again(
    layout: Layout, door: Door, gateway: FakeGateway
) -> None:
    """As after a damaged database: the events are salvaged, and nothing of the witness."""
    first = [gateway.start(), *gateway.events(30)]
    second = [gateway.start(), *gateway.events(6)]
    store(layout, gateway, [*first, *second])
    assert sizes(brought(layout, door)) == [30, 6]
    for file in layout.directory.glob("events.db*"):
        file.unlink()
    second += gateway.events(3)
    store(layout, gateway, [*first, *second])
    assert sizes(brought(layout, door)) == [30, 9]
    assert door.office.store.conflicts() == []
    for file in layout.directory.glob("events.db*"):
        file.unlink()
    store(layout, gateway, [*first[:20], *second, *gateway.events(5)])
    assert sizes(brought(layout, door)) == ["smaller", 14], "what is whole is cosigned"


def test_a_store_that_was_set_back_is_found(
    layout: Layout, door: Door, gateway: FakeGateway
) -> None:
    """The enterprise restores an old store, and lets another history grow in it."""
    first = [gateway.start(), *gateway.events(30)]
    other = gateway.copied()
    store(layout, gateway, [*first, *gateway.events(20)])
    assert sizes(brought(layout, door)) == [50]
    for file in layout.directory.glob("events.db*"):
        file.unlink()
    store(layout, gateway, first)
    assert sizes(brought(layout, door)) == ["smaller"]
    store(layout, gateway, [other.event(reason="another history") for _ in range(40)])
    assert sizes(brought(layout, door)) == ["unproven"]
    assert [one.what for one in door.office.store.conflicts()] == ["smaller", "unproven"]


def test_a_card_that_was_set_back_is_found_and_stops_what_follows(
    layout: Layout, door: Door, gateway: FakeGateway
) -> None:
    first = [gateway.start(), *gateway.events(30)]
    older = gateway.copied()
    store(layout, gateway, [*first, *gateway.events(20)])
    brought(layout, door)
    store(layout, gateway, [older.start(), *older.events(5)])
    assert sizes(brought(layout, door)) == ["rolled_back"]
    store(layout, gateway, gateway.events(3))
    assert sizes(brought(layout, door)) == ["stopped"]


def test_a_fork_in_the_store_is_cosigned_on_the_side_that_was_signed_over(
    layout: Layout, door: Door, gateway: FakeGateway
) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(10)])
    brought(layout, door)
    copy = gateway.copied()
    store(layout, gateway, [copy.event(reason="a twin"), *gateway.events(12)])
    assert sizes(brought(layout, door)) == [22]


@pytest.fixture
def silent() -> Iterator[int]:
    """A server that hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            try:
                while True:
                    server.accept()[0].close()
            except OSError:
                return

        thread = Thread(target=hang_up)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join(20)


def test_a_witness_that_is_away_is_told(layout: Layout, silent: int, gateway: FakeGateway) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(3)])
    with (
        closing(schema.open_for_writing(layout.database)) as connection,
        closing(Witness(access(layout, silent))) as witness,
        pytest.raises(AwayError),
    ):
        list(Cosigning(connection, layout, "gw1", Turns()).bring(witness, DUE))


def test_another_witness_is_not_talked_to_and_another_hand_not_believed(
    layout: Layout, door: Door, gateway: FakeGateway, tmp_path: Path
) -> None:
    store(layout, gateway, [gateway.start(), *gateway.events(3)])
    other = Folder(tmp_path / "other")
    witness_folder.found(other, "other", ("localhost",), NOW_MS)
    known = access(layout, int(door.server_address[1]))
    keys = read_public_keys(other.public.read_bytes())
    with closing(schema.open_for_writing(layout.database)) as connection:
        one = Cosigning(connection, layout, "gw1", Turns())
        tls = Access(known.host, known.port, other.public.read_bytes(), known.keys)
        with closing(Witness(tls)) as witness, pytest.raises(AwayError, match="certificate"):
            list(one.bring(witness, DUE))
        hand = Access(known.host, known.port, known.pem, keys)
        with closing(Witness(hand)) as witness:
            assert sizes(list(one.bring(witness, DUE))) == ["bad_answer"]
        assert connection.execute("SELECT count(*) FROM cosignature").fetchone() == (0,)


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b'{"refused": 1', b'{"x": 1}', b"\xff"])
def test_an_answer_that_cannot_be_read_is_as_none(data: bytes) -> None:
    with pytest.raises(AwayError):
        cosigning._no(409, data)


def test_a_refusal_is_read_within_bounds() -> None:
    told = cosigning._no(409, b'{"refused": "behind", "epoch": "00ff", "size": 7}')
    assert told == No("behind", "", b"\x00\xff", 7)
    assert cosigning._no(409, b'{"refused": "x", "size": -1}').size is None
    assert cosigning._no(409, b'{"refused": "x", "size": true}').size is None


def test_a_file_that_is_no_witness_is_told(layout: Layout, tmp_path: Path) -> None:
    chosen = settings.Settings(witness=settings.Witness(host="localhost"))
    assert Access.of(layout, settings.Settings()) is None
    other = Layout(tmp_path)
    with pytest.raises(CenterError, match=r"witness\.pem"):
        Access.of(other, chosen)
    (tmp_path / "witness.pem").write_bytes(layout.certificate("ca").read_bytes())
    with pytest.raises(CenterError, match="hands out"):
        Access.of(other, chosen)
