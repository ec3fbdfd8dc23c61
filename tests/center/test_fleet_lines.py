"""What `edge-center fleet` says, in both languages (the facts: tests/center/test_fleet.py)."""

from pathlib import Path
from typing import Any

import pytest

from edge_agent.center import fleet, fleet_lines
from edge_agent.center.fleet import View
from edge_agent.center.lineage import REMEDIES
from edge_agent.center.settings import Presence
from edge_agent.center.troubles import WRONG
from edge_agent.language import Catalog
from tests.center.test_fleet import hear
from tests.center.world import NOW_MS, FakeCenter, FakeGateway

ENGLISH, CHINESE = (Catalog(fleet_lines.WORDS, one) for one in ("en", "zh"))


def told(center: FakeCenter) -> dict[str, Any]:
    (found,) = fleet.facts(View(center.connection, ["gw1"], Presence(), NOW_MS))
    return found


def test_a_gateway_in_chinese(tmp_path: Path) -> None:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    center.take(gateway.start(vouched=False), b"junk")
    hear(center, gateway)
    center.connection.execute(
        "INSERT INTO problem VALUES (1, 'gw1', x'00', 3, 'moved', 'another board', 5)"
    )
    epoch = gateway.epoch.hex()[:6]
    assert fleet_lines.lines(told(center), NOW_MS + 180_000, CHINESE) == [
        "gw1：在线，上次心跳 3 分钟前",
        "  网关待发 7，时钟 已同步",
        "  网关存储拒绝写入",
        "  网关状况：tamper，存储卡磨损",
        "  主机不在线：p2\\x1b",
        f"  运行期 {epoch}：已存 1，已证实至 0 [未担保]",
        "  重复 0，格式错误 1",
        (
            "  问题 更换设备 (moved)，位于 00/3：another board；"
            "如无人更换设备，则存储卡被盗或被复制：为网关配发新密钥；否则无需处理"
        ),
    ]


def test_what_is_gone_for_good_in_chinese(tmp_path: Path) -> None:
    center = FakeCenter(tmp_path, FakeGateway())
    for said, chinese in (
        ("handed over: to blue", "  已移交：to blue"),
        ("taken out of service: sold", "  已停用：sold"),
    ):
        found = told(center) | {"farewell": said, "state": "stopped"}
        assert chinese in fleet_lines.lines(found, NOW_MS, CHINESE)
        assert f"  {said}" in fleet_lines.lines(found, NOW_MS, ENGLISH)


def test_more_problems_than_are_shown_are_counted(tmp_path: Path) -> None:
    gateway = FakeGateway()
    center = FakeCenter(tmp_path, gateway)
    for number in range(25):
        center.connection.execute(
            "INSERT INTO problem VALUES (?, 'gw1', x'00', ?, 'root', 'x', 5)", (number, number)
        )
    said = fleet_lines.lines(told(center), NOW_MS, ENGLISH)
    assert sum("PROBLEM" in line for line in said) == 20
    assert said[-1] == "  and 5 more problems: see --json"


@pytest.mark.parametrize(
    ("states", "english", "chinese"),
    [
        ([], "gateways 0: 0 there, 0 lost; 0 with problems", "网关 0：在线 0，失联 0；有问题 0"),
        (
            [
                *[("online", said, False) for said in (None, "handed over: x")],
                ("offline", None, True),
                ("connection lost", "handed over: x", True),
                ("offline", "handed over: x", False),
                ("stopped", None, True),
                ("never heard", None, True),
            ],
            (
                "gateways 7: 2 there, 2 lost, 1 stopped, 1 gone for good, 1 never heard;"
                " 4 with problems"
            ),
            "网关 7：在线 2，失联 2，已停止 1，已退出 1，从未收到 1；有问题 4",
        ),
    ],
)
def test_the_sum_of_all(
    states: list[tuple[str, str | None, bool]], english: str, chinese: str
) -> None:
    counted = fleet_lines.Sum()
    for state, farewell, wrong in states:
        counted.add({"state": state, "farewell": farewell, "wrong": ["x"] * wrong})
    assert counted.line(ENGLISH) == english
    assert counted.line(CHINESE) == chinese


def test_every_word_is_there_in_both_tongues() -> None:
    for name, (english, chinese) in fleet_lines.WORDS.items():
        assert chinese
        assert english.count("{") == chinese.count("{"), name
    assert all(f"is.{one}" in fleet_lines.WORDS for one in (*REMEDIES, *WRONG))
    assert all(f"remedy.{one}" in fleet_lines.WORDS for one in REMEDIES)
