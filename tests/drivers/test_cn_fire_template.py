import time

import pytest

from drivers._cn_fire_template import template


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("{loop:3}-{point:3}", "  001-025 ", {"loop": "001", "point": "025"}),
        ("{loop:3}-{point:3}", "0001-025 012-034", {"loop": "012", "point": "034"}),
        ("{loop:3}-{point:3}", "001-0251", None),
        ("{loop:3}-{point:3}", "01-025", None),
        ("{loop:1-3}-{point:1-3}", "x7-12y", {"loop": "7", "point": "12"}),
        ("{month:2}/{day:2} {hour:2}:{minute:2}", "11/23   20:05", {"month": "11", "day": "23"}),
        ("{month:2}/{day:2} {hour:2}", "11/2320", None),
        ("\r\n{event:?}\r", "20:05\r\n\x11\r", {"event": "\x11"}),
        ("{event:?}x", "x", None),
        ("-{code:*} ", "171444-2250038 1-0", {"code": "2250038"}),
        ("-{code:*}", "- x", None),
        ("{event:@2}{flag:?}", "- T1*", {"event": "T1", "flag": "*"}),
        ("{event:@2}!", "T 1!", None),
        ("{loop:1-3}回路", "第2回路", {"loop": "2"}),
        ("a {n:1}", "a", None),
        ("{n:1}", "٣", None),  # a digit, but none of a panel's
    ],
)
def test_what_a_template_finds(pattern: str, text: str, found: dict[str, str] | None) -> None:
    got = template(pattern).find(text)
    assert got is None if found is None else got is not None and found.items() <= got.items()


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{loop:3", "has no end"),
        ("{loop}", r"\{loop\} is no place"),
        ("{loop:0}", "is no place"),
        ("{loop:3-2}", "is no place"),
        ("{loop:x}", "is no place"),
        ("{:2}", "is no place"),
        ("{a:@0}", "is no place"),
        ("plain", "needs places"),
        ("{a:1}{a:1}", "a name of its own"),
        ("x" * 201, "201 characters"),
    ],
)
def test_a_wrong_template_is_told(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        template(pattern)


def test_a_template_takes_no_time_that_grows_beyond_the_text() -> None:
    hard = template("{a:*}{b:*}{c:*}{d:*}{e:*}!")  # where a regex would try them all against all
    seconds = []
    for size in (1_000, 4_000):
        before = time.thread_time()
        assert hard.find("x" * size) is None
        seconds.append(time.thread_time() - before)
    assert seconds[1] < 16 * max(seconds[0], 0.005)
