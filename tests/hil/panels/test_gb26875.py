"""The emulated transmission device against the typed frames of the standard, and how it behaves."""

from argparse import ArgumentParser

import pytest

from hil.panels.gb26875 import (
    PATIENCE,
    SECOND_NS,
    DeviceSetup,
    Envelope,
    GbVoice,
    stamp,
    sum_of,
)
from hil.panels.gb26875_face import FACE, add_arguments, build, panel, speak
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Heard,
    Note,
    Output,
    Plugged,
    Said,
    Say,
    Ticked,
    Unplugged,
)
from hil.panels.model import CLOCK_START
from tests.drivers.golden_gb26875 import ACKNOWLEDGE, CALL_POINT, DUTY_CHECK, GOLDEN, SET_CLOCK

CENTER = Envelope(DeviceSetup(source=1, destination=0x2468))  # the other end's frames


class Desk:
    """A device with a host that is there."""

    def __init__(self, setup: DeviceSetup | None = None) -> None:
        self.panel = panel(setup or DeviceSetup())
        self.now_ns = SECOND_NS
        self.hello = self.panel.handle(Plugged(), self.now_ns)

    def tell(self, line: str) -> list[Output]:
        return self.panel.handle(Commanded(Command.parse(line)), self.now_ns)

    def hear(self, serial: int, command: int, data: bytes = b"") -> list[Output]:
        frame = CENTER.pack(serial, CLOCK_START, command, data)
        return self.panel.handle(Heard(frame), self.now_ns)

    def wait(self) -> list[Output]:
        due_ns = self.panel.deadline_ns()
        assert due_ns is not None
        self.now_ns = due_ns
        return self.panel.handle(Ticked(), self.now_ns)


def said(outputs: list[Output]) -> list[bytes]:
    return [output.data for output in outputs if isinstance(output, Say)]


def noted(outputs: list[Output], state: Said = Said.SAID) -> list[tuple[str, str | None, str]]:
    entries = [output.entry for output in outputs if isinstance(output, Note)]
    signals = [entry.signal for entry in entries if entry.state is state and entry.signal]
    return [(signal.kind.value, signal.code, signal.state.value) for signal in signals]


def number(frame: bytes) -> int:
    return frame[2] + 256 * frame[3]


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source)
def test_the_devices_own_codec_agrees_with_the_typed_frames(known: object) -> None:
    frame: bytes = getattr(known, "frame", b"")
    found, rest = Envelope.unpack(b"noise" + frame + b"@")
    assert found == (number(frame), frame[26], frame[27:-3])
    assert rest == b"@"
    assert sum_of(frame[2:-3]) == frame[-3]


def test_a_damaged_frame_is_skipped_for_the_next() -> None:
    found, _ = Envelope.unpack(CALL_POINT[:40] + b"\x55" + CALL_POINT[41:] + ACKNOWLEDGE)
    assert found == (0x0102, 3, b"")
    assert Envelope.unpack(CALL_POINT[:40])[0] is None


def test_a_call_point_is_said_as_in_the_standards_example() -> None:
    desk = Desk(DeviceSetup(loop=3))
    [frame] = said(desk.tell("callpoint zone=24"))  # a call point by its number
    assert frame[:2] + frame[4:6] == CALL_POINT[:2] + CALL_POINT[4:6]
    assert frame[12:36] == CALL_POINT[12:32] + b"\x18" + CALL_POINT[33:36]
    assert frame[36:38] == b"\x03\x00"
    assert stamp(CLOCK_START) == bytes.fromhex("00 00 14 17 0B 1A")
    assert frame[-9:-3] == stamp(CLOCK_START.replace(second=1))


def test_it_says_that_it_is_there_and_beats_when_idle() -> None:
    desk = Desk()
    assert [frame[26:30] for frame in said(desk.hello)] == [b"\x02\x15\x01\x01"]
    assert [frame[26:30] for frame in said(desk.wait())] == [b"\x02\x15\x01\x01"]
    assert desk.now_ns == 31 * SECOND_NS
    [frame] = said(Desk(DeviceSetup(registers=True)).hello)
    assert frame[24:28] == b"\x01\x00\x02\x16"


def test_one_message_at_a_time_until_its_own_ack() -> None:
    desk = Desk()
    first = desk.tell("smoke zone=1")
    assert said(desk.tell("smoke zone=8")) == []
    serial = number(said(first)[0])
    assert desk.hear(serial + 1, 3) == []
    outputs = desk.hear(serial, 3)
    assert noted(outputs, Said.ACKED) == [("fire", "111", "active")]
    assert [number(frame) for frame in said(outputs)] == [serial + 1]


def test_it_repeats_with_the_same_serial_then_rests() -> None:
    desk = Desk()
    [frame] = said(desk.tell("smoke zone=1"))
    copies = []
    while not (outputs := desk.wait()) or not noted(outputs, Said.GAVE_UP):
        copies += said(outputs)
    assert copies == [frame] * (PATIENCE.tries_max - 1)
    assert desk.now_ns == (1 + 40) * SECOND_NS


def test_a_denial_has_it_said_again_at_once() -> None:
    desk = Desk()
    [frame] = said(desk.tell("smoke zone=1"))
    assert said(desk.hear(number(frame), 6)) == [frame]


def test_each_detector_has_its_code_and_one_alarm() -> None:
    desk = Desk()
    assert noted(desk.tell("fire zone=1")) == [("fire", "111", "active")]
    assert noted(desk.tell("smoke zone=1")) == []  # it is in alarm already
    desk.tell("restore fire zone=1")
    assert [speak(at, False) for at in range(2)] == ["smoke zone=1", "restore smoke zone=1"]
    assert noted(Desk().tell("gas zone=7")) == [("gas", "151", "active")]


