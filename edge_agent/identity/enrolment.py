"""Enrols a gateway: keys made here, certificates fetched or brought, files written.

Every step may be done again: keys that are there are kept, so what was cut off is finished by the
next try with the same code.  The configuration is written where there is none; one that is there
is left as it is.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from edge_agent import files
from edge_agent.evidence import certificates, charter
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.enrolment import Bundle, claimed_authorities, open_bundle
from edge_agent.evidence.invitation import Invitation, file_proof, pin_of, secret_digest
from edge_agent.identity import keys
from edge_agent.identity.bundle_files import certificates_of, configuration_text
from edge_agent.identity.est import EstError, NotOffered, Server
from edge_agent.identity.keys import Keeper, Keys

BUNDLE_BYTES_MAX = 131_072
CONFIGURATION = "gateway.toml"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an enrolment: the files written, and what is left to do by hand."""

    written: tuple[str, ...]
    left: str = ""


def enrol(
    invitation: Invitation, folder: Path, say: Callable[[str], None], keeper: Keeper | None = None
) -> Done:
    """Enrol over the network; `say` is told of each step; a `keeper` makes the identity key.

    Raises EstError, KeyFileError, OSError.
    """
    made = keys.keep(folder, keeper)
    say(f"keys in {folder}: they never leave it; the identity key is {made.identity.where}")
    server = Server.pinned(invitation)
    say(f"{invitation.place} is the center of this code")
    client = server.enrol(made.client.request(invitation.gateway))
    say("certificate for TLS granted")
    try:
        server.enrol(made.identity.request(invitation.gateway), "identity")
        say("certificate of the identity key granted")
        data = server.bundle()
    except NotOffered:
        return _certificate_alone(folder, server.authority, client, made)
    return install(data, invitation, folder, keeper)


def _certificate_alone(
    folder: Path, authority: bytes, client: x509.Certificate, made: Keys
) -> Done:
    """A foreign EST server: it certifies, and knows nothing of brokers and receipts."""
    if not keys.is_for(client, made.client):
        raise EstError("the certificate granted is for another key")
    pem = client.public_bytes(serialization.Encoding.PEM)
    files.replace(folder / "ca.pem", authority)
    files.replace(folder / "client.pem", pem)
    return Done(
        ("ca.pem", "client.pem"),
        "this server tells nothing but certificates: write [[center]] with its paths and "
        f"receipt_certificate into {folder / CONFIGURATION} yourself",
    )


# ---- by file


def request_by_file(invitation: Invitation, folder: Path, keeper: Keeper | None = None) -> bytes:
    """Return what is carried to the center: two requests, and a proof that the code was here.

    Raises KeyFileError, OSError.
    """
    made = keys.keep(folder, keeper)
    client = made.client.request(invitation.gateway)
    identity = made.identity.request(invitation.gateway)
    digest = secret_digest(invitation.secret)
    return json.dumps(
        {
            "gateway": invitation.gateway,
            "client": base64.b64encode(client).decode(),
            "identity": base64.b64encode(identity).decode(),
            "proof": file_proof(digest, invitation.gateway, client, identity),
        },
        indent=1,
    ).encode()


def install(
    data: bytes, invitation: Invitation, folder: Path, keeper: Keeper | None = None
) -> Done:
    """Write what a bundle holds, if it is of the pinned center and for this gateway's keys.

    Raises EstError, KeyFileError, OSError.
    """
    bundle = _opened(data, invitation)
    made = keys.keep(folder, keeper)
    for certificate, key in ((bundle.client, made.client), (bundle.identity, made.identity)):
        if not keys.is_for(_loaded(certificate), key):
            raise EstError(
                f"the bundle is for other keys than those in {folder}: enrol on the gateway "
                "itself, with the same folder, or ask for a new code"
            )
    try:
        contents = certificates_of(bundle)
    except Malformed as error:
        raise EstError(f"the bundle cannot be read: {error}") from error
    if bundle.charter:  # judged when the agent starts, by what was in force before
        contents[charter.FILE] = bundle.charter
    for name, content in contents.items():
        files.replace(folder / name, content)
    configuration = folder / CONFIGURATION
    if configuration.exists():
        return Done(tuple(contents), f"{configuration} is left as it was")
    files.write_new(configuration, configuration_text(bundle, keeper).encode())
    return Done((*contents, CONFIGURATION), f"add the panels to {configuration}")


def _opened(data: bytes, invitation: Invitation) -> Bundle:
    """Return a bundle that the pinned authority signed; which one that is, it tells itself."""
    if len(data) > BUNDLE_BYTES_MAX:
        raise EstError(f"a bundle of {len(data)} bytes")
    try:
        authority = _claimed_authority(data, invitation)
        bundle = open_bundle(data, authority)
    except BadSignature as error:
        raise EstError("the bundle is not signed by the center of this code") from error
    except (Malformed, ValueError) as error:
        raise EstError(f"the bundle cannot be read: {error}") from error
    if bundle.gateway != invitation.gateway:
        raise EstError(f"the bundle is for gateway {bundle.gateway}, not {invitation.gateway}")
    return bundle


def _claimed_authority(data: bytes, invitation: Invitation) -> PublicKey:
    for claimed in claimed_authorities(data):
        certificate = certificates.read(claimed)
        if pin_of(certificates.spki(certificate)) == invitation.pin:
            return PublicKey.of(certificate.public_key())
    raise EstError("the bundle is of another center than the code")


def _loaded(certificate: bytes) -> x509.Certificate:
    try:
        return certificates.read(certificate)
    except Malformed as error:
        raise EstError(f"the bundle cannot be read: {error}") from error
