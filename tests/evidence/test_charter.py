"""A charter has one form and bounds, holds what it says, and any other bytes are refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import (
    ASSENTS_MAX,
    BYTES_MAX,
    PANELS_MAX,
    Charter,
    Destination,
    Handover,
    Part,
    Party,
    Scope,
    SignedCharter,
    open_assent,
    read_charter,
    read_signed,
    read_zones,
    sign_assent,
    zones_text,
)
from edge_agent.evidence.cose import BadSignature, Domain
from tests.evidence.conftest import signer

ENTERPRISE, OWNER, INSPECTOR = signer(11), signer(12), signer(13)
CHARTER = Charter(
    gateway="gw1",
    number=1,
    time_ms=1_763_900_000_000,
    purpose="intruder and fire alarm of shop 12",
    parties=(
        Party(Part.ENTERPRISE, "Red Lion Security", ENTERPRISE.public),
        Party(Part.OWNER, "Shop 12", OWNER.public),
        Party(Part.INSPECTOR, "Public Security Bureau", INSPECTOR.public),
    ),
    panels=(Scope("shop", ((1, 8), (12, 12))), Scope("vault")),
    destinations=(Destination("center", (b"a" * 32,)),),
    allow=frozenset({"arm", "bypass", "clock"}),
    roles=frozenset({Role.VIEWER, Role.OPERATOR, Role.TECHNICIAN}),
    dual=frozenset({"order.bypass"}),
    countersign_s=900,
)
SIGNED = SignedCharter(CHARTER).signed_by(ENTERPRISE, 1).signed_by(OWNER, 2)


def test_a_charter_is_read_as_it_was_written() -> None:
    assert read_charter(CHARTER.data) == CHARTER
    assert read_signed(SIGNED.data) == SIGNED
    assert len(SIGNED.data) < BYTES_MAX / 4, "there is room for a site of many panels"


def test_it_names_what_the_system_is_for() -> None:
    assert CHARTER.watches("shop", 8)
    assert CHARTER.watches("shop", 12)
    assert not CHARTER.watches("shop", 9)
    assert CHARTER.watches("vault", 4000)
    assert not CHARTER.watches("barn")
    assert CHARTER.sends_to("center", [b"a" * 32])
    assert not CHARTER.sends_to("center", [b"a" * 32, b"b" * 32]), "anybody else could certify it"
    assert not CHARTER.sends_to("north", [b"a" * 32])


PASSED = replace(
    CHARTER,
    destinations=(*CHARTER.destinations, Destination("green", (b"g" * 32,))),
    handover=Handover("center", 0),
)


def test_it_may_pass_the_site_on() -> None:
    assert read_charter(PASSED.data) == PASSED
    assert PASSED.digest != replace(PASSED, handover=Handover("center", 30)).digest
    assert CHARTER.handover is None


@pytest.mark.parametrize(
    "change",
    [
        {"handover": Handover("center", -1)},
        {"handover": Handover("center", 181)},
        {"handover": Handover("nobody", 30)},
        {"destinations": CHARTER.destinations},
    ],
)
def test_a_handover_is_from_one_destination_to_another(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"days|destinations"):
        replace(PASSED, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, [], ["center"], ["center", -1], [1, 30], ["x", 30], 7])
def test_a_wrong_handover_is_refused(wrong: BodyValue) -> None:
    content = dict(cbor.decode_map(PASSED.data)) | {13: wrong}
    with pytest.raises(Malformed):
        read_charter(cbor.encode(content))


def test_who_signs_again_has_one_signature() -> None:
    again = SIGNED.signed_by(OWNER, 3)
    assert len(again.assents) == 2
    assert open_assent(again.assents[1], OWNER.public) == (CHARTER.digest, 3)


PARTY = CHARTER.parties[0]


@pytest.mark.parametrize(
    "change",
    [
        {"gateway": "no name"},
        {"number": 0},
        {"purpose": ""},
        {"purpose": "x" * 201},
        {"time_ms": -1},
        {"parties": CHARTER.parties[:1]},
        {"parties": (*CHARTER.parties, Party(Part.OWNER, "another", signer(9).public))},
        {"parties": (PARTY, Party(Part.OWNER, "the same key", PARTY.key))},
        {"parties": (replace(PARTY, name=""), CHARTER.parties[1])},
        {"panels": (Scope("shop"), Scope("shop"))},
        {"panels": tuple(Scope(f"p{number}") for number in range(PANELS_MAX + 1))},
        {"panels": (Scope(""),)},
        {"panels": (Scope("shop", ((2, 1),)),)},
        {"panels": (Scope("shop", ((1, 3), (3, 4))),)},
        {"panels": (Scope("shop", ((0, 3),)),)},
        {"destinations": ()},
        {"destinations": (Destination("c", (b"short",)),)},
        {"destinations": (Destination("c", ()),)},
        {"destinations": CHARTER.destinations * 2},
        {"allow": frozenset({"dance"})},
        {"dual": frozenset({"Order!"})},
        {"dual": frozenset(f"word{number}" for number in range(17))},
        {"countersign_s": 0},
        {"countersign_s": 86_401},
    ],
)
def test_a_charter_has_bounds(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        replace(CHARTER, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", range(1, 13))
@pytest.mark.parametrize("wrong", [None, -1, "", b"", [None], [["x"]], {}])
def test_a_wrong_value_is_refused(key: int, wrong: BodyValue) -> None:
    content = dict(cbor.decode_map(CHARTER.data)) | {key: wrong}
    with pytest.raises(Malformed):
        read_charter(cbor.encode(content))


def test_a_missing_or_unknown_key_is_refused() -> None:
    content = dict(cbor.decode_map(CHARTER.data))
    for changed in (content | {13: 1}, {key: content[key] for key in content if key != 11}):
        with pytest.raises(Malformed):
            read_charter(cbor.encode(changed))


def test_another_form_of_the_same_is_refused() -> None:
    """Two forms would be two digests of one charter."""
    content: dict[int, BodyValue] = dict(cbor.decode_map(CHARTER.data))
    allow = content[9]
    assert isinstance(allow, list)
    content[9] = list[BodyValue](reversed(allow))
    unsorted = cbor.encode(content)
    assert read_charter(unsorted) == CHARTER
    with pytest.raises(Malformed, match="one form"):
        read_signed(cbor.encode({1: unsorted, 2: []}))
    with pytest.raises(Malformed, match="not a charter with"):
        read_signed(cbor.encode({1: CHARTER.data, 2: [], 3: 1}))


def test_what_is_too_large_is_neither_made_nor_read() -> None:
    ranges = tuple((number, number) for number in range(1, 64))
    wide = replace(CHARTER, panels=tuple(Scope(f"p{n}", ranges) for n in range(32)))
    with pytest.raises(ValueError, match="allowed"):
        SignedCharter(wide)
    with pytest.raises(ValueError, match="signatures"):
        SignedCharter(CHARTER, SIGNED.assents * 4)
    with pytest.raises(Malformed):
        read_signed(bytes(BYTES_MAX + 1))
    assert 2 * len(Part) == ASSENTS_MAX


def test_an_assent_is_of_its_key_and_kind() -> None:
    assent = sign_assent(CHARTER.digest, 5, OWNER)
    assert open_assent(assent, OWNER.public) == (CHARTER.digest, 5)
    with pytest.raises(BadSignature):
        open_assent(assent, ENTERPRISE.public)
    wrong: tuple[dict[int, BodyValue], ...] = (
        {1: 1, 2: b"short", 3: 5}, {1: 1, 2: bytes(32)}, {1: 2, 2: bytes(32), 3: 5},
    )  # fmt: skip
    for content in wrong:
        with pytest.raises(Malformed):
            open_assent(cose.sign1(cbor.encode(content), OWNER, Domain.ASSENT), OWNER.public)
    payload = cose.parse(assent).payload
    with pytest.raises(BadSignature):
        open_assent(cose.sign1(payload, OWNER, Domain.COMMAND), OWNER.public)


def test_zones_are_written_as_people_do() -> None:
    assert read_zones("12, 1-8") == ((1, 8), (12, 12))
    assert zones_text(((1, 8), (12, 12))) == "1-8, 12"
    for wrong in ("", "1-", "-3", "x", "1-2-3", "1,,2"):
        with pytest.raises(ValueError, match="write them as"):
            read_zones(wrong)


@settings(max_examples=60)
@given(st.binary(max_size=300), st.integers(0, len(SIGNED.data) - 1), st.integers(0, 7))
def test_bytes_of_anybody_are_refused_and_never_a_crash(data: bytes, at: int, bit: int) -> None:
    with pytest.raises(Malformed):
        read_signed(data)
    with pytest.raises(Malformed):
        read_charter(data)
    broken = bytearray(SIGNED.data)
    broken[at] ^= 1 << bit
    try:
        read = read_signed(bytes(broken))
    except Malformed:
        return
    assert read != SIGNED
    assert read.data == bytes(broken), "what is read is what stood there"
