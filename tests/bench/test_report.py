"""The verdict of a bench program: beyond a limit is exit 1, and said."""

import json

import pytest

from bench.report import Report, median, percentile


@pytest.mark.parametrize(("measured", "code"), [(0.0, 0), (2.0, 0), (2.001, 1)])
def test_a_measure_beyond_its_limit_is_exit_1(measured: float, code: int) -> None:
    report = Report("x")
    report.check("first", 1, 1, "ms", "stated")
    report.check("second", measured, 2, "ms", "stated")
    report.check("third", 1, 1, "ms", "stated")
    assert report.end() == code


def test_what_is_beyond_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("x")
    report.check("fine", 1, 2, "ms", "stated")
    report.check("slow", 3, 2, "ms", "stated")
    report.end()
    assert capsys.readouterr().out.splitlines()[-1] == "x: BEYOND: slow"


def test_json_is_one_object_with_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("x", quiet=True)
    report.fact("rate", 5.0, "events/s")
    report.check("slow", 3, 2, "ms", "stated")
    report.end()
    said = json.loads(capsys.readouterr().out)
    assert said["facts"] == {"rate events/s": 5.0}
    assert [(check["name"], check["good"]) for check in said["checks"]] == [("slow", False)]


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == value


def test_nothing_measured_is_no_good_run() -> None:
    with pytest.raises(AssertionError):
        median([])
