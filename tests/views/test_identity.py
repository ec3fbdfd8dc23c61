"""Who a gateway is, in both languages."""

from collections.abc import Mapping
from typing import Any

from edge_agent.language import Catalog
from edge_agent.views.identity import WORDS, lines

FACTS = {
    "gateway": "gw1",
    "key_id": "ab",
    "algorithm": "ed25519",
    "where": "in a file",
    "trouble": None,
    "second_key": None,
    "centers": [{"center": "c", "until": "2027-01-01", "due": "2026-12-01", "trouble": None}],
}
SECOND = {"algorithm": "sm2", "key_id": "cd", "file": "/k", "trouble": None}


def said(facts: Mapping[str, Any], language: str) -> str:
    return "\n".join(lines({**FACTS, **facts}, Catalog(WORDS, language)))


def test_keys_and_certificates_are_named_in_both_languages() -> None:
    english = said({"second_key": SECOND}, "en")
    assert "identity key ab, ed25519, in a file" in english
    assert "SM2 key cd, /k: all events are signed a second time" in english
    assert "center c: certificate until 2027-01-01, renewed from 2026-12-01" in english
    chinese = said({"second_key": SECOND}, "zh")
    assert "身份密钥 ab, ed25519, 存于文件" in chinese
    assert "SM2 密钥 cd，/k" in chinese
    assert "SM2" not in said({}, "en")


def test_what_is_wrong_is_said() -> None:
    center = {"center": "c", "until": None, "due": None, "trouble": "gone"}
    facts = {"key_id": None, "trouble": "key file k: none", "centers": [center]}
    english = said({**facts, "second_key": {**SECOND, "key_id": None, "trouble": "none"}}, "en")
    assert english == "gateway gw1\nidentity key file k: none\nSM2 key: none\ncenter c: gone"
    assert said(facts, "zh") == "网关 gw1\n身份密钥：key file k: none\n接警中心 c：gone"
    missing = {**facts, "trouble": "key file k: it is not there. Check the folder"}
    assert "身份密钥：密钥文件 k：文件不存在。检查该目录" in said(missing, "zh")
    never = {"centers": [{**center, "until": "2027-01-01", "trouble": None}]}
    assert "2027-01-01, not renewed by itself: no `enrolment`" in said(never, "en")
    assert "2027-01-01，不自动续期：" in said(never, "zh")
