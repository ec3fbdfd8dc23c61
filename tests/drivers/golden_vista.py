"""VISTA frames typed from the facts on its RS-232 automation port, never made by an encoder.

"VISTA facts" are the collected facts on the port: section 2 is the frame, 3 the requests, 4 what it
says by itself; "event table" is its table of events.  Check sums of frames that stand in no source
were added up apart from this project's code, by the rule of section 2.
"""

from tests.drivers.golden import Golden

GOLDEN = (
    Golden(
        "VISTA facts 2, worked example: perimeter alarm, zone 23, area 2, 2026-11-23 20:09",
        b"1Bnq41023000209202311260098\r\n",
        "event",
        (("burglary", "131", "active", 2, 23, None, None),),
    ),
    Golden(
        "VISTA facts 2, worked example: areas 1, 2, 5 to 8 disarmed, 3 away, 4 home",
        b"10ASDDAHDDDD008A\r\n",
        "arming",
        (
            *(("area", None, "disarmed", area, None, None, None) for area in (1, 2)),
            ("area", None, "armed_away", 3, None, None, None),
            ("area", None, "armed_stay", 4, None, None, None),
            *(("area", None, "disarmed", area, None, None, None) for area in range(5, 9)),
        ),
    ),
    Golden(
        "VISTA facts 2, worked example: ready for the next command",
        b"08OK009E\r\n",
        "ok",
        (),
    ),
    Golden(
        "VISTA facts 2, worked example: arming status asked for",
        b"08as0064\r\n",
        "request",
        (),
    ),
    Golden(
        "VISTA facts 2, worked example: zone status asked for",
        b"08zs004B\r\n",
        "request",
        (),
    ),
    Golden(
        "event table 07: armed by user 15, area 1",
        b"1Bnq07000015109202311260096\r\n",
        "event",
        (("open_close", "401", "armed", 1, None, 15, None),),
    ),
    Golden(
        "event table B7: armed stay by user 2",
        b"1BnqB7000002109202311260088\r\n",
        "event",
        (("open_close", "441", "armed", 1, None, 2, None),),
    ),
    Golden(
        "event table 05: zone 4 bypassed",
        b"1Bnq0500400010920231126009A\r\n",
        "event",
        (("bypass", "570", "active", 1, 4, None, None),),
    ),
    Golden(
        "event table 1C: mains back",
        b"1Bnq1C000000009202311260090\r\n",
        "event",
        (("power", "301", "restored", None, None, None, None),),
    ),
    Golden(
        "event table C1: smoke, zone 5",
        b"1BnqC100500010920231126008A\r\n",
        "event",
        (("fire", "111", "active", 1, 5, None, None),),
    ),
    Golden(
        "event table 21: silent alarm of zone 6",
        b"1Bnq2100600010920231126009A\r\n",
        "event",
        (("burglary", "146", "active", 1, 6, None, None),),
    ),
    Golden(
        "event table 12: duress over, user 3",
        b"1Bnq1200000310920231126009D\r\n",
        "event",
        (("duress", "121", "restored", 1, None, 3, None),),
    ),
    Golden(
        "event table F5: zone 7 opened",
        b"1BnqF5007000109202311260081\r\n",
        "event",
        (("zone", None, "open", 1, 7, None, None),),
    ),
    Golden(
        "event table: a number that is not in it",
        b"1BnqEE007000109202311260072\r\n",
        "event",
        (("unknown", None, "active", 1, 7, None, None),),
    ),
    Golden(
        "VISTA facts 4: older panels, two digits and no year",
        b"17NQ42230020920231100AA\r\n",
        "event",
        (("burglary", "131", "restored", 2, 23, None, None),),
    ),
    Golden(
        "VISTA facts 4: programming begins",
        b"08XF009A\r\n",
        "programming",
        (("log", "627", "active", None, None, None, None),),
    ),
    Golden(
        "a type of no table",
        b"09QQ10064\r\n",
        "unknown",
        (("unknown", None, "active", None, None, None, None),),
    ),
    Golden(
        "VISTA facts 3: keys of a host",
        b"11KS11234600400DB\r\n",
        "request",
        (),
    ),
    Golden(
        "VISTA facts 3: block 0, zone 1 open, 2 in alarm, 3 bypassed, 4 in trouble",
        b"49ZS01482" + b"0" * 60 + b"0047\r\n",
        "zones",
        (
            ("zone", None, "open", None, 1, None, None),
            ("zone", None, "closed", None, 2, None, None),
            ("zone", None, "bypassed", None, 3, None, None),
            ("zone", None, "closed", None, 4, None, None),
            *(("zone", None, "closed", None, zone, None, None) for zone in range(5, 65)),
            ("burglary", "130", "active", None, 2, None, None),
            ("zone_trouble", "380", "active", None, 4, None, None),
        ),
    ),
    Golden(
        "VISTA facts 3: keypad text and lamps, a zone that is open",
        b"29kdFAULT 23 FRONT DOOR             00098\r\n",
        "keypad",
        (
            ("area", None, "disarmed", None, None, None, None),
            ("zone", None, "open", None, 23, None, None),
        ),
    ),
    Golden(
        "VISTA facts 3: keypad text and lamps, a zone with a fault",
        b"29kdCHECK 07 SMOKE HALL             200CF\r\n",
        "keypad",
        (
            ("area", None, "disarmed", None, None, None, None),
            ("zone", None, "fault", None, 7, None, None),
        ),
    ),
    Golden(
        "VISTA facts 3: keypad text and lamps, armed in part",
        b"29kdARMED ***STAY***                4006C\r\n",
        "keypad",
        (("area", None, "armed_stay", None, None, None, None),),
    ),
    Golden(
        "VISTA facts 3: keypad text and lamps, armed",
        b"29kdARMED ***AWAY***                4007B\r\n",
        "keypad",
        (("area", None, "armed_away", None, None, None, None),),
    ),
    Golden(
        "VISTA facts 2, the first worked example with a wrong sum",
        b"1Bnq41023000209202311260099\r\n",
        "event",
        (),
        fault="checksum",
    ),
)
