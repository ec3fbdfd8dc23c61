"""The bench file: the shipped example is good, each mistake is told with its place."""

from pathlib import Path

import pytest

from edge_agent.config import ConfigError
from tests.hil.bench.file import load, parse

EXAMPLE = Path(__file__).resolve().parents[3] / "hil" / "bench.toml"
PANEL = """
[[panel]]
id = "p1"
driver = "elk"
serial = { port = "/dev/ttyUSB0" }
"""
HAND = '[[hand]]\npanel = "p1"\n'


def test_the_example_is_good() -> None:
    bench = load(EXAMPLE)
    assert [fitted.panel.id for fitted in bench.fitted] == ["hall", "receiver", "inputs"]
    trip = bench.hand("hall", "trip")
    assert trip is not None
    assert trip.zone == 3
    assert bench.within_s(trip) == 60
    assert bench.hand("receiver", "trip") is None


MISTAKES = {
    # what stands in the file: what is said
    "": "`panel` is missing",
    "[bench": "not TOML",
    PANEL + "[bench]\nquite_s = 3": "bench.quite_s",
    PANEL + "[bench]\nquiet_s = -3": "bench.quiet_s",
    PANEL + '[bench]\ntimezone = "Mars"': "no such time zone",
    PANEL + PANEL: "another panel has this id",
    PANEL.replace("elk", "elkk"): "elkk",
    PANEL.replace("serial", "udp"): "panel[0].udp",
    PANEL.replace('serial = { port = "/dev/ttyUSB0" }', ""): "exactly one of serial",
    PANEL + 'allow = ["dance"]': "allow",
    PANEL.replace('"elk"', '"ness"') + 'allow = ["clock"]': "cannot do 'clock'",
    PANEL + "options = { poll_s = -4 }": "poll_s",
    PANEL + '[[hand]]\npanel = "p2"\ndoes = "trip"\nzone = 1\nask = "x"': "no such panel",
    PANEL + HAND + 'does = "trip"\nask = "x"': "trip names its zone",
    PANEL + HAND + 'does = "trip"\nzone = 0\nask = "x"': "hand[0].zone",
    PANEL + HAND + 'does = "trip"\nzone = 1': "exactly one of ask",
    PANEL + HAND + 'does = "trip"\nzone = 1\nask = "x"\nrun = ["y"]': "exactly one of ask",
    PANEL + HAND + 'does = "restore"\nask = "x"': "wants a hand that does 'trip'",
    PANEL + HAND + 'does = "unplug"\nask = "x"': "wants a hand that does 'plug'",
    PANEL + HAND + 'does = "kick"\nask = "x"': "hand[0].does",
    PANEL + (HAND + 'does = "trip"\nzone = 1\nask = "x"\n') * 2: "another hand does this",
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items())
def test_a_mistake_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text.encode(), Path("wall.toml"))
    assert str(caught.value).startswith("wall.toml: ")
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"hil/bench\.toml is an example"):
        load(tmp_path / "none.toml")
