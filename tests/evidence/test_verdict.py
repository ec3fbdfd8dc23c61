"""The body of a verdict: round trips, and what no verdict can hold."""

from dataclasses import replace

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.verdict import VerdictBody

E = b"epoch--1"
BARE = VerdictBody(
    incident=Place(E, 3), tier=1, reasons=("bs8243.unconfirmed",), evidence=(Place(E, 3),)
)
FULL = replace(
    BARE,
    tier=0,
    reasons=("cp01.cancel", "bs8243.unconfirmed"),
    evidence=(Place(E, 3), Place(b"epoch--2", 9)),
    panel="p1",
    area=2,
    zones=(4, 3),
    cause="entry_late",
    available=("sequential", "user_code"),
    missing=("image",),
)


@pytest.mark.parametrize("value", [BARE, FULL])
def test_a_verdict_round_trips_through_bytes(value: VerdictBody) -> None:
    wire = cbor.decode_map(cbor.encode(value.to_body()))
    assert VerdictBody.from_body(wire) == value
    assert None not in wire.values()
    assert VerdictBody.from_body({**wire, 23: "from a newer gateway"}) == value


def test_a_wrong_type_at_any_key_is_malformed() -> None:
    body = FULL.to_body()
    for key in body:
        wrong: list[BodyValue] = [None, {}, "", -1, b"\x00", [""], [[E, 1, 2]], True, 10**9]
        for bad in wrong:
            with pytest.raises(Malformed):
                VerdictBody.from_body({**body, key: bad})


def test_what_no_verdict_can_hold_is_refused() -> None:
    for wrong in ({"tier": 5}, {"reasons": ()}, {"evidence": ()}, {"cause": "No Word"}):
        with pytest.raises(ValueError, match=r"verdict|tier|words"):
            replace(FULL, **wrong)
