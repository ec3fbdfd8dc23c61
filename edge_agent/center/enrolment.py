"""Lets gateways in: invitations, each good once, and the certificates that they are good for.

An invitation is good until its time is over, for the first key of each kind that is brought with
its secret: a gateway whose answer was lost asks again with the same keys, a thief of the secret
comes too late.  Ten wrong secrets close it.  Kept in `enrolments/<gateway>.json`, the secret only
as its digest (60 random bits need no slow hash).
"""

import base64
import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from edge_agent import files
from edge_agent.center import charters, credentials, revocation, settings
from edge_agent.center.credentials import Authority, Subject, Use
from edge_agent.center.init import read_certificate
from edge_agent.center.layout import GATEWAY_ID, CenterError, Layout
from edge_agent.evidence import certificates, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.enrolment import (
    REQUEST_BYTES_MAX,
    Bundle,
    Way,
    claimed_by,
    open_renewal,
    sign_bundle,
)
from edge_agent.evidence.handover import Offer, identity_of
from edge_agent.evidence.invitation import (
    Invitation,
    file_proof,
    pin_of,
    secret_digest,
    secret_of,
)
from edge_agent.evidence.signers import P256Signer

WRONG_MAX = 10
IDENTITIES_MAX = 32  # of one gateway: each re-enrolment adds one, and events need the old ones
RECORD_BYTES_MAX = 65_536


class Kind(StrEnum):
    """Which of a gateway's two keys a request is for."""

    CLIENT = "client"
    IDENTITY = "identity"


class Refused(Exception):  # noqa: N818  reads as what it says
    """A request that is not granted; the message is for the center's log and the peer."""


class Unknown(Refused):
    """Of nobody who was invited: a stranger learns no more than that."""


@dataclass(frozen=True, slots=True)
class Record:
    """An invitation as it is kept; `keys` are digests of the public keys it was used with."""

    gateway: str
    secret: str
    until_ms: int
    host: str
    port: int
    wrong: int = 0
    client: str | None = None
    identity: str | None = None

    @property
    def state(self) -> str:
        """Where it stands, in one word, but for its time."""
        if self.wrong >= WRONG_MAX:
            return "closed"
        return "used" if self.client and self.identity else "open"

    def check_time(self, now: datetime) -> None:
        """Refuse when its time is over."""
        if now.timestamp() * 1000 > self.until_ms:
            raise Refused(f"{self.gateway}: the invitation's time is over; make a new one")

    def check(self, kind: Kind, digest: str) -> None:
        """Refuse another key than the first that was brought."""
        known = self.client if kind is Kind.CLIENT else self.identity
        if known not in {None, digest}:
            raise Refused(f"{self.gateway}: the invitation was used with another {kind} key")

    def used(self, kind: Kind, digest: str) -> Self:
        """Return the record with a key brought."""
        if kind is Kind.CLIENT:
            return replace(self, client=digest)
        return replace(self, identity=digest)


