"""Frames of a Satel INTEGRA: golden ones, any split, damage, hostile bytes, what is not shown."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._satel_frames import (
    WIRE_BYTES_MAX,
    SatelDecoder,
    bits_of,
    framed,
    map_of,
    packed_code,
)
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.noise import NOISE_BYTES_MAX
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.resources import check_options, load_codes, load_driver
from hil.panels import satel_frames as panel
from tests.drivers.golden import Golden, check
from tests.drivers.golden_satel import ARM, GOLDEN, VIOLATED, typed

SETUP = Setup(load_codes())
RESULT = typed("FEFE EF FF 4FA9 FE0D")
GOOD = [known for known in GOLDEN if known.fault is None]


def decode(*pieces: bytes, **options: str) -> list[Frame]:
    told = check_options(load_driver("satel"), options)
    decoder = SatelDecoder(Setup(load_codes(), None, told))
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    return frames + decoder.finish()


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:60])
def test_golden_frames(known: Golden) -> None:
    check(known, decode(known.frame))


@pytest.mark.parametrize(
    ("frame", "fields"),
    [
        ("FEFE 7F 0700080000 F726 FE0D", {"commands": ["00", "01", "02", "13"]}),
        (
            "FEFE 7E 03 3132303230323630313031 01FF E89A FE0D",
            {"model": "INTEGRA 128", "version": "12020260101", "model_code": 3},
        ),
        (
            "FEFE 1A 20261123201545 01 03 2D6E FE0D",
            {"time": "2026-11-23T20:15:45", "day_of_week": 1, "trouble": False, "panel_type": 3},
        ),
        ("FEFE EF 01 4EAB FE0D", {"result": 1, "means": "user code not found"}),
        ("FEFE 2A 02000000 7FC0 FE0D", {"areas": [2]}),
    ],
)
def test_what_stands_in_fields(frame: str, fields: dict[str, object]) -> None:
    [found] = decode(typed(frame))
    assert fields.items() <= found.fields.items()


@pytest.mark.parametrize(
    ("command", "state"),
    [
        *((command, State.ARMED_STAY) for command in (0x2A, 0x0B, 0x0C)),
        *((command, State.EXIT_DELAY) for command in (0x0F, 0x10)),
        (0x0A, State.ARMED_AWAY),
        (0x0E, State.ENTRY_DELAY),
    ],
)
def test_the_state_that_a_map_of_areas_tells(command: int, state: State) -> None:
    [frame] = decode(panel.framed(command, bytes.fromhex("00000080")))
    assert [(s.kind, s.state, s.area) for s in frame.signals] == [(Kind.AREA, state, 32)]


def test_a_memory_of_alarms_is_no_alarm() -> None:
    for command in (0x04, 0x05, 0x28):
        assert decode(panel.framed(command, b"\xff" * 16))[0].signals == ()
    assert decode(panel.framed(0x15, b"\xff" * 4))[0].signals == ()


def test_panels_with_256_zones_have_maps_of_32_bytes() -> None:
    [frame] = decode(panel.framed(0x00, bytes(31) + b"\x80"))
    assert len(frame.signals) == 256
    assert [s.zone for s in frame.signals if s.state is State.OPEN] == [256]
    [outputs] = decode(panel.framed(0x17, bytes(31) + b"\x80"))
    assert [s.zone for s in outputs.signals if s.state is State.ON] == [256]


def test_names_are_read_in_the_charset_told() -> None:
    name = "Zażółć".encode("cp1250").ljust(16)
    [frame] = decode(panel.framed(0xEE, b"\x01\x05\x00" + name), charset="cp1250")
    assert (frame.fields["text"], frame.fields["number"]) == ("Zażółć", 5)
    [bad] = decode(panel.framed(0xEE, b"\x01\x05\x00" + b"\xff\x81" * 8), charset="gb18030")
    assert bad.fault is None


def test_a_user_code_of_a_host_is_not_shown() -> None:
    [frame] = decode(ARM)
    assert frame.type == "request"
    [secret] = frame.secrets
    assert frame.raw[secret.start : secret.end] == bytes.fromhex("2468FFFFFFFFFFFF")
    assert frame.fields["data"] == "*" * 16 + "01000000"


def test_an_order_whose_code_is_none_shows_nothing() -> None:
    [frame] = decode(panel.framed(0x80, b"\x24\xfe" * 6))
    assert (frame.fault, frame.fields) == (FaultKind.LENGTH, {})


# ---- cutting


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (VIOLATED[:9] + RESULT, [FaultKind.LENGTH, None]),  # another begins in it
        (VIOLATED[:9], [FaultKind.LENGTH]),
        (b"\xfe" + RESULT, [FaultKind.NOISE, None]),
        (b"\xfe\xfe" + RESULT, [FaultKind.NOISE, None]),
        (b"abc" + RESULT + b"\x00", [FaultKind.NOISE, None, FaultKind.NOISE]),
        (typed("FEFE 00 FE41") + RESULT, [FaultKind.SHAPE, FaultKind.NOISE, None]),
        (typed("FEFE FE0D"), [FaultKind.LENGTH]),
        (typed("FEFE 00 FE0D"), [FaultKind.LENGTH]),
        (b"xBusy!Bus" + RESULT, [FaultKind.NOISE, None, FaultKind.NOISE, None]),
        (b"\xfe\xfe\x00" + bytes(WIRE_BYTES_MAX) + RESULT, [FaultKind.NOISE, None]),
        (panel.framed(0x60, b"\x01"), [FaultKind.UNSUPPORTED]),
        # as long as a frame can be, and one byte longer
        (panel.framed(0x60, bytes(WIRE_BYTES_MAX - 7)), [FaultKind.UNSUPPORTED]),
        (panel.framed(0x60, bytes(WIRE_BYTES_MAX - 6)) + RESULT, [FaultKind.NOISE, None]),
    ],
)
def test_what_is_made_of_a_stream(data: bytes, faults: list[FaultKind | None]) -> None:
    frames = decode(data)
    assert [frame.fault for frame in frames] == faults
    assert b"".join(frame.raw for frame in frames) == data
    assert decode(*(data[at : at + 1] for at in range(len(data)))) == frames


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from([known.frame for known in GOLDEN])
        | st.binary(max_size=8)
        | st.sampled_from([b"\xfe", b"\xfe\xfe", b"\xfe\x0d", b"\xfe\xf0", b"Bus"]),
        max_size=12,
    )
)
def test_nothing_is_left_out_and_no_split_matters(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    frames = decode(data)
    assert b"".join(frame.raw for frame in frames) == data
    assert decode(*pieces) == frames


@pytest.mark.parametrize("known", GOOD, ids=lambda known: known.source[:40])
def test_a_damaged_frame_says_nothing(known: Golden) -> None:
    random = Random(known.source)
    for _ in range(8):
        at = random.randrange(2, max(3, len(known.frame) - 2))
        damaged = bytearray(known.frame)
        damaged[at] ^= 1 << random.randrange(8)
        assert not [frame for frame in decode(bytes(damaged)) if frame.signals]


def test_noise_without_end_is_told_in_pieces() -> None:
    frames = decode(b"\x00" * (2 * NOISE_BYTES_MAX + 5))
    assert [len(frame.raw) for frame in frames] == [NOISE_BYTES_MAX, NOISE_BYTES_MAX, 5]


# ---- to the panel


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 255), st.binary(max_size=40))
def test_what_is_sent_is_what_the_emulated_panel_reads(command: int, data: bytes) -> None:
    frame = framed(command, data)
    assert frame == panel.framed(command, data)
    assert panel.opened(frame[2:-2]) == bytes([command]) + data


@given(st.sets(st.integers(1, 256)))
def test_maps_there_and_back(numbers: set[int]) -> None:
    assert bits_of(map_of(sorted(numbers), 32)) == sorted(numbers)


def test_worked_frames_of_the_facts_are_made() -> None:
    assert framed(0x7E) == typed("FEFE 7E D860 FE0D")
    assert framed(0x80, packed_code("2468") + map_of([1], 4)) == ARM


def test_of_hostile_dates_something_is_made() -> None:
    for fill in range(0, 256, 5):
        [frame] = decode(panel.framed(0x1A, bytes([fill]) * 9))
        assert frame.fields["time"]
    assert SETUP.options == {}
