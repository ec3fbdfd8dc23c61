import stat
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.center import credentials
from edge_agent.center.init import Request, init, read_certificate
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.certificates import name_of
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.signers import load_signer

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "center")
    init(layout, Request(gateways=("gw1",), hosts=("mqtt.example",), port=18883), NOW)
    return layout


def files(layout: Layout) -> Iterator[Path]:
    return (one for one in layout.directory.rglob("*") if one.is_file())


def contents(layout: Layout) -> dict[Path, bytes]:
    return {one: one.read_bytes() for one in files(layout)}


def test_all_is_there_and_for_the_owner_alone(layout: Layout) -> None:
    names = {str(one.relative_to(layout.directory)) for one in files(layout)} - {".init.lock"}
    assert names == {
        "ca.pem", "ca.key", "server.pem", "server.key", "center.pem", "center.key",
        "receipt.pem", "receipt.key", "command.pem", "command.key", "center.toml",
            "seal.pem", "seal.key",
        "mosquitto.conf", "acl", "crl.pem",
        "identities/gw1.pem", "issued/gw1.pem",
        *(
            f"gateways/gw1/{name}"
            for name in ("ca.pem", "client.pem", "client.key", "identity.key", "identity.pem",
                         "receipt.pem", "command.pem", "seal.pem", "gateway.toml")
        ),
    }  # fmt: skip
    for one in layout.directory.rglob("*"):
        expected = 0o700 if one.is_dir() else 0o600
        assert stat.S_IMODE(one.stat().st_mode) == expected, one


def test_keys_and_certificates_belong_together(layout: Layout) -> None:
    folder = layout.gateway("gw1")
    identity = load_signer(folder / "identity.key")
    assert PublicKey.from_certificate_pem(layout.identity("gw1").read_bytes()) == identity.public
    receipt = load_signer(layout.key("receipt"))
    assert PublicKey.from_certificate_pem((folder / "receipt.pem").read_bytes()) == receipt.public
    client = read_certificate(folder / "client.pem")
    assert client.subject.rfc4514_string() == "CN=gw1"
    authority = read_certificate(layout.certificate("ca"))
    assert credentials.is_signing_certificate(read_certificate(layout.identity("gw1")), authority)


def test_the_gateways_fragment_is_ready_to_use(layout: Layout) -> None:
    text = (layout.gateway("gw1") / "gateway.toml").read_text()
    fragment = tomllib.loads(text)
    assert fragment["gateway"] == {"id": "gw1", "identity_key": "identity.key"}
    (center,) = fragment["center"]
    assert center["path"] == [{"host": "mqtt.example", "port": 18883}]
    for key in ("ca", "certificate", "key", "receipt_certificate", "command_certificate"):
        assert (layout.gateway("gw1") / center[key]).is_file()


def test_a_second_call_adds_and_never_replaces(layout: Layout) -> None:
    before = contents(layout)
    done = init(layout, Request(gateways=("gw1", "gw2")), NOW)
    after = contents(layout)
    assert before.items() <= after.items()
    assert any(line.startswith("gateway gw1: already there") for line in done)
    assert any(line.startswith("gateway gw2: made") for line in done)


def test_a_third_call_has_nothing_to_do(layout: Layout) -> None:
    before = contents(layout)
    assert init(layout, Request(gateways=()), NOW) == []
    assert contents(layout) == before


def test_a_run_that_was_cut_off_is_finished(layout: Layout) -> None:
    key = layout.key("server").read_bytes()
    layout.certificate("server").unlink()
    (layout.gateway("gw1") / "client.pem").unlink()
    init(layout, Request(gateways=("gw1",)), NOW)
    assert layout.key("server").read_bytes() == key
    made = read_certificate(layout.gateway("gw1") / "client.pem").public_key()
    assert PublicKey.of(made) == load_signer(layout.gateway("gw1") / "client.key").public


def test_a_new_host_gets_a_new_certificate_for_the_same_key(layout: Layout) -> None:
    before = read_certificate(layout.certificate("server"))
    init(layout, Request(gateways=(), hosts=("10.0.0.1",)), NOW)
    after = read_certificate(layout.certificate("server"))
    assert set(credentials.hosts_of(after)) == {
        "localhost", "127.0.0.1", "mqtt.example", "10.0.0.1"
    }  # fmt: skip
    assert PublicKey.of(after.public_key()) == PublicKey.of(before.public_key())


