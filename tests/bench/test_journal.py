"""How turns are compared: the quieter half counts, judged by neither of the two compared."""

from bench.journal import Times


def test_noisy_turns_do_not_judge_the_journal() -> None:
    times = Times()
    for quiet in (True, False, False, True, True, False):
        factor = 1 if quiet else 50
        times.add("tight", [90 * factor] * 3)
        times.add("bare", [100] * 3)
        times.add("journal", [110 * factor] * 3)
    assert times.ratio("journal", "bare") == 1.1
