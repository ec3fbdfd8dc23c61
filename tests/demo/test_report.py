"""The summary for people: every figure, and what is missing by name."""

import io

import pytest
from rich.console import Console

from edge_agent.demo.report import NAMED_MAX, faults, report
from edge_agent.demo.tally import Break, Summary, count
from edge_agent.demo.words import Words
from tests.demo.figures import MS, evidence, signal, spoken

GOOD = count(evidence([spoken(1, 10)], [signal(1, 1, 11)]))
BAD = count(
    evidence(
        [spoken(1, 10), spoken(2, 20)],
        [signal(1, 1, 11), signal(2, 1, 12)],
        receipted={("e1", 2)},
        unverified=2,
        problems=["center was ended by SIGKILL; the end of its log:\nlast \x1b[2Jwords"],
    )
)


def text(summary: Summary, language: str = "en") -> str:
    console = Console(file=io.StringIO(), width=80, record=True)
    console.print(report(summary, Words(language)))
    return console.export_text()


def test_good_says_so() -> None:
    assert faults(GOOD, Words("en")) == []
    assert "GOOD" in text(GOOD)
    assert "合格" in text(GOOD, "zh")
    assert "7 ms / 7 ms  (1 signals)" in text(GOOD)


def test_what_is_missing_is_named() -> None:
    told = text(BAD)
    for words in (
        "NOT GOOD",
        "lost: p1 #2 burglary zone 2",
        "doubled: p1 burglary zone 1 (e1/2) is at the center",
        "unreceipted: p1 #1 burglary zone 1",
        "verify finds 2 problems",
        "ended by SIGKILL",
    ):
        assert words in told
    assert "\x1b[2J" not in told
    assert "last \\x1b[2Jwords" in told


def test_a_long_list_is_cut_and_counted() -> None:
    lost = [spoken(zone, 10 * zone) for zone in range(1, NAMED_MAX + 6)]
    told = faults(count(evidence(lost, [])), Words("en"))
    assert len(told) == NAMED_MAX + 1
    assert told[-1] == "and 5 more"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_80_columns(language: str) -> None:
    held_up = count(evidence([spoken(1, 10)], [signal(1, 1, 11)], breaks=[Break(5 * MS)]))
    for summary in (GOOD, held_up, count(evidence([], []))):
        assert "…" not in text(summary, language)
