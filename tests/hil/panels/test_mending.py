"""A mended frame is taken for a good one by its driver; bad text is in a frame with a good sum."""

import importlib

import pytest

from edge_agent.domain.session import FaultKind
from hil.panels.mending import NO_TEXT, RULES, mend, spoil_text
from tests.drivers.golden_gb26875 import GOLDEN
from tests.fuzz import target


@pytest.mark.parametrize("name", RULES)
def test_a_spoiled_sum_is_put_right(name: str) -> None:
    """The panel's own frames: what a host sends has another sum here and there."""
    one = target.target(name)
    golden = importlib.import_module(f"tests.drivers.golden_{name}").GOLDEN
    detecting = next((setup for setup in one.setups if setup.profile is None), one.setups[0])
    mended = 0
    for known in golden:
        if getattr(known, "fault", None) is not None:
            continue
        decoder = one.driver.decoder(detecting)
        frames = [*decoder.feed(mend(name, known.frame)), *decoder.finish()]
        mended += all(frame.fault is None for frame in frames)
    assert mended * 2 > len(golden), f"{mended} of {len(golden)} frames survive their mending"


def test_what_has_neither_length_nor_sum_stays_as_it_is() -> None:
    assert mend("surgard", b"5011 182468E13000001") == b"5011 182468E13000001"


def test_bad_text_is_in_a_description_and_the_sum_is_good() -> None:
    call_point = GOLDEN[0].frame
    spoiled = spoil_text("gb26875", call_point)
    assert spoiled is not None
    assert NO_TEXT in spoiled
    one = target.target("gb26875")
    [frame] = one.driver.decoder(one.setups[0]).feed(spoiled)
    assert frame.fault is None
    assert frame.signals[0].kind == "fire", "bad text costs no alarm"
    assert spoil_text("gb26875", GOLDEN[-1].frame) is None, "nothing to spoil"


def test_bad_text_among_digits_is_no_event() -> None:
    one = target.target("vista")
    spoiled = spoil_text("vista", b"1BnqEE007000109202311260072")
    assert spoiled is not None
    frames = one.driver.decoder(one.setups[0]).feed(spoiled)
    assert {frame.fault for frame in frames} <= {FaultKind.SHAPE, FaultKind.NOISE, None}
    assert not [frame for frame in frames if frame.fault is None and frame.signals]
