"""The draw of an inspector's sample: reproducible, fair, and bounded."""

import hashlib
import hmac

import pytest

from edge_agent.evidence.cited import Place
from edge_agent.evidence.sample import draw, places

NONCE = bytes(range(16))


def test_the_draw_follows_from_the_page() -> None:
    """Written out as the page tells it."""
    drawn: list[int] = []
    for at in range(5):
        message = b"edge-agent/v1/sample" + at.to_bytes(8, "big")
        number = int.from_bytes(hmac.new(NONCE, message, hashlib.sha256).digest()[:8], "big")
        drawn.append(number % 1000)
    assert draw(NONCE, 1000, 5) == sorted(drawn)


@pytest.mark.parametrize(("population", "count"), [(10, 4), (10, 10), (10, 20), (1, 1), (0, 3)])
def test_each_event_once_and_none_beyond(population: int, count: int) -> None:
    drawn = draw(NONCE, population, count)
    assert len(set(drawn)) == len(drawn) == min(population, count)
    assert all(0 <= number < population for number in drawn)


def test_every_event_is_as_likely() -> None:
    """Each is drawn in 300 of 3,000 draws, give or take; chance alone stays within 5 sigma."""
    counts = [0] * 10
    for at in range(3000):
        counts[draw(at.to_bytes(16, "big"), 10, 1)[0]] += 1
    assert all(220 < count < 380 for count in counts)


def test_numbers_run_through_the_stretches() -> None:
    stretches = [(b"a" * 8, 5, 9), (b"b" * 8, 0, 0), (b"a" * 8, 20, 21)]
    whole = places(NONCE, stretches, 8)
    numbers = [(b"a" * 8, seq) for seq in range(5, 10)]
    assert whole == [
        Place(*one) for one in [*numbers, (b"b" * 8, 0), (b"a" * 8, 20), (b"a" * 8, 21)]
    ]
    assert set(places(NONCE, stretches, 3)) < set(whole)
    assert places(NONCE, [], 3) == []
