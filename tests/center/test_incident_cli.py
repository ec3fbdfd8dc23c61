"""`edge-center incidents` and `disposition`: what is shown, and what is entered."""

import json

import pytest

from edge_agent.center import desk_rows
from tests.center.test_incidents import Site, site

__all__ = ["site"]


def test_people_read_why_in_their_own_tongue(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.verdict(1, 2, "bs8243.sequential", "a.newer.rule", zones=(3, 5))
    assert site.run("incidents", "--utc", "--lang", "en") == 0
    said = capsys.readouterr().out
    assert "2 presence likely  p1 area 1 zones 3, 5" in said
    assert "A second, independent detector alarmed" in said
    assert "a.newer.rule" in said
    assert "nobody has said anything of it" in said
    assert site.run("incidents", "--lang", "zh") == 0
    said = capsys.readouterr().out
    assert "很可能有人" in said
    assert "确认时间内第二个独立探测器报警" in said
    assert "缺少核实手段：图像" in said


def test_what_was_said_is_signed_shown_and_on_its_way(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.verdict(1, 1)
    assert site.say(1, "sent") == 0
    assert site.say(1, "false", "--cause", "animal", "--note", "a cat") == 0
    assert "kept here" in capsys.readouterr().out
    (one,) = site.incidents()
    assert one.decided is not None
    assert (one.decided.words, one.decided.zones) == ("false, animal", (3,))
    assert site.run("incidents", "--json") == 0
    told = json.loads(capsys.readouterr().out)["dispositions"]
    assert [(each["said"], each["cause"], each["journaled_ms"]) for each in told] == [
        ("sent", None, None), ("false", "animal", None),
    ]  # fmt: skip
    assert site.run("incidents", "--lang", "en") == 0
    said = capsys.readouterr().out
    assert "> false, animal, by Li Na (310115-0042) at" in said
    assert "[not yet in the gateway's journal]" in said
    assert site.run("incidents", "--lang", "zh") == 0
    assert "误报（动物），Li Na" in capsys.readouterr().out
    assert site.run("incidents", "--open") == 0
    assert site.place(1).epoch.hex() not in capsys.readouterr().out


def test_a_slip_of_the_hand_is_told(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.verdict(1, 1)
    assert site.say(9, "test") == 2
    assert "no incident of gw1" in capsys.readouterr().err
    assert site.say(1, "false") == 2
    assert site.say(1, "test", "--cause", "animal") == 2
    assert "--cause" in capsys.readouterr().err
    assert list(desk_rows.dispositions(site.center.connection, site.key)) == []


def test_zones_that_are_false_too_often_are_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 5):
        site.verdict(number, 1)
        if number < 4:
            site.say(number, "false", "--cause", "animal")
    capsys.readouterr()
    assert site.run("incidents", "--zones", "--lang", "en") == 0
    said = capsys.readouterr().out
    assert "p1 zone 3  4 alarms: 0 genuine, 3 false, 0 test, 1 open (animal 3)" in said
    assert "false too often" in said
    assert site.run("incidents", "--zones", "--json") == 0
    assert json.loads(capsys.readouterr().out)["high"] is True
