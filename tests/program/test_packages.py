"""What the program runs on is found by the packages' own requirements."""

import importlib.metadata

import pytest

from edge_agent.program import packages


class Package:
    def __init__(self, *requires: str) -> None:
        self.requires = list(requires)


def test_extras_and_markers_are_told_apart() -> None:
    package = Package(
        "cbor2<7,>=5.9", "Foo_Bar.baz ; python_version < '3.12'", "rich; extra == 'pretty'"
    )
    assert packages.needs(package) == ["cbor2", "foo-bar-baz"]  # type: ignore[arg-type]


def test_what_needs_what_needs_us_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    world = {
        "edge-agent": Package("a", "of-another-system"),
        "a": Package("b"),
        "b": Package("a"),
    }

    def distribution(name: str) -> Package:
        try:
            return world[name]
        except KeyError:
            raise importlib.metadata.PackageNotFoundError from None

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    assert set(packages.closure()) == {"edge-agent", "a", "b"}
