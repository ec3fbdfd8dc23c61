"""Receiver frames typed from the receiver facts and public manuals, never made by an encoder.

Each entry cites its place.  "Receiver facts" are the collected facts on receiver outputs: section 1
is the Sur-Gard family, 2 Ademco 685 and MX8000, 3 CongWin FE100.
"""

from tests.drivers.golden import Golden

GOLDEN = (
    Golden(
        "receiver facts 1, Contact ID example: burglary, partition 1, zone 4",
        b"5012 182468E13001004\x14",
        "contact_id",
        (("burglary", "130", "active", 1, 4, None, "2468"),),
    ),
    Golden(
        "receiver facts 1, Contact ID example: armed by user 15, partition 2",
        b"5012 182468R40102015\x14",
        "contact_id",
        (("open_close", "401", "armed", 2, None, 15, "2468"),),
    ),
    Golden(
        "receiver facts 1, SIA example: fire, zone 17, area 3",
        b"S022[#2468|Nri3/FA017]\x14",
        "sia",
        (("fire", "110", "active", 3, 17, None, "2468"),),
    ),
    Golden(
        "receiver facts 1, SIA layout SRRL[#AAAA|Nri1/BA001]: receiver 01, line 1, account 1234",
        b"S011[#1234|Nri1/BA001]\x14",
        "sia",
        (("burglary", "130", "active", 1, 1, None, "1234"),),
    ),
    Golden(
        "receiver facts 1, heartbeat MLR2: 1011 + 11 spaces + @ + 4 spaces",
        b"1011           @    \x14",
        "heartbeat",
        (),
    ),
    Golden(
        "receiver facts 1, heartbeat System III: 1RR000 + 11 spaces + @ + 4 spaces",
        b"101000           @    \x14",
        "heartbeat",
        (),
    ),
    Golden(
        "receiver facts 1, quirk: heartbeat with 12 spaces",
        b"1011            @    \x14",
        "heartbeat",
        (),
    ),
    Golden(
        "receiver facts 1, quirk: heartbeat with 5 spaces",
        b"1011     @    \x14",
        "heartbeat",
        (),
    ),
    Golden(
        "receiver facts 1, quirk: line of 3 digits, 501001_18...",
        b"501001 181234E13401007\x14",
        "contact_id",
        (("burglary", "134", "active", 1, 7, None, "1234"),),
    ),
    Golden(
        "receiver facts 1, quirk: no space, digit qualifier, 5011AAAA18QXYZGGCCC",
        b"5011123418113001004\x14",
        "contact_id",
        (("burglary", "130", "active", 1, 4, None, "1234"),),
    ),
    Golden(
        "receiver facts 1, quirk: digit qualifier 3 is closing",
        b"5012 182468340102015\x14",
        "contact_id",
        (("open_close", "401", "armed", 2, None, 15, "2468"),),
    ),
    Golden(
        "receiver facts 1, Q = P still present, digit 6",
        b"5012 182468P13001004\x14",
        "contact_id",
        (("burglary", "130", "status", 1, 4, None, "2468"),),
    ),
    Golden(
        "receiver facts 1, quirk: account longer than 4, delimited by a space",
        b"5012 1812345678 E13001004\x14",
        "contact_id",
        (("burglary", "130", "active", 1, 4, None, "12345678"),),
    ),
    Golden(
        "receiver facts 1, quirk: CR LF instead of DC4",
        b"5012 182468E11000012\r",
        "contact_id",
        (("fire", "110", "active", None, 12, None, "2468"),),
    ),
    Golden(
        "receiver facts 5: the receiver's own trouble, account 0000",
        b"5010 180000E35100001\x14",
        "contact_id",
        (("comms", "351", "active", None, None, None, "0000"),),
    ),
    Golden(
        "receiver facts 1, SIA old: 3RRL + 4 spaces + AAAAAAXXYYYY",
        b"3012    001234BA0007\x14",
        "sia_old",
        (("burglary", "130", "active", None, 7, None, "001234"),),
    ),
    Golden(
        "receiver facts 1, basic: 1RRL + 6 spaces + AAAA_X_G_YYY",
        b"1012      1234 3 1 004\x14",
        "basic",
        (("unknown", None, "active", None, None, None, "1234"),),
    ),
    Golden(
        "receiver facts 1, SIA new: several events split by /; vocabulary facts 2: glued modifier",
        b"S011[#1234|Nri1BA012/BA013/ri2/FA001]\x14",
        "sia",
        (
            ("burglary", "130", "active", 1, 12, None, "1234"),
            ("burglary", "130", "active", 1, 13, None, "1234"),
            ("fire", "110", "active", 2, 1, None, "1234"),
        ),
    ),
    Golden("receiver facts 1: ACK of the host", b"\x06", "ack", ()),
    Golden("receiver facts 1: NAK of the host", b"\x15", "nak", ()),
    Golden(
        "receiver facts 1: Ademco high speed starts with 8",
        b"8011 1234 1555 1555 9\x14",
        None,
        (),
        "unsupported",
    ),
    Golden(
        "receiver facts 1: Radionics 6500 form aRRL_AAAA18QXYZGGCCC",
        b"a012 246818E13001004\x14",
        "contact_id",
        (("burglary", "130", "active", 1, 4, None, "2468"),),
    ),
    Golden(
        "receiver facts 1: Radionics form aRRL_AAAA18QXYZGGCCC with a space as type",
        b"a012 2468 E13001004\x14",
        "contact_id",
        (("burglary", "130", "active", 1, 4, None, "2468"),),
    ),
    Golden(
        "receiver facts 1: the same, with two spaces for the two digits of the type",
        b"a012 2468  E13001004\x14",
        "contact_id",
        (("burglary", "130", "active", 1, 4, None, "2468"),),
    ),
    Golden(
        "receiver facts 1: BFSK starts with 6, Telenot with T; their layout is not known",
        b"T012 2468 something\x14",
        None,
        (),
        "unsupported",
    ),
    Golden(
        "receiver facts 2, example: Contact ID, burglary, group 01, contact 4",
        b"\n12 2468 18 E130 01 C004\r",
        "contact_id",
        (("burglary", "130", "active", 1, 4, None, "2468"),),
    ),
    Golden(
        "receiver facts 2, example: armed by user 15, partition 2",
        b"\n12 2468 18 R401 02 U015\r",
        "contact_id",
        (("open_close", "401", "armed", 2, None, 15, "2468"),),
    ),
    Golden(
        "receiver facts 2, some gear: 6-digit account",
        b"\n12 123456 18 R110 00 C012\r",
        "contact_id",
        (("fire", "110", "restored", None, 12, None, "123456"),),
    ),
    Golden(
        "receiver facts 2, layout of the slow format: RG AAAA E",
        b"\n12 2468 3\r",
        "slow",
        (("unknown", None, "active", None, None, None, "2468"),),
    ),
    Golden(
        "receiver facts 2, layout of 4x2: RG AAAA E Z",
        b"\n12 2468 3 1\r",
        "slow",
        (("unknown", None, "active", None, None, None, "2468"),),
    ),
    Golden(
        "receiver facts 2, layout of high speed: RG AAAA NNNN NNNN N",
        b"\n12 2468 1555 5535 9\r",
        "high_speed",
        (("unknown", None, "active", None, None, None, "2468"),),
    ),
    Golden("receiver facts 2, example: heartbeat", b"\n00 OKAY @\r", "heartbeat", ()),
    Golden(
        "receiver facts 3, example",
        b"\n 00 00002468 18 E130 00 C004 \r",
        "contact_id",
        (("burglary", "130", "active", None, 4, None, "00002468"),),
    ),
    Golden(
        "receiver facts 3: line offline is E3B2, a code of no table",
        b"\n 00 00002468 18 E3B2 00 C000 \r",
        "contact_id",
        (("unknown", "3B2", "active", None, None, None, "00002468"),),
    ),
    Golden("receiver facts 3: the idle message is just LF CR", b"\n\r", "idle", ()),
)

OTHERS = {"congwin_fe100": "receiver facts 2"}
"""With this profile, what these facts say of a site is another receiver's: refused, and kept unread
when it comes a third time."""

TWO_DIGITS = Golden(
    "receiver facts 2, some gear: 2-digit CC",
    b"\n12 2468 18 E130 01 C04\r",
    "contact_id",
    (("burglary", "130", "active", 1, 4, None, "2468"),),
)
"""Told apart: a receiver that prints three digits has lost one of them here."""
