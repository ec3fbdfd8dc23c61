"""Planted bugs of the verifier: what an edit, a hole or a forgery would slip through."""

from typing import Any

from cryptography import x509

from edge_agent.evidence import pkcs11_child, timestamp, verify
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.pkcs11_signer import Pkcs11Signer
from edge_agent.evidence.tpm_signer import TpmSigner
from edge_agent.evidence.verify import EpochVerifier
from tests.mutants.mutant import Patch


def nobody_checks(patch: Patch) -> None:
    """The verifier does not look at signatures."""
    patch.setattr(verify, "verify", lambda message, event, key: None)


def root_unchecked(patch: Patch) -> None:
    """The verifier does not compare an event's root with what came before, nor sees a hole."""
    patch.setattr(EpochVerifier, "_advance", lambda self, known, event: [])


def lineage_unchecked(patch: Patch) -> None:
    """The verifier does not look at how epochs follow each other: a rolled back card is fine."""

    def lineage(self: Any) -> list[verify.Problem]:
        return []

    patch.setattr(EpochVerifier, "lineage", lineage)


def timestamp_by_anybody(patch: Patch) -> None:
    """Whoever signed a timestamp is believed: nobody needs to be trusted for it."""

    def end(certificate: x509.Certificate, *_: object) -> x509.Certificate:
        return certificate

    patch.setattr(timestamp, "_end_of_chain", end)


def timestamp_of_anything(patch: Patch) -> None:
    """A timestamp is believed whatever it is of."""
    real = timestamp._opened

    def opened(token: bytes) -> Any:
        statement, *others = real(token)
        return _OfAll(statement), *others

    patch.setattr(timestamp, "_opened", opened)


class _OfAll:
    """A statement whose hash is like every other."""

    def __init__(self, statement: Any) -> None:
        self.time, self.fraction_ns = statement.time, statement.fraction_ns
        self.accuracy_ns, self.nonce = statement.accuracy_ns, statement.nonce
        self.imprint = self

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]  # it is like every other


def tpm_fails_late(patch: Patch) -> None:
    """What a TPM says when it is to sign is no word about the key: it ends the start."""
    _fails_late(patch, TpmSigner)


def token_fails_late(patch: Patch) -> None:
    """What a token says when it is to sign is no word about the key: it ends the start."""
    _fails_late(patch, Pkcs11Signer)


def _fails_late(patch: Patch, kind: type[TpmSigner] | type[Pkcs11Signer]) -> None:
    real: Any = kind.sign

    def sign(self: Any, message: bytes) -> Any:
        try:
            return real(self, message)
        except KeyFileError as error:
            raise LookupError(str(error)) from error

    patch.setattr(kind, "sign", sign)


def wrong_pin_retried(patch: Patch) -> None:
    """A PIN that was refused is tried at each start, until the token locks."""
    patch.setattr(pkcs11_child._Memory, "holds", lambda self: False)
