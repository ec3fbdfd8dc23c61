"""The sums of the emulator's frames against the worked frames of the facts and captures."""

import pytest

from hil.panels import cn_fire_frames as frames

# frames computed by hand in the facts, or captured from panels
WORKED = {
    "GST keep-alive": "AA 08 17 23 17 23 26",
    "GST reset": "AA 04 55 55 55 55 02",
    "GST fire 012034": "AA 15 01 20 34 03 41 00 01 00 31 00 20 00 20 00 20 00 20 00 20 00 20 4A",
    "GST fault 012034": "AA 21 01 20 34 03 41 00 02 00 31 00 20 00 20 00 20 00 20 00 20 00 20 57",
    "GST call point, captured": (
        "AA 15 01 10 18 0B F3 00 01 00 31 18 67 55 63 32 40 45 88 34 71 29 27 83"
    ),
    "GST lift answers, captured": (
        "AA 22 39 50 77 1F EB 00 01 00 35 00 23 34 05 54 48 27 90 23 31 18 67 8E"
    ),
    "JBF poll": "FF FF FF 09 00 00 01 6E 01 0A 00 83",
    "JBF host": "FF FF FF 13 01 01 6E 01 01 00 00 85",
    "JBF reset, captured": "FF FF FF 0D 01 01 6E 01 01 00 00 7F",
    "JBF fire 3-25": (
        "FF FF FF 0A 01 01 6E 00 13 00 00 03 19 14 1A 0B 17 14 05 00 00 00 00 00 00 00 00 00 01 12"
    ),
    "JBF fault, captured": (
        "FF FF FF 0B 01 01 6E 00 13 00 00 01 8B 14 0A 08 0A 14 18 00 00 00 00 00 00 00 00 00 01 76"
    ),
    "Songjiang reset": "FE 02 00 01 00 00 0C 00 FF",
    "Songjiang rest": "FE 01 64 00 00 40 07 FF",
    "Songjiang fire 5-9": (
        "FE 01 6E 22 00 01 00 01 05 09 01 00 05 01 26 11 23 20 05"
        " FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF C0 C7 FF"
    ),
    "FS5101W reset, captured": "F0 00 01 A1 96 FA",
    "FS5101W patrol, captured": "F0 00 01 A2 A6 99",
    "FS5101W A3": "F0 00 01 A3 B6 B8",
    "FS5101W A2 01": "F0 00 02 A2 01 05 5D",
    "FS5101W A5 C2 06": "F0 00 03 A5 C2 06 DD 40",
    "FS5101W fire, captured": (
        "F0 00 14 A5 C3 1B 05 00 81 11 09 12 0E 0A 03 01 01 01 01 02 01 00 01 CF 5F"
    ),
    "Simplex poll": "1C 31 05 17 7F 49",
    "Simplex ack": "1C 31 06 17 7F 48",
    "Simplex answer": "1C 32 02 17 7F 4B",
    "Simplex trouble, captured": (
        "1C 30 1E 31 37 31 34 34 34 2D 32 32 35 30 30 33 38 20 31 2D 30 2D 32 20 54 31 2A 20 0D 0A"
        " 17 6B 58"
    ),
    "GST500 fire 001004, captured": "0D DD 00 10 04 03 01 18 BB",
    "GST500 fault 001006, captured": "0E EE 00 10 06 03 00 19 BB",
}


@pytest.mark.parametrize("name", WORKED)
def test_a_worked_frame_has_the_sum_that_we_make(name: str) -> None:
    frame = bytes.fromhex(WORKED[name])
    assert frames.has_check(frame)
    assert frames.mended(frame) == frame
    assert frames.is_sound(frame)


@pytest.mark.parametrize("name", WORKED)
def test_any_bit_turned_is_seen(name: str) -> None:
    frame = bytes.fromhex(WORKED[name])
    for at in range(4, len(frame)):
        turned = frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 :]
        assert not frames.is_sound(turned), at


def test_the_card_splits_each_byte_in_two() -> None:
    frame = frames.card(bytes([0x80, 1, 3, 25, 3, 26, 11, 23, 20, 5, 0]))
    assert len(frame) == 26
    assert frame[:9] == b"\x82\x38\x30\x30\x31\x30\x33\x31\x39"
    assert frame[-3:] == b"\x3f\x35\x83"  # 80 + 1 + 3 + 19 + 3 + 1A + 0B + 17 + 14 + 5 is F5
    assert frames.mended(frame) == frame


def test_what_has_no_check_is_sound_by_its_shape() -> None:
    assert frames.is_sound(b"\x01\x14\xd0")
    assert not frames.is_sound(b"\x66\x14\xd0")
    assert not frames.is_sound(b"\x01\x14")
    assert frames.is_sound("火警 1-027".encode("gb18030"))
    assert not frames.has_check(b"\x1b6")


def test_bad_text_has_a_good_sum() -> None:
    for name in ("GST fire 012034", "Songjiang fire 5-9", "Simplex trouble, captured"):
        spoilt = frames.without_characters(bytes.fromhex(WORKED[name]), b"\xff\xfe")
        assert spoilt is not None
        assert b"\xff\xfe" in spoilt
        assert frames.is_sound(spoilt)
    assert frames.without_characters(bytes.fromhex(WORKED["GST reset"]), b"\xff\xfe") is None
    assert frames.without_characters(b"\x01\x14\xd0", b"\xff\xfe") is None
    assert frames.without_characters(bytes.fromhex(WORKED["JBF fire 3-25"]), b"\xff\xfe") is None
