"""A line that damages more than 1 % of its frames is found, once, and its end too."""

from random import Random

from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.quality import FRAMES, LineQuality


def play(quality: LineQuality, frames: str) -> list[bool]:
    """Play good (`.`) and bad (`x`) frames; return what was found to be so or over."""
    found: list[Finding] = []
    for frame in frames:
        found += quality.bad() if frame == "x" else quality.good()
    assert all(finding.cause is Cause.LINE_NOISE for finding in found)
    return [finding.active for finding in found]


def test_one_in_a_hundred_is_no_finding() -> None:
    assert play(LineQuality(), ("." * 99 + "x") * 10) == []


def test_two_in_a_hundred_are_one_until_a_hundred_in_a_row_are_good() -> None:
    quality = LineQuality()
    assert play(quality, "." * 200 + "x" + "." * 98 + "x") == [True]
    assert play(quality, ("." * 50 + "x") * 20) == []
    assert play(quality, "." * 99) == []
    assert play(quality, "." * 99) == [False] or play(quality, ".") == [False]
    assert play(quality, "." * FRAMES) == []


def test_a_line_that_is_bad_from_the_start_is_found_at_once() -> None:
    assert play(LineQuality(), "xx") == [True]


def test_what_is_found_alternates_whatever_comes() -> None:
    for seed in range(20):
        random = Random(seed)
        share = random.random() * 0.05
        frames = "".join("x" if random.random() < share else "." for _ in range(3000))
        found = play(LineQuality(), frames)
        assert found == [index % 2 == 0 for index in range(len(found))]
