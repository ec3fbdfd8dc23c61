"""What a center's authority signs for a gateway that it enrols, and what a gateway asks for again.

A *bundle* is all that a gateway needs of its center, signed by the authority that the invitation
pins: certificates, receipt keys, command keys, ways.  A *renewal* is signed by the gateway's
identity key, which does not expire: a gateway that was months offline gets a new TLS certificate
with it, though its old one is of no use any more.
"""

from dataclasses import dataclass

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, charter, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Domain, PublicKey, Signer

VERSION = 1
CERTIFICATE_BYTES_MAX = 4096
CERTIFICATES_MAX = 4  # of one kind: an old one and its successor, and room
WAYS_MAX = 8
REQUEST_BYTES_MAX = 4096
REVOKED_BYTES_MAX = 4096  # of a list of revoked keys (`revoked_keys`)
_BUNDLE_KEYS = frozenset(range(1, 13))  # of every bundle
_CHARTER = 13  # of one whose site has a charter
_REVOKED = 14  # of a center that has lost a broker's key
_RENEWAL_KEYS = frozenset(range(1, 5))


@dataclass(frozen=True, slots=True)
class Way:
    """One broker of the center."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All that a gateway needs of its center; certificates are DER.

    `commands` may be empty: a center that gives no orders; so may `seals`: one that opens nothing.
    `charter` is the site's with its signatures, unread; empty without one.  So is `revoked`: which
    keys of its brokers count no more (`revoked_keys`).

    Raises ValueError beyond its bounds.
    """

    gateway: str
    center: str
    time_ms: int
    authorities: tuple[bytes, ...]
    client: bytes
    identity: bytes
    receipts: tuple[bytes, ...]
    commands: tuple[bytes, ...]
    seals: tuple[bytes, ...]
    ways: tuple[Way, ...]
    enrolment: Way
    charter: bytes = b""
    revoked: bytes = b""

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway) or not fields.is_name(self.center):
            raise ValueError(f"{self.gateway[:80]!r} or {self.center[:80]!r} is no name")
        if not 0 < len(self.ways) <= WAYS_MAX:
            raise ValueError(f"{len(self.ways)} ways, allowed 1..{WAYS_MAX}")
        optional = ((self.commands, 0), (self.seals, 0))
        if len(self.charter) > charter.BYTES_MAX:
            raise ValueError(f"a charter of {len(self.charter)} bytes")
        if len(self.revoked) > REVOKED_BYTES_MAX:
            raise ValueError(f"a list of revoked keys of {len(self.revoked)} bytes")
        for kind, least in ((self.authorities, 1), (self.receipts, 1), *optional):
            if not least <= len(kind) <= CERTIFICATES_MAX:
                raise ValueError(f"{len(kind)} certificates of a kind")
        for one in (
            *self.authorities,
            self.client,
            self.identity,
            *self.receipts,
            *self.commands,
            *self.seals,
        ):
            if not 0 < len(one) <= CERTIFICATE_BYTES_MAX:
                raise ValueError(f"a certificate of {len(one)} bytes")


def sign_bundle(bundle: Bundle, signer: Signer) -> bytes:
    """Return the signed bundle."""
    payload: dict[int, BodyValue] = {
        1: VERSION,
        2: bundle.gateway,
        3: bundle.center,
        4: bundle.time_ms,
        5: list(bundle.authorities),
        6: bundle.client,
        7: bundle.identity,
        8: list(bundle.receipts),
        9: list(bundle.commands),
        10: [[way.host, way.port] for way in bundle.ways],
        11: [bundle.enrolment.host, bundle.enrolment.port],
        12: list(bundle.seals),
    }
    if bundle.charter:
        payload[_CHARTER] = bundle.charter
    if bundle.revoked:
        payload[_REVOKED] = bundle.revoked
    return cose.sign1(cbor.encode(payload), signer, Domain.ENROLMENT)


