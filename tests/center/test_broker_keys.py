"""A broker that has lost its key gets another one, and all lost ones are on the list.

That a gateway refuses them: tests/uplink/test_tls_matrix.py.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.center import broker_keys, credentials, init
from edge_agent.center.enrolment import Enrolments
from edge_agent.center.init import read_certificate
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.certificates import key_digest
from edge_agent.evidence.signers import load_signer

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def test_each_key_that_was_lost_is_on_the_list_and_the_hosts_stay(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "c")
    init.init(layout, init.Request(gateways=(), hosts=("a.example",)), NOW)
    authority, file = Enrolments(layout).authority, layout.certificate("server")
    lost = []
    for number in (1, 2):
        before = read_certificate(file)
        lost.append(key_digest(before))
        listed = broker_keys.replace(layout, authority, NOW)
        assert (listed.number, list(listed.keys)) == (number, lost)
        now = read_certificate(file)
        assert credentials.hosts_of(now) == credentials.hosts_of(before)
        assert key_digest(now) not in lost
        assert load_signer(layout.key("server")).public.to_pem(), "the key that goes with it"
    layout.revoked_keys.write_bytes(b"junk")
    with pytest.raises(CenterError, match="bring it back"):
        broker_keys.replace(layout, authority, NOW)
