"""`edge-center bundle`: whole and as the gateway signed it, or not at all.

From a real gateway: tests/system/test_answers.py.
"""

import hashlib
import json
from pathlib import Path

import pytest

from edge_agent.center.bundle_cli import keep, offered
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.reply import Reply, facts_of, sign_reply
from tests.center.test_incidents import Site
from tests.evidence.conftest import STAMP, signer

DATA = b"a bundle"
DIGEST = hashlib.sha256(DATA).digest()


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


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    made = Site(tmp_path)
    capsys.readouterr()
    return made


def test_what_came_is_kept_only_where_it_is_what_was_sent(tmp_path: Path) -> None:
    spooled, out = tmp_path / "spooled", tmp_path / "case.bundle"
    with pytest.raises(ValueError, match="0 bytes came"):
        keep(spooled, DIGEST, out)
    spooled.write_bytes(DATA[:-1])
    with pytest.raises(ValueError, match="not what was sent"):
        keep(spooled, DIGEST, out)
    assert not out.exists()
    spooled.write_bytes(DATA)
    keep(spooled, DIGEST, out)
    assert out.read_bytes() == DATA
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        keep(spooled, DIGEST, out)


def test_what_tells_of_no_bundle_is_malformed() -> None:
    good = {"bytes": 8, "sha256": DIGEST.hex(), "events": 3}
    assert offered(reply(facts_of(good))) == (8, DIGEST)
    odd = [{}, {"bytes": 8}, good | {"bytes": "8"}, good | {"bytes": True}, good | {"sha256": "x"}]
    for facts in (b"", b"[]", b"\xff", *(json.dumps(one).encode() for one in odd)):
        with pytest.raises(Malformed):
            offered(reply(facts))


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
