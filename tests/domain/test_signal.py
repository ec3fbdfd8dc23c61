import pytest

from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.signal import FRAME_BYTES_MAX, NUMBER_MAX, TEXT_CHARS_MAX, Signal, Span


def burglary(**fields: object) -> Signal:
    return Signal(kind=Kind.BURGLARY, state=State.ACTIVE, **fields)  # type: ignore[arg-type]  # wrong values are the point


def test_a_signal_is_live_and_says_nothing_it_does_not_know() -> None:
    signal = burglary()
    assert signal.origin is Origin.LIVE
    fields = (signal.code, signal.area, signal.zone, signal.user, signal.account, signal.text)
    assert set(fields) == {None}


def test_a_state_must_fit_its_kind() -> None:
    with pytest.raises(ValueError, match="burglary has no state open"):
        Signal(kind=Kind.BURGLARY, state=State.OPEN)


@pytest.mark.parametrize("field", ["area", "zone", "user"])
def test_numbers_are_those_printed_on_a_panel(field: str) -> None:
    for number in (1, NUMBER_MAX):
        assert getattr(burglary(**{field: number}), field) == number
    for number in (0, -1, NUMBER_MAX + 1):
        with pytest.raises(ValueError, match=f"{field} {number} is outside"):
            burglary(**{field: number})


@pytest.mark.parametrize("field", ["code", "account", "text", "panel_time"])
def test_texts_are_bounded_and_never_empty(field: str) -> None:
    for size in (1, TEXT_CHARS_MAX):
        assert len(getattr(burglary(**{field: "x" * size}), field)) == size
    for size in (0, TEXT_CHARS_MAX + 1):
        with pytest.raises(ValueError, match=f"{field} has {size} characters"):
            burglary(**{field: "x" * size})


def test_a_frame_is_bounded() -> None:
    assert len(burglary(frame=bytes(FRAME_BYTES_MAX)).frame) == FRAME_BYTES_MAX
    with pytest.raises(ValueError, match="frame of 4097 bytes"):
        burglary(frame=bytes(FRAME_BYTES_MAX + 1))


@pytest.mark.parametrize(("start", "end"), [(0, 1), (3, 7), (0, FRAME_BYTES_MAX)])
def test_a_span_is_a_stretch_of_a_frame(start: int, end: int) -> None:
    assert Span(start, end).end - Span(start, end).start == end - start


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (4, 3), (0, FRAME_BYTES_MAX + 1)])
def test_no_other_span_can_be_made(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="no such span"):
        Span(start, end)
