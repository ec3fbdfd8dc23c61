"""Which language people are spoken to in."""

import pytest

from edge_agent.language import Catalog, columns_of, cut, folded, language, padded

TABLE = {"hello": ("hello {name}", "你好 {name}")}


@pytest.mark.parametrize(
    ("environment", "chosen", "spoken"),
    [
        ({"LANG": "zh_CN.UTF-8"}, None, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "en", "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, None, "en"),
        ({"LANG": "de_DE.UTF-8"}, None, "en"),
        ({}, None, "en"),
    ],
)
def test_the_language_is_the_environments_unless_chosen(
    environment: dict[str, str],
    chosen: str | None,
    spoken: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language(chosen) == spoken


def test_words_of_a_catalog() -> None:
    english, chinese = Catalog(TABLE, "en"), Catalog(TABLE, "zh")
    assert english("hello", name="x") == "hello x"
    assert chinese("hello", name="x") == "你好 x"
    assert chinese.known("hello") == "你好 {name}"
    assert chinese.known("other") is None
    assert (english.choose("a", "甲"), chinese.choose("a", "甲")) == ("a", "甲")
    assert chinese.choose("a", "") == "a"


def test_columns_hold_characters_of_two_widths() -> None:
    assert padded("ok", 6) == "ok    "
    assert padded("完成", 6) == "完成  "
    assert padded("too long", 3) == "too long"


@pytest.mark.parametrize(
    ("text", "columns"),
    [("door", 4), ("前门", 4), ("ａ，", 4), ("e\u0301te\u0301", 3), ("½±", 2), ("", 0)],
)
def test_a_text_takes_so_many_columns(text: str, columns: int) -> None:
    assert columns_of(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "kept"),
    [
        ("前门", 4, "前门"),
        ("仓库走廊", 7, "仓库走…"),
        ("仓库走廊", 6, "仓库…"),
        ("Front door", 7, "Front…"),
        ("door", 1, "…"),
    ],
)
def test_what_does_not_fit_is_cut_with_an_ellipsis(text: str, columns: int, kept: str) -> None:
    assert cut(text, columns) == kept
    assert columns_of(kept) <= columns


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("short", 10, ["short"]),
        ("one two three four", 9, ["one two", "    three", "    four"]),
        ("  one two three", 11, ["  one two", "     three"]),
        ("主机 p1：串口不存在；请插上", 14, ["主机 p1：串口", "    不存在；请", "    插上"]),
        ("/dev/serial/by-id/usb-long", 10, ["/dev/serial/by-id/usb-long"]),
        ("", 10, [""]),
    ],
)
def test_a_line_that_is_too_long_is_parted_between_words(
    text: str, columns: int, lines: list[str]
) -> None:
    assert list(folded(text, columns)) == lines


def test_folding_loses_no_character() -> None:
    text = "  主机 p1: /dev/ttyUSB0 不存在；请插上, or check `dmesg`  （见 page 7）"
    for columns in range(8, 80):
        parts = list(folded(text, columns))
        assert "".join("".join(parts).split()) == "".join(text.split())
