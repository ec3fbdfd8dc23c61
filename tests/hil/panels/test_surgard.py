"""The emulated receiver against the facts: every frame here is typed by hand.

Frames: Sur-Gard worked examples and layouts (serial receivers, section 1); timing: section 4.
"""

import pytest

from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Heard,
    Note,
    Output,
    Plugged,
    Say,
    Ticked,
    Unplugged,
    describe,
)
from hil.panels.surgard import SECOND_NS, Form, ReceiverSetup, SurgardReceiver
from hil.panels.surgard_face import is_sound

ACK, NAK = b"\x06", b"\x15"
MLR2_BEAT = b"1011           @    \x14"
SYSTEM3_BEAT = b"101000           @    \x14"


def said(outputs: list[Output]) -> list[bytes]:
    return [output.data for output in outputs if isinstance(output, Say)]


def noted(outputs: list[Output]) -> list[tuple[int, str]]:
    return [(o.entry.id, o.entry.state.value) for o in outputs if isinstance(o, Note)]


def tell(panel: SurgardReceiver, line: str, now_ns: int = 0) -> list[Output]:
    return panel.handle(Commanded(Command.parse(line)), now_ns)


def talking(setup: ReceiverSetup | None = None) -> SurgardReceiver:
    panel = SurgardReceiver(setup or ReceiverSetup())
    panel.handle(Plugged(), 0)
    panel.handle(Heard(ACK), 0)
    return panel


# ---- frames


@pytest.mark.parametrize(
    ("setup", "line", "frame"),
    [
        # worked examples: receiver 01 line 2, account 2468
        (ReceiverSetup(line="2"), "alarm zone=4 area=1", b"5012 182468E13001004\x14"),
        (ReceiverSetup(line="2"), "arm user=15 area=2", b"5012 182468R40102015\x14"),
        (ReceiverSetup(line="2"), "fire zone=17 area=3 as=sia", b"S012[#2468|Nri3/FA017]\x14"),
        # layouts
        (ReceiverSetup(), "disarm user=7", b"5011 182468E40100007\x14"),
        (ReceiverSetup(), "mains area=1", b"5011 182468E30101000\x14"),
        (ReceiverSetup(), "cid code=130 q=P zone=2", b"5011 182468P13000002\x14"),
        (ReceiverSetup(), "alarm zone=9 as=sia_old account=12B4", b"3011    0012B4BA0009\x14"),
        (ReceiverSetup(receiver="0A", line="F"), "panic zone=1", b"50AF 182468E12000001\x14"),
        (ReceiverSetup(line="001"), "alarm zone=1", b"501001 182468E13000001\x14"),
        (ReceiverSetup(end=b"\r\n"), "alarm zone=1", b"5011 182468E13000001\r\n"),
        (ReceiverSetup(), "raw 35 30", b"50\x14"),
        # worked examples of sections 2 and 3
        (
            ReceiverSetup(form=Form.ADEMCO_685, line="2"),
            "alarm zone=4 area=1",
            b"\n12 2468 18 E130 01 C004\r",
        ),
        (
            ReceiverSetup(form=Form.ADEMCO_685, line="2"),
            "arm user=15 area=2 as=sia",
            b"\n12 2468 18 R401 02 U015\r",
        ),
        (
            ReceiverSetup(form=Form.FE100),
            "alarm zone=4",
            b"\n 00 00002468 18 E130 00 C004 \r",
        ),
    ],
)
def test_frames(setup: ReceiverSetup, line: str, frame: bytes) -> None:
    line = line.replace("35 30", "3530")
    assert said(tell(talking(setup), line)) == [frame]


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("alarm zone=4 area=1", ("burglary", "130", "active", 1, 4, None, "2468")),
        ("restore alarm zone=4", ("burglary", "130", "restored", None, 4, None, "2468")),
        ("arm user=15 area=2", ("open_close", "401", "armed", 2, None, 15, "2468")),
        ("disarm user=15", ("open_close", "401", "disarmed", None, None, 15, "2468")),
        ("duress user=3", ("duress", "121", "active", None, None, 3, "2468")),
        ("mains", ("power", "301", "active", None, None, None, "2468")),
        ("cid code=130 q=P", ("burglary", "130", "status", None, None, None, "2468")),
        ("cid code=8B8 number=zone zone=5", ("unknown", "8B8", "active", None, 5, None, "2468")),
        ("holdup zone=5 as=sia", ("holdup", "129", "active", None, 5, None, "2468")),
        # a SIA tamper is 137, a SIA hold-up 129; the old form has no area
        ("tamper zone=5 area=2 as=sia", ("tamper", "137", "active", 2, 5, None, "2468")),
        ("arm user=5 area=2 as=sia_old", ("open_close", "401", "armed", None, None, 5, "002468")),
    ],
)
def test_meanings(line: str, meaning: tuple[object, ...]) -> None:
    [note] = [output for output in tell(talking(), line) if isinstance(output, Note)]
    assert note.entry.signal is not None
    assert tuple(describe(note.entry.signal).values()) == meaning


