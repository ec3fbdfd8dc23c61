"""What a gateway offers to another enterprise, and which answer it takes: nothing is changed here.

Both go by the charter: the enterprise of the one in force vouches for the offer, and the answer
carries the next one, which its parties have signed (`evidence/succession.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.config import Center, ConfigError, Loaded
from edge_agent.config_text import with_center, without_center
from edge_agent.evidence import certificates, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import Charter, Handover, Part, SignedCharter, read_signed
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.enrolment import Bundle, claimed_authorities, open_bundle
from edge_agent.evidence.handover import ANSWER_BYTES_MAX, Offer, sign_offer
from edge_agent.evidence.signers import FileSigner, P256Signer, load_signer
from edge_agent.evidence.succession import NotValid, check_next
from edge_agent.identity.bundle_files import center_table
from edge_agent.uplink.access import AccessError, load_authorities

NO_CHARTER = (
    "no charter is in force here, so nobody has agreed who may pass this site on: have one signed "
    "first (docs/charter.md)"
)


class NotOffered(ValueError):  # noqa: N818  reads as a verdict
    """The gateway cannot offer itself: why, and what to do."""


# ---- the offer


def make_offer(loaded: Loaded, present: SignedCharter, now_ms: int) -> bytes:
    """Return the signed offer of a gateway under the charter in force.

    Raises NotOffered, KeyFileError.
    """
    gateway = loaded.config.gateway
    enterprise = present.charter.party(Part.ENTERPRISE)
    assert enterprise is not None, "no charter is without"
    center, authority = _vouching(loaded, enterprise.key)
    identity = load_signer(loaded.path(gateway.identity_key), loaded.path(gateway.tpm))
    offer = Offer(
        gateway=gateway.id,
        center=center.name,
        time_ms=now_ms,
        request=P256Signer.load(loaded.path(center.key)).request(gateway.id),
        identity=certificates.der_of(_certified(loaded, center, authority, identity)),
        authority=certificates.der_of(authority),
        charter=present.data,
    )
    return sign_offer(offer, identity)


def _vouching(loaded: Loaded, enterprise: PublicKey) -> tuple[Center, certificates.Certificate]:
    """Return the center whose authority is the enterprise of the charter in force."""
    for center in loaded.config.center:
        for one in _in(loaded.path(center.ca)):
            if _is_key(one, enterprise):
                return center, one
    raise NotOffered(
        "the enterprise of the charter in force is the authority of no center of the "
        "configuration: bring its `ca` back"
    )


def _certified(
    loaded: Loaded, center: Center, authority: certificates.Certificate, identity: FileSigner
) -> certificates.Certificate:
    """Return the certificate that the authority gave the identity key."""
    beside = loaded.path(center.certificate).with_name("identity.pem")
    own = loaded.path(loaded.config.gateway.identity_key).with_suffix(".pem")
    for file in (beside, own, loaded.path("identity.pem")):
        for one in _in(file):
            found = certificates.signing_key(one, [authority])
            if found == (loaded.config.gateway.id, identity.public):
                return one
    raise NotOffered(
        f"{beside}: no certificate of the identity key by center {center.name}: copy the gateway's "
        "from identities/ of that center's directory, or have its keys certified anew"
    )


def _in(file: Path) -> Iterator[certificates.Certificate]:
    try:
        yield from certificates.read_pem(file.read_bytes())
    except (OSError, Malformed):
        return


def _is_key(certificate: certificates.Certificate, key: PublicKey) -> bool:
    try:
        return PublicKey.of(certificate.public_key()) == key
    except ValueError:
        return False


# ---- the answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gateway is passed on by, checked: to the center `name`, as the charter says."""

    name: str
    bundle: Bundle
    signed: SignedCharter
    handover: Handover
    both: bytes
    """The configuration that names both centers."""
    leaves: tuple[str, ...]
    """The files of the old center, which only it needs."""


