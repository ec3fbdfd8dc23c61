"""SM2 with SM3: checks signatures, reads and writes public keys (GB/T 32918, ISO/IEC 14888-3).

Only what is public is reckoned here, by the plain arithmetic of the curve: `cryptography` refuses
SM2, and a verifier must not need a program beside it.  It takes some 10 ms and does not run in
constant time, so no private key ever comes here: `identity.sm2_signing` has OpenSSL sign.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives import hashes

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import der
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import key_id
from edge_agent.evidence.der import Reader

ALGORITHM = -65_537  # COSE has no registered id: the first one of private use
DISTINGUISHING_ID = b"1234567812345678"  # GB/T 35276: where nothing else is agreed
SIGNATURE_BYTES = 64

# The curve: y^2 = x^3 + _A x + _B over the integers mod _P; GB/T 32918.5.
_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = _P - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
_BYTES = 32
_BITS = 256

_KTY, _CRV, _X, _Y = 1, -1, -2, -3  # COSE_Key parameters
_EC2, _CRV_SM2 = 2, -65_537  # of private use as well
_EC_KEY, _CURVE = der.oid("1.2.840.10045.2.1"), der.oid("1.2.156.10197.1.301")

_Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sm2Key:
    """A public key: the point as x || y, 64 bytes.  Raises ValueError for what is no point."""

    raw: bytes
    kid: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.raw) != 2 * _BYTES or not _is_on_curve(self._point):
            raise ValueError("no point of the SM2 curve")
        object.__setattr__(self, "kid", key_id(self.to_value()))

    @property
    def algorithm(self) -> int:
        """The COSE algorithm, of private use."""
        return ALGORITHM

    @property
    def _point(self) -> _Point:
        return int.from_bytes(self.raw[:_BYTES], "big"), int.from_bytes(self.raw[_BYTES:], "big")

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether this key made `signature` (r || s) over `message`."""
        r, s = (int.from_bytes(signature[at : at + _BYTES], "big") for at in (0, _BYTES))
        t = (r + s) % _ORDER
        if len(signature) != SIGNATURE_BYTES or not (0 < r < _ORDER and 0 < s < _ORDER and t):
            return False
        end = _sum_of_multiples(s, t, self._point)
        return end is not None and (_digest(self.raw, message) + end[0]) % _ORDER == r

    def to_value(self) -> dict[int, BodyValue]:
        """Return the COSE_Key map."""
        return {_KTY: _EC2, _CRV: _CRV_SM2, _X: self.raw[:_BYTES], _Y: self.raw[_BYTES:]}

    @classmethod
    def from_value(cls, value: BodyValue) -> Self:
        """Return the key in a COSE_Key map of exactly these parameters.  Raises Malformed."""
        x, y = (value.get(_X), value.get(_Y)) if isinstance(value, Mapping) else (None, None)
        if not isinstance(x, bytes) or not isinstance(y, bytes):
            raise Malformed("no SM2 key")
        key = cls._from_point(x + y)
        if key.to_value() != value:
            raise Malformed("an SM2 key with missing or unknown parameters")
        return key

    def to_pem(self) -> bytes:
        """Return the public key in PEM, as OpenSSL reads it."""
        kind = der.encode(der.SEQUENCE, _EC_KEY, _CURVE)
        point = der.encode(der.BIT_STRING, b"\x00\x04" + self.raw)
        text = base64.encodebytes(der.encode(der.SEQUENCE, kind, point)).replace(b"\n", b"")
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        label = b"PUBLIC KEY-----"
        return b"\n".join([b"-----BEGIN " + label, *lines, b"-----END " + label, b""])

    @classmethod
    def from_pem(cls, data: bytes) -> Self:
        """Return the key in PEM: a public key, a certificate, or a private key that names it.

        Of a certificate the key alone is taken: who certified it is not looked at.  Raises
        Malformed.
        """
        label, content = _pem(data)
        if label == b"PUBLIC KEY":
            return cls._from_spki(Reader.of(content))
        if label == b"PRIVATE KEY":
            return cls._from_private(Reader.of(content))
        if label != b"CERTIFICATE":
            raise Malformed("neither a key nor a certificate in PEM")
        told = Reader.of(content).take(der.SEQUENCE).inside
        told.maybe(der.context(0))
        for _ in ("number", "algorithm", "issuer", "validity", "subject"):
            told.take()
        return cls._from_spki(told.take(der.SEQUENCE).inside)

    @classmethod
    def _from_spki(cls, spki: Reader) -> Self:
        _check_kind(spki.take(der.SEQUENCE).inside)
        return cls._from_bits(spki.take(der.BIT_STRING).content)

    @classmethod
    def _from_private(cls, info: Reader) -> Self:
        """Return the public part that stands in a private key (RFC 5915)."""
        info.take(der.INTEGER)
        _check_kind(info.take(der.SEQUENCE).inside)
        private = Reader.of(info.take(der.OCTET_STRING).content)
        private.take(der.INTEGER)
        private.take(der.OCTET_STRING)
        private.maybe(der.context(0))
        return cls._from_bits(private.take(der.context(1)).inside.take(der.BIT_STRING).content)

    @classmethod
    def _from_bits(cls, bits: bytes) -> Self:
        if bits[:2] != b"\x00\x04":
            raise Malformed("a point that is not written out")
        return cls._from_point(bits[2:])

    @classmethod
    def _from_point(cls, raw: bytes) -> Self:
        try:
            return cls(raw)
        except ValueError as error:
            raise Malformed(str(error)) from error


