"""A center's word on revoked keys is kept if its authority signed it, and no older one after it.

Seen to fail: an older list in the place of a later one, and one of another authority.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.center import credentials
from edge_agent.config import parse
from edge_agent.daemon import broker_keys
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import REVOKED, CommandRef
from edge_agent.evidence.revoked_keys import RevokedKeys, sign_revoked_keys
from edge_agent.evidence.signers import P256Signer
from edge_agent.uplink import revoked
from tests.configuration import configuration
from tests.evidence.test_command import COMMAND

AUTHORITY = credentials.make_authority(
    credentials.new_tls_key(), datetime(2026, 11, 28, tzinfo=UTC)
)
REF = CommandRef("center", 7, bytes(32))


def listed(number: int, signer: P256Signer | None = None) -> bytes:
    keys = RevokedKeys(number, (bytes(32),))
    return sign_revoked_keys(keys, signer or P256Signer(AUTHORITY.key))


def test_it_is_kept_beside_the_authority_and_only_a_later_one_takes_its_place(
    tmp_path: Path,
) -> None:
    ca, file = tmp_path / "ca.pem", tmp_path / "ca.pem.revoked"
    ca.write_bytes(credentials.certificate_pem(AUTHORITY.certificate))
    loaded = parse(configuration(panel="shop").encode(), tmp_path / "gateway.toml")

    def take(body: dict[int, BodyValue]) -> str:
        command = replace(COMMAND, what=REVOKED, role=Role.TECHNICIAN, body=body)
        return asyncio.run(broker_keys.take(loaded, command, REF)).detail

    assert take({1: listed(2)}) == "list 2: 1 keys of brokers count no more"
    assert take({1: listed(2)}), "it may be brought again"
    bad: list[dict[int, BodyValue]] = [{}, {1: 1}, {1: listed(3), 2: 1}, {1: b"junk"}]
    for body in bad:
        with pytest.raises(Malformed):
            take(body)
    with pytest.raises(ValueError, match="list 2 is known, this is 1"):
        take({1: listed(1)})
    with pytest.raises(ValueError, match="not signed by an authority"):
        take({1: listed(9, P256Signer.generate())})
    known = revoked.read(file, ca)
    assert known is not None
    assert known.number == 2
    file.unlink()
    file.mkdir()
    with pytest.raises(ValueError, match=r"ca\.pem\.revoked"):
        take({1: listed(3)})