def test_what_stands_beside_is_stated() -> None:
    desk = Desk(DeviceSetup(patience=PATIENCE))
    first = desk.tell("trouble zone=1")
    desk.hear(number(said(first)[0]), 3)
    outputs = desk.tell("smoke zone=1")
    assert noted(outputs) == [("fire", "111", "active")]
    assert ("zone_trouble", "380", "active") in noted(outputs, Said.STATED)


def test_words_of_no_object_are_untold() -> None:
    outputs = Desk().tell("alarm zone=1")
    assert [o.entry.state for o in outputs if isinstance(o, Note)] == [Said.UNTOLD]


def test_the_clock_is_taken_and_acknowledged() -> None:
    desk = Desk()
    desk.panel.handle(Heard(SET_CLOCK), desk.now_ns)
    shown = desk.panel.model.clock(desk.now_ns)
    assert (shown.hour, shown.minute, shown.second) == (10, 30, 0)


def test_requests_are_answered_and_others_denied() -> None:
    desk = Desk()
    desk.tell("smoke zone=1")
    [answer] = said(desk.hear(50, 4, b"\x51\x01\x00"))
    assert (number(answer), answer[26:28]) == (50, b"\x05\x15")
    [answer] = said(desk.hear(51, 4, b"\x58\x01\x00"))
    assert answer[26:29] == b"\x05\x1c\x01"
    outputs = desk.hear(52, 4, b"\x3d\x01\x01\x01")
    assert ("fire", "110", "active") in noted(outputs, Said.STATED)
    outputs = desk.hear(53, 4, b"\x3e\x01\x01\x01\x01\x00\x01\x00")
    assert ("fire", "111", "active") in noted(outputs, Said.STATED)
    assert [frame[26] for frame in said(desk.hear(54, 4, b"\x3e\x01\x01\x01\x63\x00\x01\x00"))] == [
        6
    ]
    assert [frame[26] for frame in said(desk.hear(55, 1, b"\x77"))] == [6]
    assert said(Desk(DeviceSetup(answers=False)).hear(50, 4, b"\x51\x01\x00")) == []


def test_the_logs_are_read_since_a_time() -> None:
    desk = Desk()
    desk.tell("cancel user=3")
    desk.now_ns += 60 * SECOND_NS
    desk.tell("test")
    since = stamp(CLOCK_START.replace(second=30))
    outputs = desk.hear(60, 4, b"\x40\x01\x01\x01\x05" + since)
    assert said(outputs)[0][27:29] == b"\x04\x01"
    assert noted(outputs, Said.STATED) == [("log", None, "active")]
    [frame] = said(desk.hear(61, 4, b"\x40\x01\x01\x01\x05" + stamp(CLOCK_START)))
    assert frame[28] == 2
    [frame] = said(desk.hear(62, 4, b"\x54\x01\x05" + since))
    assert frame[27:29] == b"\x18\x00"


def test_the_operator_answers_a_duty_check() -> None:
    desk = Desk()
    with pytest.raises(CommandError, match="nobody asked"):
        desk.tell("duty")
    [ack] = said(desk.panel.handle(Heard(DUTY_CHECK), desk.now_ns))
    assert (ack[26], number(ack)) == (3, 7)
    outputs = desk.tell("duty")
    assert said(outputs)[0][26:31] == b"\x02\x18\x01\x20\x01"
    assert noted(outputs) == [("log", None, "active")]
    quick = Desk(DeviceSetup(duty_s=2))
    quick.panel.handle(Heard(DUTY_CHECK), quick.now_ns)
    assert said(quick.wait())[0][27] == 24
    assert quick.now_ns == 3 * SECOND_NS


def test_a_duty_check_beeps_for_its_minutes_only() -> None:
    desk = Desk()
    desk.panel.handle(Heard(DUTY_CHECK), desk.now_ns)
    while desk.now_ns <= 601 * SECOND_NS:
        desk.wait()
    with pytest.raises(CommandError, match="nobody asked"):
        desk.tell("duty")


def test_control_lines_of_the_device_alone() -> None:
    desk = Desk()
    outputs = desk.tell("vendor type=200")
    assert noted(outputs) == [("unknown", None, "active")]
    assert said(desk.tell("raw 4040")) == [b"@@"]
    desk.hear(number(said(outputs)[0]), 3)
    measured = desk.tell("analogue")
    assert said(measured)[0][27:29] == b"\x03\x01"
    desk.hear(number(said(measured)[0]), 3)
    desk.tell("half")
    [frame] = said(desk.tell("smoke zone=1"))
    assert frame[38:69] == "一二三四五六七八九十一二三四五六".encode("gbk")[:31]
    desk.panel.handle(Unplugged(), desk.now_ns)
    assert desk.panel.deadline_ns() is None


def test_what_was_not_taken_is_kept_for_the_next_host() -> None:
    desk = Desk()
    [frame] = said(desk.tell("smoke zone=1"))
    desk.panel.handle(Unplugged(), desk.now_ns)
    assert frame in said(desk.panel.handle(Plugged(), desk.now_ns))


def test_the_command_line_builds_a_device() -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    built = build(parser.parse_args(["--utf8", "--source", "77", "--loop", "2"]))
    assert isinstance(built.voice, GbVoice)
    outputs = built.handle(Plugged(), SECOND_NS)
    assert said(outputs)[0][12:18] == b"\x4d\x00\x00\x00\x00\x00"
    built.handle(Commanded(Command.parse("smoke zone=1")), SECOND_NS)


def test_the_face_names_what_the_driver_needs() -> None:
    assert FACE.for_profile(None, {}).deadline_ns() is None
    assert len(list(FACE.plans["traffic"]({"rate": "10", "seconds": "1"}))) == 10
