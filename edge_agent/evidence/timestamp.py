"""Timestamps of an authority (RFC 3161): what is asked for, what is granted, what it proves (pure).

A token is a CMS signed message (RFC 5652) over the authority's statement that it saw a hash at a
time.  It is believed where its signer was certified for nothing but timestamps (RFC 3161, section
2.3) by an authority that the reader trusts, each certificate valid at the time that it states.
"""

from calendar import timegm
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge_agent.evidence import certificates, der
from edge_agent.evidence.anchor import TOKEN_BYTES_MAX
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.der import Element, Reader

CHAIN_MAX = 5
CERTIFICATES_MAX = 16
_SHA256 = der.oid("2.16.840.1.101.3.4.2.1")
_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    _SHA256: hashes.SHA256(),
    der.oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    der.oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_PSS = der.oid("1.2.840.113549.1.1.10")
_SIGNED, _STATEMENT = der.oid("1.2.840.113549.1.7.2"), der.oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE, _DIGEST = der.oid("1.2.840.113549.1.9.3"), der.oid("1.2.840.113549.1.9.4")
_SIGNER_1, _SIGNER_2 = der.oid("1.2.840.113549.1.9.16.2.12"), der.oid("1.2.840.113549.1.9.16.2.47")
_GRANTED = {0, 1}  # as asked, or with changes that a reader sees


class NotGranted(Exception):  # noqa: N818  reads as what it says
    """The authority gave no timestamp: what it says about it."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A hash existed at this time, says `by`.

    `fingerprint` is that of the certificate that the chain ends in; `trusted` says that the reader
    named it.
    """

    time_ns: int
    accuracy_ns: int | None
    by: str
    fingerprint: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class _Statement:
    imprint: bytes
    time: datetime
    fraction_ns: int
    accuracy_ns: int | None
    nonce: int | None


@dataclass(frozen=True, slots=True)
class _Signer:
    """Who signed: by issuer and number, or by key id; over which attributes, and how."""

    issuer: bytes
    serial: int | None
    key_id: bytes | None
    hash: hashes.HashAlgorithm
    attributes: bytes
    signature: bytes


# ---- asking


def request(imprint: bytes, nonce: int) -> bytes:
    """Ask that a SHA-256 hash be timestamped, with the certificates to check it by."""
    sha256 = der.encode(der.SEQUENCE, _SHA256, der.encode(der.NULL))
    return der.encode(
        der.SEQUENCE,
        der.integer(1),
        der.encode(der.SEQUENCE, sha256, der.encode(der.OCTET_STRING, imprint)),
        der.integer(nonce),
        der.encode(der.BOOLEAN, b"\xff"),
    )


def granted(response: bytes, nonce: int) -> bytes:
    """Return the token in an authority's answer.  Raises NotGranted, Malformed."""
    reader = Reader.of(response)
    status = reader.take(der.SEQUENCE).inside
    code = status.take(der.INTEGER).number()
    if code not in _GRANTED:
        words = status.maybe(der.SEQUENCE)
        said = [] if words is None else [_text(one) for one in _each(words)]
        raise NotGranted("; ".join(said) or f"refused, status {code}")
    token = reader.take(der.SEQUENCE).whole
    if len(token) > TOKEN_BYTES_MAX:
        raise Malformed(f"a token of {len(token)} bytes, at most {TOKEN_BYTES_MAX} are kept")
    if _opened(token)[0].nonce != nonce:
        raise Malformed("the answer to another request")
    return token


def time_text(time_ns: int) -> str:
    """Return a time in words, to the second; one that no calendar has, in ms."""
    try:
        return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):  # whoever signs may write any number
        return f"{time_ns // 1_000_000} ms"


def _text(element: Element) -> str:
    return "".join(c for c in element.content.decode("utf-8", "replace") if c.isprintable())[:200]


# ---- checking


def verify(token: bytes, imprint: bytes, trusted: Sequence[x509.Certificate] = ()) -> Stamped:
    """Return what a token proves of a SHA-256 hash.

    Without `trusted` authorities that of its own certificates is named, to be compared by hand.
    Raises Malformed, BadSignature.
    """
    try:
        return _verified(token, imprint, trusted)
    except (Malformed, BadSignature):
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # of a certificate's parts
        raise Malformed(f"a certificate that cannot be read: {error}") from error


