"""Satel INTEGRA frames typed from the facts on its integration protocol, never made by an encoder.

"Satel facts" are the collected facts: section 2 is the frame and the maps, 3 the commands, 4 the
log.  Checks of frames that stand in no source were worked out by the rule of section 2, apart from
this project's code.  The worked answer of section 2 has one byte of data too many for its own
check; with 16 bytes the check is another one.
"""

from tests.drivers.golden import Golden


def typed(text: str) -> bytes:
    """Return the bytes of a frame typed in hex."""
    return bytes.fromhex(text)


VIOLATED = typed("FEFE 00 08000000 00000000 00000000 00002000 095F FE0D")
ARM = typed("FEFE 80 2468FFFFFFFFFFFF 01000000 E0F1 FE0D")

_TYPED = (
    Golden(
        "Satel facts 4: new event 130, partition 1, zone 5; 23 November, 20:15",
        typed("FEFE 8C B017B4BF00820500 000120 FFFFFF E955 FE0D"),
        "event",
        (("burglary", "130", "active", 1, 5, None, None),),
    ),
    Golden(
        "Satel facts 4, R: its restore, partition 2",
        typed("FEFE 8C B017B4C00C820500 000128 000130 D16B FE0D"),
        "event",
        (("burglary", "130", "restored", 2, 5, None, None),),
    ),
    Golden(
        "Satel facts 4, R is closing: armed by user 2",
        typed("FEFE 8C B057B4C005910200 000130 000138 8E59 FE0D"),
        "event",
        (("open_close", "401", "armed", 1, None, 2, None),),
    ),
    Golden(
        "Satel facts 4: disarmed by user 15, partition 4",
        typed("FEFE 8C B057B4C119910F00 000138 000140 62A6 FE0D"),
        "event",
        (("open_close", "401", "disarmed", 4, None, 15, None),),
    ),
    Golden(
        "Satel facts 4: 301 is mains, of no partition",
        typed("FEFE 8C B0B7B4C1012D0000 000140 000148 651E FE0D"),
        "event",
        (("power", "301", "active", None, None, None, None),),
    ),
    Golden(
        "Satel facts 4: fire 110, zone 12",
        typed("FEFE 8C B017B4C1006E0C00 000148 000150 D58F FE0D"),
        "event",
        (("fire", "110", "active", 1, 12, None, None),),
    ),
    Golden(
        "Satel facts 4: duress by user 3",
        typed("FEFE 8C B037B4C100790300 000150 000158 724B FE0D"),
        "event",
        (("duress", "121", "active", 1, None, 3, None),),
    ),
    Golden(
        "Satel facts 4, own code 97: the long violation of zone 7 is over",
        typed("FEFE 8C B0B7B4C204610700 000158 000160 94E3 FE0D"),
        "event",
        (("zone_trouble", "380", "restored", 1, 7, None, None),),
    ),
    Golden(
        "Satel facts 4, own code 66: armed to stay",
        typed("FEFE 8C B057B4C200420000 000160 000168 4ECA FE0D"),
        "event",
        (("open_close", "441", "armed", 1, None, None, None),),
    ),
    Golden(
        "Satel facts 4, source: panic at keypad 193 is of no zone",
        typed("FEFE 8C B017B4C20078C100 000168 000170 85BF FE0D"),
        "event",
        (("panic", "120", "active", 1, None, None, None),),
    ),
    Golden(
        "Satel facts 4: a code of no table is kept",
        typed("FEFE 8C B017B4C203200100 000170 000178 00F8 FE0D"),
        "event",
        (("unknown", None, "active", 1, None, None, None),),
    ),
    Golden(
        "Satel facts 4, Z: an empty entry says nothing",
        typed("FEFE 8C 0000000000000000 000000 FFFFFF EDE5 FE0D"),
        "event",
        (),
    ),
    Golden(
        "Satel facts 2, worked answer with its 16 bytes: zones 4 and 118 violated",
        VIOLATED,
        "zones_violation",
        tuple(
            ("zone", None, "open" if zone in {4, 118} else "closed", None, zone, None, None)
            for zone in range(1, 129)
        ),
    ),
    Golden(
        "Satel facts 2, worked answer as it stands there: 17 bytes of data",
        typed("FEFE 00 08000000 00000000 00000000 000000 2000 ED6D FE0D"),
        None,
        (),
        "length",
    ),
    Golden(
        "Satel facts 3, 02: zone 3 in alarm",
        typed("FEFE 02 04000000 00000000 00000000 00000000 3286 FE0D"),
        "zones_alarm",
        (("burglary", "130", "active", None, 3, None, None),),
    ),
    Golden(
        "Satel facts 3, 01: tamper of zone 16",
        typed("FEFE 01 00800000 00000000 00000000 00000000 36D0 FE0D"),
        "zones_tamper",
        (("tamper", "383", "active", None, 16, None, None),),
    ),
    Golden(
        "Satel facts 2, a byte FE is sent as FE F0: zones 2 to 8 bypassed (06)",
        typed("FEFE 06 FEF0000000 00000000 00000000 00000000 1B83 FE0D"),
        "zones_bypass",
        tuple(("zone", None, "bypassed", None, zone, None, None) for zone in range(2, 9)),
    ),
    Golden(
        "Satel facts 3, 13: area 2 in alarm",
        typed("FEFE 13 02000000 7E46 FE0D"),
        "areas_alarm",
        (("area", None, "alarm", 2, None, None, None),),
    ),
    Golden(
        "Satel facts 3, 14: fire alarm of area 1",
        typed("FEFE 14 01000000 7E5E FE0D"),
        "areas_fire_alarm",
        (
            ("area", None, "alarm", 1, None, None, None),
            ("fire", "110", "active", 1, None, None, None),
        ),
    ),
    Golden(
        "Satel facts 3, 1B: mains and battery, as open clients have the bits",
        typed(f"FEFE 1B {'00' * 40} C00000 00000000 F27E FE0D"),
        "troubles_1",
        (
            ("power", "302", "active", None, None, None, None),
            ("power", "301", "active", None, None, None, None),
        ),
    ),
    Golden(
        "Satel facts 3, 1A: 2026-11-23 20:15:45",
        typed("FEFE 1A 20261123201545 01 03 2D6E FE0D"),
        "clock",
        (),
    ),
    Golden(
        "Satel facts 3, 7F: 00, 01, 02 and 13 have news",
        typed("FEFE 7F 0700080000 F726 FE0D"),
        "news",
        (),
    ),
    Golden(
        "Satel facts 3, 7E: an INTEGRA 128",
        typed("FEFE 7E 03 3132303230323630313031 01FF E89A FE0D"),
        "version",
        (),
    ),
    Golden(
        "Satel facts 2, worked: command accepted, will be processed",
        typed("FEFE EF FF 4FA9 FE0D"),
        "result",
        (),
    ),
    Golden(
        "Satel facts 2, worked: a host asks for type and version",
        typed("FEFE 7E D860 FE0D"),
        "request",
        (),
    ),
    Golden(
        "Satel facts 2, worked: a host asks for partitions in alarm",
        typed("FEFE 13 D7F5 FE0D"),
        "request",
        (),
    ),
    Golden("Satel facts 2, worked: a host arms partition 1 with code 2468", ARM, "request", ()),
    Golden(
        "Satel facts 2, one bit of the check is wrong",
        typed("FEFE EF FF 4FA8 FE0D"),
        None,
        (),
        "checksum",
    ),
    Golden("Satel facts 6: a module that serves another client", b"Busy!", "busy", ()),
)

GOLDEN = tuple(one._replace(asked=one.type == "event") for one in _TYPED)
