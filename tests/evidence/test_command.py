"""Commands: bound to gateway, epoch, number and time; everything else refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import (
    BYTES_MAX,
    LIFE_MS_MAX,
    CenterCommand,
    CommandRef,
    digest_of,
    open_command,
    sign_command,
)
from edge_agent.evidence.cose import BadSignature, Domain
from tests.evidence.conftest import signer

BY = signer(6)
COMMAND = CenterCommand(
    gateway="gw1",
    center="center",
    epoch=b"epoch--1",
    number=7,
    time_ms=1_763_900_000_000,
    until_ms=1_763_900_060_000,
    operator="Li Na",
    role=Role.OPERATOR,
    what="state",
)
SIGNED = sign_command(COMMAND, BY)


def with_content(changes: dict[int, BodyValue | None]) -> bytes:
    content = cbor.decode_map(cose.parse(SIGNED).payload) | changes
    kept = {key: value for key, value in content.items() if value is not None}
    return cose.sign1(cbor.encode(kept), BY, Domain.COMMAND)


@given(st.integers(1, 2**63 - 1), st.integers(1, LIFE_MS_MAX), st.sampled_from(Role))
def test_a_command_round_trips(number: int, life_ms: int, role: Role) -> None:
    until_ms = COMMAND.time_ms + life_ms
    body: dict[int, BodyValue] = {1: "p1", 2: "status"}
    given_ = replace(COMMAND, number=number, until_ms=until_ms, role=role, body=body)
    assert open_command(sign_command(given_, BY), BY.public) == given_


def test_a_command_of_another_key_or_kind_is_refused() -> None:
    with pytest.raises(BadSignature):
        open_command(SIGNED, signer(5).public)
    payload = cose.parse(SIGNED).payload
    for kind in (Domain.RECEIPT, Domain.STATUS, Domain.EVENT):
        with pytest.raises(BadSignature):
            open_command(cose.sign1(payload, BY, kind), BY.public)


@pytest.mark.parametrize(
    "changes",
    [
        {1: 2}, {2: ""}, {2: "a/b"}, {4: b"short"}, {5: 0}, {5: True}, {6: -1},
        {7: COMMAND.time_ms}, {7: COMMAND.time_ms + LIFE_MS_MAX + 1}, {8: ""}, {8: "x" * 65},
        {9: "owner"}, {10: "Not a word"}, {11: []}, {11: None}, {12: 1}, {-1: 1},
    ],
)  # fmt: skip
def test_what_is_no_command_is_malformed_though_well_signed(
    changes: dict[int, BodyValue | None],
) -> None:
    with pytest.raises(Malformed):
        open_command(with_content(changes), BY.public)


def test_any_flipped_bit_is_refused() -> None:
    for at in range(len(SIGNED)):
        broken = bytearray(SIGNED)
        broken[at] ^= 1 << at % 8
        with pytest.raises((Malformed, BadSignature)):
            open_command(bytes(broken), BY.public)


@given(st.binary(max_size=64), st.binary(max_size=400))
def test_bytes_of_anybody_are_refused_and_never_a_crash(head: bytes, payload: bytes) -> None:
    with pytest.raises((Malformed, BadSignature)):
        open_command(head, BY.public)
    with pytest.raises((Malformed, BadSignature)):
        open_command(SIGNED[:20] + payload, BY.public)
    with pytest.raises(Malformed):  # a center gone mad, with the right key
        open_command(cose.sign1(payload, BY, Domain.COMMAND), BY.public)


def test_what_is_too_large_is_neither_made_nor_read() -> None:
    with pytest.raises(ValueError, match="allowed"):
        sign_command(replace(COMMAND, body={1: bytes(BYTES_MAX)}), BY)
    with pytest.raises(Malformed, match="allowed"):
        open_command(bytes(BYTES_MAX + 1), BY.public)


def test_an_act_names_the_command_that_it_is_about() -> None:
    ref = CommandRef("center", COMMAND.number, digest_of(SIGNED))
    act = ActBody("command", COMMAND.actor, "state", command=ref)
    assert ActBody.from_body(act.to_body()) == act
    assert act.actor == "Li Na, operator of center"
    for wrong in ([], ["center", 0, bytes(32)], ["center", 1, bytes(31)], "center"):
        with pytest.raises(Malformed):
            ActBody.from_body({1: "command", 2: "x", 7: wrong})  # type: ignore[dict-item]