def _verified(token: bytes, imprint: bytes, trusted: Sequence[x509.Certificate]) -> Stamped:
    statement, content, signer, held = _opened(token)
    if statement.imprint != imprint:
        raise BadSignature("the timestamp is of something else")
    certificate = _certificate_of(signer, (*held, *trusted))
    _check_attributes(signer, content, certificate)
    _check_signature(signer, certificate)
    if not _is_for_timestamps(certificate):
        raise BadSignature("its signer was not certified for timestamps, and for nothing else")
    end = _end_of_chain(certificate, held, trusted, statement.time)
    return Stamped(
        time_ns=timegm(statement.time.utctimetuple()) * 1_000_000_000 + statement.fraction_ns,
        accuracy_ns=statement.accuracy_ns,
        by=certificate.subject.rfc4514_string()[:200],
        fingerprint=certificates.fingerprint(end),
        trusted=bool(trusted),
    )


def _certificate_of(signer: _Signer, held: Iterable[x509.Certificate]) -> x509.Certificate:
    for one in held:
        if signer.key_id is not None:
            with_id = x509.SubjectKeyIdentifier.from_public_key(one.public_key()).digest
            if with_id == signer.key_id:
                return one
        elif (one.issuer.public_bytes(), one.serial_number) == (signer.issuer, signer.serial):
            return one
    raise BadSignature("the signer's certificate is missing")


def _check_attributes(signer: _Signer, content: bytes, certificate: x509.Certificate) -> None:
    """What is signed are attributes: of this statement, by this certificate."""
    told: dict[bytes, Element] = {}
    for one in _each(Reader(signer.attributes).take(der.SET)):
        reader = one.inside
        name = reader.take(der.OID).whole
        if name in told:
            raise Malformed("an attribute that stands twice")
        told[name] = reader.take(der.SET).inside.take()
    digest = hashes.Hash(signer.hash)
    digest.update(content)
    if _DIGEST not in told or told[_DIGEST].content != digest.finalize():
        raise BadSignature("what is signed is another statement")
    if _CONTENT_TYPE not in told or told[_CONTENT_TYPE].whole != _STATEMENT:
        raise BadSignature("what is signed is no timestamp")
    if not _names(told, certificate):
        raise BadSignature("what is signed names another certificate")


def _names(told: dict[bytes, Element], certificate: x509.Certificate) -> bool:
    """Tell whether the attributes of RFC 2634 or RFC 5035 name the signer's certificate."""
    for name, by_default in ((_SIGNER_2, hashes.SHA256()), (_SIGNER_1, hashes.SHA1())):  # noqa: S303  a name
        if name in told:
            first = told[name].inside.take(der.SEQUENCE).inside.take(der.SEQUENCE).inside
            stated = first.maybe(der.SEQUENCE)
            kind = by_default if stated is None else _hash(stated)
            return first.take(der.OCTET_STRING).content == certificate.fingerprint(kind)
    return False


def _check_signature(signer: _Signer, certificate: x509.Certificate) -> None:
    try:
        match certificate.public_key():
            case rsa.RSAPublicKey() as key:
                key.verify(signer.signature, signer.attributes, padding.PKCS1v15(), signer.hash)
            case ec.EllipticCurvePublicKey() as key:
                key.verify(signer.signature, signer.attributes, ec.ECDSA(signer.hash))
            case ed25519.Ed25519PublicKey() as key:
                key.verify(signer.signature, signer.attributes)
            case _:
                raise BadSignature("signed by a kind of key that is not read here")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise BadSignature("its signature does not fit the signer's key") from error


