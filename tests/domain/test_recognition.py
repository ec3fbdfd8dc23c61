"""The rules that a probe keeps, and what a driver that declares nothing is known by."""

import pytest

from edge_agent.domain.recognition import UNDECLARED, Probe, Sureness, any_model
from edge_agent.domain.session import FaultKind, Frame


@pytest.mark.parametrize("held", [b"\x06", b"a\x15", b"\x11\r\n", b"\x13", b"", b"x" * 65])
def test_a_probe_that_could_be_taken_for_an_answer_cannot_be_made(held: bytes) -> None:
    with pytest.raises(ValueError, match="probe 'p'"):
        Probe("p", held, frozenset(), "")


def test_without_a_declaration_good_frames_count_and_damaged_ones_do_not() -> None:
    assert UNDECLARED.weight(Frame(b"x", "any")) > 0
    assert UNDECLARED.weight(Frame(b"x", fault=FaultKind.CHECKSUM)) == 0
    assert UNDECLARED.probes == ()
    assert any_model([]) is None


def test_surer_is_more() -> None:
    assert sorted(Sureness) == [Sureness.NO, Sureness.POSSIBLE, Sureness.LIKELY, Sureness.CERTAIN]
