"""The story fits the time that it was given, and everything broken is mended."""

import pytest

from edge_agent.demo.story import AROUND_S, ROUND_S, Cut, Mend, Tell, rounds, script
from edge_agent.demo.words import Words


@pytest.mark.parametrize("seconds", [12, 25, 60, 600])
def test_it_fits_its_time_in_order(seconds: float) -> None:
    times = [scene.at_s for scene in script(seconds)]
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] == pytest.approx(seconds - AROUND_S)


def test_a_long_demo_plays_it_again() -> None:
    assert rounds(12) == rounds(25) == 1
    assert rounds(10 * ROUND_S + AROUND_S) == 10
    lines = [deed.line for scene in script(64) for deed in scene.deeds if isinstance(deed, Tell)]
    traffic = [line for line in lines if "traffic" in line]
    assert len(traffic) == 3
    assert len({line.rpartition("first=")[2] for line in traffic}) == 3


def test_a_round_has_all_four_troubles_and_mends_them() -> None:
    deeds = [deed for scene in script(25) for deed in scene.deeds]
    lines = [deed.line for deed in deeds if isinstance(deed, Tell)]
    assert deeds.index(Cut()) < deeds.index(Mend())
    assert lines.index("unplug") < lines.index("plug")
    for word in ("entry", "smoke", "tamper", "input"):
        assert any(line.startswith(word) for line in lines)
    switched = [line.split() for line in lines if line.startswith("input")]
    last = {number: state for _, number, state in switched}
    assert set(last.values()) == {"off"}


def test_an_input_stays_on_for_two_polls_even_in_the_shortest() -> None:
    since: dict[str, float] = {}
    for scene in script(12):
        for deed in scene.deeds:
            if isinstance(deed, Tell) and deed.line.startswith("input"):
                number = deed.line.split()[1]
                if deed.line.endswith("off"):
                    assert scene.at_s - since[number] > 2 * 0.25
                since[number] = scene.at_s


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_that_is_told_has_words(language: str) -> None:
    words = Words(language)
    for scene in script(25):
        if scene.words is not None:
            assert words(scene.words, panel="p1")
        assert words(f"act{scene.act}")
