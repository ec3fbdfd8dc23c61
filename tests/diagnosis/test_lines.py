"""Lines: chance is told from noise, a moment's absence from a lost link."""

import random

from edge_agent.diagnosis.lines import LineLimits, LineQuality, Presence
from edge_agent.diagnosis.measures import S


def quality(share: float, spans: int, frames: int = 1000, seed: int = 1) -> list[bool]:
    line, rng = LineQuality(LineLimits()), random.Random(seed)
    told = []
    for _ in range(spans):
        bad = sum(rng.random() < share for _ in range(frames))
        told += [one.holds for one in line.handle(frames, bad)]
    return told


def test_a_sound_line_says_nothing_for_weeks() -> None:
    assert quality(0.003, 500) == []
    assert quality(0.004, 500, frames=120) == []


def test_noise_is_told_once() -> None:
    assert quality(0.03, 50) == [True]


def test_a_share_just_over_the_limit_is_told_when_it_stays() -> None:
    assert True in quality(0.016, 4)


def test_few_frames_are_gathered_first_and_nonsense_is_none() -> None:
    line = LineQuality(LineLimits())
    assert line.handle(50, 20) == []
    assert [one.rule for one in line.handle(50, 20)] == ["line.noise"]
    assert line.noisy
    assert line.handle(-5, 2) == line.handle(10, 11) == []
    assert line.handle(1000, 0)[0].holds is False


def test_an_absence_counts_once_it_has_lasted() -> None:
    link = Presence("link.panel", 30)
    assert link.handle(False, 0) == []
    assert link.gone
    assert link.due_ns() == 30 * S
    assert link.tick(29 * S) == []
    assert [one.rule for one in link.tick(30 * S)] == ["link.panel"]
    assert link.counts
    assert link.due_ns() is None
    assert [one.holds for one in link.handle(True, 40 * S)] == [False]
    assert link.handle(False, 50 * S) == link.handle(True, 60 * S) == []
