"""Elk M1 frames typed from the facts on its ASCII protocol, never made by an encoder.

"Elk facts" are the collected facts on the protocol: section 1 is the frame, 2 its messages.  The
check sums of frames that stand in no source were added up apart from this project's code, by the
rule of section 1.  Positions of SS and characters of AZ are those of the open client.
"""

from tests.drivers.golden import Golden

ACCOUNT = "001234"

GOLDEN = (
    Golden(
        "Elk facts 2: the exit timer of areas 1 and 2 runs, area 3 is armed away",
        b"1EAS0010000033000000000000003CF9\r\n",
        "AS",
        (
            *(("area", None, "exit_delay", area, None, None, None) for area in (1, 2)),
            ("area", None, "armed_away", 3, None, None, None),
            *(("area", None, "disarmed", area, None, None, None) for area in range(4, 9)),
        ),
    ),
    Golden(
        "Elk facts 1, worked example: zone 17 violated, open",
        b"0AZC017900C1\r\n",
        "ZC",
        (("zone", None, "open", None, 17, None, None),),
    ),
    Golden(
        "Elk facts 1, worked example: area 2 away, area 4 stay, both fully armed",
        b"1EAS010200000404000000000000000B\r\n",
        "AS",
        (
            ("area", None, "disarmed", 1, None, None, None),
            ("area", None, "armed_away", 2, None, None, None),
            ("area", None, "disarmed", 3, None, None, None),
            ("area", None, "armed_stay", 4, None, None, None),
            *(("area", None, "disarmed", area, None, None, None) for area in range(5, 9)),
        ),
    ),
    Golden(
        "Elk facts 1, worked example: zone 21 bypassed",
        b"0AZB021100CF\r\n",
        "ZB",
        (("zone", None, "bypassed", None, 21, None, None),),
    ),
    Golden(
        "Elk facts 2, AR: new event 130, area 1, zone 3",
        b"16AR00123411300100310092\r\n",
        "AR",
        (("burglary", "130", "active", 1, 3, None, ACCOUNT),),
    ),
    Golden(
        "Elk facts 2, AR: closing (3) by user 15, area 2",
        b"16AR0012343401020151008B\r\n",
        "AR",
        (("open_close", "401", "armed", 2, None, 15, ACCOUNT),),
    ),
    Golden(
        "Elk facts 2, AR: a code of no table is kept",
        b"16AR00123416990000010082\r\n",
        "AR",
        (("unknown", "699", "active", None, None, None, ACCOUNT),),
    ),
    Golden(
        "Elk facts 2, ZC: normal (0), EOL (2)",
        b"0AZC004200CC\r\n",
        "ZC",
        (("zone", None, "closed", None, 4, None, None),),
    ),
    Golden(
        "Elk facts 2, ZC: trouble (1), EOL (2): nibble 6",
        b"0AZC020600CA\r\n",
        "ZC",
        (("zone", None, "fault", None, 20, None, None),),
    ),
    Golden(
        "Elk facts 2, AS: area 1 away, fully armed, burglary (6)",
        b"1EAS100000004000000060000000000B\r\n",
        "AS",
        (
            ("area", None, "alarm", 1, None, None, None),
            *(("area", None, "disarmed", area, None, None, None) for area in range(2, 9)),
        ),
    ),
    Golden(
        "Elk facts 2, AZ: zone 8 in alarm, a perimeter zone",
        b"D6AZ00000003" + b"0" * 200 + b"0088\r\n",
        "AZ",
        (("burglary", "130", "active", None, 8, None, None),),
    ),
    Golden(
        "Elk facts 2, ZS: zone 1 normal, 2 violated, 3 bypassed, the others not wired",
        b"D6ZS29E" + b"0" * 205 + b"0059\r\n",
        "ZS",
        (
            ("zone", None, "closed", None, 1, None, None),
            ("zone", None, "open", None, 2, None, None),
            ("zone", None, "bypassed", None, 3, None, None),
        ),
    ),
    Golden(
        "Elk facts 2, SS: mains, battery of the control (fifth), transmitter of zone 3 (sixth)",
        b"28SS1000<3" + b"0" * 28 + b"0020\r\n",
        "SS",
        (
            ("power", "301", "active", None, None, None, None),
            ("power", "302", "active", None, None, None, None),
            ("zone_trouble", "384", "active", None, 3, None, None),
        ),
    ),
    Golden(
        "Elk facts 2, EE: exit delay of area 1, 30 s",
        b"0FEE10030000100EB\r\n",
        "EE",
        (("area", None, "exit_delay", 1, None, None, None),),
    ),
    Golden(
        "Elk facts 2, EE: entry delay of area 1",
        b"0FEE11030000100EA\r\n",
        "EE",
        (("area", None, "entry_delay", 1, None, None, None),),
    ),
    Golden(
        "Elk facts 2, EE: its end does not say how the area is",
        b"0FEE10000000100EE\r\n",
        "EE",
        (),
    ),
    Golden(
        "Elk facts 2, CC: output 2 on",
        b"0ACC002100E6\r\n",
        "CC",
        (("output", None, "on", None, 2, None, None),),
    ),
    Golden(
        "Elk facts 2, RP: remote programming begins",
        b"08RP010035\r\n",
        "RP",
        (("log", "627", "active", None, None, None, None),),
    ),
    Golden(
        "Elk facts 2, IE: installer mode left",
        b"06IE00AC\r\n",
        "IE",
        (("log", "628", "active", None, None, None, None),),
    ),
    Golden(
        "Elk facts 2, IC: code 999999 of nobody at keypad 1",
        b"17IC090909090909000010045\r\n",
        "IC",
        (("access", "461", "active", None, None, None, None),),
    ),
    Golden(
        "Elk facts 2, IC: a code of user 2",
        b"17IC020406080000002010065\r\n",
        "IC",
        (),
    ),
    Golden(
        "the maker's protocol: Ethernet test of 2005-06-02 11:36:26",
        b"16XK2636115020605110006F\r\n",
        "XK",
        (),
    ),
    Golden(
        "Elk facts 2, ZV: zone 5, 13.8 V",
        b"0CZV005138004C\r\n",
        "ZV",
        (),
    ),
    Golden(
        "a type of no table",
        b"08QQ120033\r\n",
        "QQ",
        (("unknown", None, "active", None, None, None, None),),
    ),
    Golden(
        "Elk facts 1, worked example: arming status asked for, to the panel",
        b"06as0066\r\n",
        "request",
        (),
    ),
    Golden(
        "Elk facts 1, worked example: arm area 1 away with code 2468, to the panel",
        b"0Da110024680035\r\n",
        "request",
        (),
    ),
    Golden(
        "Elk facts 1, the first worked example with a wrong sum",
        b"0AZC017900C2\r\n",
        "ZC",
        (),
        fault="checksum",
    ),
)
