"""AD2 lines typed from the facts on the adapter, never made by an encoder.

"AD2 facts" are the collected facts: section 2 is the keypad line with the meaning of its flags, 3
the other lines, 4 the commands, 5 example lines.
"""

from tests.drivers.golden import Golden

HEX = b"[f702000b1008008c08020000000000]"
AT_REST = ("area", None, "disarmed", None, None, None, None)

GOLDEN = (
    Golden(
        "AD2 facts 5, line 1: disarmed, ready, mains, chime",
        b"[10000001100000003A--],008,[f702000b1008008c08020000000000],"
        b'"****DISARMED****  READY TO ARM  "\r\n',
        "keypad",
        (AT_REST,),
    ),
    Golden(
        "AD2 facts 5, line 2: FAULT 14 is zone 14 open",
        b"[00000001000000000A--],014,[f702000b1014000c08020000000000],"
        b'"FAULT 14 STORE ROOM             "\r\n',
        "keypad",
        (AT_REST, ("zone", None, "open", None, 14, None, None)),
    ),
    Golden(
        "AD2 facts 5, line 3: new event, burglary, zone 14",
        b"!LRR:014,1,CID_1130,ff\r\n",
        "report",
        (("burglary", "130", "active", 1, 14, None, None),),
    ),
    Golden(
        "AD2 facts 5, line 4: armed by user 2",
        b"!LRR:002,1,CID_3401,ff\r\n",
        "report",
        (("open_close", "401", "armed", 1, None, 2, None),),
    ),
    Golden(
        "AD2 facts 5, line 5: expander 9, channel 3 open; from 9 on eight zones an expander from 7",
        b"!EXP:09,03,01\r\n",
        "expander",
        (("zone", None, "open", None, 27, None, None),),
    ),
    Golden(
        "AD2 facts 5, line 6: loops 1 and 2 of a transmitter", b"!RFX:0345678,a0\r\n", "radio", ()
    ),
    Golden(
        "AD2 facts 2: armed away; !KPM: may stand before it",
        b"!KPM:[01000001000000000A--],002," + HEX + b',"ARMED ***AWAY***                "\r\n',
        "keypad",
        (("area", None, "armed_away", None, None, None, None),),
    ),
    Golden(
        "AD2 facts 2: armed stay, an alarm sounds now (11), fire (14), battery low (12)",
        b"[00100001011101000A--],004," + HEX + b',"FIRE 04 KITCHEN                 "\r\n',
        "keypad",
        (
            ("area", None, "alarm", None, None, None, None),
            ("fire", "110", "active", None, None, None, None),
            ("power", "302", "active", None, None, None, None),
        ),
    ),
    Golden(
        "AD2 facts 2: perimeter only (16, night)",
        b"[00000001000000010A--],008," + HEX + b',"ARMED NIGHT                     "\r\n',
        "keypad",
        (("area", None, "armed_stay", None, None, None, None),),
    ),
    Golden(
        "AD2 facts 2: check zone (15); CHECK nn is a fault",
        b"[00000001000000100A--],007," + HEX + b',"CHECK 07 SMOKE HALL             "\r\n',
        "keypad",
        (AT_REST, ("zone", None, "fault", None, 7, None, None)),
    ),
    Golden(
        "AD2 facts 2: of a DSC panel (18); the number shown may be hex",
        b"[1000000100000000-D--],0fc," + HEX + b',"System is Ready                 "\r\n',
        "keypad",
        (AT_REST,),
    ),
    Golden(
        "AD2 facts 3: restored, zone 14",
        b"!LRR:014,1,CID_3130,ff\r\n",
        "report",
        (("burglary", "130", "restored", 1, 14, None, None),),
    ),
    Golden(
        "AD2 facts 3: a report code replaces the last two digits: 130 becomes 131",
        b"!LRR:014,1,CID_1130,31\r\n",
        "report",
        (("burglary", "131", "active", 1, 14, None, None),),
    ),
    Golden(
        "AD2 facts 3: report code 00 replaces nothing; mains, of no partition",
        b"!LRR:000,0,CID_1301,00\r\n",
        "report",
        (("power", "301", "active", None, None, None, None),),
    ),
    Golden(
        "AD2 facts 3, old form: ARM_AWAY",
        b"!LRR:002,1,ARM_AWAY\r\n",
        "old_report",
        (("open_close", "401", "armed", 1, None, 2, None),),
    ),
    Golden(
        "AD2 facts 3, old form: ALARM_PANIC",
        b"!LRR:099,1,ALARM_PANIC\r\n",
        "old_report",
        (("panic", "120", "active", 1, 99, None, None),),
    ),
    Golden(
        "AD2 facts 3, old form: CANCEL",
        b"!LRR:002,1,CANCEL\r\n",
        "old_report",
        (("cancel", "406", "active", 1, None, 2, None),),
    ),
    Golden(
        "AD2 facts 3: a code of no table is kept",
        b"!LRR:001,1,CID_1699,ff\r\n",
        "report",
        (("unknown", "699", "active", 1, None, None, None),),
    ),
    Golden(
        "AD2 facts 3: relay 2 of the first board is on",
        b"!REL:12,02,01\r\n",
        "relay",
        (("output", None, "on", None, 2, None, None),),
    ),
    Golden(
        "AD2 facts 3: a transmitter's battery (bit 2 counted from 1)",
        b"!RFX:0345678,02\r\n",
        "radio",
        (("zone_trouble", "384", "active", None, None, None, None),),
    ),
    Golden("AD2 facts 3: version", b"!VER:ffffffff,V2.2a.8.8,TX;RX\r\n", "version", ()),
    Golden("AD2 facts 3: configuration", b"!CONFIG>LRR=Y&MODE=A\r\n", "configuration", ()),
    Golden("AD2 facts 3: keys were sent", b"!Sending....done\r\n", "adapter", ()),
    Golden("AD2 facts 4: V asks for the version", b"V\r", "request", ()),
    Golden("AD2 facts 4: a code and 1, off", b"12341\r", "keys", ()),
    Golden(
        "AD2 facts 2: 20 flags",
        b"[1000000110000000A--],008," + HEX + b',"****DISARMED****  READY TO ARM  "\r\n',
        None,
        (),
        "shape",
    ),
    Golden(
        "AD2 facts 2: 32 characters",
        b"[10000001100000003A--],008," + HEX + b',"****DISARMED**** READY TO ARM  "\r\n',
        None,
        (),
        "shape",
    ),
    Golden(
        "AD2 facts 3: three digits of a number", b"!LRR:14,1,CID_1130,ff\r\n", None, (), "shape"
    ),
)
