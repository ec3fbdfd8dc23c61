"""What a gateway tells of itself so that another enterprise can take it over: an *offer*.

It is signed by the gateway's identity key, and carries the certificate that the enterprise of the
charter in force gave that key: so whoever reads it knows that this is the gateway of that site.
What the new enterprise answers is a bundle as of an enrolment (`enrolment.py`), with the charter
that passes the site on.  Keys: docs/wire-format.md.
"""

from dataclasses import dataclass

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, certificates, charter, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import Charter, Part, SignedCharter
from edge_agent.evidence.cose import BadSignature, Domain, PublicKey, Signer
from edge_agent.evidence.enrolment import CERTIFICATE_BYTES_MAX, REQUEST_BYTES_MAX

VERSION = 1
OFFER_BYTES_MAX = 20_480
ANSWER_BYTES_MAX = 24_576  # of the bundle: a line on the socket carries it in hexadecimal
_KEYS = frozenset(range(1, 9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One gateway, as it offers itself.

    `center` is the one that the site would pass from, by its name in the gateway's configuration;
    `request` is PKCS #10 of the gateway's TLS key, `identity` its identity key's certificate and
    `authority` that of who gave it, both DER; `charter` is the one in force, with its signatures.
    """

    gateway: str
    center: str
    time_ms: int
    request: bytes
    identity: bytes
    authority: bytes
    charter: bytes

    def read_charter(self) -> SignedCharter:
        """Return the charter in force there.  Raises Malformed."""
        return charter.read_signed(self.charter)


def sign_offer(offer: Offer, identity: Signer) -> bytes:
    """Return the signed offer."""
    payload: dict[int, BodyValue] = {
        1: VERSION,
        2: offer.gateway,
        3: offer.center,
        4: offer.time_ms,
        5: offer.request,
        6: offer.identity,
        7: offer.authority,
        8: offer.charter,
    }
    return cose.sign1(cbor.encode(payload), identity, Domain.OFFER)


def open_offer(data: bytes) -> Offer:
    """Return the offer that the gateway of its charter signed.  Raises Malformed, BadSignature.

    Believed as far as its charter's enterprise is: its authority certified the key that signed.
    """
    if len(data) > OFFER_BYTES_MAX:
        raise Malformed(f"an offer of {len(data)} bytes, allowed {OFFER_BYTES_MAX}")
    message = cose.parse(data)
    content = cbor.decode_map(message.payload)
    if content.keys() != _KEYS:
        raise Malformed("missing or unknown key in an offer")
    fields.number(content, 1, VERSION, VERSION)
    offer = Offer(
        gateway=fields.text(content, 2),
        center=fields.text(content, 3),
        time_ms=fields.number(content, 4),
        request=_octets(content, 5, REQUEST_BYTES_MAX),
        identity=_octets(content, 6, CERTIFICATE_BYTES_MAX),
        authority=_octets(content, 7, CERTIFICATE_BYTES_MAX),
        charter=_octets(content, 8, charter.BYTES_MAX),
    )
    if not fields.is_name(offer.gateway) or not fields.is_name(offer.center):
        raise Malformed("an offer names a gateway and a center")
    cose.verify(message, identity_of(offer), Domain.OFFER)
    return offer


def identity_of(offer: Offer) -> PublicKey:
    """Return the gateway's identity key, by the word of its charter's enterprise.

    Raises Malformed, BadSignature.
    """
    authority, identity = certificates.read(offer.authority), certificates.read(offer.identity)
    site = offer.read_charter().charter
    if site.gateway != offer.gateway:
        raise Malformed(f"its charter is of gateway {site.gateway}")
    found = certificates.signing_key(identity, [authority])
    if found is None or found[0] != offer.gateway:
        raise BadSignature("the identity in it was not certified by the authority in it")
    if not _is_enterprise(authority, site):
        raise BadSignature("the authority in it is not the enterprise of its charter")
    return found[1]


def _is_enterprise(authority: certificates.Certificate, site: Charter) -> bool:
    enterprise = site.party(Part.ENTERPRISE)
    assert enterprise is not None, "no charter is without"
    try:
        return PublicKey.of(authority.public_key()) == enterprise.key
    except ValueError:
        return False


def _octets(content: fields.Fields, key: int, bytes_max: int) -> bytes:
    value = content.get(key)
    if not isinstance(value, bytes) or not 0 < len(value) <= bytes_max:
        raise Malformed(f"key {key} is not 1 to {bytes_max} bytes")
    return value
