"""The look for secrets finds each of them in each form, and nothing where nothing is."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_agent.evidence.signers import Ed25519Signer, P256Signer
from hil.rig import Stack
from tests.secrecy import leaks, secrets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys of both kinds, a password, and files that hold none of them."""
    Ed25519Signer.generate().save(tmp_path / "identity.key")
    P256Signer.generate().save(tmp_path / "client.key")
    (tmp_path / "front.password").write_text("correct horse\n")
    (tmp_path / "garbage.key").write_text("no key")
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "1.seg").write_bytes(b"\0" * 100_000)
    (tmp_path / "agent.log").write_text('{"event": "ready"}\n')
    return tmp_path


def test_where_nothing_is_nothing_is_found(folder: Path) -> None:
    assert len(list(secrets(folder))) == 11
    assert leaks(folder) == []


@pytest.mark.parametrize("name", ["identity.key", "client.key"])
def test_a_key_is_found_in_each_form(folder: Path, name: str) -> None:
    pem = (folder / name).read_bytes()
    forms = [form for whose, form in secrets(folder) if whose == name]
    der = b"".join(pem.splitlines()[1:-1])
    assert forms[0] in base64.b64decode(der)
    for form in [pem, *forms]:
        (folder / "agent.log").write_bytes(b"before " + form + b" after")
        assert leaks(folder) == [f"agent.log holds {name}"]


def test_the_forms_are_of_the_private_half(folder: Path) -> None:
    """What everybody may know is in certificates: it is no leak."""
    for name in ("identity.key", "client.key"):
        key = load_pem_private_key((folder / name).read_bytes(), None)
        signer = Ed25519Signer if name == "identity.key" else P256Signer
        public = signer.load(folder / name).public.raw
        assert key
        (folder / "agent.log").write_bytes(public + public.hex().encode())
        assert leaks(folder) == []


def test_a_password_is_found_in_a_journal(folder: Path) -> None:
    (folder / "journal" / "1.seg").write_bytes(b"\0" * 70_000 + b"correct horse" + b"\0" * 9)
    assert leaks(folder) == ["journal/1.seg holds front.password"]


def test_every_stack_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(Stack, "lookers", [seen.append])
    Stack([], folder=tmp_path).close()
    assert seen == [tmp_path]
