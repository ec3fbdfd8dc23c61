"""The status in words, and what counts as healthy."""

import json
from string import Formatter
from typing import Any

import pytest

from edge_agent.domain.site import Premises, ZoneSettings
from edge_agent.views.status import WORDS, healthy, lines, with_names
from edge_agent.views.zone_names import ZoneNames

GOOD: dict[str, Any] = {
    "gateway": "gw1",
    "version": "0.1.0",
    "epoch": "0102",
    "next_seq": 7,
    "panels": {"p1": {"online": True, "driver": "surgard", "faults": {"checksum": 3}}},
    "journal": {"refused": None, "used_percent": 12, "omitted": [], "unreceipted": 0},
    "centers": [
        {
            "center": "center",
            "required": True,
            "connected": True,
            "path": "h:8883",
            "outstanding": 0,
            "certificate": "",
            "reason": "the connection broke once",
            "paths": [
                {"path": "h:8883", "in_use": True, "good": True, "since_s": 7300, "reason": ""},
                {"path": "h:8883%wwan0", "in_use": False, "good": None, "since_s": None}
                | {"reason": ""},
            ],
        }
    ],
    "clock": {"trust": "synced"},
    "body": {
        "conditions": [],
        "points": {"enclosure_open": False, "mains": True},
        "battery_percent": 88,
        "readings": {"temperature_c": 48.31, "handles": 23.0, "card_written_bytes": 5.0},
        "not_there": ["throttled"],
        "findings": [],
    },
    "judging": {"state": "judging", "conditions": [], "incidents": [], "findings": []},
}


SPARE: dict[str, Any] = GOOD["centers"][0]["paths"][1]
BAD_SPARE = {**SPARE, "good": False, "since_s": 301, "reason": "no SIM"}


def changed(part: str, **values: Any) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(json.dumps(GOOD))
    target = status[part]
    if part == "panels":
        target = target["p1"]
    elif part == "centers":
        target = target[0]
    target.update(values)
    return status


def test_good_is_healthy_and_reads_well() -> None:
    assert healthy(GOOD)
    text = "\n".join(lines(GOOD))
    for words in ("gw1", "accepts", "connected over h:8883", "p1  online", "checksum 3"):
        assert words in text
    assert "body      well\n  enclosure closed, mains there, charge 88 %\n" in text
    assert "  48.3 C, 23 handles\n  not there: throttling\n" in text


def test_every_center_and_path_is_listed_and_one_that_is_not_waited_for_may_be_away() -> None:
    status = changed("centers")
    police = {**status["centers"][0], "center": "police", "required": False, "connected": False}
    status["centers"].append({**police, "outstanding": 5, "reason": "no route"})
    text = "\n".join(lines(status))
    assert "center    center: connected over h:8883\n" in text
    assert "  h:8883        good for 2 h, in use\n" in text
    assert "  h:8883%wwan0  not yet proven\n" in text
    words = "center    police: NOT CONNECTED (no route), 5 not yet receipted, not waited for\n"
    assert words in text
    assert healthy(status)


def test_a_certificate_that_ends_says_so_with_its_remedy() -> None:
    words = "our certificate client.pem ends on 2026-12-01, in 4 days; have it renewed"
    text = "\n".join(lines(changed("centers", certificate=words)))
    assert f"\n  {words}\nclock" in text


def test_an_unset_clock_says_whether_the_center_told_the_time() -> None:
    unset = changed("clock", trust="unset", latest_ns=None)
    assert "clock     unset (nobody told the time yet" in "\n".join(lines(unset))
    bound = GOOD | {"charter": {"number": 3, "digest": "aa", "purpose": "a shop"}}
    assert "charter   3: a shop" in lines(bound)
    passed = {"phase": "both", "from": "red", "to": "green"}
    assert "handover  both: red and green are both served" in lines(GOOD | {"handover": passed})
    moved = passed | {"phase": "moved"}
    assert not [line for line in lines(GOOD | {"handover": moved}) if "handover" in line]
    told = changed("clock", trust="unset", latest_ns=5)
    assert "clock     unset (the center told the time" in "\n".join(lines(told))


