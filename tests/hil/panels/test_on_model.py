"""Faces on the model: what a command line, a profile, a test say of a panel reaches its voice."""

from argparse import ArgumentParser
from typing import Any

import pytest

from edge_agent.domain.kinds import Kind
from edge_agent.resources import load_profile
from hil.panels.__main__ import load_face
from hil.panels.machine import Machine
from hil.panels.voice import ModelPanel


def started(name: str, *words: str) -> Machine:
    face = load_face(name)
    parser = ArgumentParser()
    face.adds(parser)
    return face.build(parser.parse_args(words))


def of_profile(name: str, profile: str | None, **settings: Any) -> Machine:
    return load_face(name).for_profile(load_profile(profile) if profile else None, settings)


def setup_of(panel: Machine) -> Any:
    assert isinstance(panel, ModelPanel)
    return panel.voice._setup  # type: ignore[attr-defined]  # each voice has one


def test_a_command_line_reaches_the_voice_and_the_premises() -> None:
    panel = started("elk", "--zones", "200", "--account", "004711", "--no-reports")
    assert isinstance(panel, ModelPanel)
    setup = setup_of(panel)
    assert (len(panel.model.zones), setup.account, setup.reports) == (200, "004711", False)


@pytest.mark.parametrize(
    ("profile", "model", "zones"),
    [(None, "d16x", 16), ("ness_d16x", "d16x", 16), ("ness_d32x", "d32x", 32)],
)
def test_a_profile_tells_what_panel_it_expects(profile: str | None, model: str, zones: int) -> None:
    panel = of_profile("ness", profile)
    assert isinstance(panel, ModelPanel)
    assert (setup_of(panel).model, len(panel.model.zones)) == (model, zones)


def test_what_a_test_wants_goes_before_the_profile() -> None:
    assert setup_of(of_profile("vista", "vista_250")).blocks == 4
    assert setup_of(of_profile("vista", "vista_250", blocks=1)).blocks == 1


def test_premises_are_fitted_and_what_cannot_be_asked_is_no_truth() -> None:
    adapter, module = of_profile("alarmdecoder", None), of_profile("paradox_prt3", None)
    assert isinstance(adapter, ModelPanel)
    assert list(adapter.model.areas) == [1]
    for panel, name in ((adapter, "alarmdecoder"), (module, "paradox_prt3")):
        kinds = {kind for kind, _ in load_face(name).truth(panel)}
        assert kinds == {Kind.ZONE, Kind.AREA}
