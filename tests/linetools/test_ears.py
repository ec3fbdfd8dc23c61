"""What was heard at one setting."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.recognition import Sureness
from edge_agent.linetools.ears import KEPT_BYTES_MAX, PEERS_MAX, Ears, Past, strip_echo
from edge_agent.linetools.settings import Look, Reception
from tests.linetools.bench import candidates, sampled

BEAT = b"1011           @    \x14"


@given(st.binary(max_size=40), st.binary(min_size=1, max_size=20), st.binary(max_size=40))
def test_an_echo_is_taken_out(before: bytes, sent: bytes, after: bytes) -> None:
    rest, was_echo = strip_echo(before + sent + after, sent)
    assert was_echo
    assert len(rest) == len(before) + len(after)
    assert strip_echo(b"xyz", b"abc") == (b"xyz", False)


def test_peers_are_heard_apart_and_bounded() -> None:
    ears = Ears(candidates())
    for at, byte in enumerate(BEAT + BEAT):  # two callers whose bytes come in turn
        ears.hear(bytes([byte]), 0, at, peer=1)
        ears.hear(b"x", 0, at, peer=2)
    assert ears.sureness() is Sureness.CERTAIN
    for peer in range(100):
        ears.hear(b"y", 0, 99, peer)
    assert len(ears.listeners) == PEERS_MAX
    ears.hear(b"z" * 2 * KEPT_BYTES_MAX, 0, 99)
    assert len(ears.data) == KEPT_BYTES_MAX


def test_what_was_heard_with_parity_is_read_again_without() -> None:
    ears = Ears(candidates())
    ears.hear(sampled(BEAT, "9600-7E1", "9600-8N1")[0], 0, 0)
    assert ears.sureness() < Sureness.LIKELY
    ears.strip(Look.SEVEN_EVEN, 1)
    assert ears.sureness() is Sureness.LIKELY
    ears.hear(sampled(BEAT, "9600-7E1", "9600-8N1")[0], 0, 2)
    assert ears.sureness() is Sureness.CERTAIN


def test_what_is_possible_needs_a_good_frame() -> None:
    ears = Ears(candidates())
    ears.hear(b"\n\r", 0, 0)
    assert Past("9600-8N1", ears.reception, ears.likenesses()).is_possible
    assert not Past("9600-8N1", Reception(b"\n\r"), ()).is_possible
    assert Ears(candidates()).likenesses() == ()
