"""What the live desk shows: a line an incident, a line a change, a screen."""

import re
from collections.abc import Sequence
from datetime import UTC

import pytest

from edge_agent.center import desk_lines
from edge_agent.center.desk_lines import Reader, Standing
from edge_agent.center.incident_desk import Change, What
from edge_agent.center.incidents import Incident
from edge_agent.center.ranking import Ranking
from edge_agent.language import Catalog, columns_of
from tests.center.test_incidents import Site, site
from tests.center.world import NOW_MS

__all__ = ["site"]

READERS = {
    one: Reader(Catalog(desk_lines.WORDS, one), UTC) for one in ("en", "zh")
}  # fmt: skip
MINUTE_MS = 60_000
STYLES = re.compile(r"\x1b\[[0-9]*[mKJH]")


def standing(site: Site, *, now_ms: int = NOW_MS + 5 * MINUTE_MS) -> Standing:
    return Standing(open=Ranking(site.incidents()), now_ms=now_ms)


def only(site: Site) -> Incident:
    (one,) = site.incidents()
    return one


def drawn(shown: Standing, size: tuple[int, int], language: str = "en") -> list[str]:
    text = desk_lines.screen(shown, size, READERS[language])
    return STYLES.sub("", text).split("\r\n")[:-1]


def test_a_row_says_what_is_at_stake_where_and_how_long_nobody_came(site: Site) -> None:
    site.verdict(1, 3, "bs8243.sequential", zones=(3, 5))
    one, now_ms = only(site), NOW_MS + 12 * MINUTE_MS
    place = f"{site.gateway.epoch.hex()[:6]}/1"
    assert desk_lines.row(one, now_ms, READERS["en"]).startswith(
        f"3 property threatened  gw1 {place}  p1 area 1 zones 3, 5  untouched 12 min  A second"
    )
    assert desk_lines.row(one, now_ms, READERS["zh"]).startswith(
        f"3 财产受威胁           gw1 {place}  p1 分区 1 防区 3, 5  无人处置 12 分钟  确认"
    )


def test_a_row_says_who_touched_it_last(site: Site) -> None:
    site.verdict(1, 1)
    site.say(1, "sent")
    said_ms = only(site).disposed[0].said.time_ms
    row = desk_lines.row(only(site), said_ms + 3 * MINUTE_MS, READERS["en"])
    assert "guard sent 3 min ago, Li Na (310115-0042)" in row
    site.say(1, "false", "--cause", "animal")
    assert "false, animal, Li Na" in desk_lines.row(only(site), said_ms, READERS["en"])
    assert "误报（动物），Li Na" in desk_lines.row(only(site), said_ms, READERS["zh"])


@pytest.mark.parametrize(
    ("tier", "rule", "words"),
    [
        (4, "life.panic", "4 life  "),
        (4, "fire.occupied", "4 life, fire  "),
        (2, "fire.first", "2 fire  "),
        (2, "gas.first", "2 fire  "),
        (0, "fire.first", "0 nobody needed  "),
    ],
)
def test_fire_is_called_fire(site: Site, tier: int, rule: str, words: str) -> None:
    site.verdict(1, tier, rule)
    assert desk_lines.row(only(site), NOW_MS, READERS["en"]).startswith(words)


def test_what_a_gateway_chose_obeys_no_terminal(site: Site) -> None:
    site.verdict(1, 1, "a.rule\x1b[2J")
    assert "\x1b" not in desk_lines.row(only(site), NOW_MS, READERS["en"])


def test_a_change_in_a_line_and_as_facts(site: Site) -> None:
    site.verdict(1, 4, "life.panic")
    change = Change(What.NEW, only(site))
    line = desk_lines.change_line(change, NOW_MS, READERS["en"])
    assert re.match(r"\d\d:\d\d:\d\d  NEW      4 life ", line)
    facts = desk_lines.change_json(change, NOW_MS + 1)
    assert facts["change"] == "new"
    assert (facts["open"], facts["fire"], facts["tier"]) == (True, False, 4)
    assert (facts["untouched_since_ms"], facts["touched_ms"]) == (NOW_MS, None)
    assert facts["incident"] == str(site.place(1))


def test_the_summary_counts_by_what_is_at_stake(site: Site) -> None:
    for number, tier in enumerate((1, 3, 1, 0), 1):
        site.verdict(number, tier)
    site.verdict(5, 2, "fire.first")
    shown = standing(site)
    said = desk_lines.summary(shown, READERS["en"].say)
    assert said == (
        "5 open; longest untouched 5 min; 2 fire: 1; 3 property threatened: 1; 1 verify first: 2;"
        " 0 nobody needed: 1"
    )
    nothing = Standing(open=Ranking(), now_ms=0)
    assert desk_lines.summary(nothing, READERS["en"].say) == "nothing is open"


def many(site: Site, tiers: Sequence[int]) -> Standing:
    for number, tier in enumerate(tiers, 1):
        site.verdict(number, tier, "life.panic" if tier == 4 else "bs8243.unconfirmed")
    return standing(site)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [(80, 24), (40, 8), (20, 3), (10, 2)])
def test_a_screen_fits(site: Site, size: tuple[int, int], language: str) -> None:
    lines = drawn(many(site, [1] * 30), size, language)
    assert len(lines) < max(size[1], 3)
    assert max(map(columns_of, lines)) <= size[0]


def test_life_is_never_hidden_by_others(site: Site) -> None:
    lines = drawn(many(site, [1, 2, 3] * 5 + [4]), (80, 6))
    assert "4 life" in lines[1]
    assert lines[-1] == "… 13 more open"


def test_more_life_than_a_window_holds_is_said(site: Site) -> None:
    lines = drawn(many(site, [4] * 5 + [1] * 5), (80, 6))
    assert "7 more open, 2 OF LIFE OR FIRE" in lines[-1]


def test_all_is_shown_where_there_is_room(site: Site) -> None:
    lines = drawn(many(site, [1] * 4), (80, 6))
    assert len(lines) == 5
    assert "more" not in lines[-1]


def test_what_changed_is_marked_for_a_minute(site: Site) -> None:
    shown = many(site, [1])
    name = "gw1", site.place(1)
    for ago_ms, mark in ((0, "* 1"), (59_000, "* 1"), (60_000, "  1")):
        fresh = Standing(
            open=shown.open, now_ms=NOW_MS, changed_ms={name: NOW_MS - ago_ms}
        )  # fmt: skip
        assert drawn(fresh, (80, 6))[1].startswith(mark)


def test_what_keeps_from_seeing_stands_above_all(site: Site) -> None:
    shown = Standing(
        open=Ranking(), now_ms=NOW_MS, is_reading=True, silent_ms=180_000, refusal="disk I/O error"
    )
    lines = drawn(shown, (100, 10))
    assert lines[1:] == [
        "NOTHING CAN BE READ: disk I/O error",
        "NOTHING WAS STORED FOR 3 min: is `edge-center serve` running, and the broker?",
        "older ones are still being read",
    ]


def test_every_word_is_there_in_both_tongues() -> None:
    for name, (english, chinese) in desk_lines.WORDS.items():
        assert english.count("{") == chinese.count("{"), name
    assert all(one.value in desk_lines.WORDS for one in What)
