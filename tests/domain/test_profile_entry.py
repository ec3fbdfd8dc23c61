"""One table of a profile: what it may hold, and the words when it does not."""

from collections.abc import Callable
from typing import Any

import pytest

from edge_agent.domain.kinds import Kind
from edge_agent.domain.profile_entry import Entry


def entry(**values: Any) -> Entry:
    return Entry("p: points[0]", values, {*values, "other"})


def test_what_is_there_is_read() -> None:
    found = entry(n=3, many=[1, 2], share=0.5, words="text", name="a", yes=True, kind="fire")
    assert found.integer("n", 0, 9) == 3
    assert found.integer_or_none("other", 0, 9) is None
    assert found.integer("other", 0, 9, 4) == 4
    assert (found.integers("many", 0, 9), found.integers("n", 0, 9)) == ((1, 2), (3,))
    assert (found.number("share", 0, 1, 0.1), found.number("other", 0, 1, 0.1)) == (0.5, 0.1)
    assert (found.text("words"), found.text("other")) == ("text", None)
    assert (found.name(), found.flag("yes", False), found.kind()) == ("a", True, Kind.FIRE)
    assert found.one_of("words", {"text": 7}) == 7
    [inner] = Entry("p", {"points": [{"a": 1}]}, {"points"}).entries("points", {"a"})
    assert inner.place == "p: points[0]"
    assert list(entry().entries("other", {"a"}, needed=False)) == []


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda: Entry("p", 3, set()), "p: found 3, allowed: a table"),
        (lambda: Entry("p", {"x": 1}, {"y"}), "p: unknown key 'x'; known: y"),
        (lambda: list(entry(points=3).entries("points", set())), "'points' holds no entry"),
        (lambda: entry(n=10).integer("n", 0, 9), "'n' is 10, allowed 0 to 9"),
        (lambda: entry(n=True).integer("n", 0, 9), "'n' is True"),
        (lambda: entry().integer("n", 0, 9), "'n' is None"),
        (lambda: entry(n=[]).integers("n", 0, 9), "'n' is \\[\\]"),
        (lambda: entry(n="1").number("n", 0, 9, 1), "'n' is '1', allowed 0 to 9"),
        (lambda: entry(n=2).text("n"), "'n' is 2, allowed: text"),
        (lambda: entry().name(), "'name' is missing"),
        (lambda: entry(n=1).flag("n", True), "'n' is 1, allowed true, false"),
        (lambda: entry(n="x").one_of("n", {"a": 1, "b": 2}), "'n' is 'x', allowed a, b"),
        (lambda: entry(n="x").one_of("n", {}), "allowed none is defined"),
        (lambda: entry(kind="zone").kind(), "'kind' is 'zone', allowed medical"),
    ],
)
def test_what_is_wrong_is_named_with_what_may_be(read: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read()
