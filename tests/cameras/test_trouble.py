"""Every cause has its meaning, in both languages."""

from edge_agent.cameras.trouble import MEANINGS, CameraError, Cause, Trouble
from edge_agent.evidence.fields import TEXT_CHARS_MAX, is_word


def test_every_cause_is_explained() -> None:
    assert set(MEANINGS) == set(Cause)
    for cause, meaning in MEANINGS.items():
        assert is_word(cause)
        assert 0 < len(meaning.remedy) <= TEXT_CHARS_MAX
        assert any("\u4e00" <= one <= "\u9fff" for one in meaning.chinese)


def test_an_error_holds_what_is_said() -> None:
    assert CameraError(Cause.SLOW, "x").trouble == Trouble(Cause.SLOW, "x")
