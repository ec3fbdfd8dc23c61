"""What `decode` shows of GB/T 26875.3."""

import pytest

from drivers._gb26875_frames import Header, frame_of
from drivers._gb26875_reading import GbDecoder
from edge_agent.domain.kinds import Kind
from edge_agent.domain.session import FaultKind, Setup
from edge_agent.resources import load_profile
from tests.drivers.golden_gb26875 import CALL_POINT, GOLDEN
from tests.drivers.test_gb26875 import CODES, said, setup


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source)
def test_golden_frames(known: object) -> None:
    [frame] = GbDecoder(setup()).feed(getattr(known, "frame", b""))
    assert (frame.type, frame.fault) == (getattr(known, "type", ""), None)
    [again] = GbDecoder(setup()).packet(getattr(known, "frame", b""))
    assert again == frame


def test_the_call_point_in_full() -> None:
    [frame] = GbDecoder(setup()).feed(CALL_POINT)
    [signal] = frame.signals
    assert signal.text == "三层东侧手报"
    assert signal.panel_time == "2026-11-23T10:20:28"
    assert signal.account == "000000002468"
    assert frame.fields == {
        "serial": 0x0102,
        "version": "1.0",
        "time": "2026-11-23T10:20:30",
        "source": "000000002468",
        "destination": "000000000001",
        "command": 2,
        "objects": [
            {
                "system_type": 1,
                "system": 1,
                "component_type": 23,
                "address": 0x00030015,
                "loop": 3,
                "point": 21,
                "status": 3,
                "test": False,
                "text": "三层东侧手报",
                "time": "2026-11-23T10:20:28",
            }
        ],
    }


def test_an_unknown_command_is_unsupported_and_misfit_contents_length() -> None:
    frames = GbDecoder(setup()).feed(
        frame_of(Header(1, (1, 0), bytes(6), 1, 1, 77), b"abc") + said(b"\x02\x02abc", 2)
    )
    assert [frame.fault for frame in frames] == [FaultKind.UNSUPPORTED, FaultKind.LENGTH]


def test_a_makers_own_command_is_kept_and_its_empty_heartbeat_is_none() -> None:
    frames = GbDecoder(setup()).feed(
        frame_of(Header(1, (1, 0), bytes(6), 1, 1, 200), b"abc")
        + frame_of(Header(1, (1, 0), bytes(6), 1, 1, 200))
    )
    assert [[s.kind for s in frame.signals] for frame in frames] == [[Kind.UNKNOWN], []]


def test_an_impossible_time_in_the_header_is_marked() -> None:
    frame = frame_of(Header(1, (1, 0), bytes((0x59, 0x61, 3, 0, 1, 26)), 1, 1, 2), b"\x16")
    [told] = GbDecoder(setup()).feed(frame)
    assert told.fields["time_corrected"] is True


def test_an_addressing_of_no_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="addressing"):
        GbDecoder(Setup(CODES, None, {"addressing": "upside_down"}))
    GbDecoder(Setup(CODES, load_profile("gb26875_generic"), setup().options))