class Enrolments:
    """The invitations of one center's directory, and what they are exchanged for."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._settings = settings.load(layout)
        self.authority = _authority(layout)

    # ---- invitations

    def invite(self, gateway: str, place: Way, now: datetime, hours: int) -> Invitation:
        """Make an invitation; one that the gateway had before is void.

        Raises ValueError for names that cannot be.
        """
        invitation = Invitation(
            gateway, place.host, place.port, self._pin(), secret_of(os.urandom(8))
        )
        files.make_folder(self._layout.enrolments)
        record = Record(
            gateway=gateway,
            secret=secret_digest(invitation.secret),
            until_ms=int(now.timestamp() * 1000) + hours * 3_600_000,
            host=place.host,
            port=place.port,
        )
        with self._alone():
            self._write(record)
        return invitation

    def records(self) -> list[Record]:
        """Return all that are kept, by gateway."""
        found = sorted(self._layout.enrolments.glob("*.json"))
        names = (file.stem for file in found if GATEWAY_ID.fullmatch(file.stem))
        return [record for name in names if (record := self._read(name)) is not None]

    def revoke(self, gateway: str) -> bool:
        """Make an invitation void; return whether there was one."""
        with self._alone():
            file = self._layout.enrolment(gateway)
            there = file.exists()
            file.unlink(missing_ok=True)
        return there

    # ---- what they are exchanged for

    def grant(
        self, gateway: str, secret: str, kind: Kind, request: bytes, now: datetime
    ) -> x509.Certificate:
        """Certify the key of a request (PKCS #10, DER).  Raises Refused."""
        with self._alone():
            record = self._admitted(gateway, secret, now)
            public, digest = _asked(request, gateway, kind)
            record.check(kind, digest)
            made = self._certify(gateway, kind, public, now)
            self._write(record.used(kind, digest))
        return made

    def bundle(self, gateway: str, secret: str, now: datetime) -> bytes:
        """Return the signed bundle of a gateway that has both certificates.  Raises Refused."""
        with self._alone():
            record = self._admitted(gateway, secret, now)
        if record.state != "used":
            raise Refused(f"{gateway}: has not both certificates yet")
        return self._bundle(gateway, Way(record.host, record.port), now)

    def answer(self, request: bytes, now: datetime) -> tuple[str, bytes]:
        """Return the gateway and its bundle for a request that came by file.  Raises Refused.

        The request is JSON: gateway, the two requests in base64, and a proof over them by the
        secret, which itself is not in it.
        """
        gateway, client, identity, proof = _request_of_file(request)
        with self._alone():
            record = self._known(gateway)
            expected = file_proof(record.secret, gateway, client, identity)
            if not hmac.compare_digest(expected, proof):
                self._write(replace(record, wrong=record.wrong + 1))
                raise Unknown(f"{gateway}: the file was not made with this invitation's code")
            record.check_time(now)
            for kind, asked in ((Kind.CLIENT, client), (Kind.IDENTITY, identity)):
                public, digest = _asked(asked, gateway, kind)
                record.check(kind, digest)
                self._certify(gateway, kind, public, now)
                record = record.used(kind, digest)
            self._write(record)
        return gateway, self._bundle(gateway, Way(record.host, record.port), now)

    def take_over(self, offer: Offer, place: Way, now: datetime) -> bytes:
        """Return the bundle for a gateway that another enterprise passes on, its keys certified.

        The charter that passes it on is in force here already.  Raises Refused.
        """
        public, _ = _asked(offer.request, offer.gateway, Kind.CLIENT)
        identity = certificates.read(offer.identity).public_key()
        assert isinstance(identity, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey), "checked"
        known = [cose.PublicKey.of(one.public_key()) for one in self._identities(offer.gateway)]
        if known and identity_of(offer) not in known:
            raise Refused(
                f"another gateway of this center is called {offer.gateway}: rename that one first, "
                "or take this one into another center"
            )
        with self._alone():
            self._certify(offer.gateway, Kind.CLIENT, public, now)
            self._certify(offer.gateway, Kind.IDENTITY, identity, now)
        return self._bundle(offer.gateway, place, now)

    def renew(self, signed: bytes, now: datetime) -> x509.Certificate:
        """Certify a known gateway's TLS key again, on its identity's word.  Raises Refused."""
        try:
            gateway = claimed_by(signed)
            if not GATEWAY_ID.fullmatch(gateway):
                raise Refused("no such gateway")
            for one in self._identities(gateway):
                try:
                    wish = open_renewal(signed, cose.PublicKey.of(one.public_key()))
                except BadSignature:
                    continue
                self.check(one)
                public, _ = _asked(wish.request, gateway, Kind.CLIENT)
                with self._alone():
                    return self._certify(gateway, Kind.CLIENT, public, now)
        except Malformed as error:
            raise Refused(f"the request cannot be read: {error}") from error
        raise Refused(f"{gateway}: not signed by its identity key")

    def reenroll(self, gateway: str, request: bytes, now: datetime) -> x509.Certificate:
        """Certify again whoever came with a certificate of ours (RFC 7030 section 4.2.2).

        Raises Refused.
        """
        if not self._layout.identity(gateway).exists():
            raise Refused(f"{gateway}: no such gateway")
        public, _ = _asked(request, gateway, Kind.CLIENT)
        with self._alone():
            return self._certify(gateway, Kind.CLIENT, public, now)

    def check(self, certificate: x509.Certificate) -> None:
        """Raise Refused where a certificate of ours counts no more."""
        if revocation.is_revoked(self._layout, certificate):
            name = certificates.name_of(certificate)
            raise Refused(f"{name}: its certificate was revoked; it needs a new invitation")

    # ---- inside

    def _pin(self) -> str:
        return pin_of(certificates.spki(self.authority.certificate))

    def _known(self, gateway: str) -> Record:
        record = self._read(gateway) if GATEWAY_ID.fullmatch(gateway) else None
        if record is None:
            raise Unknown(f"{gateway[:40]!r}: no invitation")
        if record.wrong >= WRONG_MAX:
            raise Unknown(f"{gateway}: closed after {WRONG_MAX} wrong secrets; make a new one")
        return record

    def _admitted(self, gateway: str, secret: str, now: datetime) -> Record:
        record = self._known(gateway)
        if not hmac.compare_digest(record.secret, secret_digest(secret)):
            self._write(replace(record, wrong=record.wrong + 1))
            raise Unknown(f"{gateway}: wrong secret")
        record.check_time(now)
        return record

    def _certify(
        self, gateway: str, kind: Kind, public: credentials.PublicKey, now: datetime
    ) -> x509.Certificate:
        use = Use.CLIENT if kind is Kind.CLIENT else Use.SIGNING
        subject = Subject(gateway, use)
        made = credentials.certify(self.authority, public, subject, now, credentials.DAYS_DEFAULT)
        if kind is Kind.CLIENT:
            revocation.note(self._layout, gateway, made)
        folder = self._layout.gateway(gateway)
        files.make_folder(folder)
        files.replace(folder / f"{kind}.pem", credentials.certificate_pem(made))
        if kind is Kind.IDENTITY:
            self._register(gateway, made)
        return made

    def _register(self, gateway: str, identity: x509.Certificate) -> None:
        """Add an identity to those of its gateway: what the older ones signed stays evidence."""
        file = self._layout.identity(gateway)
        files.make_folder(file.parent)
        there = x509.load_pem_x509_certificates(file.read_bytes()) if file.exists() else []
        kept = [one for one in there if one.public_key() != identity.public_key()]
        if len(kept) >= IDENTITIES_MAX:
            raise Refused(f"{gateway}: has had {len(kept)} identities; give it a new name")
        pem = b"".join(credentials.certificate_pem(one) for one in (*kept, identity))
        files.replace(file, pem)

    def _identities(self, gateway: str) -> Iterator[x509.Certificate]:
        try:
            found = x509.load_pem_x509_certificates(self._layout.identity(gateway).read_bytes())
        except (OSError, ValueError):
            return
        for one in found:
            if credentials.is_signing_certificate(one, self.authority.certificate):
                yield one

    def _bundle(self, gateway: str, enrolment: Way, now: datetime) -> bytes:
        layout, folder = self._layout, self._layout.gateway(gateway)
        known = charters.present(layout, gateway)
        bundle = Bundle(
            gateway=gateway,
            center=self._settings.name,
            time_ms=int(now.timestamp() * 1000),
            authorities=(_der(self.authority.certificate),),
            client=_der(read_certificate(folder / "client.pem")),
            identity=_der(read_certificate(folder / "identity.pem")),
            receipts=(_der(read_certificate(layout.certificate("receipt"))),),
            commands=_there(layout.certificate("command")),
            seals=_there(layout.certificate("seal")),
            ways=(Way(enrolment.host, self._settings.broker.port),),
            enrolment=enrolment,
            charter=b"" if known is None else known.data,
            revoked=layout.revoked_keys.read_bytes() if layout.revoked_keys.exists() else b"",
        )
        return sign_bundle(bundle, P256Signer(self.authority.key))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        files.make_folder(self._layout.enrolments)
        descriptor = os.open(self._layout.enrolments / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self, gateway: str) -> Record | None:
        file = self._layout.enrolment(gateway)
        try:
            return Record(**json.loads(file.read_bytes()[:RECORD_BYTES_MAX]))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise CenterError(
                f"{file}: cannot be read ({error}); remove it, invite again"
            ) from error

    def _write(self, record: Record) -> None:
        files.replace(self._layout.enrolment(record.gateway), json.dumps(asdict(record)).encode())


def _request_of_file(data: bytes) -> tuple[str, bytes, bytes, str]:
    try:
        said: dict[str, Any] = json.loads(data[: 4 * REQUEST_BYTES_MAX])
        client, identity = (base64.b64decode(said[kind], validate=True) for kind in Kind)
        gateway, proof = (said[key].encode("ascii").decode() for key in ("gateway", "proof"))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused(f"this is no request of `edge-agent enrol --request` ({error})") from error
    return gateway, client, identity, proof


def _asked(request: bytes, gateway: str, kind: Kind) -> tuple[credentials.PublicKey, str]:
    """Return the key that a request asks a certificate for, and its digest.  Raises Refused."""
    if len(request) > REQUEST_BYTES_MAX:
        raise Refused(f"a request of {len(request)} bytes")
    try:
        asked = x509.load_der_x509_csr(request)
        public, signed = asked.public_key(), asked.is_signature_valid
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise Refused(f"no certificate request (PKCS #10): {error}") from error
    if not signed:
        raise Refused("the request is not signed by its own key")
    names = asked.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    if names and names[0].value != gateway:
        raise Refused(f"the request names {str(names[0].value)[:40]!r}, not {gateway}")
    p256 = isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1)
    signing = kind is Kind.IDENTITY and isinstance(public, ed25519.Ed25519PublicKey)
    if not p256 and not signing:
        raise Refused("a TLS key is P-256, an identity key Ed25519 or P-256")
    assert isinstance(public, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey)
    told = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public, hashlib.sha256(told).hexdigest()


def _authority(layout: Layout) -> Authority:
    file = layout.key("ca")
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise CenterError(
            f"{file}: the authority's key cannot be used ({error}); nobody can be enrolled "
            f"without it: bring it back for as long as gateways are enrolled"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CenterError(f"{file}: not a P-256 key; put the right file back")
    return Authority(key, read_certificate(layout.certificate("ca")))


def _there(file: Path) -> tuple[bytes, ...]:
    return (_der(read_certificate(file)),) if file.exists() else ()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