@pytest.mark.parametrize(
    "line",
    [
        "dance",
        "alarm zone=0",
        "alarm zone=1000",
        "alarm zone=x",
        "alarm area=100",
        "alarm colour=red",
        "smoke zone=1 as=sia",
        "alarm as=morse",
        "cid code=13",
        "cid code=13A",
        "cid code=888 kind=dance",
        "cid code=401 q=P",
        "raw xyz",
        "raw",
    ],
)
def test_nonsense_is_refused_with_a_sentence(line: str) -> None:
    with pytest.raises(CommandError, match=r"\w"):
        tell(talking(), line)


# ---- conversation


@pytest.mark.parametrize(("form", "beat"), [(Form.MLR2, MLR2_BEAT), (Form.SYSTEM3, SYSTEM3_BEAT)])
def test_a_heartbeat_comes_first_and_its_ack_starts_communication(form: Form, beat: bytes) -> None:
    panel = SurgardReceiver(ReceiverSetup(form=form))
    assert tell(panel, "alarm zone=1") == []
    assert said(panel.handle(Plugged(), 0)) == [beat]
    assert tell(panel, "alarm zone=2") == []
    outputs = panel.handle(Heard(ACK), 1)
    assert said(outputs) == [b"5011 182468E13000001\x14"]
    assert noted(outputs) == [(1, "said")]


def test_heartbeats_come_every_30_s_when_idle() -> None:
    panel = talking()
    assert panel.deadline_ns() == 30 * SECOND_NS
    assert panel.handle(Ticked(), 30 * SECOND_NS - 1) == []
    assert said(panel.handle(Ticked(), 30 * SECOND_NS)) == [MLR2_BEAT]
    panel.handle(Heard(ACK), 30 * SECOND_NS + 5)
    assert panel.deadline_ns() == 60 * SECOND_NS


def test_one_message_at_a_time_each_acked_once() -> None:
    panel = talking()
    assert noted(tell(panel, "alarm zone=1")) == [(1, "said")]
    assert tell(panel, "alarm zone=2") == []
    outputs = panel.handle(Heard(ACK), 1)
    assert noted(outputs) == [(1, "acked"), (2, "said")]
    assert said(outputs) == [b"5011 182468E13000002\x14"]
    assert noted(panel.handle(Heard(ACK), 2)) == [(2, "acked")]
    assert panel.handle(Heard(ACK), 3) == [], "an ACK for nothing means nothing"


