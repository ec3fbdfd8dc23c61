"""A center's revoked keys as a gateway reads them.  At a real handshake: test_tls_matrix.py.

Seen to fail: a list that nobody of ours has signed, taken; a damaged one that refuses everybody.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.center import credentials
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.revoked_keys import RevokedKeys, sign_revoked_keys
from edge_agent.evidence.signers import P256Signer
from edge_agent.uplink import revoked
from edge_agent.uplink.access import load_authorities

NOW = datetime(2026, 11, 28, tzinfo=UTC)
LISTED = RevokedKeys(1, (bytes(32),))


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    """A file of two authorities; only the second one has a list."""
    old, self = (credentials.make_authority(credentials.new_tls_key(), NOW) for _ in range(2))
    made = tmp_path / "ca.pem"
    pems = (credentials.certificate_pem(one.certificate) for one in (old, self))
    made.write_bytes(b"".join(pems))
    data = sign_revoked_keys(LISTED, P256Signer(self.key))
    made.with_name("ca.pem.revoked").write_bytes(data)
    return made


def test_it_counts_if_one_of_the_authorities_signed_it(ca: Path) -> None:
    file = ca.with_name("ca.pem.revoked")
    assert revoked.read(file, ca) == LISTED
    assert revoked.read(ca.with_name("none"), ca) is None
    foreign = sign_revoked_keys(LISTED, P256Signer.generate())
    with pytest.raises(BadSignature):
        revoked.opened(foreign, load_authorities(ca))
    for bad in (foreign, b"", b"junk", file.read_bytes()[:-1]):
        file.write_bytes(bad)
        assert revoked.read(file, ca) is None
    file.unlink()
    file.mkdir()
    assert revoked.read(file, ca) is None, "it cannot be read"
