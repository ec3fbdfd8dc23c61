"""A witness's folder: made once, its secrets its own, its file to hand out for TLS and readers."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.evidence.pinned import read_public_keys
from edge_agent.evidence.signers import load_signer
from edge_agent.witness.folder import Folder, WitnessError, found, trust
from tests.evidence.bundles import authority, certified
from tests.witness.world import AUTHORITY

NOW_MS = 1_795_000_000_000
PEM = AUTHORITY.public_bytes(Encoding.PEM)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "w")
    found(folder, "inspector-south", ("localhost", "192.0.2.1"), NOW_MS)
    return folder


def test_it_is_made_once_and_what_is_handed_out_holds_no_secret(folder: Folder) -> None:
    assert folder.name == "inspector-south"
    assert read_public_keys(folder.public.read_bytes()) == (
        load_signer(folder.cosigning_key).public,
    )
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder.public, folder.server_key)
    assert b"PRIVATE" not in folder.public.read_bytes()
    for secret in (folder.cosigning_key, folder.server_key):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    with pytest.raises(WitnessError, match="already"):
        found(folder, "other", ("localhost",), NOW_MS)


@pytest.mark.parametrize(
    ("name", "host"), [("two words", "localhost"), ("w", ""), ("w", "a..b"), ("", "localhost")]
)
def test_what_cannot_be_a_witness_is_told(tmp_path: Path, name: str, host: str) -> None:
    with pytest.raises(WitnessError, match=r"--(name|host)"):
        found(Folder(tmp_path / "w"), name, (host,), NOW_MS)


def test_enterprises_are_trusted_by_their_authority_alone(folder: Folder) -> None:
    assert folder.trusted() == []
    assert trust(folder, "red", PEM) == [AUTHORITY]
    trust(folder, "blue", authority(8)[1].public_bytes(Encoding.PEM))
    assert set(folder.trusted()) == {AUTHORITY, authority(8)[1]}
    for name, pem, why in (
        ("red", b"nothing", "no certificate"),
        ("../red", PEM, "names no file"),
        ("red", _pem(certified("gw1", 1)), "no authority"),
    ):
        with pytest.raises(WitnessError, match=why):
            trust(folder, name, pem)
    (folder.authorities / "red.pem").write_bytes(b"spoiled")
    with pytest.raises(WitnessError, match=r"red\.pem"):
        folder.trusted()


def test_another_folder_is_no_witness(tmp_path: Path) -> None:
    with pytest.raises(WitnessError, match="init"):
        _ = Folder(tmp_path).name


def _pem(der: bytes) -> bytes:
    from edge_agent.evidence import certificates  # noqa: PLC0415  one use

    return certificates.read(der).public_bytes(Encoding.PEM)
