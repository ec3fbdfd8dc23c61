"""Signals in words: every kind and state that there is, in both languages."""

import re
from typing import Any

from edge_agent.demo import words as demo
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.site import Premises, ZoneSettings
from edge_agent.views.signal_words import _WORDS, SignalWords
from edge_agent.views.zone_names import ZoneNames

NAMES = ZoneNames(Premises(zones=(ZoneSettings(panel="p1", zone=3, name="前门"),)), "zh")
SIGNAL: dict[str, Any] = {
    "panel": "p1",
    "kind": "burglary",
    "state": "active",
    "origin": "live",
    "code": "130",
    "area": 1,
    "zone": 3,
    "user": None,
    "account": "2468",
    "text": None,
}


def test_a_signal_reads_in_one_line() -> None:
    english = SignalWords("en").signal(SIGNAL)
    assert english == "p1 burglary active code 130 area 1 zone 3 account 2468"
    chinese = SignalWords("zh", NAMES).signal(SIGNAL)
    assert chinese == "p1 盗警 发生 代码 130 分区 1 防区 3 前门 账号 2468"
    late = {**SIGNAL, "origin": "backfill", "state": "restored", "zone": None}
    assert SignalWords("en").signal(late).startswith("p1 burglary restored (backfill) code 130")
    assert SignalWords("zh").signal(late).startswith("p1 盗警 恢复（补报） 代码 130")


def test_every_kind_state_and_origin_has_words_of_its_own() -> None:
    for group, words in (("kind", Kind), ("state", State), ("origin", Origin)):
        chinese = [_WORDS[f"{group}.{word}"][1] for word in words]
        assert len(set(chinese)) == len(chinese), group
        assert all(re.fullmatch("[（）\u4e00-\u9fff]+", one) for one in chinese)


def test_the_demonstration_uses_the_same_words() -> None:
    for name, (_, chinese) in demo._WORDS.items():
        if name.startswith(("kind.", "state.")) and chinese:
            assert _WORDS[name][1] == chinese
