"""COSE_Sign1 (RFC 9052 section 4.2): how everything is signed, and what is refused.

One strict profile of the format:

- the tag 18 is there, nothing follows the message, and every byte is canonical (`cbor`);
- the protected header holds exactly algorithm (1) and key id (4), the unprotected one nothing: what
  is not signed cannot mislead, and an extension that we do not understand is refused;
- the payload is inside;
- the algorithm is the key's.  What the message names must agree with it and chooses nothing;
- the external data is a fixed string for each kind of signed object, so that an object of one kind
  never passes for another.

Algorithm ids are the fully specified ones of RFC 9864.  The signature of ESP256 is r || s (RFC
9053 section 2.1) with s in the lower half of the group order: for every ECDSA signature (r, s)
there is a second valid one, (r, n - s), which anybody can make, and a second valid form of an
envelope would look like a fork.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed

MESSAGE_BYTES_MAX = 65_536  # a frame of 4 KiB is the largest part of any event; the rest is room
KID_BYTES = 8
SIGNATURE_BYTES = 64  # of both algorithms
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-5
_ALG, _KID = 1, 4  # header parameters, RFC 9052 section 3.1
_KTY, _CRV, _X, _Y = 1, -1, -2, -3  # COSE_Key parameters, RFC 9052 section 7 and RFC 9053
_OKP, _EC2, _CRV_ED25519, _CRV_P256 = 1, 2, 6, 1


class BadSignature(ValueError):  # noqa: N818  reads as a verdict
    """A well-formed message that the key in question did not sign."""


class Algorithm(IntEnum):
    """What a key signs with; COSE algorithm ids of RFC 9864."""

    ED25519 = -19
    ESP256 = -9  # ECDSA on P-256 with SHA-256: what TPMs and secure elements speak


class Domain(Enum):
    """What kind of object a signature is over; the value is COSE's external_aad."""

    EVENT = b"edge-agent/v1/event"
    GENESIS = b"edge-agent/v1/genesis"
    RECEIPT = b"edge-agent/v1/receipt"
    COMMAND = b"edge-agent/v1/command"
    REPLY = b"edge-agent/v1/reply"
    DISPOSITION = b"edge-agent/v1/disposition"
    BUNDLE = b"edge-agent/v1/bundle"
    STATUS = b"edge-agent/v1/status"
    ENROLMENT = b"edge-agent/v1/enrolment"
    RENEWAL = b"edge-agent/v1/renewal"
    RELEASE = b"edge-agent/v1/release"
    ASSENT = b"edge-agent/v1/assent"
    PASS = b"edge-agent/v1/pass"
    MANDATE = b"edge-agent/v1/mandate"
    OFFER = b"edge-agent/v1/offer"
    REVOKED = b"edge-agent/v1/revoked"
    SECOND_SIGNATURE = b"edge-agent/v1/second"
    COSIGNATURE = b"edge-agent/v1/cosignature"


