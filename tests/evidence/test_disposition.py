"""Dispositions: bound to gateway and incident; everything else refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.disposition import (
    Disposition,
    Said,
    open_disposition,
    peek_disposition,
    sign_disposition,
)
from tests.evidence.conftest import signer

BY = signer(6)
FALSE = Disposition(
    gateway="gw1",
    center="center",
    incident=Place(b"epoch--1", 42),
    said=Said.FALSE,
    cause="animal",
    by="Li Na",
    qualification="310115-0042",
    time_ms=1_763_900_000_000,
    panel="p1",
    zones=(5, 3),
    note="猫",
)
SIGNED = sign_disposition(FALSE, BY)


@given(st.sampled_from(Said), st.text(max_size=20), st.lists(st.integers(1, 999), max_size=9))
@settings(max_examples=30)
def test_a_disposition_round_trips(said: Said, note: str, zones: list[int]) -> None:
    cause = "weather" if said is Said.FALSE else None
    note = note.encode("utf-8", "ignore").decode()
    one = replace(FALSE, said=said, cause=cause, note=note, zones=tuple(zones))
    data = sign_disposition(one, BY)
    assert open_disposition(data, BY.public) == peek_disposition(data) == one


def test_a_false_alarm_has_a_cause_and_nothing_else_has() -> None:
    for wrong in ({"cause": None}, {"said": Said.SENT}, {"by": ""}, {"cause": "Not a word"}):
        with pytest.raises(ValueError, match=r"cause|names"):
            replace(FALSE, **wrong)


def test_another_key_or_kind_is_refused() -> None:
    with pytest.raises(BadSignature):
        open_disposition(SIGNED, signer(5).public)
    payload = cose.parse(SIGNED).payload
    with pytest.raises(BadSignature):
        open_disposition(cose.sign1(payload, BY, Domain.COMMAND), BY.public)


@pytest.mark.parametrize(
    "changes",
    [
        {1: 2}, {2: "a/b"}, {4: [b"short", 1]}, {4: []}, {5: "maybe"}, {5: "test"}, {6: "No"},
        {7: ""}, {8: 5}, {9: -1}, {11: [0]}, {11: [1] * 65}, {12: 5}, {13: 1},
    ],
)  # fmt: skip
def test_what_is_no_disposition_is_malformed_though_well_signed(
    changes: dict[int, BodyValue],
) -> None:
    content = cbor.decode_map(cose.parse(SIGNED).payload) | changes
    with pytest.raises(Malformed):
        open_disposition(cose.sign1(cbor.encode(content), BY, Domain.DISPOSITION), BY.public)


@given(st.binary(max_size=200))
@settings(max_examples=30)
def test_bytes_of_anybody_are_refused_and_never_a_crash(data: bytes) -> None:
    with pytest.raises((Malformed, BadSignature)):
        open_disposition(data, BY.public)
    with pytest.raises(Malformed):
        peek_disposition(data)


def test_an_act_holds_the_very_bytes() -> None:
    act = ActBody("disposition", FALSE.actor, FALSE.words, disposition=SIGNED)
    assert ActBody.from_body(act.to_body()).disposition == SIGNED
    assert (act.actor, act.detail) == ("Li Na (310115-0042)", "false, animal")
    for wrong in ("text", bytes(5000)):
        with pytest.raises(Malformed):
            ActBody.from_body({1: "disposition", 2: "x", 8: wrong})