def test_a_zone_that_is_false_too_often_is_named_and_is_no_trouble_of_the_gateway() -> None:
    zone = {"panel": "p1", "zone": 3, "alarms": 4, "false": {"animal": 2, "weather": 1}}
    status = {**GOOD, "zones": [zone | {"high": True}, zone | {"zone": 5, "high": False}]}
    said = [line for line in lines(status) if line.startswith("zone ")]
    assert said == ["zone      p1 3: 3 of 4 alarms were false: look at this detector"]
    assert healthy(status), "somebody is to look at a detector, not at the gateway"


def test_a_body_that_must_be_seen_to_says_why_and_what_to_do() -> None:
    hot = {"cause": "overheated", "detail": "84.0 C, limit 80 C", "remedy": "give it air"}
    points = {"enclosure_open": True, "mains": None, "battery_low": True}
    status = changed("body", conditions=["tamper", "overheated"], points=points, findings=[hot])
    assert not healthy(status)
    text = "\n".join(lines(status))
    assert "body      TO BE SEEN TO: tamper, overheated\n" in text
    assert "  enclosure OPEN, mains UNKNOWN, battery LOW, charge 88 %\n" in text
    assert "  overheated: 84.0 C, limit 80 C; give it air\n" in text


def test_a_body_without_anything_to_read_is_well() -> None:
    bare: dict[str, Any] = {"points": {}, "battery_percent": None, "readings": {}, "not_there": []}
    text = "\n".join(lines(changed("body", **bare)))
    assert "body      well\njudging " in text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (changed("panels", online=False), "OFFLINE"),
        (changed("panels", online=None), "unknown"),
        (changed("journal", refused="Read-only file system"), "REFUSES: Read-only"),
        (changed("journal", used_percent=85), "85 % of the journal's space used"),
        (  # a disk that others filled
            changed("journal", used_percent=22, omitted=["telemetry", "state"]),
            "NOT RECORDED for lack of space: telemetry, state",
        ),
        (changed("centers", connected=False, reason="no route"), "NOT CONNECTED (no route)"),
        (
            changed(
                "centers", paths=[{**SPARE, "good": False, "since_s": 300, "reason": "no SIM"}]
            ),
            "h:8883%wwan0  BAD for 5 min: no SIM",
        ),
    ],
)
def test_anything_else_is_not(status: dict[str, Any], words: str) -> None:
    assert not healthy(status)
    assert words in "\n".join(lines(status))


def test_cameras() -> None:
    well = {"gives": ["image"], "known": True, "wrong": None}
    cameras = {
        "front": well,
        "yard": {**well, "wrong": "camera_login"},
        "hall": {**well, "known": False},
        "room": {**well, "gives": []},
    }
    said = "\n".join(lines({**GOOD, "cameras": cameras}))
    for line in (
        *("front  good: image", "yard   WRONG: camera_login"),
        *("hall   not asked yet", "room   no consent: never asked"),
    ):
        assert line in said
    assert healthy({**GOOD, "cameras": {"front": well}})
    assert not healthy({**GOOD, "cameras": cameras})
    assert "cameras" not in "\n".join(lines(GOOD))


def test_a_panel_whose_driver_does_not_load_says_why() -> None:
    status = changed("panels", online=False, broken="driver 'acme' does not load")
    said = lines(status)
    [at] = [at for at, line in enumerate(said) if "OFFLINE" in line]
    assert said[at + 1].strip() == "NOT HEARD: driver 'acme' does not load"


def test_a_panel_that_is_offline_says_why() -> None:
    reason = "127.0.0.1:9 refuses the call; check the port and that its service is on"
    said = lines(changed("panels", online=False, broken="", reason=reason))
    [at] = [at for at, line in enumerate(said) if "OFFLINE" in line]
    assert said[at + 1].strip() == reason


def test_zones_are_called_as_the_site_calls_them() -> None:
    door = ZoneSettings(panel="p1", zone=3, area=1, name="Front door")
    names = ZoneNames(Premises(zones=(door,)))
    incident = {
        "incident": "0102030405060708/3",
        "tier": 2,
        "panel": "p1",
        "area": 1,
        "zones": [3, 4],
        "reasons": [],
        "cause": None,
        "events": 2,
    }
    finding = {
        "subject": {"panel": "p1", "zone": 3},
        "cause": "loop_drift",
        "severity": "maintain",
        "reasons": ["loop.drift"],
        "detail": "9 %",
        "remedy": "open the joints",
    }
    low = {"subject": {"panel": "@gateway"}, "cause": "disk_slow", "severity": "maintain"}
    low |= {"reasons": [], "detail": "", "remedy": ""}
    high = {"panel": "p1", "zone": 3, "alarms": 4, "genuine": 1, "test": 0, "false": {"x": 3}}
    status = changed("judging", incidents=[incident], findings=[finding, low])
    status["zones"] = [high | {"high": True}]
    text = "\n".join(lines(status, "en", names))
    assert "panel p1 area 1 zone 3 Front door, 4; " in text
    assert "p1 zone 3 Front door loop drifts maintain" in text
    assert "zone      p1 3 Front door: 3 of 4 alarms were false" in text
    told = with_names(status, names)["zones_named"]
    assert told == [{"panel": "p1", **names.facts("p1", zone)} for zone in (3, 4)]


