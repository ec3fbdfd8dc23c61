"""What frames of Chinese fire panels say: fields, parts, times, texts, tables."""

from binascii import crc_hqx

import pytest

from drivers._cn_fire_reading import PieceDecoder, decoder_of, words_of
from edge_agent.domain.session import FaultKind, Frame
from hil.panels.machine import describe
from tests.drivers.cn_fire_profiles import PARTS, made, setup_of
from tests.drivers.golden import Golden
from tests.drivers.golden_cn_fire import BY_PROFILE, GOLDEN


def read(data: bytes, profile: str | None, **options: str) -> list[Frame]:
    decoder = decoder_of(setup_of(profile, options))
    return [*decoder.feed(data), *decoder.finish()]


def gst(event: int, device: str, kind: int) -> bytes:
    body = bytes((0xAA, event)) + bytes.fromhex(device) + bytes((kind,)) + bytes(17)
    return body + bytes((sum(body) & 0xFF,))


def fushian(body: bytes) -> bytes:
    said = len(body).to_bytes(2, "big") + body
    return b"\xf0" + said + crc_hqx(said, 0).to_bytes(2, "big")


def meant(frames: list[Frame]) -> list[tuple[str, str | None, str, int | None, int | None]]:
    signals = [signal for frame in frames for signal in frame.signals]
    return [(one.kind.value, one.code, one.state.value, one.area, one.zone) for one in signals]


@pytest.mark.parametrize(
    ("profile", "known"),
    [(profile, known) for profile, goldens in BY_PROFILE.items() for known in goldens],
)
def test_golden_frames(profile: str, known: Golden) -> None:
    [frame] = read(known.frame, profile)
    assert (frame.type, frame.fault) == (known.type, known.fault)
    assert tuple(tuple(describe(one).values()) for one in frame.signals) == known.signals


def test_golden_frames_are_read_alike_where_the_dialect_is_detected() -> None:
    for known in GOLDEN:
        [frame] = read(known.frame, None)
        assert (frame.type, frame.fault) == (known.type, known.fault), known.source


# ---- tables


@pytest.mark.parametrize(
    ("event", "kind", "expected"),
    [
        (0x15, 2, ("fire", "114", "active", None, 12034)),
        (0x15, 5, ("fire", "117", "active", None, 12034)),
        (0x15, 10, ("fire", "110", "active", None, 12034)),
        (0x15, 30, ("fire", "113", "active", None, 12034)),
        (0x15, 200, ("fire", "110", "active", None, 12034)),
        (0x11, 3, ("fire", "111", "restored", None, 12034)),
        (0x20, 3, ("zone_trouble", "380", "restored", None, 12034)),
        (0x22, 16, ("log", None, "active", None, 12034)),
        (0x02, 16, ("output", None, "on", None, 12034)),
        (0x03, 16, ("output", None, "off", None, 12034)),
        (0xDE, 3, ("bypass", "571", "active", None, 12034)),
        (0xDF, 3, ("bypass", "571", "restored", None, 12034)),
        (0x31, 0x82, ("power", "301", "active", None, 12034)),
        (0x31, 0x85, ("power", "302", "restored", None, 12034)),
        (0x31, 0x86, ("unknown", None, "active", None, 12034)),
        (0x7E, 3, ("unknown", None, "active", None, 12034)),
    ],
)
def test_an_event_by_its_code_and_detector(
    event: int, kind: int, expected: tuple[object, ...]
) -> None:
    assert meant(read(gst(event, "012034", kind), "gst_crt")) == [expected]


def test_a_device_number_of_no_digits_is_no_zone() -> None:
    [frame] = read(gst(0x15, "0A2034", 3), "gst_crt")
    assert frame.fields["device"] == "0a2034"
    assert meant([frame]) == [("fire", "111", "active", None, None)]
    assert meant(read(gst(0x15, "000000", 3), "gst_crt"))[0][4] is None


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        (1, 0x05, ("fire", "110", "active", 4, 9)),
        (0x1B, 0x05, ("fire", "110", "active", 4, 9)),
        (1, 0x01, ("zone_trouble", "380", "active", 4, 9)),
        (1, 0x00, ("zone_trouble", "380", "restored", 4, 9)),
        (4, 0x09, ("power", "301", "active", 4, 9)),
        (5, 0x0A, ("power", "302", "restored", 4, 9)),
        (2, 0x07, ("output", None, "on", 4, 9)),
        (1, 0x09, ("unknown", None, "active", 4, 9)),
    ],
)
def test_an_event_by_its_state_and_what_it_is_of(
    kind: int, state: int, expected: tuple[object, ...]
) -> None:
    when = bytes((26, 11, 23, 20, 5, 7))
    body = b"\xa5\xc3" + bytes((kind, state, 0, 1)) + when + bytes((4, 9)) + bytes(6)
    [frame] = read(fushian(body), "fs5101w")
    assert meant([frame]) == [expected]
    assert frame.signals[0].panel_time == "2026-11-23T20:05:07"


# ---- parts, times, texts


def songjiang(code: int, count: int, *parts: bytes) -> bytes:
    from hil.panels.modbus_map import crc  # noqa: PLC0415  somebody else's CRC

    data = count.to_bytes(2, "little") + b"".join(parts)
    body = bytes((1, code)) + len(data).to_bytes(2, "little") + data
    return b"\xfe" + body + crc(body) + b"\xff"


def part(when: str, text: bytes = b"\xff" * 20) -> bytes:
    return bytes((1, 5, 9, 1, 0, 5, 1)) + bytes.fromhex(when) + text.ljust(20, b"\xff")


