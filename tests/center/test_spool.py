"""Pieces of files: those that were asked for become files, and no others."""

from pathlib import Path

import pytest

from edge_agent.center import desk_rows
from edge_agent.center.spool import ANSWERED_MS, PART_BYTES_MAX, Spool
from edge_agent.center.store import Arrival
from edge_agent.domain.access import Role
from edge_agent.evidence.piece import Piece
from tests.center.world import NOW_MS, FakeCenter, FakeGateway

CLIP = "000012-9f3ac1"


class Rig:
    def __init__(self, center: FakeCenter, folder: Path) -> None:
        self.center, self.folder = center, folder
        self.spool = Spool(folder, center.connection)

    def ask(self, clip: str = CLIP, gateway: str = "gw1") -> int:
        return desk_rows.wish(
            self.center.connection,
            desk_rows.Wish(
                gateway=gateway,
                what="clip",
                operator="Li",
                role=Role.OPERATOR,
                made_ms=NOW_MS,
                until_ms=NOW_MS + 60_000,
                body={1: clip},
            ),
        )

    def take(self, *messages: bytes, now_ms: int = NOW_MS) -> dict[tuple[str, str], int]:
        arrivals = [Arrival("gw1", False, one) for one in messages]
        taken = self.spool.take(arrivals, now_ms)
        assert taken.receipts == []
        return dict(taken.counts)


@pytest.fixture
def spool(tmp_path: Path) -> Rig:
    return Rig(FakeCenter(tmp_path, FakeGateway()), tmp_path / "spool")


def piece(offset: int, data: bytes, clip: str = CLIP, part: int = 0) -> bytes:
    return Piece(name=clip, part=part, offset=offset, data=data).to_bytes()


def test_pieces_make_the_file_also_where_they_come_twice_or_anew(spool: Rig) -> None:
    spool.ask()
    assert spool.take(piece(0, b"one"), piece(3, b"two"), piece(3, b"two")) == {}
    file = spool.folder / "gw1" / f"{CLIP}.0"
    assert file.read_bytes() == b"onetwo"
    assert spool.take(piece(9, b"hole")) == {("gw1", "torn_piece"): 1}
    assert file.read_bytes() == b"onetwo"
    assert spool.take(piece(0, b"anew")) == {}
    assert file.read_bytes() == b"anew"
    assert not spool.spool.has_work()


def test_what_nobody_asked_for_is_not_kept(spool: Rig) -> None:
    spool.ask("000013-9f3ac1")
    spool.ask(gateway="gw2")
    assert spool.take(piece(0, b"x")) == {("gw1", "unasked_piece"): 1}
    spool.ask("../../etc")
    assert spool.take(piece(0, b"x", "../../etc")) == {("gw1", "unasked_piece"): 1}
    assert not spool.folder.exists()


def test_a_bundle_is_taken_under_the_name_that_was_asked_for(spool: Rig) -> None:
    name = "bundle-0123456789ab"
    wish = desk_rows.Wish(
        gateway="gw1",
        what="bundle",
        operator="Li",
        role=Role.INSTALLER,
        made_ms=NOW_MS,
        until_ms=NOW_MS + 60_000,
        body={1: name, 2: "case 17"},
    )
    desk_rows.wish(spool.center.connection, wish)
    assert spool.take(piece(0, b"x", name)) == {}
    for other in ("bundle-0123456789ac", "bundle-0123456789ab/..", "bundle", CLIP):
        assert spool.take(piece(0, b"x", other)) == {("gw1", "unasked_piece"): 1}
    assert [file.name for file in (spool.folder / "gw1").iterdir()] == [f"{name}.0"]


def test_pieces_come_a_while_after_the_answer_and_then_no_more(spool: Rig) -> None:
    number = spool.ask()
    spool.center.connection.execute(
        "UPDATE command SET outcome = 'done', answered_ms = ? WHERE id = ?", (NOW_MS, number)
    )
    assert spool.take(piece(0, b"x"), now_ms=NOW_MS + ANSWERED_MS - 1) == {}
    late = spool.take(piece(0, b"x"), now_ms=NOW_MS + ANSWERED_MS)
    assert late == {("gw1", "unasked_piece"): 1}


def test_what_nobody_fetched_goes_when_the_next_file_begins(spool: Rig) -> None:
    """Pictures of somebody's rooms do not lie about for ever."""
    number, other = spool.ask(), "000013-9f3ac1"
    spool.take(piece(0, b"x"), piece(0, b"y", part=1))
    assert spool.take(piece(0, b"x", part=2)) == {}
    spool.center.connection.execute(
        "UPDATE command SET outcome = 'done', answered_ms = ? WHERE id = ?", (NOW_MS, number)
    )
    spool.ask(other)
    spool.take(piece(0, b"z", other), now_ms=NOW_MS + ANSWERED_MS - 1)
    assert len(list((spool.folder / "gw1").iterdir())) == 4, "somebody may be about to fetch it"
    spool.take(piece(0, b"z", other), now_ms=NOW_MS + ANSWERED_MS)
    assert [file.name for file in (spool.folder / "gw1").iterdir()] == [f"{other}.0"]


def test_nonsense_and_giants_are_counted(spool: Rig) -> None:
    spool.ask()
    assert spool.take(b"\xff", piece(PART_BYTES_MAX, b"x")) == {
        ("gw1", "bad_piece"): 1,
        ("gw1", "large_piece"): 1,
    }


def test_a_disk_that_refuses_is_counted(spool: Rig) -> None:
    spool.ask()
    spool.folder.write_text("no folder")
    assert spool.take(piece(0, b"x")) == {("gw1", "unwritten_piece"): 1}
