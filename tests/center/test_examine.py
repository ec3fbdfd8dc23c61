"""Hostile bytes: whatever comes, the answer is a finding and never an exception.

Seen to fail: where bytes that are no envelope raise in whoever reads them.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.center.examine import (
    Genuine,
    KnownKey,
    Reason,
    Refused,
    Sender,
    Unknown,
    examine,
)
from edge_agent.evidence.bodies import Ended, GenesisBody
from edge_agent.evidence.envelope import peek, seal
from tests.center.world import FakeGateway

GATEWAY = FakeGateway()
GENESIS = GATEWAY.start()
EVENT = GATEWAY.event()
KEY = KnownKey(GATEWAY.epoch, GATEWAY.signer.public, vouched=True)
SENDER = Sender("gw1", (GATEWAY.identity.public,), {KEY.key.kid: KEY}.get)


def test_what_is_genuine_is_found_so() -> None:
    genesis, event = examine(GENESIS, SENDER), examine(EVENT, SENDER)
    assert isinstance(genesis, Genuine)
    assert genesis.vouched
    assert genesis.genesis is not None
    assert genesis.genesis.event_key == GATEWAY.signer.public
    assert isinstance(event, Genuine)
    assert (event.event.seq, event.kid, event.genesis) == (1, KEY.key.kid, None)


def test_without_its_genesis_an_event_is_unknown() -> None:
    finding = examine(EVENT, Sender("gw1", (), lambda _kid: None))
    assert isinstance(finding, Unknown)
    assert finding.kid == KEY.key.kid


def test_a_genesis_that_names_another_signer_than_it_has_is_forged() -> None:
    """Signed by the event key although it claims the identity key."""
    thief = FakeGateway("gw1")
    thief.start()
    body = GenesisBody(
        event_key=thief.signer.public,
        identity_kid=GATEWAY.identity.public.kid,
        ended=Ended.FIRST,
        version="1",
    )
    event = replace(peek(GENESIS)[1], body=body.to_body())
    finding = examine(seal(event, thief.signer), SENDER)
    assert isinstance(finding, Refused)
    assert finding.reason is Reason.FORGED


@given(st.binary(max_size=400))
def test_any_bytes_are_judged(data: bytes) -> None:
    finding = examine(data, SENDER)
    assert isinstance(finding, Refused)
    assert finding.reason is Reason.MALFORMED


@given(
    st.sampled_from([GENESIS, EVENT]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_no_change_of_any_byte_passes(envelope: bytes, flips: list[tuple[int, int]]) -> None:
    changed = bytearray(envelope)
    for at, mask in flips:
        changed[at % len(changed)] ^= mask
    finding = examine(bytes(changed), SENDER)
    assert bytes(changed) == envelope or not isinstance(finding, Genuine)


@given(st.sampled_from([GENESIS, EVENT]), st.integers(0, 300))
def test_no_part_of_an_envelope_passes(envelope: bytes, length: int) -> None:
    cut = envelope[: length % len(envelope)]
    assert isinstance(examine(cut, SENDER), Refused)
    assert isinstance(examine(envelope + cut[:1], SENDER), Refused if cut else Genuine)
