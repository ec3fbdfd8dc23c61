"""Ages in one unit, in both languages."""

import pytest

from edge_agent.center.ages import age


@pytest.mark.parametrize(
    ("age_ms", "english", "chinese"),
    [
        (-5, "0 s", "0 秒"),
        (119_000, "119 s", "119 秒"),
        (120_000, "2 min", "2 分钟"),
        (7_200_000, "2 h", "2 小时"),
        (172_800_000, "2 d", "2 天"),
    ],
)
def test_ages_are_short(age_ms: int, english: str, chinese: str) -> None:
    assert age(age_ms, "en") == english
    assert age(age_ms, "zh") == chinese
