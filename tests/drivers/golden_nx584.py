"""NX-584 frames typed from the facts on its protocol, never made by an encoder.

"NX facts" are the collected facts: section 2 is the frame with worked examples, 3 the messages.
The sums of frames that stand in no source were added up apart from this project's code, by the rule
of section 2.  Layouts of 07 are those of an open client.
"""

from tests.drivers.golden import Golden, area, event, zone

GOLDEN = (
    Golden(
        "NX facts 2, worked example: zone 12 faulted, ack wanted",
        b"\n08840B01000000010099C1\r",
        "zone_status",
        (zone("open", 12, 1),),
    ),
    Golden(
        "NX facts 3, zone condition bit 2: zone 3 bypassed",
        b"\n088402020000000400948E\r",
        "zone_status",
        (zone("bypassed", 3, 2),),
    ),
    Golden(
        "NX facts 3, zone condition bit 4: the battery of zone 7",
        b"\n088406010000001000A3BC\r",
        "zone_status",
        (zone("closed", 7, 1), event("zone_trouble", "384", area=1, zone=7)),
    ),
    Golden(
        "NX facts 3, zone condition bit 5: zone 8 is not heard",
        b"\n088407010000002000B4E3\r",
        "zone_status",
        (zone("closed", 8, 1), event("zone_trouble", "381", area=1, zone=8)),
    ),
    Golden(
        "NX facts 3, zone condition bit 1: trouble; of areas 1 and 2",
        b"\n08840B0300000002009CCF\r",
        "zone_status",
        (zone("fault", 12, None),),
    ),
    Golden(
        "NX facts 3, zones snapshot: 1 faulted, 4 bypassed (2), 5 memory of an alarm (8)",
        b"\n0A85000120080000000000B8BE\r",
        "zones_snapshot",
        tuple(
            zone({1: "open", 4: "bypassed"}.get(number, "closed"), number, None)
            for number in range(1, 17)
        ),
    ),
    Golden(
        "NX facts 3, partition flags: armed (byte 1 bit 6), ready (byte 6 bit 2)",
        b"\n09860040000000000400D3DE\r",
        "partition_status",
        (area("armed_away", 1),),
    ),
    Golden(
        "NX facts 3, partition flags: armed, stay (byte 3 bit 2), siren (byte 2 bit 1)",
        b"\n09860040020000010000D2E5\r",
        "partition_status",
        (area("alarm", 1),),
    ),
    Golden(
        "NX facts 3, partition flags: armed, exit 1 (byte 3 bit 6)",
        b"\n098601400040000000001120\r",
        "partition_status",
        (area("exit_delay", 2),),
    ),
    Golden(
        "NX facts 3, partition flags: fire (byte 1 bit 2)",
        b"\n098600040000000000009331\r",
        "partition_status",
        (area("alarm", 1), event("fire", "110", area=1)),
    ),
    Golden(
        "NX facts 3, partition flags: tamper (byte 2 bit 4)",
        b"\n098600001000000000009F75\r",
        "partition_status",
        (area("disarmed", 1), event("tamper", "383", area=1)),
    ),
    Golden(
        "NX facts 3, system byte 2: battery (bit 6), mains (bit 7); areas 1 and 2",
        b"\n0C880400C000000000000003076303\r",
        "system_status",
        (event("power", "302"), event("power", "301")),
    ),
    Golden(
        "an open client, partitions snapshot: valid, armed; valid, ready",
        b"\n098705000000000000009546\r",
        "partitions_snapshot",
        (area("armed_away", 1),),
    ),
    Golden(
        "NX facts 3, log event 0: alarm of zone 3, not reported (bit 7)",
        b"\n0A8A07648002000B171405BD68\r",
        "log_event",
        (event("burglary", "130", area=1, zone=3),),
    ),
    Golden(
        "NX facts 3, log event 1: its end",
        b"\n0A8A0F648100000B171405C4AB\r",
        "log_event",
        (event("burglary", "130", "restored", area=1, zone=1),),
    ),
    Golden(
        "NX facts 3, log event 5: end of the tamper of zone 1",
        b"\n0A8A0D640500000B1714064733\r",
        "log_event",
        (event("tamper", "383", "restored", area=1, zone=1),),
    ),
    Golden(
        "NX facts 3, log event 18: duress",
        b"\n0A8A0C641200000B1714065385\r",
        "log_event",
        (event("duress", "121", area=1),),
    ),
    Golden(
        "NX facts 3, log event 26: mains",
        b"\n0A8A0B649A00000B171405D937\r",
        "log_event",
        (event("power", "301"),),
    ),
    Golden(
        "NX facts 3, log event 40: opening by user 15, area 1",
        b"\n0A8A0864A80E000B171405F2D2\r",
        "log_event",
        (event("open_close", "401", "disarmed", area=1, user=15),),
    ),
    Golden(
        "NX facts 3, log event 41: closing by user 15, area 2",
        b"\n0A8A0964A90E010B171405F5E7\r",
        "log_event",
        (event("open_close", "401", "armed", area=2, user=15),),
    ),
    Golden(
        "NX facts 3, log event 99 is of no table",
        b"\n0A8A0A64E300000B171405222F\r",
        "log_event",
        (event("unknown", None),),
    ),
    Golden(
        "NX facts 2: a message of no known type",
        b"\n0393AABBFCD7\r",
        "unknown",
        (event("unknown", None),),
    ),
    Golden(
        "NX facts 2, binary: the frame of the worked example",
        b"\x7e\x08\x84\x0b\x01\x00\x00\x00\x01\x00\x99\xc1",
        "zone_status",
        (zone("open", 12, 1),),
    ),
    Golden(
        "NX facts 2, binary: zone 126 has 7D for its number, sent as 7D 5D",
        b"\x7e\x08\x84\x7d\x5d\x01\x00\x00\x00\x01\x00\x0c\xe2",
        "zone_status",
        (zone("open", 126, 1),),
    ),
    Golden("NX facts 2, worked example: ack", b"\n011D1E1F\r", "ack", ()),
    Golden(
        "NX facts 2, worked example: ask the status of zone 12", b"\n02240B3159\r", "request", ()
    ),
    Golden("NX facts 2, worked example: set the clock", b"\n073B1A0B17140502994F\r", "request", ()),
    Golden("NX facts 2, worked example: disarm", b"\n063C4286FF01010DFB\r", "request", ()),
    Golden("a wrong sum", b"\n08840B01000000010099C2\r", None, (), "checksum"),
    Golden(
        "a wrong sum", b"\x7e\x08\x84\x0b\x01\x00\x00\x00\x01\x00\x98\xc1", None, (), "checksum"
    ),
    Golden("a byte is missing", b"\n08840B010000000199C1\r", None, (), "length"),
    Golden("a right sum of a message that is too short", b"\n0286129A25\r", None, (), "length"),
)