def test_each_part_of_a_frame_is_a_signal_with_its_own_time_and_text() -> None:
    words = "三层走廊".encode("gb18030")
    [frame] = read(
        songjiang(0x6E, 2, part("2611232005", words), part("2611232460")), "songjiang_3208"
    )
    assert [one.text for one in frame.signals] == ["三层走廊", None]
    times = [one.panel_time for one in frame.signals]
    assert times == ["2026-11-23T20:05:00", "2026-11-24T01:00:00"]
    objects = frame.fields["objects"]
    assert isinstance(objects, list)
    assert objects[1] == {
        "panel": 1,
        "loop": 5,
        "point": 9,
        "partition": 1,
        "type": 5,
        "state": 1,
        "time": "2026-11-24T01:00:00",
        "time_corrected": True,
        "text": None,
        "meaning": "fire",
    }


@pytest.mark.parametrize("begun", ["火警", "故障", "监管", "主电故障", "备电故障", "屏蔽", "反馈"])
@pytest.mark.parametrize("over", ["恢复", "解除", "消除", "撤销"])
@pytest.mark.parametrize("profile", ["printer_text", "gst9000_printer"])
def test_no_printed_end_is_read_as_a_beginning(profile: str, begun: str, over: str) -> None:
    decoder = decoder_of(setup_of(profile))
    frames = decoder.feed(b"\x1b6" + f"11/23 20:05\n  {begun}{over}\n\n".encode("gb18030"))
    [signal] = [signal for frame in frames for signal in frame.signals]
    assert signal.state.value == "restored", begun + over


@pytest.mark.parametrize("parts", [(), (part("2611232005"),), (part("2611232005")[:-1],)])
def test_a_frame_whose_parts_are_not_as_many_as_it_says_says_nothing(
    parts: tuple[bytes, ...],
) -> None:
    [frame] = read(songjiang(0x6E, 2, *parts), "songjiang_3208")
    assert (frame.fault, frame.signals) == (FaultKind.LENGTH, ())


def test_text_with_bytes_of_no_character_is_read_all_the_same() -> None:
    bad = b"\xff\xfe" + "火".encode("gb18030")
    [frame] = read(songjiang(0x6E, 1, part("2611232005", bad)), "songjiang_3208")
    assert frame.signals[0].text is not None
    assert words_of(b"\x00\xff  ", "gb18030") is None


def test_the_site_may_name_another_charset() -> None:
    [frame] = read(
        songjiang(0x6E, 1, part("2611232005", "走廊".encode())),
        "songjiang_3208",
        charset="utf-8",
    )
    assert frame.signals[0].text == "走廊"
    with pytest.raises(ValueError, match="no codec 'klingon'"):
        read(b"", "songjiang_3208", charset="klingon")


# ---- print


def test_printed_records_of_any_panel() -> None:
    said = (
        "2026-11-23 20:05:00 火警 001-025 感烟探测器\r\n"
        "复位\r\n\r\n"
        "11-24 10:00\r\n故障 2回路7\r\n"
        "20:07 备电故障恢复\n"
        "天气很好\n\n"
    )
    frames = read(said.encode("gb18030"), "printer_text")
    assert meant(frames) == [
        ("fire", "111", "active", 1, 25),
        ("log", None, "active", None, None),
        ("zone_trouble", "380", "active", 2, 7),
        ("power", "302", "restored", None, None),
        ("unknown", None, "active", None, None),
    ]
    assert frames[0].signals[0].panel_time == "2026-11-23T20:05:00"
    assert frames[-1].signals[0].text == "天气很好"  # what no table knows is told as printed


def test_a_printed_fire_of_no_place_is_not_ended_by_the_line_behind_it() -> None:
    said = "火警 三号楼\n故障恢复 001-002\n".encode("gb18030")
    assert meant(read(said, "printer_text")) == [
        ("fire", "110", "active", None, None),
        ("zone_trouble", "380", "restored", 1, 2),
    ]


def test_a_printed_year_makes_a_time_and_none_makes_none() -> None:
    [frame] = read(BY_PROFILE["gst9000_printer"][0].frame, "gst9000_printer")
    assert (frame.fields["month"], frame.fields["minute"]) == ("11", "05")
    assert frame.signals[0].panel_time is None


# ---- packets, hosts


def test_what_comes_between_silences_is_whole() -> None:
    decoder = decoder_of(setup_of("ld128e"))
    assert isinstance(decoder, PieceDecoder)
    assert not isinstance(decoder_of(setup_of("gst_crt")), PieceDecoder)
    assert [one.type for one in decoder.packet(b"\x01\x03\x15\x01\x03\x15")] == ["fire", "fire"]
    assert [one.fault for one in decoder.packet(b"\x01\x03")] == [FaultKind.LENGTH]
    [strange] = decoder.packet(b"\x99\x01\x02")
    assert (strange.raw, strange.fault) == (b"\x99\x01\x02", FaultKind.NOISE)
    known, rest = decoder.packet(b"\x01\x03\x15\x99\x01")
    assert (known.type, rest.raw, rest.fault) == ("fire", b"\x99\x01", FaultKind.NOISE)
    assert not decoder.finish()


def test_a_host_heard_along_says_nothing() -> None:
    [frame] = read(BY_PROFILE["jbf_11s"][3].frame, "jbf_11s")
    assert (frame.type, frame.signals) == ("host_poll", ())


# ---- a dialect that is a profile and nothing else


def test_a_dialect_of_a_profile_alone_is_read() -> None:
    decoder = decoder_of(setup_of(made(PARTS)))
    frames = decoder.feed(b"\x68\x01\x02\x01\x09\x75" + b"\x68\x03\x02\x01\x09\x77")
    assert meant(frames) == [("fire", "110", "active", 2, 265), ("unknown", None, "active", 2, 265)]
    told = {"dialect": "made", "what": 1, "loop": 2, "point": 265, "meaning": "fire"}
    assert frames[0].fields == told
