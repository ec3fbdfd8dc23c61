"""Signed messages of every kind that somebody changed or made up: refused, and never a crash."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence import cbor, cose
from edge_agent.evidence.bundle import Seal
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import open_assent, read_charter, read_signed, sign_assent
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.envelope import open_event, peek, peek_stamp
from edge_agent.evidence.manifest import Manifest, Part, open_manifest, sign_manifest
from edge_agent.evidence.receipt import open_receipt, sign_receipt
from edge_agent.evidence.status import Status, open_status, sign_status
from edge_agent.evidence.tree import EMPTY_ROOT
from edge_agent.evidence.warrant import open_mandate, open_pass, sign_mandate, sign_pass
from tests.evidence.bundles import history, memory
from tests.evidence.conftest import STAMP, signer
from tests.evidence.test_charter import CHARTER, SIGNED
from tests.evidence.test_warrant import LI_NA, MANDATE

KEY = signer(2)
STATUS = Status(
    gateway="gw1",
    epoch=b"epoch--1",
    next_seq=1,
    root=EMPTY_ROOT,
    stamp=STAMP,
    started=STAMP,
    interval_s=25,
)
SEAL = Seal(gateway="gw1", by="gw1", time_ms=1, digest=bytes(32), events=1, actor="a", purpose="p")
RELEASE = Manifest("1.2", "1.0", bytes(32), (Part("a.whl", 1, bytes(32)),))


def open_seal(data: bytes) -> Seal:
    message = cose.parse(data)
    cose.verify(message, KEY.public, Domain.BUNDLE)
    return Seal.read(message)


KINDS: dict[str, tuple[bytes, Domain, Callable[[bytes], object]]] = {
    "event": (history()[0].envelopes[3], Domain.EVENT, lambda d: open_event(d, KEY.public)),
    "receipt": (
        sign_receipt(memory().receipts[0], KEY),
        Domain.RECEIPT,
        lambda d: open_receipt(d, KEY.public),
    ),
    "status": (sign_status(STATUS, KEY), Domain.STATUS, lambda d: open_status(d, KEY.public)),
    "seal": (SEAL.signed(KEY), Domain.BUNDLE, open_seal),
    "release": (
        sign_manifest(RELEASE, KEY),
        Domain.RELEASE,
        lambda d: open_manifest(d, (KEY.public,)),
    ),
    "assent": (
        sign_assent(CHARTER.digest, 1, KEY),
        Domain.ASSENT,
        lambda d: open_assent(d, KEY.public),
    ),
    "pass": (sign_pass(LI_NA, KEY), Domain.PASS, lambda d: open_pass(d, [KEY.public])),
    "mandate": (
        sign_mandate(MANDATE, KEY),
        Domain.MANDATE,
        lambda d: open_mandate(d, KEY.public),
    ),
}

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.integers(-3, 15), inner, max_size=9)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits_are_refused(kind: str) -> None:
    good, _, opened = KINDS[kind]
    opened(good)
    for at in range(0, len(good) * 8, 5):  # of each byte one bit or two
        changed = bytearray(good)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises((Malformed, BadSignature)):
            opened(bytes(changed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_another_kind_is_refused(kind: str) -> None:
    for other in KINDS.keys() - {kind}:
        with pytest.raises((Malformed, BadSignature)):
            KINDS[kind][2](KINDS[other][0])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12)
@given(content=st.dictionaries(st.integers(1, 15), ANY, max_size=15), junk=st.binary(max_size=80))
def test_content_of_anybody_who_holds_the_key_is_no_crash(
    kind: str, content: dict[int, object], junk: bytes
) -> None:
    _, domain, opened = KINDS[kind]
    signed = cose.sign1(cbor.encode(content), KEY, domain)  # type: ignore[arg-type]
    for data in (signed, junk, b"\xd2" + junk):
        for read in (opened, peek, peek_stamp):
            try:
                read(data)
            except (Malformed, BadSignature):
                continue


@settings(max_examples=60)
@given(
    content=st.dictionaries(st.integers(1, 13), ANY, max_size=4),
    assents=st.lists(st.binary(max_size=60), max_size=3),
)
def test_a_charter_that_anybody_wrote_is_no_crash(
    content: dict[int, object], assents: list[bytes]
) -> None:
    written = cbor.encode(dict(cbor.decode_map(CHARTER.data)) | content)  # type: ignore[arg-type]
    signed = cbor.encode({1: written, 2: [*SIGNED.assents, *assents]})
    whole = cbor.encode(content)  # type: ignore[arg-type]
    for read, data in ((read_charter, written), (read_signed, signed), (read_signed, whole)):
        try:
            read(data)
        except Malformed:
            continue