def read_answer(data: bytes, loaded: Loaded, installed: bytes, present: SignedCharter) -> Answer:
    """Return what a new center's bundle says, if the gateway may follow it.

    `installed` are the bytes of the configuration, `present` is the charter in force.  Raises
    ValueError with why it may not, KeyFileError.
    """
    bundle, signed = _opened(data)
    charter = signed.charter
    check_next(signed, present.charter)
    handover, gateway = charter.handover, loaded.config.gateway
    if handover is None:
        raise NotValid(f"charter {charter.number} passes the site to nobody")
    if bundle.gateway != gateway.id:
        raise NotValid(f"it is for gateway {bundle.gateway}, not {gateway.id}")
    before = next((one for one in loaded.config.center if one.name == handover.center), None)
    if before is None:
        raise NotValid(f"no center {handover.center} is configured here, which it passes from")
    _check_own(bundle, loaded, before)
    _check_served(charter, loaded, before)
    name = _named(charter, bundle)
    table = center_table(bundle, name, f"{name}/", before.key)
    try:
        both = with_center(installed, table, loaded.file)
        without_center(both, before.name, loaded.file)
    except ConfigError as error:
        raise NotValid(str(error)) from error
    return Answer(name, bundle, signed, handover, both, _leaves(loaded, before))


def _opened(data: bytes) -> tuple[Bundle, SignedCharter]:
    """Return a bundle that the enterprise of its own charter has signed, with that charter."""
    if len(data) > ANSWER_BYTES_MAX:
        raise NotValid(f"a bundle of {len(data)} bytes, allowed {ANSWER_BYTES_MAX}")
    try:
        kid = cose.parse(data).kid
        claimed = [certificates.read(one) for one in claimed_authorities(data)]
        keys = [PublicKey.of(one.public_key()) for one in claimed]
        key = next((one for one in keys if one.kid == kid), None)
        if key is None:
            raise NotValid("it is not signed by the authority in it")
        bundle = open_bundle(data, key)
        signed = read_signed(bundle.charter)
    except (Malformed, BadSignature) as error:
        raise NotValid(f"it cannot be read: {error}; have it sent again") from error
    enterprise = signed.charter.party(Part.ENTERPRISE)
    if enterprise is None or enterprise.key != key:
        raise NotValid("who signed it is not the enterprise of the charter in it")
    return bundle, signed


def _check_own(bundle: Bundle, loaded: Loaded, before: Center) -> None:
    """Its certificates are of the keys that are here."""
    gateway = loaded.config.gateway
    identity = load_signer(loaded.path(gateway.identity_key), loaded.path(gateway.tpm))
    client = P256Signer.load(loaded.path(before.key))
    for what, der, key in (("TLS", bundle.client, client), ("identity", bundle.identity, identity)):
        if not _is_key(certificates.read(der), key.public):
            raise NotValid(f"its certificate of the {what} key is of another key: make a new offer")


def _check_served(charter: Charter, loaded: Loaded, before: Center) -> None:
    """The old center stays a destination for the days."""
    try:
        digests = load_authorities(loaded.path(before.ca)).digests
    except AccessError as error:
        raise NotValid(str(error)) from error
    if not charter.sends_to(before.name, digests):
        raise NotValid(
            f"charter {charter.number} does not name {before.name} with the authority in its `ca`: "
            "it could not be served for the days"
        )


def _named(charter: Charter, bundle: Bundle) -> str:
    """Return what the charter calls the new center."""
    digests = {certificates.key_digest(certificates.read(one)) for one in bundle.authorities}
    before = charter.handover.center if charter.handover is not None else ""
    for one in charter.destinations:
        if one.center != before and digests <= set(one.authorities):
            return one.center
    raise NotValid(f"charter {charter.number} names no destination of this center's authority")


def _leaves(loaded: Loaded, before: Center) -> tuple[str, ...]:
    """Return the files that nothing needs any more when a center is left out; never a key, and
    none from elsewhere, which may be somebody else's as well.
    """
    folder = loaded.file.parent.resolve()

    def files(center: Center) -> set[str]:
        names = {center.ca, center.certificate, center.receipt_certificate}
        return names | {center.command_certificate or "", center.seal_certificate or ""}

    others = [files(one) for one in loaded.config.center if one.name != before.name]
    own = files(before).difference({""}, *others)
    return tuple(sorted(one for one in own if loaded.path(one).resolve().is_relative_to(folder)))
