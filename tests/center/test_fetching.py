"""A file out of a gateway: part by part, whole or not at all.

From a real gateway: tests/system/test_answers.py.
"""

import argparse
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.center import desk_rows, fetching
from edge_agent.center.desk_rows import Outcome
from edge_agent.center.fetching import FetchError, fetched, parcel_of
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.parcel import PART_BYTES, Parcel, PartAsked
from edge_agent.evidence.reply import Reply, facts_of, sign_reply
from tests.center.test_incidents import Site
from tests.evidence.conftest import STAMP, signer

DATA = os.urandom(9 * PART_BYTES + 7)
PARCEL = Parcel(hashlib.sha256(DATA).digest(), len(DATA))
WHO = argparse.Namespace(gateway="gw1", by="Zhou", role="inspector")

Answer = Callable[[int, bytes], Outcome]
"""Makes what becomes of the part with a number, of which these are the bytes."""


def reply(facts: bytes) -> bytes:
    said = Reply(
        gateway="gw1",
        epoch=bytes(8),
        number=1,
        digest=bytes(32),
        stamp=STAMP,
        outcome="done",
        facts=facts,
    )
    return sign_reply(said, signer(2))


def good(_number: int, data: bytes) -> Outcome:
    return Outcome("done", "", reply(data), 1)


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    made = Site(tmp_path)
    capsys.readouterr()
    return made


def fetch(site: Site, answer: Answer) -> bytes:
    """Fetch with a gateway that answers what it was asked."""

    def awaited(connection: sqlite3.Connection, row: int, _wait_s: float) -> Outcome:
        (body,) = connection.execute("SELECT body FROM command WHERE id = ?", (row,)).fetchone()
        asked = PartAsked.from_body(cbor.decode_map(body))
        assert asked.digest == PARCEL.digest
        at = asked.number * PART_BYTES
        return answer(asked.number, DATA[at : at + PART_BYTES])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "awaited", awaited)
        return b"".join(fetched(site.center.connection, WHO, PARCEL))


def test_it_comes_whole_and_leaves_nothing_in_the_database(site: Site) -> None:
    assert fetch(site, good) == DATA
    assert site.center.count("command") == 0


def test_a_part_that_got_lost_is_asked_for_again_and_not_for_ever(site: Site) -> None:
    lost = [4, 4]

    def answer(number: int, data: bytes) -> Outcome:
        if number in lost:
            lost.remove(number)
            return Outcome(desk_rows.UNANSWERED, "the gateway was not there", None, 0)
        return good(number, data)

    assert fetch(site, answer) == DATA
    lost += [4, 4, 4]
    with pytest.raises(FetchError, match="part 4 did not come: the gateway was not there"):
        fetch(site, answer)


def test_a_part_that_is_refused_or_too_short_ends_it(site: Site) -> None:
    gone = Outcome("refused", "that is not kept here any more", None, 1)
    with pytest.raises(FetchError, match="part 0: refused: that is not kept"):
        fetch(site, lambda _number, _data: gone)
    with pytest.raises(FetchError, match=f"part 0 has {PART_BYTES - 1} bytes"):
        fetch(site, lambda number, data: good(number, data[:-1]))


def test_what_came_has_its_name_only_when_it_is_what_was_offered(tmp_path: Path) -> None:
    out = tmp_path / "case.bundle"
    with pytest.raises(FetchError, match="not what the gateway offered"):
        fetching._write(out, PARCEL, iter([DATA[:-1], b"x"]))
    assert list(tmp_path.iterdir()) == []
    fetching._write(out, PARCEL, iter([DATA]))
    assert out.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [out]
    assert out.stat().st_mode & 0o777 == 0o600


def test_what_offers_nothing_is_malformed() -> None:
    assert parcel_of(reply(facts_of(PARCEL.facts() | {"events": 3}))) == PARCEL
    for facts in (b"", b"[]", b"{}", b"\xff", json.dumps({"sha256": "x"}).encode()):
        with pytest.raises(Malformed):
            parcel_of(reply(facts))


def test_what_makes_no_sense_is_told_before_anybody_is_asked(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "x.bundle")
    plain = ("bundle", "gw1", "--out", out, "--purpose", "case 17", "--by", "Zhou", "--wait", "0.1")
    assert site.run(*plain, "--area", "2") == 2
    assert site.run(*plain, "--since", "soon") == 2
    assert site.run(*plain, "--purpose", "x" * 101) == 2
    assert site.center.count("command") == 0
    assert site.run(*plain) == 1
    assert "not answered yet" in capsys.readouterr().err
    (tmp_path / "x.bundle").touch()
    assert site.run(*plain) == 2
    assert site.center.count("command") == 1
