"""Whom a site trusts in the name of a center: every certificate of its `ca` file, read anew."""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.config import parse
from edge_agent.daemon.authorities import authorities_of
from edge_agent.evidence.certificates import key_digest
from edge_agent.evidence.cose import PublicKey
from tests.daemon.test_centers import CONFIG
from tests.evidence.bundles import authority


def test_all_of_a_file_and_of_each_center_that_can_be_read(tmp_path: Path) -> None:
    text = CONFIG.replace(b'name = "police"', b'name = "police"\nca = "police.pem"')
    read = authorities_of(parse(text, tmp_path / "gateway.toml"))
    assert read() == {}
    old, new = authority()[1], authority(8)[1]
    both = b"".join(one.public_bytes(Encoding.PEM) for one in (old, new))
    (tmp_path / "ca.pem").write_bytes(both)
    (tmp_path / "police.pem").write_bytes(b"junk")
    (own,) = read().values()
    assert own.digests == (key_digest(old), key_digest(new))
    assert own.keys == tuple(PublicKey.of(one.public_key()) for one in (old, new))
