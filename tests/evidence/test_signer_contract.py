"""One contract for every place in which an identity key may be: file, TPM, PKCS #11 token.

A token's library is asked for both of its kinds.  Seen to fail: with Ed25519's
digest signed in place of the message.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from edge_agent.evidence import cose
from edge_agent.evidence.cose import Algorithm, Domain, PublicKey
from edge_agent.evidence.key_file import KeyFileError, read_key_file
from edge_agent.evidence.pkcs11_signer import Pkcs11Signer
from edge_agent.evidence.signers import (
    IN_A_FILE,
    Ed25519Signer,
    FileSigner,
    P256Signer,
    load_signer,
    prove,
)
from edge_agent.evidence.tpm_signer import TpmSigner
from tests.softhsm import ONLY_ED25519, softhsm
from tests.swtpm import swtpm

Load = Callable[[], FileSigner]
Keeping = Callable[[Path], AbstractContextManager[Load]]


@contextmanager
def ed25519_file(path: Path) -> Iterator[Load]:
    Ed25519Signer.generate().save(path)
    yield lambda: load_signer(path)


@contextmanager
def p256_file(path: Path) -> Iterator[Load]:
    P256Signer.generate().save(path)
    yield lambda: load_signer(path)


@contextmanager
def in_tpm(path: Path) -> Iterator[Load]:
    with swtpm() as chip:
        TpmSigner.make(path, chip)
        yield lambda: load_signer(path, chip)


@contextmanager
def p256_token(path: Path) -> Iterator[Load]:
    with softhsm() as uri:
        Pkcs11Signer.make(path, uri.named("edge-agent gw4"))
        yield lambda: load_signer(path)


@contextmanager
def ed25519_token(path: Path) -> Iterator[Load]:
    """A token that has no other kind; where it has, P-256 is taken."""
    with softhsm(ONLY_ED25519) as uri:
        Pkcs11Signer.make(path, uri.named("edge-agent gw4"))
        yield lambda: load_signer(path)


KEPT: dict[Keeping, Algorithm] = {
    ed25519_file: Algorithm.ED25519,
    p256_file: Algorithm.ESP256,
    in_tpm: Algorithm.ESP256,
    p256_token: Algorithm.ESP256,
    ed25519_token: Algorithm.ED25519,
}


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: getattr(kept, "__name__", ""))
def test_wherever_a_key_is_it_signs_alike(kept: Keeping, tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    with kept(path) as load:
        signer = load()
        assert signer.public.algorithm is KEPT[kept]
        assert load().public == signer.public
        text = bytes(range(256)) * 16
        signature = signer.sign(text)
        assert len(signature) == cose.SIGNATURE_BYTES
        assert signer.public.verify(signature, text)
        assert not signer.public.verify(signature, text + b"\0")
        message = cose.parse(cose.sign1(b"genesis", signer, Domain.GENESIS))
        cose.verify(message, signer.public, Domain.GENESIS)  # s is in the lower half, too
        asked = x509.load_der_x509_csr(signer.request("gw4"))
        assert asked.is_signature_valid
        assert PublicKey.of(asked.public_key()) == signer.public
        assert asked.subject.rfc4514_string() == "CN=gw4"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load().public == signer.public, "known without what keeps it"
    if signer.where != IN_A_FILE:
        assert b"BEGIN PRIVATE KEY" not in read_key_file(path)
        with pytest.raises(KeyFileError) as caught:
            prove(load())
        assert caught.value.path == path
        assert caught.value.remedy