def test_repeats_after_4_s_three_times_in_all_then_holds_until_a_heartbeat_is_acked() -> None:
    panel = talking()
    frame = b"5011 182468E13000001\x14"
    tell(panel, "alarm zone=1", SECOND_NS)
    told = []
    while (due_ns := panel.deadline_ns()) is not None and due_ns < 60 * SECOND_NS:
        outputs = panel.handle(Ticked(), due_ns)
        told += [(due_ns // SECOND_NS, data) for data in said(outputs)]
        told += [(due_ns // SECOND_NS, word.encode()) for _, word in noted(outputs)]
    assert told == [
        (5, frame),
        (9, frame),
        (13, b"gave_up"),
        # nothing but heartbeats, each with its repeats, until one is acknowledged
        *[(at, MLR2_BEAT) for at in (30, 34, 38)],
    ]
    assert said(panel.handle(Ticked(), 60 * SECOND_NS)) == [MLR2_BEAT]
    assert said(panel.handle(Heard(ACK), 61 * SECOND_NS)) == [frame]
    assert noted(panel.handle(Heard(ACK), 62 * SECOND_NS)) == [(1, "acked")]


def test_what_was_held_has_all_its_tries_again() -> None:
    panel = talking()
    tell(panel, "alarm zone=1")
    for at in (4, 8, 12, 30):
        panel.handle(Ticked(), at * SECOND_NS)
    tries = said(panel.handle(Heard(ACK), 31 * SECOND_NS))
    for at in (35, 39, 43):
        tries += said(panel.handle(Ticked(), at * SECOND_NS))
    assert tries == [b"5011 182468E13000001\x14"] * 3


def test_a_nak_repeats_at_once_but_not_for_ever() -> None:
    panel = talking()
    frame = b"5011 182468E13000001\x14"
    tell(panel, "alarm zone=1")
    assert said(panel.handle(Heard(NAK), 1)) == [frame]
    assert said(panel.handle(Heard(NAK), 2)) == [frame]
    assert noted(panel.handle(Heard(NAK), 3)) == [(1, "gave_up")]


def test_127_signals_are_buffered_and_the_next_is_dropped() -> None:
    panel = SurgardReceiver(ReceiverSetup())
    for zone in range(1, 128):
        assert tell(panel, f"alarm zone={zone}") == []
    assert noted(tell(panel, "alarm zone=128")) == [(128, "dropped")]


def test_a_break_makes_it_begin_with_a_heartbeat_and_say_the_signal_again() -> None:
    panel = talking()
    tell(panel, "alarm zone=1")
    assert panel.handle(Unplugged(), 1) == []
    assert panel.deadline_ns() is None
    assert panel.handle(Heard(ACK), 2) == [], "nobody is there to be heard"
    assert said(panel.handle(Plugged(2), 3)) == [MLR2_BEAT]
    outputs = panel.handle(Heard(ACK, 2), 4)
    assert said(outputs) == [b"5011 182468E13000001\x14"]
    assert noted(outputs) == [], "it was said before"


def test_a_busy_receiver_still_beats() -> None:
    panel = talking()
    tell(panel, "alarm zone=1", 29 * SECOND_NS)
    tell(panel, "alarm zone=2", 29 * SECOND_NS)
    assert said(panel.handle(Heard(ACK), 31 * SECOND_NS)) == [MLR2_BEAT]
    assert said(panel.handle(Heard(ACK), 31 * SECOND_NS)) == [b"5011 182468E13000002\x14"]


def test_two_frames_with_one_end() -> None:
    panel = talking()
    tell(panel, "noend")
    body = b"5011 182468E13000001"
    assert said(tell(panel, "alarm zone=1")) == [body + body + b"\x14"]


def test_other_bytes_are_no_answer() -> None:
    panel = talking()
    tell(panel, "alarm zone=1")
    assert panel.handle(Heard(bytes(set(range(256)) - {6, 0x15})), 1) == []


# ---- Ademco 685 and CongWin FE100


def test_a_685_beats_when_it_is_asked() -> None:
    panel = SurgardReceiver(ReceiverSetup(form=Form.ADEMCO_685))
    assert said(panel.handle(Plugged(), 0)) == [b"\n00 OKAY @\r"]
    assert said(panel.handle(Heard(b"S"), 1)) == [], "it waits for an ACK"
    assert said(panel.handle(Heard(ACK), 2)) == []
    assert said(panel.handle(Heard(b"S"), 3)) == [b"\n00 OKAY @\r"]


def test_a_sur_gard_receiver_cannot_be_asked() -> None:
    assert said(talking().handle(Heard(b"S"), 3)) == []


def test_a_fe100_waits_for_no_ack_of_its_idle_message() -> None:
    panel = SurgardReceiver(ReceiverSetup(form=Form.FE100))
    assert said(panel.handle(Plugged(), 0)) == [b"\n\r"]
    assert said(tell(panel, "alarm zone=4")) == [b"\n 00 00002468 18 E130 00 C004 \r"]
    assert noted(panel.handle(Heard(ACK), 2)) == [(1, "acked")]
    assert panel.deadline_ns() == 30 * SECOND_NS
    assert said(panel.handle(Ticked(), 30 * SECOND_NS)) == [b"\n\r"]


def test_glued_messages_of_a_685_lack_a_cr() -> None:
    panel = talking(ReceiverSetup(form=Form.ADEMCO_685))
    tell(panel, "noend")
    body = b"\n11 2468 18 E130 00 C004"
    assert said(tell(panel, "alarm zone=4")) == [body * 2 + b"\r"]


@pytest.mark.parametrize(
    ("frame", "fits"),
    [
        (b"5011 181000E13701018", True),
        (b"5011 18100E137010181", True),  # a byte was lost and another one came
        (b"3011    001000TR0246", True),
        (b"11 1000 18 E137 01 C018", True),
        (b" 00 00001000 18 R130 01 C023 ", True),
        (b"5011 181000E1370101", False),
        (b"5011 181000E137010188", False),
        (b"11 1000 18 E137 01 X018", False),
    ],
)
def test_what_fits_in_every_place_cannot_be_told_from_what_was_said(
    frame: bytes, fits: bool
) -> None:
    assert is_sound(frame) is fits