_RAW_BYTES = {Algorithm.ED25519: 32, Algorithm.ESP256: 64}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with.

    `raw` is the Ed25519 public key (32 bytes) or the P-256 point as x || y (64 bytes).  `kid` is
    the first 8 bytes of the key's COSE_Key thumbprint (RFC 9679, SHA-256).  Raises ValueError
    where `raw` is no key of that algorithm.
    """

    algorithm: Algorithm
    raw: bytes
    kid: bytes = field(init=False, compare=False)
    _key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey = field(
        init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        if len(self.raw) != _RAW_BYTES[self.algorithm]:
            raise ValueError(f"{self.algorithm.name} key of {len(self.raw)} bytes")
        object.__setattr__(self, "_key", _load_public(self.algorithm, self.raw))
        object.__setattr__(self, "kid", key_id(self.to_value()))

    @property
    def loaded(self) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
        """The same key, as `cryptography` has it."""
        return self._key

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether this key made `signature` (64 bytes) over `message`."""
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, message)
            else:
                self._key.verify(_to_der(signature), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def to_value(self) -> dict[int, BodyValue]:
        """Return the COSE_Key map: required parameters only."""
        if self.algorithm is Algorithm.ED25519:
            return {_KTY: _OKP, _CRV: _CRV_ED25519, _X: self.raw}
        return {_KTY: _EC2, _CRV: _CRV_P256, _X: self.raw[:32], _Y: self.raw[32:]}

    @classmethod
    def from_value(cls, value: BodyValue) -> Self:
        """Return the key in a COSE_Key map of exactly the required parameters.

        Raises Malformed.
        """
        if not isinstance(value, dict):
            raise Malformed("key is not a map")
        x, y = value.get(_X), value.get(_Y, b"")
        if not isinstance(x, bytes) or not isinstance(y, bytes):
            raise Malformed("key without coordinates")
        algorithm = Algorithm.ESP256 if y else Algorithm.ED25519
        try:
            key = cls(algorithm, x + y)
        except ValueError as error:
            raise Malformed(f"no such key: {error}") from error
        if key.to_value() != value:
            raise Malformed("key with missing or unknown parameters")
        return key

    @classmethod
    def from_certificate_pem(cls, data: bytes) -> Self:
        """Return the key that an X.509 certificate names; the certificate itself is not judged.

        Raises Malformed.
        """
        from cryptography import x509  # noqa: PLC0415  6 MB that only a start needs

        try:
            return cls.of(x509.load_pem_x509_certificate(data).public_key())
        except (ValueError, UnsupportedAlgorithm) as error:  # the latter of curves such as SM2
            raise Malformed(f"no certificate with an Ed25519 or P-256 key: {error}") from error

    @classmethod
    def from_pem(cls, data: bytes) -> Self:
        """Return the key of a certificate, or a public key that stands alone.  Raises Malformed."""
        if b"BEGIN CERTIFICATE" in data:
            return cls.from_certificate_pem(data)
        try:
            return cls.of(serialization.load_pem_public_key(data))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise Malformed(f"no Ed25519 or P-256 public key: {error}") from error

    def to_pem(self) -> bytes:
        """Return the public key in PEM (SubjectPublicKeyInfo)."""
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_bytes(serialization.Encoding.PEM, spki)

    @classmethod
    def of(cls, key: object) -> Self:
        """Return the value of a `cryptography` public key.  Raises ValueError for other kinds."""
        if isinstance(key, ed25519.Ed25519PublicKey):
            return cls(Algorithm.ED25519, key.public_bytes_raw())
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            form = serialization.PublicFormat.UncompressedPoint
            return cls(Algorithm.ESP256, key.public_bytes(serialization.Encoding.X962, form)[1:])
        raise ValueError("neither Ed25519 nor P-256")


def key_id(cose_key: Mapping[int, BodyValue]) -> bytes:
    """Return the id of a key of any kind: the start of its thumbprint."""
    return hashlib.sha256(cbor.encode(cose_key)).digest()[:KID_BYTES]


def _load_public(
    algorithm: Algorithm, raw: bytes
) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
    if algorithm is Algorithm.ED25519:
        return ed25519.Ed25519PublicKey.from_public_bytes(raw)
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)


def _to_der(signature: bytes) -> bytes:
    half = len(signature) // 2
    r = int.from_bytes(signature[:half], "big")
    return encode_dss_signature(r, int.from_bytes(signature[half:], "big"))


class Signer(Protocol):
    """Whatever holds a private key: a file in memory, a TPM, a secure element."""

    @property
    def public(self) -> PublicKey:
        """The key that checks what this signs."""

    def sign(self, message: bytes) -> bytes:
        """Return 64 bytes: Ed25519, or r || s of ESP256 with s in the lower half."""


@dataclass(frozen=True, slots=True)
class Message:
    """A well-formed COSE_Sign1 whose signature is not yet checked."""

    algorithm: Algorithm
    kid: bytes
    payload: bytes
    signature: bytes
    protected: bytes


@dataclass(frozen=True, slots=True)
class Parts:
    """The four parts of a COSE_Sign1 of any header."""

    protected: bytes
    unprotected: dict[int, BodyValue]
    payload: bytes
    signature: bytes


