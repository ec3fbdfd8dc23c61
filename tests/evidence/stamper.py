"""A timestamp authority in memory, which can be told to do one thing wrong.

What a real one gives is tested with openssl's (tests/tsa.py), which does nothing wrong.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge_agent.evidence import certificates, der

THEN = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SHA256, SHA512 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"
ECDSA, PSS = "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.10"
STATEMENT, OTHER = "1.2.840.113549.1.9.16.1.4", "1.2.840.113549.1.9.16.1.9"


@cache
def key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(1000 + number, ec.SECP256R1())


@dataclass(frozen=True)
class Certified:
    """A key with its certificate, by `by` or itself."""

    number: int
    by: "Certified | None" = None
    ca: bool = True
    critical: bool = True
    days: tuple[int, int] = (-10, 10)  # from THEN on

    @property
    def certificate(self) -> x509.Certificate:
        return _certificate(self)

    @property
    def name(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Time {self.number}")])


@cache
def _certificate(of: Certified) -> x509.Certificate:
    by = of.by or of
    made = (
        x509.CertificateBuilder()
        .subject_name(of.name)
        .issuer_name(by.name)
        .public_key(key(of.number).public_key())
        .serial_number(of.number)
        .not_valid_before(THEN + of.days[0] * DAY)
        .not_valid_after(THEN + of.days[1] * DAY)
    )
    if of.ca:
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    else:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(usage, critical=of.critical)
    return made.sign(key(by.number), hashes.SHA256())


@dataclass(frozen=True)
class Token:
    """What an authority signs, and how; by default as it should."""

    imprint: bytes
    signer: Certified
    held: tuple[Certified, ...] = ()
    time: bytes = b"20300101000000Z"
    imprint_hash: str = SHA256
    content_type: str = STATEMENT  # as the signed attribute has it
    digest_of: bytes | None = None
    twice: bool = False
    algorithm: str = ECDSA
    signed_by: int | None = None
    key_id: bytes | None = None  # in place of issuer and number
    signers: int = 1

    @property
    def der(self) -> bytes:
        held = (self.signer, *self.held)
        signed = _sequence(
            der.integer(3),
            der.encode(der.SET, _sequence(der.oid(SHA256))),
            _sequence(der.oid(STATEMENT), _context(0, _octets(self._statement))),
            _context(0, *(certificates.der_of(one.certificate) for one in held)),
            der.encode(der.SET, self._signer * self.signers),
        )
        return _sequence(der.oid("1.2.840.113549.1.7.2"), _context(0, signed))

    @property
    def _statement(self) -> bytes:
        imprint = _sequence(_sequence(der.oid(self.imprint_hash)), _octets(self.imprint))
        time = der.encode(der.GENERALIZED_TIME, self.time)
        return _sequence(der.integer(1), der.oid("1.2.3.4.1"), imprint, der.integer(9), time)

    @property
    def _signer(self) -> bytes:
        own = self.signer.certificate
        by = key(self.signer.number if self.signed_by is None else self.signed_by)
        attributes = self._attributes(own)
        signature = by.sign(der.encode(der.SET, *attributes), ec.ECDSA(hashes.SHA256()))
        named = _sequence(own.issuer.public_bytes(), der.integer(own.serial_number))
        return _sequence(
            der.integer(1),
            named if self.key_id is None else der.encode(0x80, self.key_id),
            _sequence(der.oid(SHA256)),
            _context(0, *attributes),
            _sequence(der.oid(self.algorithm)),
            _octets(signature),
        )

    def _attributes(self, own: x509.Certificate) -> list[bytes]:
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self._statement if self.digest_of is None else self.digest_of)
        certificate = _octets(own.fingerprint(hashes.SHA256()))
        told = [
            _attribute("1.2.840.113549.1.9.3", der.oid(self.content_type)),
            _attribute("1.2.840.113549.1.9.4", _octets(digest.finalize())),
            _attribute("1.2.840.113549.1.9.16.2.47", _sequence(_sequence(_sequence(certificate)))),
        ]
        return told + told[:1] * self.twice


def _attribute(name: str, value: bytes) -> bytes:
    return _sequence(der.oid(name), der.encode(der.SET, value))


def _sequence(*contents: bytes) -> bytes:
    return der.encode(der.SEQUENCE, *contents)


def _context(number: int, *contents: bytes) -> bytes:
    return der.encode(der.context(number), *contents)


def _octets(data: bytes) -> bytes:
    return der.encode(der.OCTET_STRING, data)