def _is_for_timestamps(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (ValueError, x509.ExtensionNotFound):
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _end_of_chain(
    certificate: x509.Certificate,
    held: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    time: datetime,
) -> x509.Certificate:
    """Return the trusted certificate that vouches for one; without any, the last one that does."""
    for _ in range(CHAIN_MAX):
        if not certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc:
            raise BadSignature("a certificate was not valid at the time that is stated")
        if certificate in trusted:
            return certificate
        above = [
            one
            for one in (*trusted, *held)
            if one != certificate and certificates.may_certify(one)
            if certificates.is_issued_by(certificate, [one])
        ]
        if not above:
            break
        certificate = above[0]
    if trusted:
        raise BadSignature("no authority that is trusted certified its signer")
    return certificate


# ---- reading


def _opened(token: bytes) -> tuple[_Statement, bytes, _Signer, list[x509.Certificate]]:
    """Return statement, its bytes, signer and certificates.  Raises Malformed."""
    outer = Reader.of(token)
    if outer.take(der.OID).whole != _SIGNED:
        raise Malformed("no signed message")
    signed = outer.take(der.context(0)).inside.take(der.SEQUENCE).inside
    signed.take(der.INTEGER)
    signed.take(der.SET)
    inner = signed.take(der.SEQUENCE).inside
    if inner.take(der.OID).whole != _STATEMENT:
        raise Malformed("a signed message that is no timestamp")
    content = inner.take(der.context(0)).inside.take(der.OCTET_STRING).content
    held = signed.maybe(der.context(0))
    signed.maybe(der.context(1))  # revocation lists
    signers = list(_each(signed.take(der.SET)))
    if len(signers) != 1:
        raise Malformed("a timestamp has one signer")
    found = [] if held is None else [certificates.read(one.whole) for one in _each(held)]
    return _statement(content), content, _signer(signers[0].inside), found


def _statement(content: bytes) -> _Statement:
    reader = Reader.of(content)
    if reader.take(der.INTEGER).number() != 1:
        raise Malformed("a statement of another version")
    reader.take(der.OID)
    imprint = reader.take(der.SEQUENCE).inside
    if not isinstance(_hash(imprint.take(der.SEQUENCE)), hashes.SHA256):
        raise Malformed("a hash of another kind")
    octets = imprint.take(der.OCTET_STRING).content
    reader.take(der.INTEGER)
    time, fraction_ns = _time(reader.take(der.GENERALIZED_TIME))
    accuracy = reader.maybe(der.SEQUENCE)
    reader.maybe(der.BOOLEAN)
    nonce = reader.maybe(der.INTEGER)
    return _Statement(
        octets,
        time,
        fraction_ns,
        None if accuracy is None else _accuracy_ns(accuracy.inside),
        None if nonce is None else nonce.number(),
    )


def _time(element: Element) -> tuple[datetime, int]:
    """Return the whole second, and what is beyond it in ns."""
    whole, _, fraction = element.content.decode("ascii", "replace").removesuffix("Z").partition(".")
    if not (whole + fraction).isascii() or not (whole + fraction).isdecimal() or len(whole) != 14:
        raise Malformed("no time in UTC")
    try:
        time = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed("no such time") from error
    return time, int(fraction[:9].ljust(9, "0"))


def _accuracy_ns(reader: Reader) -> int:
    seconds = reader.maybe(der.INTEGER)
    parts = [(seconds, 1_000_000_000), (reader.maybe(0x80), 1_000_000), (reader.maybe(0x81), 1000)]
    if any(one is not None and len(one.content) > 8 for one, _ in parts):
        raise Malformed("an accuracy that is none")
    return sum(int.from_bytes(one.content, "big") * unit for one, unit in parts if one is not None)


def _signer(reader: Reader) -> _Signer:
    reader.take(der.INTEGER)
    key_id = reader.maybe(0x80)
    issuer, serial = b"", None
    if key_id is None:
        named = reader.take(der.SEQUENCE).inside
        issuer, serial = named.take(der.SEQUENCE).whole, named.take(der.INTEGER).number()
    kind = _hash(reader.take(der.SEQUENCE))
    attributes = reader.take(der.context(0)).whole
    if reader.take(der.SEQUENCE).inside.take(der.OID).whole == _PSS:
        raise Malformed("a signature by RSA-PSS, which is not read here")
    signature = reader.take(der.OCTET_STRING).content
    return _Signer(
        issuer,
        serial,
        None if key_id is None else key_id.content,
        kind,
        bytes((der.SET,)) + attributes[1:],  # RFC 5652 section 5.4: signed as the set that it is
        signature,
    )


def _hash(algorithm: Element) -> hashes.HashAlgorithm:
    kind = _HASHES.get(algorithm.inside.take(der.OID).whole)
    if kind is None:
        raise Malformed("a hash that is not read here")
    return kind


def _each(element: Element) -> Iterable[Element]:
    reader = element.inside
    for _ in range(CERTIFICATES_MAX):
        if reader.next_tag() is None:
            return
        yield reader.take()
    reader.end()
