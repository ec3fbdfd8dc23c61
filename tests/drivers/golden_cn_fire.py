"""Frames of Chinese fire panels typed from the facts, never made by an encoder.

"Fire facts n" are the collected facts on Chinese fire panels, section n; "gateway captures" are the
published recordings of an open gateway.  Sums of frames that stand in no source were added up by
hand, by the rule of the section.
"""

from tests.drivers.golden import Golden


def _hex(digits: str) -> bytes:
    return bytes.fromhex(digits)


STARS = "2A" * 15 + "0D"

BY_PROFILE = {
    "gst_crt": (
        Golden(
            "fire facts 1, worked: fire, device 012034, smoke (03)",
            _hex("AA 15 01 20 34 03 41 00 01 00 31 00 20 00 20 00 20 00 20 00 20 00 20 4A"),
            "event",
            (("fire", "111", "active", None, 12034, None, None),),
        ),
        Golden(
            "fire facts 1, worked: fault, same device",
            _hex("AA 21 01 20 34 03 41 00 02 00 31 00 20 00 20 00 20 00 20 00 20 00 20 57"),
            "event",
            (("zone_trouble", "380", "active", None, 12034, None, None),),
        ),
        Golden(
            "gateway captures, GST5000: fire, call point (0B), device 011018",
            _hex("AA 15 01 10 18 0B F3 00 01 00 31 18 67 55 63 32 40 45 88 34 71 29 27 83"),
            "event",
            (("fire", "115", "active", None, 11018, None, None),),
        ),
        Golden(
            "fire facts 1, worked: keep-alive with an own id",
            _hex("AA 08 17 23 17 23 26"),
            "keep_alive",
            (),
        ),
        Golden(
            "fire facts, table of profiles: keep-alive of the open firmware",
            _hex("AA 08 09 20 09 20 04"),
            "keep_alive",
            (),
        ),
        Golden(
            "fire facts 1: reset",
            _hex("AA 04 55 55 55 55 02"),
            "reset",
            (("log", None, "active", None, None, None, None),),
        ),
        Golden("fire facts 1: short status, no sum", _hex("AA 04 00 00"), "status", ()),
        Golden(
            "gateway captures, GST5000: after a fire, meaning unknown",
            _hex("AA 01 01 18 00 00 00"),
            "short",
            (("unknown", None, "active", None, None, None, None),),
        ),
        Golden(
            "fire facts 1, worked fire with a wrong sum",
            _hex("AA 15 01 20 34 03 41 00 01 00 31 00 20 00 20 00 20 00 20 00 20 00 20 4B"),
            None,
            (),
            fault="checksum",
        ),
    ),
    "gst500_card": (
        Golden(
            "fire facts 1, GST500: fire (01), smoke, device 012034",
            _hex("0D DD 01 20 34 03 01 59 BB"),  # 01+20+34+03+01 = 59
            "event",
            (("fire", "111", "active", None, 12034, None, None),),
        ),
        Golden(
            "fire facts 1, GST500: start (02) of device 012016, sounder",
            _hex("0D DD 01 20 16 13 02 4C BB"),  # 01+20+16+13+02 = 4C
            "event",
            (("output", None, "on", None, 12016, None, None),),
        ),
        Golden(
            "fire facts 1, GST500: fault",
            _hex("0E EE 01 20 34 03 00 58 BB"),  # 01+20+34+03+00 = 58
            "fault",
            (("zone_trouble", "380", "active", None, 12034, None, None),),
        ),
        Golden(
            "fire facts 1, GST500: reset",
            _hex("0A AA BB"),
            "reset",
            (("log", None, "active", None, None, None, None),),
        ),
        Golden(
            "fire facts 1, GST500: silence",
            _hex("FA AB BB"),
            "silence",
            (("log", None, "active", None, None, None, None),),
        ),
        Golden("fire facts 1, GST500: panel", _hex("01 00 0F 1F"), "poll", ()),
        Golden("fire facts 1, GST500: host", _hex("01 F0 F0 BB"), "answer", ()),
    ),
    "gst100_printer": (
        Golden(
            "gateway captures, GST100: fire of smoke detector 1-027",
            _hex(STARS + "31 30 8D 32 30 8E 20 20 20 31 34 3A 34 34 0D 0A 11 0D")
            + _hex("31 2D 30 32 37 0D 0A 20 23 0D"),
            "record",
            (("fire", "111", "active", 1, 27, None, None),),
        ),
        Golden(
            "gateway captures, GST100: fault of the main supply",
            _hex(STARS + "31 30 8D 31 39 8E 20 20 20 31 37 3A 31 30 0D 0A 16 0D")
            + _hex("2D 2D 2D 2D 2D 0D 0A 20 2C 0D"),
            "record",
            (("power", "301", "active", None, None, None, None),),
        ),
        Golden(
            "gateway captures, GST100: fault of flow switch 1-005",
            _hex(STARS + "31 30 8D 32 30 8E 20 20 20 31 37 3A 34 30 0D 0A 16 0D")
            + _hex("31 2D 30 30 35 0D 0A 20 36 0D"),
            "record",
            (("zone_trouble", "380", "active", 1, 5, None, None),),
        ),
        Golden(
            "gateway captures, GST100: reset, after 14 stars",
            _hex("2A" * 14 + "0D 31 30 8D 32 30 8E 20 20 20 31 34 3A 34 31 0D 0A 1D 0D")
            + _hex("2D 2D 2D 2D 2D 0D 0A 20 21 0D"),
            "record",
            (("log", None, "active", None, None, None, None),),
        ),
        Golden(
            "gateway captures, GST100: 1-005 dirty, after 29 stars",
            _hex("2A" * 29 + "0D 31 30 8D 31 39 8E 20 20 20 31 37 3A 30 39 0D 0A 80 0D")
            + _hex("31 2D 30 30 35 0D 0A 20 21 0D"),
            "record",
            (("zone_trouble", "393", "active", 1, 5, None, None),),
        ),
    ),
    "gst9000_printer": (
        Golden(
            "fire facts 2: fire, loop 1 point 25",
            _hex("1B 36") + b"11/23  20:05\n  001-025\n" + _hex("1B 39 BB F0 BE AF 0A 0A"),
            "record",
            (("fire", "110", "active", 1, 25, None, None),),
        ),
        Golden(
            "fire facts 2: fault, loop 12 point 3",
            _hex("1B 36") + b"11/23  20:06\n  012-003\n" + _hex("1B 39 B9 CA D5 CF 0A 0A"),
            "record",
            (("zone_trouble", "380", "active", 12, 3, None, None),),
        ),
        Golden(
            "fire facts 2: isolated, loop 2 point 200",
            _hex("1B 36") + b"11/23  20:07\n  002-200\n" + _hex("1B 39 C6 C1 B1 CE 0A 0A"),
            "record",
            (("bypass", "571", "active", 2, 200, None, None),),
        ),
        Golden(
            "fire facts 2: reset",
            _hex("1B 36") + b"11/23  20:08\n" + _hex("1B 39 B8 B4 CE BB 0A 0A"),
            "record",
            (("log", None, "active", None, None, None, None),),
        ),
    ),
    "jbf_11s": (
        Golden(
            "fire facts 3, worked: fire, panel 0 loop 3 point 25",
            _hex("FF FF FF 0A 01 01 6E 00 13 00 00 03 19 14 1A 0B 17 14 05 00")
            + _hex("00 00 00 00 00 00 00 00 01 12"),
            "event",
            (("fire", "110", "active", 3, 25, None, None),),
        ),
        Golden(
            "fire facts 3, the same as a fault (0B)",
            _hex("FF FF FF 0B 01 01 6E 00 13 00 00 03 19 14 1A 0B 17 14 05 00")
            + _hex("00 00 00 00 00 00 00 00 01 13"),
            "event",
            (("zone_trouble", "380", "active", 3, 25, None, None),),
        ),
        Golden(
            "fire facts 3, the same as a fire of the 2013 generation (80)",
            _hex("FF FF FF 80 01 01 6E 00 13 00 00 03 19 14 1A 0B 17 14 05 00")
            + _hex("00 00 00 00 00 00 00 00 01 88"),  # 112 - 0A + 80
            "event",
            (("fire", "110", "active", 3, 25, None, None),),
        ),
        Golden(
            "fire facts 3: keep-alive of the host",
            _hex("FF FF FF 13 01 01 6E 01 01 00 00 85"),
            "host_poll",
            (),
        ),
        Golden(
            "fire facts 3: keep-alive of the panel",
            _hex("FF FF FF 09 00 00 01 6E 01 0A 00 83"),
            "poll",
            (),
        ),
        Golden(
            "fire facts, table of profiles: keep-alive of the 2013 generation, its sum one less",
            _hex("FF FF FF 0A 00 00 01 6E 01 0A 00 83"),
            "poll",
            (),
        ),
    ),
    "jbf_193k": (
        Golden(
            "fire facts 3, 193K: fire (80), panel 1 loop 3 point 25; sum F4",
            _hex("82 38 30 30 31 30 33 31 39 30 32 31 3A 30 3B 31 37 31 34 30 35 30 30 3F 34 83"),
            "event",
            (("fire", "110", "active", 3, 25, None, None),),
        ),
        Golden(
            "fire facts 3, 193K: isolated (98), panel 1 loop 2 point 5; sum 06",
            _hex("82 39 38 30 31 30 32 30 35 30 33 31 3A 30 3B 31 37 30 39 30 30 31 3E 30 36 83"),
            "event",
            (("bypass", "571", "active", 2, 5, None, None),),
        ),
        Golden(
            "fire facts 3, 193K: answer to the poll (09)",
            _hex("82 30 39" + "30" * 20 + "30 39 83"),
            "event",
            (),
        ),
        Golden("fire facts 3, 193K: poll", _hex("82" + "30" * 20 + "83"), "host_poll", ()),
    ),
    "ld128e": (
        Golden(
            "fire facts 4: fire, loop 3 address 21",
            _hex("01 03 15"),
            "fire",
            (("fire", "110", "active", 3, 21, None, None),),
        ),
        Golden(
            "fire facts 4: fault, loop 2 address 7",
            _hex("02 02 07"),
            "fault",
            (("zone_trouble", "380", "active", 2, 7, None, None),),
        ),
        Golden(
            "fire facts 4: mains; that 1 is lost is the open firmware's",
            _hex("12 01 00"),
            "mains",
            (("power", "301", "active", None, None, None, None),),
        ),
        Golden(
            "fire facts 4: standby supply; that 0 is back is the open firmware's",
            _hex("13 00 00"),
            "standby",
            (("power", "302", "restored", None, None, None, None),),
        ),
        Golden(
            "fire facts 4: reset",
            _hex("50 00 00"),
            "reset",
            (("log", None, "active", None, None, None, None),),
        ),
    ),
    "songjiang_3208": (
        Golden(
            "fire facts 5, worked: reset",
            _hex("FE 02 00 01 00 00 0C 00 FF"),
            "reset",
            (("log", None, "active", None, None, None, None),),
        ),
        Golden(
            "fire facts 5, worked: one fire, panel 1 loop 5 point 9",
            _hex("FE 01 6E 22 00 01 00 01 05 09 01 00 05 01 26 11 23 20 05")
            + b"\xff" * 20
            + _hex("C0 C7 FF"),
            "event",
            (("fire", "110", "active", 5, 9, None, None),),
        ),
        Golden(
            "gateway captures, Songjiang 3208: two fires, loop 3 points 30 and 29",
            _hex("FE 01 6E 42 00 02 00 01 03 1E 0A 00 05 01 10 01 20 14 57")
            + b"\xff" * 20
            + _hex("01 03 1D 0A 00 05 01 10 01 20 14 59")
            + b"\xff" * 20
            + _hex("3E 04 FF"),
            "event",
            (
                ("fire", "110", "active", 3, 30, None, None),
                ("fire", "110", "active", 3, 29, None, None),
            ),
        ),
        Golden(
            "fire facts 5, worked: code 64 without a part",
            _hex("FE 01 64 00 00 40 07 FF"),
            "idle",
            (),
        ),
        Golden(
            "gateway captures, Songjiang 3208: reset of panel 1",
            _hex("FE 01 00 01 00 00 48 00 FF"),
            "reset",
            (("log", None, "active", None, None, None, None),),
        ),
    ),
    "fs5101w": (
        Golden(
            "fire facts 6, public captures: reset to all",
            _hex("F0 00 01 A1 96 FA"),
            "reset",
            (("log", None, "active", None, None, None, None),),
        ),
        Golden("fire facts 6, worked: patrol", _hex("F0 00 02 A2 01 05 5D"), "patrol", ()),
        Golden(
            "fire facts 6, worked: an event that ends behind its kind of information",
            _hex("F0 00 03 A5 C2 06 DD 40"),
            "event",
            (("unknown", None, "active", None, None, None, None),),
        ),
        Golden(
            "fire facts 6, worked: a command of unknown meaning",
            _hex("F0 00 01 A3 B6 B8"),
            "other",
            (("unknown", None, "active", None, None, None, None),),
        ),
    ),
    "simplex_4100": (
        Golden("fire facts 7, worked: poll", _hex("1C 31 05 17 7F 49"), "poll", ()),
        Golden("fire facts 7, worked: ack", _hex("1C 31 06 17 7F 48"), "ack", ()),
        Golden("fire facts 7, worked: poll answered", _hex("1C 32 02 17 7F 4B"), "poll_answer", ()),
        Golden(
            "gateway captures, 4100ES: warm start",
            b"\x1c0\x11W: WARM START\r\n\x17\x70\x51",
            "start",
            (("log", None, "active", None, None, None, None),),
        ),
        Golden(
            "gateway captures, 4100ES: trouble of card 1, point 0",
            b"\x1c0\x1e171444-2250038 1-0-2 T1* \r\n\x17\x6b\x58",
            "event",
            (("zone_trouble", "380", "active", 1, None, None, None),),
        ),
        Golden(
            "gateway captures, 4100ES: trouble of P33",
            b"\x1c0\x1e176555-7251238 P33 T1* \r\n\x17\x6b\x7f",
            "event",
            (("zone_trouble", "380", "active", None, None, None, None),),
        ),
    ),
    "printer_text": (
        Golden(
            "fire facts 2, words; a line of any printer: fire, loop 1 point 25",
            "2026-11-23 20:05:00 火警 001-025 感烟探测器\r\n".encode("gb18030"),
            "record",
            (("fire", "111", "active", 1, 25, None, None),),
        ),
        Golden(
            "fire facts 2, words; three lines of any printer: fault, loop 2 point 7",
            "11/23 20:06\r\n  故障\r\n  002-007\r\n".encode("gb18030"),
            "record",
            (("zone_trouble", "380", "active", 2, 7, None, None),),
        ),
        Golden(
            "fire facts 2, words: reset",
            "复位\n".encode("gb18030"),
            "record",
            (("log", None, "active", None, None, None, None),),
        ),
    ),
}
"""What each dialect says; a profile reads its own and no other."""

NEVER_DETECTED = ("ld128e", "printer_text")

GOLDEN = tuple(
    known
    for profile, goldens in BY_PROFILE.items()
    if profile not in NEVER_DETECTED
    for known in goldens
)
