"""Galaxy blocks typed from the facts on its SIA output, never made by an encoder.

"Facts" are the collected facts on the Galaxy's SIA blocks; section 2 has the worked blocks, 3 the
conversation, 4 the quirks.  Where the facts give the contents only, length and parity were worked
out by hand, by the rule of section 2.  What control blocks and maps look like is read in the source
of an open receiver ("receiver").
"""

from tests.drivers.golden import Golden

GOLDEN = (
    Golden("facts 2, acknowledge", bytes.fromhex("40 38 87"), "ack", ()),
    Golden("facts 2, reject", bytes.fromhex("40 39 86"), "reject", ()),
    Golden("facts 2, account 2468", bytes.fromhex("44 23 32 34 36 38 90"), "account", ()),
    Golden(
        "facts 2, new event: armed by user 15",
        bytes.fromhex("55 4E 74 69 32 30 3A 30 35 2F 69 64 30 31 35 2F 72 69 30 32 2F 43 4C C4"),
        "event",
        (("open_close", "401", "armed", 2, None, 15, None),),
    ),
    Golden(
        "facts 2, burglary zone 1024",
        bytes.fromhex("4E 4E 74 69 32 30 3A 30 37 2F 42 41 31 30 32 34 F6"),
        "event",
        (("burglary", "130", "active", None, 1024, None, None),),
    ),
    Golden("facts 2, end of data", bytes.fromhex("40 30 8F"), "end", ()),
    Golden(
        "facts 2, acknowledge with function 08: FF.40.08 = B7",
        bytes.fromhex("40 08 B7"),
        "ack",
        (),
    ),
    Golden(
        "facts 3, pi for the area; fire in zone 1011 (line 1, RIO 01, input 1), area 3",
        # FF.4A.4E = FB, .70.69 = E2, .33 = D1, .2F = FE, .46.41 = F9, .31.30.31.31 = F8
        bytes.fromhex("4A 4E 70 69 33 2F 46 41 31 30 31 31 F8"),
        "event",
        (("fire", "110", "active", 3, 1011, None, None),),
    ),
    Golden(
        "facts 2, bit 7 of the header: the same burglary from a panel that allows answers",
        bytes.fromhex("CE 4E 74 69 32 30 3A 30 37 2F 42 41 31 30 32 34 76"),
        "event",
        (("burglary", "130", "active", None, 1024, None, None),),
    ),
    Golden(
        "facts 3, a text of level 3; 4, 99 is an O with dots: ' HALL' and that, 47.41 = F9 ...",
        bytes.fromhex("47 41 20 48 41 4C 4C 20 99 69"),
        "text",
        (),
    ),
    Golden(
        "facts 3, login with the remote code 543210: FF.46.3F = 86, and the digits .01",
        bytes.fromhex("46 3F 35 34 33 32 31 30 87"),
        "login",
        (),
    ),
    Golden(
        "facts 2 and 3, receiver: the login is answered with a configuration",
        bytes.fromhex("45 40 41 4C 34 42 31 B0"),
        "configuration",
        (),
    ),
    Golden(
        "facts 3, receiver: set area 1; an order, or the answer about one area",
        bytes.fromhex("45 43 53 41 31 2A 31 C1"),
        "control",
        (),
    ),
    Golden(
        "facts 3, receiver: omit zone 1011",
        bytes.fromhex("48 43 53 42 31 30 31 31 2A 31 FF"),
        "control",
        (),
    ),
    Golden(
        "facts 3, receiver: areas 1 set, 2 part set, 3 not",
        bytes.fromhex("63 43 53 41 2A 31 32" + "30" * 30 + "E4"),
        "control",
        (
            ("area", None, "armed_away", 1, None, None, None),
            ("area", None, "armed_stay", 2, None, None, None),
        ),
        answers=True,
    ),
    Golden(
        "facts 3, receiver: area 2 in alarm",
        bytes.fromhex("65 43 53 41 39 31 2A 30 31" + "30" * 30 + "E8"),
        "control",
        (("area", None, "alarm", 2, None, None, None),),
        answers=True,
    ),
    Golden(
        "facts 3, receiver: zones open; bytes 3 and 4 mean nothing, 1028 is the last of RIO 102",
        bytes.fromhex("69 58 5A 53 32 30 31 2A 04 01 FF FF 80" + "00" * 30 + "5B"),
        "extended",
        (
            ("zone", None, "open", None, 1003, None, None),
            ("zone", None, "open", None, 1011, None, None),
            ("zone", None, "open", None, 1028, None, None),
        ),
        answers=True,
    ),
    Golden(
        "facts 3, receiver: a zone omitted, on line 3",
        bytes.fromhex("67 58 5A 53 35 30 32 2A 02" + "00" * 32 + "D6"),
        "extended",
        (("zone", None, "bypassed", None, 3002, None, None),),
        answers=True,
    ),
)
