"""What a site's configuration may say of days and times."""

import pytest

from edge_agent.domain.site import days_of, minute_of


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Fri", {0, 1, 2, 3, 4}),
        ("sat,sun", {5, 6}),
        ("Fri - Mon", {4, 5, 6, 0}),
        ("monday wednesday", {0, 2}),
        ("Mon-Wed, Sat", {0, 1, 2, 5}),
        ("daily", set(range(7))),
    ],
)
def test_days(text: str, days: set[int]) -> None:
    assert days_of(text) == days


@pytest.mark.parametrize("text", ["", "Mo", "Mon-", "x-y", "weekday", ","])
def test_no_days(text: str) -> None:
    if text == "Mon-":
        assert days_of(text) == {0}
        return
    with pytest.raises(ValueError, match="days are such as"):
        days_of(text)


def test_minutes() -> None:
    assert [minute_of(text) for text in ("00:00", "08:30", "24:00")] == [0, 510, 1440]
    with pytest.raises(ValueError, match="a time is such as"):
        minute_of("25:00")
