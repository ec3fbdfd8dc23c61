"""Concord 4 frames typed from the facts on its automation module, never made by an encoder.

The sums of frames that stand in no source were added up apart from this project's code: the low
byte of the sum of all before.
"""

from tests.drivers.golden import Golden, area, event, zone

GOLDEN = (
    Golden(
        "Concord facts, worked example: zone 12 of partition 1 tripped",
        b"\n07210100000C0136",
        "zone_status",
        (zone("open", 12, 1),),
    ),
    Golden(
        "Concord facts, state bit 10h: zone 7 bypassed",
        b"\n0721010000071040",
        "zone_status",
        (zone("bypassed", 7, 1),),
    ),
    Golden(
        "Concord facts, state bit 8: trouble of zone 8, partition 2",
        b"\n072102000008083A",
        "zone_status",
        (zone("fault", 8, 2),),
    ),
    Golden(
        "Concord facts, state bits 1 and 4: zone 3 tripped, in alarm",
        b"\n0721010000030531",
        "zone_status",
        (zone("open", 3, 1), event("burglary", "130", area=1, zone=3)),
    ),
    Golden(
        "Concord facts, zone data: as it stands in the list",
        b"\n0A0301000A000C00053059",
        "zone_data",
        (zone("open", 12, 1), event("burglary", "130", area=1, zone=12)),
    ),
    Golden(
        "Concord facts, partition data: partition 2, stay (2)",
        b"\n05040200020D",
        "partition_data",
        (area("armed_stay", 2),),
    ),
    Golden(
        "Concord facts, worked example: partition 1 armed away by user 15",
        b"\n0822010100000F033E",
        "arming_level",
        (("area", None, "armed_away", 1, None, 15, None),),
    ),
    Golden(
        "Concord facts, 22-01: partition 2 off (1)",
        b"\n08220102000000012E",
        "arming_level",
        (area("disarmed", 2),),
    ),
    Golden(
        "Concord facts, users: 238 is a code of duress",
        b"\n082201010000EE011B",
        "arming_level",
        (area("disarmed", 1), event("duress", "121", area=1, user=238)),
    ),
    Golden(
        "an open client, 22-03: bit 6 is the exit delay, 30 s",
        b"\n082203010040001E8C",
        "delay",
        (area("exit_delay", 1),),
    ),
    Golden(
        "an open client, 22-03: without bit 6 the entry delay",
        b"\n082203010000001E4C",
        "delay",
        (area("entry_delay", 1),),
    ),
    Golden("an open client, 22-03: bit 7 is its end", b"\n0822030100C00000EE", "delay", ()),
    Golden(
        "Concord facts, 22-02: alarm (1), smoke (27), zone 3",
        b"\n0D2202010002000003011B000053",
        "alarm",
        (event("fire", "111", area=1, zone=3),),
    ),
    Golden(
        "Concord facts, 22-02: its restore (3)",
        b"\n0D2202010002000003031B000055",
        "alarm",
        (event("fire", "111", "restored", area=1, zone=3),),
    ),
    Golden(
        "Concord facts, 22-02: alarm (1), duress (16)",
        b"\n0D22020100030000000110000046",
        "alarm",
        (event("duress", "121", area=1),),
    ),
    Golden(
        "Concord facts, 22-02: cancel (2) of zone 4; user 3 in its data",
        b"\n0D2202010002000004020000033D",
        "alarm",
        (event("cancel", "406", area=1, zone=4, user=3),),
    ),
    Golden(
        "Concord facts, 22-02: system trouble (15); an open client: mains (5)",
        b"\n0D22020100030000000F05000049",
        "alarm",
        (event("power", "301", area=1),),
    ),
    Golden(
        "Concord facts, 22-02: its restore (16)",
        b"\n0D2202010003000000100500004A",
        "alarm",
        (event("power", "301", "restored", area=1),),
    ),
    Golden(
        "Concord facts, 22-02: opening (10) by user 15",
        b"\n0D22020100030000000A00000F4E",
        "alarm",
        (event("open_close", "401", "disarmed", area=1, user=15),),
    ),
    Golden(
        "Concord facts, 22-02: closing (11) of partition 2 by user 15",
        b"\n0D22020200030000000B00000F50",
        "alarm",
        (event("open_close", "401", "armed", area=2, user=15),),
    ),
    Golden(
        "Concord facts, 22-02: bypass (8) of zone 7",
        b"\n0D22020100020000070800000043",
        "alarm",
        (event("bypass", "570", area=1, zone=7),),
    ),
    Golden(
        "Concord facts, 22-02: trouble (6) of zone 9; an open client: battery (5)",
        b"\n0D22020100020000090605000048",
        "alarm",
        (event("zone_trouble", "384", area=1, zone=9),),
    ),
    Golden(
        "Concord facts, 22-02: a general type of no table",
        b"\n0D22020100030000006300000098",
        "alarm",
        (event("unknown", None, area=1),),
    ),
    Golden(
        "Concord facts: a message of no table",
        b"\n037F0183",
        "unknown",
        (event("unknown", None),),
    ),
    Golden("Concord facts, 08: the list is done", b"\n02080A", "list_done", ()),
    Golden("Concord facts, worked example: ask the full list", b"\n020204", "list", ()),
    Golden("Concord facts, worked example: ask a refresh", b"\n022022", "refresh", ()),
    Golden("an open client: ask the list of zones", b"\n03020308", "request", ()),
    Golden("Concord facts, 40: keys of partition 1", b"\n0940010001020406085F", "request", ()),
    Golden("Concord facts, 40: # is 0B", b"\n0B4001000B0204060800026D", "request", ()),
    Golden("Concord facts: the single byte ACK", b"\x06", "ack", ()),
    Golden("Concord facts: the single byte NAK", b"\x15", "nak", ()),
    Golden("a wrong sum", b"\n07210100000C0137", None, (), "checksum"),
    Golden("a right sum of a message that is too short", b"\n03210125", None, (), "length"),
)
