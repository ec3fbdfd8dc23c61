from pathlib import Path

import pytest

from edge_agent.center import known_keys
from edge_agent.center.known_keys import KnownKeys
from tests.center.world import FakeCenter, FakeGateway


def test_a_key_is_read_once_and_only_when_it_is_committed(tmp_path: Path) -> None:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    genesis, kid = gateway.start(), gateway.signer.public.kid
    keys = KnownKeys()
    assert keys.find(center.connection, "gw1", kid) is None
    center.take(genesis)
    statements: list[str] = []
    center.connection.set_trace_callback(statements.append)
    found = [keys.find(center.connection, "gw1", kid) for _ in range(3)]
    assert [one and one.key for one in found] == [gateway.signer.public] * 3
    assert len(statements) == 1
    assert keys.find(center.connection, "gw2", kid) is None
    center.connection.execute("BEGIN")
    with pytest.raises(AssertionError):
        keys.find(center.connection, "gw1", kid)


def test_those_that_were_asked_for_last_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_keys, "KEYS_MAX", 2)
    gateways = [FakeGateway(f"gw{number}") for number in range(3)]
    center, keys = FakeCenter(tmp_path, *gateways), KnownKeys()
    for one in gateways:
        center.take(one.start(), gateway=one.name)
    for at in (0, 1, 0, 2):
        keys.find(center.connection, f"gw{at}", gateways[at].signer.public.kid)
    assert [name for name, _ in keys._keys] == ["gw0", "gw2"]