def test_a_folder_that_was_handed_over_is_not_made_again(layout: Layout, tmp_path: Path) -> None:
    layout.gateway("gw1").rename(tmp_path / "on-the-gateway")
    identity = layout.identity("gw1").read_bytes()
    (line,) = init(layout, Request(gateways=("gw1",)), NOW)
    assert "moved away" in line
    assert layout.identity("gw1").read_bytes() == identity
    assert not layout.gateway("gw1").exists()


def test_a_certificate_is_renewed_for_the_key_that_the_gateway_has(
    layout: Layout, tmp_path: Path
) -> None:
    """Also where nothing but the old certificate came back from the gateway, long expired."""
    folder = layout.gateway("gw1")
    before = read_certificate(folder / "client.pem")
    folder.rename(tmp_path / "on-the-gateway")
    folder.mkdir()
    (folder / "client.pem").write_bytes((tmp_path / "on-the-gateway/client.pem").read_bytes())
    late = before.not_valid_after_utc + timedelta(days=400)
    (line,) = init(layout, Request(gateways=("gw1",), days=90, renew=True), late)
    assert "renewed until" in line
    after = read_certificate(folder / "client.pem")
    assert PublicKey.of(after.public_key()) == PublicKey.of(before.public_key())
    assert after.not_valid_after_utc > late
    assert name_of(after) == "gw1"
    assert [file.name for file in folder.iterdir()] == ["client.pem"]


def test_what_cannot_be_renewed_is_told(layout: Layout, tmp_path: Path) -> None:
    def renew(gateway: str, match: str) -> None:
        with pytest.raises(CenterError, match=match):
            init(layout, Request(gateways=(gateway,), renew=True), NOW)

    renew("gw9", "no gateway gw9 was made here")
    file = layout.gateway("gw1") / "client.pem"
    own = file.read_bytes()
    file.write_bytes(layout.certificate("center").read_bytes())
    renew("gw1", "it is center's")
    other = Layout(tmp_path / "other")
    init(other, Request(gateways=("gw1",)), NOW)
    file.write_bytes((other.gateway("gw1") / "client.pem").read_bytes())
    renew("gw1", "not made by this center")
    file.unlink()
    renew("gw1", "copy the gateway's own client.pem")
    file.write_bytes(own)


def test_another_port_is_refused(layout: Layout) -> None:
    with pytest.raises(CenterError, match="has port 18883"):
        init(layout, Request(gateways=(), port=1), NOW)


def test_an_authority_without_its_key_certifies_nobody(layout: Layout) -> None:
    layout.key("ca").unlink()
    with pytest.raises(CenterError, match=r"ca\.key: missing"):
        init(layout, Request(gateways=("gw2",)), NOW)
    assert not layout.gateway("gw2").exists()


def test_an_expired_authority_is_told(layout: Layout) -> None:
    late = NOW + timedelta(days=credentials.AUTHORITY_DAYS + 1)
    with pytest.raises(CenterError, match="expired on"):
        init(layout, Request(gateways=("gw2",)), late)


@pytest.mark.parametrize("content", [b"", b"junk", b"-----BEGIN PRIVATE KEY-----\nAA\n"])
def test_a_damaged_key_is_named(layout: Layout, content: bytes) -> None:
    layout.key("receipt").write_bytes(content)
    with pytest.raises(CenterError, match=r"receipt\.key: no usable private key"):
        init(layout, Request(gateways=()), NOW)


def test_a_damaged_certificate_is_named(layout: Layout) -> None:
    layout.certificate("ca").write_bytes(b"junk")
    with pytest.raises(CenterError, match=r"ca\.pem: no usable certificate"):
        init(layout, Request(gateways=()), NOW)


def test_a_key_of_another_kind_is_named(layout: Layout) -> None:
    layout.key("center").write_bytes(layout.key("receipt").read_bytes())
    with pytest.raises(CenterError, match=r"center\.key: not a P-256 key"):
        init(layout, Request(gateways=()), NOW)
