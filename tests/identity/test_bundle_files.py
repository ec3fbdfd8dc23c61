"""A bundle as files and as a table of a configuration, in a folder or in none."""

import tomllib
from dataclasses import replace

import pytest

from edge_agent.evidence import certificates
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.enrolment import Bundle, Way
from edge_agent.identity.bundle_files import center_table, certificates_of
from tests.evidence.test_handover import OFFER

ONE = OFFER.authority
BUNDLE = Bundle(
    gateway="gw1",
    center="center",
    time_ms=1,
    authorities=(ONE, ONE),
    client=ONE,
    identity=ONE,
    receipts=(ONE,),
    commands=(ONE,),
    seals=(ONE,),
    ways=(Way("a.example", 8883), Way("b.example", 1)),
    enrolment=Way("a.example", 8443),
)
BARE = replace(BUNDLE, commands=(), seals=())


def test_each_kind_of_certificate_is_a_file() -> None:
    files = certificates_of(BUNDLE)
    assert list(files) == [
        *("ca.pem", "client.pem", "identity.pem", "receipt.pem", "command.pem", "seal.pem"),
    ]
    assert len(certificates.read_pem(files["ca.pem"])) == 2
    assert set(files) - set(certificates_of(BARE)) == {"command.pem", "seal.pem"}
    with pytest.raises(Malformed):
        certificates_of(replace(BUNDLE, client=b"junk"))


def test_the_table_names_the_files_in_their_folder() -> None:
    (table,) = tomllib.loads(center_table(BUNDLE, "green", "green/", "client.key"))["center"]
    assert table == {
        "name": "green",
        "ca": "green/ca.pem",
        "certificate": "green/client.pem",
        "key": "client.key",
        "receipt_certificate": "green/receipt.pem",
        "enrolment": "a.example:8443",
        "command_certificate": "green/command.pem",
        "seal_certificate": "green/seal.pem",
        "path": [{"host": "a.example", "port": 8883}, {"host": "b.example", "port": 1}],
    }
    (bare,) = tomllib.loads(center_table(BARE, "green"))["center"]
    assert bare["ca"] == "ca.pem"
    assert "command_certificate" not in bare
    assert "seal_certificate" not in bare
