"""What proves a gateway's records is the same by its files and as the agent says it."""

from pathlib import Path

import pytest

from edge_agent import config
from edge_agent.center import credentials, init
from edge_agent.center.layout import Layout
from edge_agent.clock import SystemClock
from edge_agent.evidence import certificates
from edge_agent.trusted import Trusted


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    layout = Layout(tmp_path_factory.mktemp("trusted") / "c")
    now = credentials.utc(SystemClock().stamp().wall_ns or 0)
    init.init(layout, init.Request(gateways=("gw1",)), now)
    file = layout.gateway("gw1") / "gateway.toml"
    panel = '\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = { port = "/dev/null" }\n'
    file.write_text(file.read_text() + panel)
    return file


def test_it_holds_what_the_configuration_names(gateway: Path) -> None:
    trusted = Trusted.of(config.load(gateway))
    assert trusted.gateway == "gw1"
    ders = list(trusted.certificates(pytest.fail))
    files = [gateway.with_name(name) for name in ("identity.pem", "receipt.pem", "ca.pem")]
    assert ders == [
        certificates.der_of(certificates.read_pem(one.read_bytes())[0]) for one in files
    ]
    assert len(list(trusted.receipt_keys())) == 1


def test_it_is_the_same_when_it_was_said(gateway: Path) -> None:
    trusted = Trusted.of(config.load(gateway))
    assert Trusted.from_facts(trusted.facts()) == trusted
    with pytest.raises(KeyError):
        Trusted.from_facts({"gateway": "gw1"})


def test_all_certificates_of_a_file_come_along(gateway: Path) -> None:
    ca, receipt = (gateway.with_name(name) for name in ("ca.pem", "receipt.pem"))
    both, told = gateway.with_name("chain.pem"), gateway.with_name("chained.toml")
    both.write_bytes(receipt.read_bytes().strip() + b"\n" + ca.read_bytes())
    told.write_text(gateway.read_text().replace('"ca.pem"', '"chain.pem"'))
    trusted = Trusted.of(config.load(told))
    [pem] = trusted.authorities.values()
    assert len(certificates.read_pem(pem.encode())) == 2
    assert len(list(trusted.certificates(pytest.fail))) == 4


def test_a_key_that_stands_in_the_same_file_is_told_to_nobody(gateway: Path) -> None:
    """Seen to fail: an inspector was handed the private key of the identity."""
    both, told = gateway.with_name("both.pem"), gateway.with_name("other.toml")
    parts = [gateway.with_name(name) for name in ("identity.key", "identity.pem")]
    both.write_bytes(b"".join(one.read_bytes() for one in parts))
    text = gateway.read_text()
    told.write_text(text.replace('"identity.key"', '"both.pem"'))
    assert told.read_text() != text
    trusted = Trusted.of(config.load(told))
    assert "PRIVATE" not in str(trusted.facts())
    [pem] = trusted.identities.values()
    assert certificates.read_pem(pem.encode()) == certificates.read_pem(parts[1].read_bytes())


def test_what_cannot_be_read_is_left_out_and_named(gateway: Path) -> None:
    """Seen to fail: one certificate that was not there, and none of the others came along."""
    receipt, ca = gateway.with_name("receipt.pem"), gateway.with_name("ca.pem")
    kept, kept_ca = receipt.read_bytes(), ca.read_bytes()
    receipt.unlink()
    ca.write_bytes(b"-----BEGIN CERTIFICATE-----\n\xff\n")
    try:
        trusted = Trusted.of(config.load(gateway))
    finally:
        receipt.write_bytes(kept)
        ca.write_bytes(kept_ca)
    said: list[str] = []
    assert len(list(trusted.certificates(said.append))) == 1
    assert [one.split()[0] for one in said] == [str(receipt), str(ca)]
    assert all("it cannot be read" in one for one in said)
    assert list(trusted.receipt_keys()) == []
