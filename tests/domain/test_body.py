"""What a configuration may say of the gateway's own body: each refusal tells the rule."""

import re

import pytest

from edge_agent.domain.body import GATEWAY_PANEL, BodySettings, GpioInput

PIN = GpioInput(line=17)
NAME_OF_A_PANEL = r"[a-z0-9][a-z0-9_-]{0,31}"


def test_nothing_need_be_said() -> None:
    assert BodySettings().tamper is None
    assert (PIN.chip, PIN.active, PIN.debounce_ms) == ("gpiochip0", "high", 50)


def test_the_gateways_name_is_no_panels() -> None:
    assert not re.fullmatch(NAME_OF_A_PANEL, GATEWAY_PANEL)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"chip": "/dev/gpiochip0"}, "chip is"),
        ({"chip": ""}, "chip is"),
        ({"line": -1}, "line is 0"),
        ({"line": 1024}, "line is 0"),
        ({"debounce_ms": 10_001}, "debounce_ms is"),
    ],
)
def test_an_input_that_cannot_be(wrong: dict[str, object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        GpioInput(**{"line": 1, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"ups": "../x"}, "ups is"),
        ({"ups": ".."}, "ups is"),
        ({"battery_low_percent": 10}, "battery_critical"),
        ({"battery_critical_percent": 0}, "battery_critical"),
        ({"gasp_after_s": 5}, "gasp_after_s needs"),
        ({"gasp_after_s": 0, "ups": "u"}, "gasp_after_s is"),
        ({"temperature_max_c": 20}, "temperature_max_c is"),
        ({"tamper": PIN, "power_fail": GpioInput(line=17, active="low")}, "same line"),
    ],
)
def test_a_body_that_cannot_be(wrong: dict[str, object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        BodySettings(**wrong)  # type: ignore[arg-type]
