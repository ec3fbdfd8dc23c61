"""Ness frames typed from the facts on its serial port, never made by an encoder.

"Ness facts" are the collected facts on the D8x, D16x, D32x port: section 2 is what the panel says,
3 what it hears, 4 its events, 5 its status answers.  Check sums of frames that stand in no source
were added up by hand, by the rule of section 2.
"""

from tests.drivers.golden import Golden

GOLDEN = (
    Golden(
        "Ness facts 3, worked example: alarm zone 8 area 1, 2026-11-23 20:15:30",
        b"870003610208012611232015304B\r\n",
        "event",
        (("burglary", "130", "active", 1, 8, None, None),),
    ),
    Golden(
        "Ness facts 3, worked example: arming, area 1 and home armed",
        b"82000360141100F6\r\n",
        "status",
        (
            ("area", None, "armed_stay", 1, None, None, None),
            ("area", None, "disarmed", 2, None, None, None),
        ),
    ),
    Golden(
        "Ness facts 3, worked example: misc alarms, mains fail",
        b"8200036013000800\r\n",
        "status",
        (("power", "301", "active", None, None, None, None),),
    ),
    Golden(
        "tests of the open client, capture of 2018-09-21 18:37:09: zone 7 unsealed, no area",
        b"8700036100070018092118370974\r\n",
        "event",
        (("zone", None, "open", None, 7, None, None),),
    ),
    Golden(
        "tests of the open client: arming, nothing armed",
        b"8200036014000007\r\n",
        "status",
        (
            ("area", None, "disarmed", 1, None, None, None),
            ("area", None, "disarmed", 2, None, None, None),
        ),
    ),
    Golden(
        "Ness facts 2 and 4: no address, no time, toggle set; id 16 is zone 16; sealed, area 2",
        b"82836101160281\r\n",  # 82+83+61+01+16+02 = 17F: 81 makes it 200
        "event",
        (("zone", None, "closed", 2, 16, None, None),),
    ),
    Golden(
        "Ness facts 4: panic at a keypad (F0, area byte 82)",
        b"82036102F08226\r\n",  # 82+03+61+02+F0+82 = 25A: A6 makes it 300
        "event",
        (("panic", "120", "active", None, None, None, None),),
        fault="checksum",
    ),
    Golden(
        "Ness facts 4, the same with the right sum",
        b"82036102F082A6\r\n",
        "event",
        (("panic", "120", "active", None, None, None, None),),
    ),
    Golden(
        "Ness facts 4: armed away by user 15, area 1, start 83: address 03, no time",
        b"83030361241501DC\r\n",  # 83+03+03+61+24+15+01 = 124: DC makes it 200
        "event",
        (("open_close", "401", "armed", 1, None, 15, None),),
    ),
    Golden(
        "Ness facts 4: disarmed by key switch (57)",
        b"8203612F570193\r\n",  # 82+03+61+2F+57+01 = 16D: 93 makes it 200
        "event",
        (("open_close", "409", "disarmed", 1, None, None, None),),
    ),
    Golden(
        "Ness facts 4: fire (area byte 81), zone 5",
        b"82036102058193\r\n",  # 82+03+61+02+05+81 = 16E: 92 makes it 200
        "event",
        (("fire", "110", "active", None, 5, None, None),),
        fault="checksum",
    ),
    Golden(
        "Ness facts 4, the same with the right sum",
        b"82036102058192\r\n",
        "event",
        (("fire", "110", "active", None, 5, None, None),),
    ),
    Golden(
        "Ness facts 4: battery of the radio detector (area byte 91) of zone 12",
        b"82036112129165\r\n",  # 82+03+61+12+12+91 = 19B: 65 makes it 200
        "event",
        (("zone_trouble", "384", "active", None, 12, None, None),),
    ),
    Golden(
        "Ness facts 4: exit delay begins, area 1",
        b"820361220001F7\r\n",  # 82+03+61+22+00+01 = 109: F7 makes it 200
        "event",
        (("area", None, "exit_delay", 1, None, None, None),),
    ),
    Golden(
        "Ness facts 4: its end does not say how the area is",
        b"820361230001F6\r\n",
        "event",
        (),
    ),
    Golden(
        "Ness facts 5: zones 1 and 16 excluded (first byte zones 1 to 8, bit 0 the lowest)",
        b"8200036006018094\r\n",  # 82+00+03+60+06+01+80 = 16C: 94 makes it 200
        "status",
        (
            ("zone", None, "bypassed", None, 1, None, None),
            ("zone", None, "bypassed", None, 16, None, None),
        ),
    ),
    Golden(
        "Ness facts 5: version, model 00, A8 is 10.8",
        b"820003601700A85C\r\n",  # 82+00+03+60+17+00+A8 = 1A4: 5C makes it 200
        "status",
        (),
    ),
    Golden(
        "Ness facts 3, worked example: status request 05, to the panel",
        b"8300360S05E4?",
        "request",
        (),
    ),
    Golden(
        "Ness facts 3, worked example: home-arm with code 2468, to the panel",
        b"8300660H2468E38?",
        "keys",
        (),
    ),
    Golden(
        "Ness facts 3, worked example: disarm, panel address 3, to the panel",
        b"83305602468E7E?",
        "keys",
        (),
    ),
)
