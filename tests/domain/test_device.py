"""A device is what its plate says, bounded."""

from typing import Any

import pytest

from edge_agent.domain.device import DeviceSettings


def device(**change: Any) -> DeviceSettings:
    return DeviceSettings(**({"panel": "p1", "maker": "Acme", "model": "A1"} | change))


def test_a_device_without_a_number_is_not_certified() -> None:
    assert not device().certified
    assert not device(scheme="CCC").certified
    assert device(scheme="CCC", certificate="1").certified


@pytest.mark.parametrize(
    "change", [{"zone": 0}, {"zone": -1}, {"maker": ""}, {"model": "x" * 65}, {"certificate": ""}]
)
def test_nonsense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"zone|plate"):
        device(**change)
