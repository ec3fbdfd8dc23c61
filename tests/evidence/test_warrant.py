"""Passes and mandates are what their signers said, bounded, and of their own kind."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain.access import Role
from edge_agent.domain.event import Body, BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CenterCommand
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.warrant import (
    PART_BYTES_MAX,
    Mandate,
    Pass,
    Wanted,
    Warrant,
    open_mandate,
    open_pass,
    open_warrant,
    peek_pass,
    sign_mandate,
    sign_pass,
    warrants_from,
    wish_digest,
)
from tests.evidence.conftest import signer

AUTHORITY, LI, WANG = signer(31), signer(32), signer(33)
LI_NA = Pass(
    center="center",
    id="lina",
    name="Li Na",
    role=Role.TECHNICIAN,
    key=LI.public,
    from_ms=1_700_000_000_000,
    until_ms=1_900_000_000_000,
    qualification="310115-0042",
)
WANG_WEI = replace(LI_NA, id="wang", name="Wang Wei", key=WANG.public, qualification=None)
PASS = sign_pass(LI_NA, AUTHORITY)
MANDATE = Mandate(b"d" * 32, 1_763_900_000_000, 1_763_900_900_000)


def warranted(
    command: CenterCommand, *by: tuple[Pass, Ed25519Signer], **changes: int | None
) -> CenterCommand:
    """Return a command with the warrants of operators; `changes` are of their mandates."""
    digest = wish_digest(command.gateway, command.center, command.what, command.body)
    mandate = replace(Mandate(digest, command.time_ms, command.until_ms), **changes)  # type: ignore[arg-type]
    made = [Warrant(sign_pass(who, AUTHORITY), sign_mandate(mandate, key)) for who, key in by]
    first = by[0][0]
    return replace(command, operator=first.name, role=first.role, warrants=tuple(made))


def test_a_pass_is_what_the_authority_signed() -> None:
    for one in (LI_NA, WANG_WEI):
        data = sign_pass(one, AUTHORITY)
        assert open_pass(data, [signer(9).public, AUTHORITY.public]) == one
        assert peek_pass(data) == one
    with pytest.raises(BadSignature):
        open_pass(PASS, [LI.public])
    assert (LI_NA.words, WANG_WEI.words) == ("Li Na (310115-0042)", "Wang Wei")


def test_a_mandate_is_what_the_operator_signed() -> None:
    for one in (MANDATE, replace(MANDATE, until_ms=None)):
        assert open_mandate(sign_mandate(one, LI), LI.public) == one
    with pytest.raises(BadSignature):
        open_mandate(sign_mandate(MANDATE, WANG), LI.public)
    warrant = Warrant(PASS, sign_mandate(MANDATE, LI))
    assert open_warrant(warrant, [AUTHORITY.public]) == Wanted(LI_NA, MANDATE)
    with pytest.raises(BadSignature):
        open_warrant(Warrant(PASS, sign_mandate(MANDATE, WANG)), [AUTHORITY.public])


def test_one_kind_is_not_the_other() -> None:
    for domain in (Domain.MANDATE, Domain.COMMAND, Domain.ENROLMENT):
        with pytest.raises(BadSignature):
            open_pass(cose.sign1(cose.parse(PASS).payload, AUTHORITY, domain), [AUTHORITY.public])


@pytest.mark.parametrize(
    "change",
    [
        {"center": "no name"},
        {"id": ""},
        {"name": ""},
        {"name": "x" * 65},
        {"qualification": ""},
        {"from_ms": -1},
        {"until_ms": LI_NA.from_ms},
    ],
)
def test_a_pass_has_bounds(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        replace(LI_NA, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", range(1, 10))
@pytest.mark.parametrize("wrong", [None, -1, "", b"", [], {}])
def test_a_wrong_value_of_a_pass_is_refused(key: int, wrong: BodyValue) -> None:
    content: dict[int, BodyValue] = dict(cbor.decode_map(cose.parse(PASS).payload))
    content[key] = wrong
    with pytest.raises(Malformed):
        open_pass(cose.sign1(cbor.encode(content), AUTHORITY, Domain.PASS), [AUTHORITY.public])


def test_an_unknown_or_missing_key_is_refused() -> None:
    content: dict[int, BodyValue] = dict(cbor.decode_map(cose.parse(PASS).payload))
    for changed in (content | {10: 1}, {key: content[key] for key in content if key != 5}):
        with pytest.raises(Malformed):
            open_pass(cose.sign1(cbor.encode(changed), AUTHORITY, Domain.PASS), [AUTHORITY.public])
    wrong: tuple[Body, ...] = (
        {1: 1, 2: bytes(32)},
        {1: 1, 2: b"", 3: 1},
        {1: 1, 2: bytes(32), 3: 1, 5: 1},
    )
    for one in wrong:
        with pytest.raises(Malformed):
            open_mandate(cose.sign1(cbor.encode(dict(one)), LI, Domain.MANDATE), LI.public)


@pytest.mark.parametrize(
    "value",
    [[], [[b"a"]], [[b"a", 1]], [["a", b"b"]], [[b"a", b"b"]] * 3, b"x",
     [[bytes(PART_BYTES_MAX + 1), b"b"]]],
)  # fmt: skip
def test_what_are_no_warrants_is_malformed(value: BodyValue) -> None:
    with pytest.raises(Malformed):
        warrants_from({12: value}, 12)


def test_a_wish_is_named_by_all_of_it() -> None:
    one = wish_digest("gw1", "center", "order", {1: "shop", 2: "bypass"})
    others = [
        wish_digest("gw2", "center", "order", {1: "shop", 2: "bypass"}),
        wish_digest("gw1", "north", "order", {1: "shop", 2: "bypass"}),
        wish_digest("gw1", "center", "config", {1: "shop", 2: "bypass"}),
        wish_digest("gw1", "center", "order", {1: "shop", 2: "unbypass"}),
    ]
    assert len({one, *others}) == 5


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_bytes_of_anybody_are_refused_and_never_a_crash(data: bytes) -> None:
    with pytest.raises((Malformed, BadSignature)):
        open_pass(data, [AUTHORITY.public])
    with pytest.raises((Malformed, BadSignature)):
        open_mandate(data, LI.public)
    with pytest.raises(Malformed):
        peek_pass(data)
    for key, domain in ((AUTHORITY, Domain.PASS), (LI, Domain.MANDATE)):
        signed = cose.sign1(data, key, domain)
        with pytest.raises((Malformed, BadSignature)):
            open_warrant(Warrant(signed, signed), [AUTHORITY.public, LI.public])