def open_bundle(data: bytes, authority: PublicKey) -> Bundle:
    """Return the bundle that `authority` signed.  Raises Malformed, BadSignature.

    It may be meant for another gateway: compare `gateway`.
    """
    content = _content(data, authority, _BUNDLE_KEYS)
    try:
        return Bundle(
            gateway=fields.text(content, 2),
            center=fields.text(content, 3),
            time_ms=fields.number(content, 4),
            authorities=_certificates(content, 5),
            client=_certificate(content, 6),
            identity=_certificate(content, 7),
            receipts=_certificates(content, 8),
            commands=_certificates(content, 9),
            seals=_certificates(content, 12),
            ways=tuple(_way(one) for one in fields.array(content, 10, WAYS_MAX)),
            enrolment=_way(content.get(11)),
            charter=_charter(content),
            revoked=_octets(content, _REVOKED, REVOKED_BYTES_MAX),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def claimed_authorities(data: bytes) -> tuple[bytes, ...]:
    """Return the authorities' certificates in a bundle that nobody has checked yet: the pin says
    which of them to believe.  Raises Malformed."""
    return _certificates(cbor.decode_map(cose.parse(data).payload), 5)


def claimed_charter(data: bytes) -> bytes:
    """Return the charter in a bundle that nobody has checked yet, unread.  Raises Malformed."""
    return _charter(cbor.decode_map(cose.parse(data).payload))


@dataclass(frozen=True, slots=True)
class Renewal:
    """A gateway's wish for another TLS certificate; `request` is PKCS #10 in DER.

    Whoever sends it again gains nothing: the certificate is of use to the key's holder only.
    """

    gateway: str
    time_ms: int
    request: bytes


def sign_renewal(renewal: Renewal, identity: Signer) -> bytes:
    """Return the signed wish."""
    payload: dict[int, BodyValue] = {
        1: VERSION,
        2: renewal.gateway,
        3: renewal.time_ms,
        4: renewal.request,
    }
    return cose.sign1(cbor.encode(payload), identity, Domain.RENEWAL)


def claimed_by(data: bytes) -> str:
    """Return which gateway a wish claims to be of, before its key is known.  Raises Malformed."""
    return fields.text(cbor.decode_map(cose.parse(data).payload), 2)


def open_renewal(data: bytes, identity: PublicKey) -> Renewal:
    """Return the wish that `identity` signed.  Raises Malformed, BadSignature."""
    content = _content(data, identity, _RENEWAL_KEYS)
    request = content.get(4)
    if not isinstance(request, bytes) or not 0 < len(request) <= REQUEST_BYTES_MAX:
        raise Malformed("a renewal without a request")
    return Renewal(fields.text(content, 2), fields.number(content, 3), request)


def _content(data: bytes, key: PublicKey, keys: frozenset[int]) -> dict[int, BodyValue]:
    message = cose.parse(data)
    cose.verify(message, key, Domain.ENROLMENT if keys is _BUNDLE_KEYS else Domain.RENEWAL)
    content = cbor.decode_map(message.payload)
    more = {_CHARTER, _REVOKED} if keys is _BUNDLE_KEYS else set[int]()
    if content.keys() - more != keys:
        raise Malformed("missing or unknown key")
    fields.number(content, 1, VERSION, VERSION)
    return dict(content)


def _certificates(content: fields.Fields, key: int) -> tuple[bytes, ...]:
    items = dict(enumerate(fields.array(content, key, CERTIFICATES_MAX)))
    return tuple(_certificate(items, at) for at in items)


def _certificate(content: fields.Fields, key: int) -> bytes:
    value = content.get(key)
    if not isinstance(value, bytes) or len(value) > CERTIFICATE_BYTES_MAX:
        raise Malformed(f"key {key} is no certificate")
    return value


def _charter(content: fields.Fields) -> bytes:
    return _octets(content, _CHARTER, charter.BYTES_MAX)


def _octets(content: fields.Fields, key: int, bytes_max: int) -> bytes:
    """Return what may be absent, unread; empty where it is."""
    value = content.get(key, b"")
    if not isinstance(value, bytes) or len(value) > bytes_max:
        raise Malformed(f"key {key} is not at most {bytes_max} bytes")
    return value


def _way(value: BodyValue) -> Way:
    items = fields.row(value, 2)
    return Way(fields.text(items, 0, 253), fields.number(items, 1, 1, 65_535))
