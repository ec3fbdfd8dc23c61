"""Noise: a run is one, unless it is longer than what may be held."""

from edge_agent.domain.noise import NOISE_BYTES_MAX, Noise
from edge_agent.domain.session import FaultKind, Frame


def test_a_run_is_reported_once_when_it_ends() -> None:
    noise = Noise()
    assert noise.flush() == []
    assert noise.take(b"ab") == []
    assert noise.take(b"c") == []
    assert len(noise) == 3
    assert noise.flush() == [Frame(b"abc", fault=FaultKind.NOISE)]
    assert noise.flush() == []


def test_a_long_run_comes_in_pieces_and_nothing_of_it_is_lost() -> None:
    noise = Noise()
    pieces = noise.take(b"x" * (NOISE_BYTES_MAX - 1)) + noise.take(b"y" * (NOISE_BYTES_MAX + 5))
    assert [len(frame.raw) for frame in pieces] == [NOISE_BYTES_MAX] * 2
    assert len(noise) == 4
    [rest] = noise.flush()
    whole = b"".join(frame.raw for frame in [*pieces, rest])
    assert whole == b"x" * (NOISE_BYTES_MAX - 1) + b"y" * (NOISE_BYTES_MAX + 5)