def sign1(payload: bytes, signer: Signer, domain: Domain) -> bytes:
    """Return the tagged COSE_Sign1 of `payload`.  Raises ValueError beyond 64 KiB."""
    protected = _protected(signer.public.algorithm, signer.public.kid)
    signature = signer.sign(to_be_signed(protected, domain.value, payload))
    message = b"".join(
        (b"\xd2\x84", bstr(protected), b"\xa0", bstr(payload), bstr(signature)),
    )
    if len(message) > MESSAGE_BYTES_MAX:
        raise ValueError(f"message of {len(message)} bytes, allowed {MESSAGE_BYTES_MAX}")
    return message


def to_be_signed(protected: bytes, external: bytes, payload: bytes) -> bytes:
    """Return the Sig_structure of RFC 9052 section 4.4 for a COSE_Sign1."""
    return b"".join((b"\x84\x6aSignature1", bstr(protected), bstr(external), bstr(payload)))


def take_apart(data: bytes) -> Parts:
    """Return the parts of a tagged COSE_Sign1, its headers not yet judged.  Raises Malformed."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise Malformed(f"message of {len(data)} bytes, allowed {MESSAGE_BYTES_MAX}")
    if not data or data[0] != cbor.COSE_SIGN1_HEAD:
        raise Malformed("not a tagged COSE_Sign1")
    match cbor.decode(data[1:]):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            return Parts(protected, unprotected, payload, signature)
        case [bytes(), dict(), None, bytes()]:
            raise Malformed("detached payload")
    raise Malformed("not the four parts of a COSE_Sign1")


def parse(data: bytes) -> Message:
    """Return the message in `data`, all of it, by the rules of this module.  Raises Malformed."""
    parts = take_apart(data)
    if parts.unprotected:
        raise Malformed("unprotected header is not empty")
    algorithm, kid = _header(parts.protected)
    if len(parts.signature) != SIGNATURE_BYTES:
        raise Malformed(f"signature of {len(parts.signature)} bytes")
    return Message(algorithm, kid, parts.payload, parts.signature, parts.protected)


@lru_cache(maxsize=256)  # senders repeat theirs in each message; bounded, since peers choose it
def _header(protected: bytes) -> tuple[Algorithm, bytes]:
    header = cbor.decode_map(protected)
    if header.keys() != {_ALG, _KID}:
        raise Malformed("protected header holds other than algorithm and key id")
    algorithm, kid = header[_ALG], header[_KID]
    if not isinstance(kid, bytes) or len(kid) != KID_BYTES:
        raise Malformed(f"key id is not {KID_BYTES} bytes")
    if algorithm is True or algorithm is False or algorithm not in tuple(Algorithm):
        raise Malformed(f"algorithm {str(algorithm)[:20]!r} is none of ours")
    return Algorithm(algorithm), kid


@lru_cache(maxsize=256)
def _protected(algorithm: Algorithm, kid: bytes) -> bytes:
    return cbor.encode({_ALG: int(algorithm), _KID: kid})


def verify(message: Message, key: PublicKey, domain: Domain) -> None:
    """Check that `key` signed `message` as an object of `domain`.  Raises BadSignature."""
    if message.kid != key.kid:
        raise BadSignature(f"signed by key {message.kid.hex()}, not {key.kid.hex()}")
    if message.algorithm is not key.algorithm:
        raise BadSignature(f"{message.algorithm.name} is not the algorithm of key {key.kid.hex()}")
    if key.algorithm is Algorithm.ESP256 and not is_low(message.signature):
        raise BadSignature("ESP256 signature with s in the upper half")
    signed = to_be_signed(message.protected, domain.value, message.payload)
    if not key.verify(message.signature, signed):
        raise BadSignature(f"signature does not fit key {key.kid.hex()}")


def is_low(signature: bytes) -> bool:
    """Return whether s of r || s is in the lower half of the group order."""
    return int.from_bytes(signature[32:], "big") <= P256_ORDER // 2


def bstr(data: bytes) -> bytes:
    """Return `data` as a CBOR byte string of at most 4 GiB."""
    length = len(data)
    if length < 24:
        return bytes((0x40 | length,)) + data
    if length < 2**8:
        return bytes((0x58, length)) + data
    if length < 2**16:
        return b"\x59" + length.to_bytes(2, "big") + data
    return b"\x5a" + length.to_bytes(4, "big") + data
