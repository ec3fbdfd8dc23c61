"""PRT3 lines typed from the facts on its ASCII mode, never made by an encoder.

"PRT3 facts" are the collected facts: section 2 is what the module says, 3 its commands with worked
examples, 4 the event groups and their sub-lists; "group table" is the table of groups.
"""

from typing import Any

from tests.drivers.golden import Golden


def _event(source: str, line: bytes, *signal: Any) -> Golden:
    signals = (signal,) if signal else ()
    return Golden(source, line + b"\r", "event", signals)


GOLDEN = (
    Golden(
        "PRT3 facts 3, worked example: zone 17 open, nothing else",
        b"RZ017OOOOO\r",
        "zone_status",
        (("zone", None, "open", None, 17, None, None),),
    ),
    Golden("PRT3 facts 3, worked example: area 2 stay-armed", b"AA002&OK\r", "result", ()),
    Golden("PRT3 facts 3, worked example: wrong code", b"AD002&fail\r", "result", ()),
    Golden("PRT3 facts 3, worked example: arm, to the module", b"AA002S2468\r", "request", ()),
    Golden("PRT3 facts 3, worked example: disarm, to the module", b"AD002999999\r", "request", ()),
    _event(
        "PRT3 facts 3, worked example: zone 17 in alarm, area 2",
        b"G024N017A002",
        *("burglary", "130", "active", 2, 17, None, None),
    ),
    _event(
        "PRT3 facts 3, worked example: area 2 armed by user 31",
        b"G010N031A002",
        *("open_close", "401", "armed", 2, None, 31, None),
    ),
    Golden(
        "PRT3 facts 2, RA: the capture DOONOOO, disarmed and not ready",
        b"RA001DOONOOO\r",
        "area_status",
        (("area", None, "disarmed", 1, None, None, None),),
    ),
    Golden(
        "PRT3 facts 2, RA: stay, memory, trouble, in alarm, strobe",
        b"RA003SMTOOAS\r",
        "area_status",
        (
            ("area", None, "alarm", 3, None, None, None),
            ("system_trouble", "300", "active", 3, None, None, None),
        ),
    ),
    Golden(
        "PRT3 facts 2, RA: the other order of flags (2 programming, 7 memory), forced",
        b"RA008FPOOOOM\r",
        "area_status",
        (("area", None, "armed_away", 8, None, None, None),),
    ),
    Golden(
        "PRT3 facts 2, RZ: tampered, in alarm, fire alarm, supervision lost, low battery",
        b"RZ192TAFSL\r",
        "zone_status",
        (
            ("zone", None, "tamper", None, 192, None, None),
            ("burglary", "130", "active", None, 192, None, None),
            ("fire", "110", "active", None, 192, None, None),
            ("zone_trouble", "381", "active", None, 192, None, None),
            ("zone_trouble", "384", "active", None, 192, None, None),
        ),
    ),
    Golden(
        "PRT3 facts 2, RZ: fire-loop trouble",
        b"RZ016FOOOO\r",
        "zone_status",
        (("zone", None, "fault", None, 16, None, None),),
    ),
    Golden(
        "PRT3 facts 2: the panel's bus is down",
        b"COMM&fail\r",
        "bus",
        (("panel", None, "offline", None, None, None, None),),
    ),
    Golden(
        "PRT3 facts 2: the panel's bus is up",
        b"COMM&ok\r",
        "bus",
        (("panel", None, "online", None, None, None, None),),
    ),
    Golden("PRT3 facts 2: our last command was dropped", b"!\r", "dropped", ()),
    Golden("PRT3 facts 2: a label of 16 characters", b"ZL017Back door       \r", "name", ()),
    Golden(
        "PRT3 facts 2: virtual output 3 is on",
        b"PGM03ON\r",
        "output",
        (("output", None, "on", None, 3, None, None),),
    ),
    _event(
        "group table 0: zone 9 closed",
        b"G000N009A001",
        *("zone", None, "closed", 1, 9, None, None),
    ),
    _event(
        "group table 6: door access by user 2",
        b"G006N002A001",
        *("access", "422", "active", 1, None, 2, None),
    ),
    _event(
        "group table 9: armed by master code",
        b"G009N001A001",
        *("open_close", "401", "armed", 1, None, 1, None),
    ),
    _event(
        "group table 11: armed by key switch 3, which is no user",
        b"G011N003A001",
        *("open_close", "409", "armed", 1, None, None, None),
    ),
    _event(
        "PRT3 facts 4, group 12: 0 auto; area 000 is all enabled areas",
        b"G012N000A000",
        *("open_close", "403", "armed", None, None, None, None),
    ),
    _event(
        "group table 14: disarmed by user 31",
        b"G014N031A002",
        *("open_close", "401", "disarmed", 2, None, 31, None),
    ),
    _event(
        "group table 17: disarmed after alarm by user 31",
        b"G017N031A002",
        *("cancel", "406", "active", 2, None, 31, None),
    ),
    _event(
        "PRT3 facts 4, group 22: 2 PC",
        b"G022N002A001",
        *("open_close", "407", "disarmed", 1, None, None, None),
    ),
    _event(
        "group table 23: zone 5 bypassed",
        b"G023N005A001",
        *("bypass", "570", "active", 1, 5, None, None),
    ),
    _event(
        "group table 25: fire alarm",
        b"G025N012A001",
        *("fire", "110", "active", 1, 12, None, None),
    ),
    _event(
        "group table 26: zone alarm over",
        b"G026N017A002",
        *("burglary", "130", "restored", 2, 17, None, None),
    ),
    _event(
        "group table 29: late disarm by user 4",
        b"G029N004A001",
        *("open_close", "452", "disarmed", 1, None, 4, None),
    ),
    _event(
        "group table 30: special alarm, panic kinds",
        b"G030N000A001",
        *("panic", "120", "active", 1, None, None, None),
    ),
    _event(
        "group table 31: duress by user 7",
        b"G031N007A001",
        *("duress", "121", "active", 1, None, 7, None),
    ),
    _event(
        "group table 33: zone tamper",
        b"G033N005A001",
        *("tamper", "383", "active", 1, 5, None, None),
    ),
    _event(
        "group table 35: special tamper; area 255 is at least one",
        b"G035N000A255",
        *("tamper", "137", "active", None, None, None, None),
    ),
    _event(
        "PRT3 facts 4, group 36: 1 AC",
        b"G036N001A000",
        *("power", "301", "active", None, None, None, None),
    ),
    _event(
        "PRT3 facts 4, group 37: 2 battery",
        b"G037N002A000",
        *("power", "302", "restored", None, None, None, None),
    ),
    _event(
        "PRT3 facts 4, group 36: 8 panel tamper",
        b"G036N008A000",
        *("tamper", "137", "active", None, None, None, None),
    ),
    _event(
        "group table 38: module trouble",
        b"G038N004A000",
        *("module_trouble", "330", "active", None, None, None, None),
    ),
    _event(
        "group table 40: report not delivered on phone number 1",
        b"G040N001A000",
        *("comms", "354", "active", None, None, None, None),
    ),
    _event(
        "group table 44: zone supervision back",
        b"G044N021A001",
        *("zone_trouble", "381", "restored", 1, 21, None, None),
    ),
    _event(
        "group table 57: left-out zone joined again",
        b"G057N005A001",
        *("bypass", "570", "restored", 1, 5, None, None),
    ),
    _event(
        "PRT3 facts 4, group 64: 2 stay became true",
        b"G064N002A001",
        *("area", None, "armed_stay", 1, None, None, None),
    ),
    _event(
        "PRT3 facts 4, group 65: 0 ready became true",
        b"G065N000A001",
        *("area", None, "disarmed", 1, None, None, None),
    ),
    _event(
        "PRT3 facts 4, group 65: 1 exit delay, of all areas",
        b"G065N001A000",
        *("area", None, "exit_delay", None, None, None, None),
    ),
    _event("PRT3 facts 4, group 66: 4 tamper became true: an event tells it", b"G066N004A001"),
    _event(
        "group table: 58 is of no table",
        b"G058N001A001",
        *("unknown", None, "active", 1, None, None, None),
    ),
    Golden("PRT3 facts 2: an event has three digits each", b"G024N17A002\r", None, (), "length"),
    Golden("PRT3 facts 2: no flag X", b"RZ017XOOOO\r", None, (), "shape"),
    Golden("PRT3 facts 2: a flag in another's place", b"RZ017OLOOO\r", None, (), "shape"),
    Golden("PRT3 facts 3: areas 1-8", b"RA009DOOOOOO\r", None, (), "shape"),
    Golden("PRT3 facts 2: nothing of the module", b"hello\r", None, (), "noise"),
)
