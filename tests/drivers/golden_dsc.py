"""DSC frames typed from the facts on IT-100 and TPI, never made by an encoder.

"DSC facts" are the collected facts: section 2 is the frame with worked examples, 4 the
notifications, 6 the quirks, 7 the Honeywell flavour.  Sums of frames that stand in no source were
added up by hand, by the rule of section 2: characters 0 to 9 are 30 to 39 hex, A to F 41 to 46.
"""

from tests.drivers.golden import Golden

GOLDEN = (
    Golden(
        "DSC facts 2, worked example: zone 17 open",
        b"60901737\r\n",
        "zone_open",
        (("zone", None, "open", None, 17, None, None),),
    ),
    Golden(
        "DSC facts 2, worked example: partition 1 in alarm",
        b"6541D0\r\n",
        "in_alarm",
        (("area", None, "alarm", 1, None, None, None),),
    ),
    Golden("DSC facts 2, worked example: poll, to the panel", b"00090\r\n", "poll", ()),
    Golden("DSC facts 2, worked example: status report, to the panel", b"00191\r\n", "status", ()),
    Golden("DSC facts 2, worked example: arm partition 4", b"0304C7\r\n", "arm_away", ()),
    Golden("DSC facts 2, worked example: disarm with a code", b"0401135700F5\r\n", "disarm", ()),
    Golden("DSC facts 2, worked example: set clock", b"010201111232684\r\n", "set_clock", ()),
    Golden(
        "DSC facts 4: 601 zone alarm, partition 1, zone 008",
        b"601100890\r\n",  # 36+30+31 = 97, 31+30+30+38 = C9: 160
        "zone_alarm",
        (("burglary", "130", "active", 1, 8, None, None),),
        fault="checksum",
    ),
    Golden(
        "DSC facts 4, the same with the right sum",
        b"601100860\r\n",
        "zone_alarm",
        (("burglary", "130", "active", 1, 8, None, None),),
    ),
    Golden(
        "DSC facts 4: 604 tamper restored, partition 2, zone 064",
        b"604206466\r\n",  # 36+30+34 = 9A, 32+30+36+34 = CC: 166
        "zone_tamper_restore",
        (("tamper", "383", "restored", 2, 64, None, None),),
    ),
    Golden(
        "DSC facts 4: 652 partition 1 armed, mode 1 stay",
        b"65211FF\r\n",  # 36+35+32 = 9D, 31+31 = 62: FF
        "armed",
        (("area", None, "armed_stay", 1, None, None, None),),
    ),
    Golden(
        "DSC facts 4: 700 closed by user 0012, partition 1",
        b"700100128B\r\n",  # 37+30+30 = 97, 31+30+30+31+32 = F4: 18B
        "user_closing",
        (("open_close", "401", "armed", 1, None, 12, None),),
    ),
    Golden(
        "DSC facts 4: 750 opened by user 0040, partition 2",
        b"7502004092\r\n",  # 37+35+30 = 9C, 32+30+30+34+30 = F6: 192
        "user_opening",
        (("open_close", "401", "disarmed", 2, None, 40, None),),
    ),
    Golden(
        "DSC facts 4: 620 duress",
        b"620135768\r\n",  # 36+32+30 = 98, 31+33+35+37 = D0: 168
        "duress",
        (("duress", "121", "active", None, None, None, None),),
    ),
    Golden(
        "DSC facts 4: 625 panic key",
        b"6259D\r\n",  # 36+32+35 = 9D
        "panic_key",
        (("panic", "120", "active", None, None, None, None),),
    ),
    Golden(
        "DSC facts 4: 802 mains",
        b"8029A\r\n",  # 38+30+32 = 9A
        "mains",
        (("power", "301", "active", None, None, None, None),),
    ),
    Golden(
        "DSC facts 4: 849 trouble bits, 1 mains and 5 tamper",
        b"8492209\r\n",  # 38+34+39 = A5, 32+32 = 64: 109
        "trouble_bits",
        (
            ("power", "301", "active", None, None, None, None),
            ("tamper", "383", "active", None, None, None, None),
        ),
    ),
    Golden(
        "DSC facts 4: 510 lamps, backlight and fire",
        b"510C009\r\n",  # 35+31+30 = 96, 43+30 = 73: 109
        "leds",
        (("fire", "110", "active", None, None, None, None),),
    ),
    Golden(
        "DSC facts 4: 616 bypassed zones, 1 and 16 (bit 0 of the first byte is zone 1)",
        b"6160180000000000000A6\r\n",  # 36+31+36 = 9D, 31+38+14*30 = 309: 3A6
        "bypassed_zones",
        (
            ("zone", None, "bypassed", None, 1, None, None),
            ("zone", None, "bypassed", None, 16, None, None),
        ),
    ),
    Golden("DSC facts 4: 505 please log in", b"5053CD\r\n", "login", ()),  # 35+30+35+33 = CD
    Golden("DSC facts 3: 500 poll acknowledged", b"50000025\r\n", "acknowledge", ()),
    Golden(
        "DSC facts 7: Honeywell, 03 Contact ID, burglary new, partition 1, zone 4",
        b"%03,1130010040$\r\n",
        "event",
        (("burglary", "130", "active", 1, 4, None, None),),
    ),
    Golden(
        "DSC facts 7: Honeywell, 02 partition states: ready, armed away, others none",
        b"%02,0105000000000000$\r\n",
        "partitions",
        (
            ("area", None, "disarmed", 1, None, None, None),
            ("area", None, "armed_away", 2, None, None, None),
        ),
    ),
    Golden("DSC facts 7: Honeywell, to the module", b"^00,$\r\n", "command", ()),
    Golden("DSC facts 7: Honeywell, its answer", b"^00,00$\r\n", "answer", ()),
    Golden("DSC facts 7: Honeywell, no final $", b"%02,01050000\r\n", None, (), fault="length"),
)