def signature_from_der(data: bytes) -> bytes:
    """Return r || s of what OpenSSL gives.  Raises Malformed."""
    pair = Reader.of(data)
    numbers = pair.take(der.INTEGER).number(), pair.take(der.INTEGER).number()
    pair.end()
    if not all(0 < one < _ORDER for one in numbers):
        raise Malformed("no signature by SM2")
    return b"".join(one.to_bytes(_BYTES, "big") for one in numbers)


def signature_to_der(signature: bytes) -> bytes:
    """Return what OpenSSL takes, of r || s."""
    r, s = (int.from_bytes(signature[at : at + _BYTES], "big") for at in (0, _BYTES))
    return der.encode(der.SEQUENCE, der.integer(r), der.integer(s))


# ---- keys


def _check_kind(reader: Reader) -> None:
    if (reader.take(der.OID).whole, reader.take(der.OID).whole) != (_EC_KEY, _CURVE):
        raise Malformed("a key of another kind than SM2")


def _pem(data: bytes) -> tuple[bytes, bytes]:
    """Return label and content of the first block."""
    _, begun, rest = data.partition(b"-----BEGIN ")
    label, _, rest = rest.partition(b"-----")
    text, ended, _ = rest.partition(b"-----END " + label + b"-----")
    if not begun or not ended:
        raise Malformed("no PEM")
    try:
        return label, base64.b64decode(b"".join(text.split()), validate=True)
    except ValueError as error:
        raise Malformed("PEM that cannot be read") from error


# ---- hashes


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _identity_hash(raw: bytes) -> bytes:
    """Return Z: who signs, on which curve, by which key (GB/T 32918.2, section 5.5)."""
    bits = (8 * len(DISTINGUISHING_ID)).to_bytes(2, "big")
    curve = b"".join(one.to_bytes(_BYTES, "big") for one in (_A, _B, *_G))
    return _sm3(bits + DISTINGUISHING_ID + curve + raw)


def _digest(raw: bytes, message: bytes) -> int:
    return int.from_bytes(_sm3(_identity_hash(raw) + message), "big")


# ---- the curve; None is the point at infinity


def _is_on_curve(point: _Point) -> bool:
    x, y = point
    return x < _P and y < _P and (y * y - x * x * x - _A * x - _B) % _P == 0


def _add(one: _Point | None, other: _Point | None) -> _Point | None:
    if one is None or other is None:
        return other if one is None else one
    (x1, y1), (x2, y2) = one, other
    if x1 != x2:
        slope = (y2 - y1) * pow(x2 - x1, -1, _P)
    elif y1 != y2 or not y1:
        return None
    else:
        slope = (3 * x1 * x1 + _A) * pow(2 * y1, -1, _P)
    x = (slope * slope - x1 - x2) % _P
    return x, (slope * (x1 - x) - y1) % _P


def _sum_of_multiples(s: int, t: int, point: _Point) -> _Point | None:
    """Return s times the base point and t times `point`, together."""
    steps = None, _G, point, _add(_G, point)
    end: _Point | None = None
    for bit in reversed(range(_BITS)):
        end = _add(_add(end, end), steps[(s >> bit & 1) + 2 * (t >> bit & 1)])
    return end