def test_incidents_and_findings_are_told_and_a_bug_in_judging_is_not_well() -> None:
    incident = {
        "incident": "0102030405060708/3",
        "tier": 2,
        "panel": "p1",
        "area": 1,
        "zones": [3, 4],
        "reasons": ["bs8243.sequential"],
        "cause": None,
        "events": 2,
    }
    finding = {
        "subject": {"panel": "p1", "zone": 5},
        "cause": "loop_drift",
        "severity": "maintain",
        "reasons": ["loop.drift"],
        "detail": "9 %",
        "remedy": "open the joints",
    }
    status = changed("judging", incidents=[incident], findings=[finding])
    assert healthy(status), "an alarm is no fault of the gateway"
    text = "\n".join(lines(status))
    for words in (
        "judging   well, 1 open incident\n",
        "tier 2, presence likely: panel p1 area 1 zone 3, 4; ",
        "(bs8243.sequential); 2 events, incident 0102030405060708/3",
        "p1 zone 5 loop drifts maintain; 9 %; open the joints",
    ):
        assert words in text
    aside = changed("judging", state="aside", conditions=["judging_failed"])
    assert not healthy(aside)
    assert "SET ASIDE" in "\n".join(lines(aside))


def test_a_configuration_on_trial_is_said_and_one_in_force_is_not() -> None:
    status = GOOD | {"configuration": {"digest": "00", "on_trial": True}}
    assert "config    ON TRIAL: it is kept only if the center is reached under it" in lines(status)
    status["configuration"]["on_trial"] = False
    assert lines(status) == lines(GOOD)


def test_no_terminal_obeys_what_somebody_named_a_panel() -> None:
    named = GOOD | {"panels": {"\x1b[2J": GOOD["panels"]["p1"]}}
    assert "\x1b" not in "".join(lines(named))


def test_it_is_said_in_chinese_too() -> None:
    said = lines(changed("centers", connected=False, reason="no route"), "zh")
    assert said[0] == "网关      gw1，版本 0.1.0，运行期 0102"
    assert "接警中心  center：未连接（no route）" in said
    assert "  h:8883        正常，已 2 小时，使用中" in said
    assert "研判      正常，无未结事件组" in said
    assert "  p1  在线     surgard  checksum 3" in said
    assert not any(word in line for line in said for word in ("mains", "good", "disk"))


def test_both_languages_have_the_same_gaps_to_fill() -> None:
    for english, chinese in WORDS.values():
        gaps, others = (
            {one[1:3] for one in Formatter().parse(text)} for text in (english, chinese)
        )
        assert gaps - {(None, None)} == others - {(None, None)}, english


def test_what_the_agent_says_in_words_is_said_in_chinese() -> None:
    hot = {"cause": "overheated", "detail": "84.0 C, limit 80 C", "remedy": "mount it"}
    status = changed("body", conditions=["tamper", "overheated"], findings=[hot])
    status["panels"]["p1"] |= {"online": False, "reason": "nobody calls; check the port"}
    status["journal"]["refused"] = "Read-only file system"
    away = {"connected": False, "reason": "not authorized", "certificate": ""}
    status["centers"][0] |= away
    status["centers"][0]["paths"] = [
        {**BAD_SPARE, "reason": "nobody listens at h:1; check the port"}
    ]
    text = "\n".join(lines(status, "zh"))
    for words in (
        "设备      需处理：机箱被打开，温度过高\n",
        "  温度过高：84.0 °C，限值 80 °C；请挂载\n",
        "  未配备：处理器降频\n",
        "存储      拒绝写入：文件系统只读，",
        "  无主机呼入；检查端口",
        "接警中心  center：未连接（未授权）",
        "：h:1 无服务监听；检查端口",
    ):
        assert words in text
