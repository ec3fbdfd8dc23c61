"""A draft becomes a charter, or an error that names file, key and remedy."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.center.charter_draft import Center, read
from edge_agent.config import ConfigError
from edge_agent.domain.access import Role
from edge_agent.evidence import certificates
from edge_agent.evidence.charter import Destination, Part, Scope
from edge_agent.evidence.cose import PublicKey
from tests.evidence.bundles import authority
from tests.evidence.conftest import signer

CA = authority()[1]
CENTER = Center("center", CA.public_bytes(Encoding.PEM))
LEAST = """
gateway = "gw1"
purpose = "intruder alarm of shop 12"
[enterprise]
name = "Red Lion Security"
[owner]
name = "Shop 12"
key = "owner.pem"
"""


def first(_gateway: str) -> int:
    return 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "owner.pem").write_bytes(signer(12).public.to_pem())
    (tmp_path / "north.pem").write_bytes(authority(8)[1].public_bytes(Encoding.PEM))
    (tmp_path / "draft.toml").write_text(LEAST)
    return tmp_path / "draft.toml"


def test_what_a_draft_leaves_out_is_this_center_and_little_is_allowed(file: Path) -> None:
    charter = read(file, CENTER, {"gw1": 3}.__getitem__, 1000).charter
    assert (charter.gateway, charter.number, charter.time_ms) == ("gw1", 3, 1000)
    enterprise, owner = charter.party(Part.ENTERPRISE), charter.party(Part.OWNER)
    assert enterprise is not None
    assert owner is not None
    assert enterprise.key == PublicKey.of(CA.public_key())
    assert owner.key == signer(12).public
    assert charter.destinations == (Destination("center", (certificates.key_digest(CA),)),)
    assert charter.allow == {"bypass", "clock"}
    assert charter.dual == {"order.bypass", "order.disarm"}
    assert charter.countersign_s == 900
    assert charter.roles == set(Role)
    assert charter.panels == ()


def test_all_that_can_be_said(file: Path) -> None:
    said = """
[[panel]]
id = "shop"
zones = "12, 1-8"
[[panel]]
id = "vault"
[[destination]]
center = "north"
ca = "north.pem"
[inspector]
name = "Public Security Bureau"
key = "north.pem"
"""
    head = 'allow = ["arm"]\nroles = ["operator"]\ndual = []\ncountersign_min = 5\n'
    file.write_text(head + LEAST + said)
    charter = read(file, CENTER, first, 1000).charter
    assert charter.panels == (Scope("shop", ((1, 8), (12, 12))), Scope("vault"))
    (north,) = charter.destinations
    assert (north.center, charter.sends_to("north", north.authorities)) == ("north", True)
    assert charter.party(Part.INSPECTOR) is not None
    assert charter.allow == {"arm"}
    assert (len(charter.dual), charter.countersign_s) == (0, 300)
    assert charter.roles == {Role.OPERATOR}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("purpose", "purpos"), "did you mean 'purpose'"),
        (('key = "owner.pem"', ""), "charter key FILE"),
        (("owner.pem", "none.pem"), "No such file"),
        (("owner.pem", "draft.toml"), "never a private key"),
        (("[owner]", '[[panel]]\nid = "p"\nzones = "1-x"\n[owner]'), "write them as 1-8, 12"),
        (("[owner]", '[[panel]]\nid = "p"\nzones = "8-1"\n[owner]'), "ascending"),
        (
            ("[owner]", '[[destination]]\ncenter = "n"\nca = "owner.pem"\n[owner]'),
            "that center's authority",
        ),
        (('gateway = "gw1"', 'gateway = "gw1"\nallow = ["fly"]'), "allowed here"),
        (('gateway = "gw1"', 'gateway = "gw1"\ndual = ["bypass"]'), r"order\.bypass, order\.clock"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    file: Path, change: tuple[str, str], told: str
) -> None:
    file.write_text(LEAST.replace(*change))
    with pytest.raises(ConfigError, match=told) as caught:
        read(file, CENTER, first, 1000)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name the file of a draft"):
        read(tmp_path / "none.toml", CENTER, first, 1000)
