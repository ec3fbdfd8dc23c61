"""The envelope: round trips, its size, and everything that is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import BodyValue, EventType
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.bodies import SignalBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.envelope import Event, open_event, peek, read, seal, verify
from edge_agent.evidence.tree import EMPTY_ROOT
from tests.evidence.conftest import STAMP, signer

BY = signer(2)
EVENT = Event(
    gateway="gw1",
    epoch=b"epoch--1",
    seq=17,
    root=b"r" * 32,
    stamp=STAMP,
    lane=Lane.FIRE,
    type=EventType.SIGNAL,
    body={1: "fire", 5: [None, True, -1], 9: {1: b"x"}},
)
GENESIS = replace(EVENT, seq=0, type=EventType.GENESIS, root=EMPTY_ROOT)

stamps = st.builds(
    Stamp,
    wall_ns=st.none() | st.integers(-(2**62), 2**63 - 1),
    boottime_ns=st.integers(0, 2**63 - 1),
    boot_id=st.binary(min_size=16, max_size=16),
    trust=st.sampled_from(Trust),
    uncertainty_ms=st.none() | st.integers(0, 2**40),
)
events = st.builds(
    Event,
    gateway=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    epoch=st.binary(min_size=8, max_size=8),
    seq=st.integers(1, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
    stamp=stamps,
    lane=st.sampled_from(Lane),
    type=st.sampled_from([kind for kind in EventType if kind is not EventType.GENESIS]),
    body=st.dictionaries(st.integers(-24, 23), st.integers(0, 9) | st.text(max_size=9)),
)


@given(events)
def test_what_is_sealed_opens_to_the_same_event(event: Event) -> None:
    envelope = seal(event, BY)
    assert open_event(envelope, BY.public) == event
    assert peek(envelope) == (BY.public.kid, event)
    assert seal(event, BY) == envelope


def test_a_genesis_is_signed_in_its_own_domain() -> None:
    envelope = seal(GENESIS, BY)
    assert open_event(envelope, BY.public) == GENESIS
    cose.verify(cose.parse(envelope), BY.public, Domain.GENESIS)
    with pytest.raises(BadSignature):
        cose.verify(cose.parse(envelope), BY.public, Domain.EVENT)


def test_an_envelope_of_another_key_is_refused() -> None:
    with pytest.raises(BadSignature):
        open_event(seal(EVENT, signer(3)), BY.public)
    message = cose.parse(seal(EVENT, signer(3)))
    with pytest.raises(BadSignature):
        verify(message, read(message), BY.public)


def test_any_flipped_bit_is_refused() -> None:
    envelope = seal(EVENT, BY)
    for at in range(len(envelope) * 8):
        changed = bytearray(envelope)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises((Malformed, BadSignature)):
            open_event(bytes(changed), BY.public)


@given(st.binary(max_size=120))
def test_a_signed_payload_of_random_bytes_is_malformed(payload: bytes) -> None:
    with pytest.raises(Malformed):
        open_event(cose.sign1(payload, BY, Domain.EVENT), BY.public)


PAYLOAD = cbor.decode_map(cose.parse(seal(EVENT, BY)).payload)
STAMP_VALUE: list[BodyValue] = [5, 6, b"b" * 16, "synced", None]
CHANGES: list[dict[int, BodyValue]] = [
    {1: 2},
    {1: True},
    {1: "1"},
    {2: ""},
    {2: "a/b"},
    {2: "x" * 65},
    {2: 5},
    {3: b"short"},
    {3: "epoch--1"},
    {4: -1},
    {4: 2**63},
    {4: "17"},
    {4: True},
    {5: b"r" * 31},
    {5: None},
    {6: None},
    {6: STAMP_VALUE[:4]},
    {6: [*STAMP_VALUE, 0]},
    {6: [5, None, b"b" * 16, "synced", None]},
    {6: [5, -1, b"b" * 16, "synced", None]},
    {6: [5, 6, b"b" * 15, "synced", None]},
    {6: [5, 6, b"b" * 16, "sure", None]},
    {6: [5, 6, b"b" * 16, None, None]},
    {6: [5, 6, b"b" * 16, "synced", -1]},
    {6: ["5", 6, b"b" * 16, "synced", None]},
    {6: {0: 5}},
    {7: 7},
    {7: -1},
    {7: True},
    {8: ""},
    {8: "Signal"},
    {8: "x" * 33},
    {8: 5},
    {8: "genesis"},
    {4: 0},
    {4: 0, 8: "genesis"},
    {9: None},
    {9: []},
    {10: 0},
    {0: 0},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_well_signed_payload_that_breaks_the_layout_is_malformed(
    change: dict[int, BodyValue],
) -> None:
    for domain in (Domain.EVENT, Domain.GENESIS):
        envelope = cose.sign1(cbor.encode(PAYLOAD | change), BY, domain)
        with pytest.raises(Malformed):
            open_event(envelope, BY.public)


@pytest.mark.parametrize("key", range(1, 10))
def test_each_key_of_the_payload_is_needed(key: int) -> None:
    rest = {other: value for other, value in PAYLOAD.items() if other != key}
    with pytest.raises(Malformed):
        open_event(cose.sign1(cbor.encode(rest), BY, Domain.EVENT), BY.public)


def test_a_type_of_a_newer_gateway_is_kept_as_its_word() -> None:
    event = replace(EVENT, type="weather")
    assert open_event(seal(event, BY), BY.public).type == "weather"
    assert open_event(seal(EVENT, BY), BY.public).type is EventType.SIGNAL


@pytest.mark.parametrize(
    "change",
    [
        {"gateway": "a/b"},
        {"epoch": b"short"},
        {"root": b""},
        {"seq": -1},
        {"seq": 2**63},
        {"seq": 0},
        {"type": EventType.GENESIS},
        {"type": "Bad Type"},
    ],
    ids=str,
)
def test_an_event_that_cannot_be_is_not_made(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(EVENT, **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nothing before"):
        replace(GENESIS, root=b"r" * 32)


def test_an_uncertainty_below_zero_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="uncertainty"):
        seal(replace(EVENT, stamp=replace(STAMP, uncertainty_ms=-1)), BY)


def test_the_size_of_a_typical_event() -> None:
    """A burglary with a 20-byte frame, every usual field filled: what the uplink carries."""
    signal = Signal(
        kind=Kind.BURGLARY,
        state=State.ACTIVE,
        code="130",
        area=1,
        zone=3,
        account="1234",
        frame=b"5011 18123411300100\x14",
    )
    assert len(signal.frame) == 20
    body = SignalBody(
        signal=signal,
        panel="p1",
        driver="surgard",
        driver_version="1.0.0",
        profile="surgard_mlr2",
        profile_version="1",
    )
    event = replace(EVENT, seq=100_000, body=body.to_body())
    assert len(seal(event, BY)) <= 310
