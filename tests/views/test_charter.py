"""What people and scripts are told of a charter."""

from dataclasses import replace

import pytest

from edge_agent.evidence.charter import SignedCharter, sign_assent
from edge_agent.language import Catalog
from edge_agent.views.charter import WORDS, facts, lines, signatures
from tests.evidence.conftest import signer
from tests.evidence.test_charter import CHARTER, ENTERPRISE, OWNER, SIGNED

HALF = SignedCharter(CHARTER).signed_by(ENTERPRISE, 1_763_900_000_000)


def test_it_is_told_in_both_languages() -> None:
    english, chinese = (lines(HALF, Catalog(WORDS, language)) for language in ("en", "zh"))
    assert english[0] == "charter 1 of gateway gw1"
    said = "\n".join(english)
    assert "enterprise Red Lion Security" in said
    assert "signed 2025-11-23" in english[2]
    assert "has not signed" in english[3]
    assert "panel shop: zones 1-8, 12" in said
    assert "panel vault: all zones" in said
    assert "order.bypass; the second within 15 min" in said
    assert chinese[0] == "网关 gw1 的章程，第 1 号"
    assert len(english) == len(chinese)


def test_a_charter_for_nothing_says_so() -> None:
    bare = replace(CHARTER, panels=(), allow=frozenset(), roles=frozenset(), dual=frozenset())
    said = lines(SignedCharter(bare), Catalog(WORDS, "en"))
    assert "  no panel" in said
    assert "  a center may order: nothing" in said
    assert not any("two operators" in line for line in said)


@pytest.mark.parametrize(("seconds", "told"), [(30, "0.5"), (90, "1.5"), (86_400, "1440")])
def test_the_time_for_the_second_is_not_rounded(seconds: int, told: str) -> None:
    said = lines(SignedCharter(replace(CHARTER, countersign_s=seconds)), Catalog(WORDS, "en"))
    assert any(line.endswith(f"the second within {told} min") for line in said)


def test_scripts_get_plain_values() -> None:
    told = facts(HALF)
    assert [one["signed_ms"] for one in told["parties"]] == [1_763_900_000_000, None, None]
    assert told["panels"][0] == {"panel": "shop", "zones": "1-8, 12"}
    assert told["digest"] == CHARTER.digest.hex()


def test_only_good_signatures_are_shown() -> None:
    assert set(signatures(SIGNED)) == {ENTERPRISE.public.kid, OWNER.public.kid}
    strange = sign_assent(CHARTER.digest, 1, signer(9))
    other = sign_assent(bytes(32), 1, OWNER)
    assert signatures(SignedCharter(CHARTER, (strange, other))) == {}


def test_hostile_words_do_not_reach_a_terminal() -> None:
    evil = replace(CHARTER, purpose="\x1b[2Jnothing")
    assert "\x1b" not in "\n".join(lines(SignedCharter(evil), Catalog(WORDS, "en")))


def test_a_date_that_nobody_can_show_is_no_crash() -> None:
    far = SignedCharter(CHARTER).signed_by(OWNER, 2**62)
    assert any("ms" in line for line in lines(far, Catalog(WORDS, "en")))
