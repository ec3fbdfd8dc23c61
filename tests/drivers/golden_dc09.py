"""DC-09 frames typed from the facts and from captures of real panels, never made by an encoder.

"DC-09 facts" are the collected facts on SIA DC-09 and HENG-BO: section 2 is the CRC with its worked
examples, 3 encryption, 5 the quirks, 6 HENG-BO.  The CRC of a quirk that stands in no source was
worked out with an independent CRC calculator (CRC-16/ARC).
"""

from tests.drivers.golden import Golden

KEY = "EDGEAGENTTESTKEY"
SEALED = (
    b'\nC5F70078"*SIA-DCS"0012R0L0#2468[7A604AD0C8353A71B9650A8BD7E39DD68E8B81A9B1261C8DE14AA7085'
    b"BB42C0315E686A68CC6E0D033CE6C920DCD79E5\r"
)
"""DC-09 facts 3, worked example: AES-128 with KEY, `#2468|Nri1/FA012`, 11:40:00, 2026-11-23."""

SEALED_NULL = (
    b'\n76D80055"*NULL"0000R0L0#AAAB[B4BC8B40D0E6D959D6BEA78E88CC0B2155741A3C44FBB96D476A3E557C'
    b"AD64D9\r"
)
"""Tests of the open receiver library: a NULL, AES-128 with sixteen A, 18:24:52, 2020-07-05."""

GOLDEN = (
    Golden(
        "DC-09 facts 2, worked example: burglary, zone 31, area 2",
        b'\nDB83003C"SIA-DCS"0007R1L2#2468[#2468|Nri2/BA031]_11:22:33,11-23-2026\r',
        "SIA-DCS",
        (("burglary", "130", "active", 2, 31, None, "2468"),),
    ),
    Golden(
        "DC-09 facts 2, worked example: fire, zone 7, area 1, no R",
        b'\nB6BD003B"ADM-CID"0008L0#2468[#2468|1110 01 007]_11:22:40,11-23-2026\r',
        "ADM-CID",
        (("fire", "110", "active", 1, 7, None, "2468"),),
    ),
    Golden(
        "DC-09 facts 2, worked example: supervision",
        b'\n7C290027"NULL"0000L0#2468[]_11:23:00,11-23-2026\r',
        "NULL",
        (),
    ),
    Golden(
        "DC-09 facts 2, worked example: an acknowledgement",
        b'\n33770014"ACK"0007R1L2#2468[]\r',
        "ACK",
        (),
    ),
    Golden(
        "DC-09 facts 2, worked example: a refusal with the receiver's time",
        b'\nEC0C0025"NAK"0000R0L0A0[]_11:22:34,11-23-2026\r',
        "NAK",
        (),
    ),
    Golden(
        "DC-09 facts 3, worked example: nobody gave us its key",
        SEALED,
        None,
        (),
        fault="decrypt",
    ),
    Golden(
        "DC-09 facts 6, example: HENG-BO, the phone's number in the header, burglary, zone 12",
        b'\n70250046"HENG-BO"0011R0L0#13900001234[#0009A4|1130 00 012]_11:30:05,11-23-2026\r',
        "HENG-BO",
        (("burglary", "130", "active", None, 12, None, "0009A4"),),
    ),
    Golden(
        "issue thread of an open integration, 2022-01-19: ri glued to the code, text behind it",
        b'\n24810050"SIA-DCS"1660L0#000110[#000110|Nri0RP2^SL 1807110200065423^]'
        b"_18:00:01,01-19-2022\r",
        "SIA-DCS",
        (("test", "602", "active", None, None, None, "000110"),),
    ),
    Golden(
        "issue thread of an open integration, 2023-02-20: automatic test",
        b'\n14AB0039"SIA-DCS"0006L0#AAA[#AAA|Nri0/RP0000]_09:12:30,02-20-2023\r',
        "SIA-DCS",
        (("test", "602", "active", None, None, None, "AAA"),),
    ),
    Golden(
        "issue thread of the open receiver library, 2025-04-23: NULL without R and time",
        b'\nD3440015"NULL"0000L0#008312[]\r',
        "NULL",
        (),
    ),
    Golden(
        "issue thread of an open integration, 2019-06-28, ELDES: CR in length and CRC",
        b'\n58DE002B"ADM-CID"0061L9999#9999[#9999|1602 00 001]\r',
        "ADM-CID",
        (("test", "602", "active", None, None, None, "9999"),),
    ),
    Golden(
        "the first with its CRC wrong in the last digit",
        b'\nDB82003C"SIA-DCS"0007R1L2#2468[#2468|Nri2/BA031]_11:22:33,11-23-2026\r',
        None,
        (),
        fault="checksum",
    ),
    Golden(
        "the first with a length that is one short",
        b'\nDB83003B"SIA-DCS"0007R1L2#2468[#2468|Nri2/BA031]_11:22:33,11-23-2026\r',
        None,
        (),
        fault="length",
    ),
)
