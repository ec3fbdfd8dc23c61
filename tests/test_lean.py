import subprocess
import sys
from importlib import import_module

import pytest

from edge_agent.lean import without


def test_what_is_barred_is_not_found_and_later_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without("colorsys"), pytest.raises(ImportError):
        import_module("colorsys")
    assert import_module("colorsys") is sys.modules["colorsys"]


def test_who_needs_a_name_finds_a_stand_in_and_later_the_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without(stand_ins={"colorsys": {"hls_to_rgb": 5}, "pytest": {}}):
        assert import_module("colorsys").hls_to_rgb == 5
        assert not hasattr(import_module("colorsys"), "rgb_to_hls")
        assert import_module("pytest") is pytest
    assert callable(import_module("colorsys").hls_to_rgb)


def test_what_was_loaded_before_stays() -> None:
    with without("pytest"):
        assert sys.modules["pytest"] is pytest


def test_the_centers_command_starts_without_what_draws_on_terminals() -> None:
    """It is started for every question: a quarter of its start was that."""
    code = "import sys, edge_agent.center.cli; print([n for n in sys.modules if 'rich' in n])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
