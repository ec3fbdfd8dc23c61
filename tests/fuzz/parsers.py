"""What must hold for any bytes that claim to be evidence, an order or an invitation.

An input's first byte says what it claims to be (`KINDS`), its second how it is played: odd, the
rest is the content of a message that the right key signed, for a thief of a key is a stranger too;
even, the rest is all there is.  It is read, or refused with `Malformed`, `BadSignature` or the
kind's own error.  What was read can be shown; what has one form is the same bytes written again.

Standard library and what `edge_agent.evidence` uses: it runs in the fuzzer's own environment.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.evidence import cbor, cose, tpm
from edge_agent.evidence.bundle_check import check as check_bundle
from edge_agent.evidence.bundle_report import Trust
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import open_assent, read_charter, read_signed
from edge_agent.evidence.command import open_command
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.cosignature import open_cosignature
from edge_agent.evidence.decommission import Paper, SignedPaper, read_paper
from edge_agent.evidence.disposition import open_disposition
from edge_agent.evidence.enrolment import claimed_authorities, open_bundle, open_renewal
from edge_agent.evidence.envelope import open_event, peek_stamp
from edge_agent.evidence.handover import open_offer
from edge_agent.evidence.invitation import Invitation, NoInvitation
from edge_agent.evidence.manifest import Manifest, Part, open_manifest, sign_manifest
from edge_agent.evidence.receipt import open_receipt, peek_time_ms
from edge_agent.evidence.reply import open_reply
from edge_agent.evidence.revoked_keys import open_revoked_keys
from edge_agent.evidence.second_signature import SecondSignature
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.sm2 import Sm2Key
from edge_agent.evidence.status import open_status
from edge_agent.evidence.submission import Submission
from edge_agent.evidence.timestamp import verify
from edge_agent.evidence.warrant import open_mandate, open_pass
from edge_agent.views import rendering

VECTORS = Path(__file__).resolve().parents[2] / "docs" / "vectors"
HEAD = 2
KEY = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
_PUBLIC = KEY.public


@dataclass(frozen=True)
class Kind:
    """Something that comes from outside: how it is read, what it may be refused with."""

    read: Callable[[bytes], object]
    domain: Domain | None = None
    refused: type[Exception] = Malformed


def _event(data: bytes) -> None:
    peek_stamp(data)
    rendering.facts(open_event(data, _PUBLIC))


def _receipt(data: bytes) -> None:
    peek_time_ms(data)
    open_receipt(data, _PUBLIC)


def _enrolment(data: bytes) -> None:
    claimed_authorities(data)
    open_bundle(data, _PUBLIC)


def _bundle(data: bytes) -> None:
    report = check_bundle(BytesIO(data).read, Trust())
    assert report.problems or report.pinned is False, "nobody vouches for bytes of anybody"


def _value(data: bytes) -> None:
    assert cbor.encode(cbor.decode(data)) == data, "a value has one form"


def _charter(data: bytes) -> None:
    assert read_charter(data).data == data, "a charter has one form"


def _signed_charter(data: bytes) -> None:
    assert read_signed(data).data == data, "a signed charter has one form"


def _ending(data: bytes) -> None:
    assert read_paper(data).data == data, "a signed paper has one form"


def _submission(data: bytes) -> None:
    assert Submission.from_bytes(data).to_bytes() == data, "a submission has one form"


def _invitation(data: bytes) -> None:
    made = Invitation.read(data.decode("utf-8", "replace"))
    assert Invitation.read(made.text) == made


def _answer(data: bytes) -> None:
    for read in (tpm.check, tpm.handle_in, tpm.wrapped_in, tpm.signature_in):
        read(data)


@cache
def _sm2() -> Sm2Key:
    return Sm2Key.from_pem(_vectors("second_signature")["own"]["public_pem"].encode())


def _second_signature(data: bytes) -> None:
    read = SecondSignature.read(data)
    assert read.told.signed(read.signature) == data
    read.verify(_sm2())


def _sm2_key(data: bytes) -> None:
    key = Sm2Key.from_pem(data)
    assert Sm2Key.from_pem(key.to_pem()) == key


KINDS: dict[str, Kind] = {
    "event": Kind(_event, Domain.EVENT),
    "genesis": Kind(_event, Domain.GENESIS),
    "receipt": Kind(_receipt, Domain.RECEIPT),
    "status": Kind(lambda data: open_status(data, _PUBLIC), Domain.STATUS),
    "command": Kind(lambda data: open_command(data, _PUBLIC), Domain.COMMAND),
    "reply": Kind(lambda data: open_reply(data, _PUBLIC), Domain.REPLY),
    "disposition": Kind(lambda data: open_disposition(data, _PUBLIC), Domain.DISPOSITION),
    "enrolment": Kind(_enrolment, Domain.ENROLMENT),
    "revoked keys": Kind(lambda data: open_revoked_keys(data, _PUBLIC), Domain.REVOKED),
    "renewal": Kind(lambda data: open_renewal(data, _PUBLIC), Domain.RENEWAL),
    "release": Kind(lambda data: open_manifest(data, (_PUBLIC,)), Domain.RELEASE),
    "assent": Kind(lambda data: open_assent(data, _PUBLIC), Domain.ASSENT),
    "pass": Kind(lambda data: open_pass(data, [_PUBLIC]), Domain.PASS),
    "mandate": Kind(lambda data: open_mandate(data, _PUBLIC), Domain.MANDATE),
    "value": Kind(_value),
    "charter": Kind(_charter),
    "signed charter": Kind(_signed_charter),
    "bundle": Kind(_bundle),
    "timestamp": Kind(lambda data: verify(data, bytes(32))),
    "invitation": Kind(_invitation, refused=NoInvitation),
    "TPM's answer": Kind(_answer, refused=tpm.Refused),
    "offer": Kind(open_offer, Domain.OFFER),
    "ending": Kind(_ending),
    "second signature": Kind(_second_signature, Domain.SECOND_SIGNATURE),
    "SM2 key": Kind(_sm2_key),
    "cosignature": Kind(lambda data: open_cosignature(data, [_PUBLIC]), Domain.COSIGNATURE),
    "submission": Kind(_submission),
}
_ALL = tuple(KINDS)


def check(data: bytes) -> None:
    """Play an input; any exception is a defect."""
    if len(data) < HEAD:
        return
    kind, body = KINDS[_ALL[data[0] % len(_ALL)]], data[HEAD:]
    if data[1] % 2 and kind.domain is not None:
        body = cose.sign1(body, KEY, kind.domain)
    try:
        kind.read(body)
    except (kind.refused, Malformed, BadSignature):
        return


def made(kind: str, body: bytes, *, signed: bool = False) -> bytes:
    """Return the input that plays `body`; `signed`: as the content of a signed message."""
    return bytes((_ALL.index(kind), signed)) + body


def seeds() -> Iterator[bytes]:
    """Yield the published vectors, as they are and with contents to be signed anew."""
    for epoch in _vectors("epochs"):
        for event in epoch["events"]:
            name = "genesis" if event["external_aad"].endswith("genesis") else "event"
            yield made(name, bytes.fromhex(event["message"]))
            yield made(name, bytes.fromhex(event["payload"]), signed=True)
            yield made("value", bytes.fromhex(event["payload"]))
    known = {"receipt": _vectors("receipt"), "status": _vectors("status"), **_vectors("command")}
    for name, vector in known.items():
        if name in KINDS:
            yield made(name, bytes.fromhex(vector["message"]))
            yield made(name, bytes.fromhex(vector["payload"]), signed=True)
    for bundle in _vectors("bundles")["bundles"]:
        yield made("bundle", bytes.fromhex(bundle["bundle"]))
    yield made("timestamp", bytes.fromhex(_vectors("timestamp")["token"]))
    for message in _vectors("refused"):
        yield made("event", bytes.fromhex(message["message"]))
    yield made("invitation", b"gw1@center.example:8443/" + b"0123456789ABCDEFGHJKMNPQRS")
    yield made("renewal", cbor.encode({1: 1, 2: "gw1", 3: 5, 4: b"request"}), signed=True)
    release = Manifest("1.2", "1.0", bytes(32), (Part("a.whl", 1, bytes(32)),))
    content = cose.parse(sign_manifest(release, KEY)).payload
    yield made("release", content, signed=True)
    charter = _vectors("charter")
    yield made("charter", bytes.fromhex(charter["charter"]))
    yield made("signed charter", bytes.fromhex(charter["signed"]))
    for name in ("pass", "mandate"):
        yield made(name, bytes.fromhex(charter[name]["payload"]), signed=True)
    yield made("assent", bytes.fromhex(charter["assents"][0]["payload"]), signed=True)
    passed = _vectors("handover")
    yield made("charter", bytes.fromhex(passed["next"]))
    yield made("signed charter", bytes.fromhex(passed["signed"]))
    told: list[Any] = [b"request", b"identity", b"authority", bytes.fromhex(passed["signed"])]
    offer = dict(enumerate([1, "gw1", "center", 7, *told], 1))
    yield made("offer", cbor.encode(offer), signed=True)
    witnessed = _vectors("cosignature")
    yield made("cosignature", bytes.fromhex(witnessed["message"]))
    yield made("cosignature", bytes.fromhex(witnessed["payload"]), signed=True)
    yield made("submission", bytes.fromhex(witnessed["submission"]))
    paper = SignedPaper(Paper("gw1", 1, bytes(32), 7, "closed")).signed_by(KEY, 8)
    yield made("ending", paper.data)
    second = _vectors("second_signature")["own"]
    yield made("second signature", bytes.fromhex(second["message"]))
    yield made("second signature", bytes.fromhex(second["payload"]), signed=True)
    yield made("SM2 key", second["public_pem"].encode())


def _vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_bytes())
