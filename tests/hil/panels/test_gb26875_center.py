"""The emulated center against the typed frames, and against the emulated device."""

from argparse import ArgumentParser

import pytest

from hil.panels.gb26875 import SECOND_NS, DeviceSetup
from hil.panels.gb26875_center import CenterSetup, GbCenter
from hil.panels.gb26875_center_face import FACE, add_arguments, build
from hil.panels.gb26875_face import panel
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Heard,
    Input,
    Note,
    Output,
    Plugged,
    Said,
    Say,
    Ticked,
    Unplugged,
)
from tests.drivers.golden_gb26875 import ACKNOWLEDGE, CALL_POINT, DUTY_CHECK, REGISTRATION

# the center's clock at one second shows 10:20:31, as the standard's example has it
OFFSET_S = -(9 * 3600 + 39 * 60 + 30)


def center() -> GbCenter:
    here = GbCenter(CenterSetup(clock_offset_s=OFFSET_S))
    here.handle(Plugged(1), SECOND_NS)
    return here


def said(outputs: list[Output]) -> list[bytes]:
    return [output.data for output in outputs if isinstance(output, Say)]


def states(outputs: list[Output]) -> list[Said]:
    return [output.entry.state for output in outputs if isinstance(output, Note)]


def tell(here: GbCenter, line: str) -> list[Output]:
    return here.handle(Commanded(Command.parse(line)), SECOND_NS)


def test_the_standards_example_is_acknowledged_byte_for_byte() -> None:
    here = center()
    outputs = here.handle(Heard(CALL_POINT[:30], 1), SECOND_NS)
    outputs += here.handle(Heard(CALL_POINT[30:], 1), SECOND_NS)
    assert said(outputs) == [ACKNOWLEDGE]
    assert states(outputs) == [Said.ARRIVED]


def test_a_repeat_is_acknowledged_and_not_taken_again() -> None:
    here = center()
    here.handle(Heard(CALL_POINT, 1), SECOND_NS)
    outputs = here.handle(Heard(CALL_POINT, 1), SECOND_NS)
    assert (said(outputs), states(outputs)) == ([ACKNOWLEDGE], [])


def test_answers_by_order() -> None:
    here = center()
    tell(here, "mute")
    tell(here, "deny")
    assert said(here.handle(Heard(CALL_POINT, 1), SECOND_NS)) == []
    [deny] = said(here.handle(Heard(CALL_POINT, 1), SECOND_NS))
    assert deny[26] == 6
    [ack] = said(here.handle(Heard(REGISTRATION, 1), SECOND_NS))
    assert ack[24:28] == b"\x01\x00\x03\x17"
    [denied] = said(here.handle(Heard(DUTY_CHECK, 1), SECOND_NS))  # that is for devices
    assert denied[26] == 6


def test_orders_go_to_every_device() -> None:
    here = center()
    here.handle(Heard(CALL_POINT, 1), SECOND_NS)
    [duty] = said(tell(here, "duty"))
    assert duty[12:30] == DUTY_CHECK[12:30]
    [state] = said(tell(here, "state"))
    assert state[26:30] == b"\x04\x51\x01\x00"
    [system] = said(tell(here, "system type=11 at=2"))
    assert system[26:31] == b"\x04\x3d\x01\x0b\x02"
    [clock] = said(tell(here, "clock"))
    assert clock[26:35] == b"\x01\x5a\x01\x1f\x14\x0a\x17\x0b\x1a"
    with pytest.raises(CommandError, match="a center takes"):
        tell(here, "arm")
    here.handle(Unplugged(1), SECOND_NS)
    assert said(tell(here, "state")) == []


def test_the_two_ends_understand_each_other() -> None:
    """All that a device says is taken once; what the center orders is done."""
    here, device = center(), panel(DeviceSetup(duty_s=1))
    now_ns = SECOND_NS
    taken: list[Output] = []

    def carry(happened: Input) -> None:
        to_center = said(device.handle(happened, now_ns))
        while to_center:
            answers: list[Output] = []
            for frame in to_center:
                answers += here.handle(Heard(frame, 1), now_ns)
            taken.extend(output for output in answers if isinstance(output, Note))
            to_center = [x for f in said(answers) for x in said(device.handle(Heard(f), now_ns))]

    carry(Plugged())
    for line in ("smoke zone=1", "mains", "cancel user=2", "restore smoke zone=1"):
        carry(Commanded(Command.parse(line)))
    assert states(taken) == [Said.ARRIVED] * 5
    for line in ("duty", "clock", "state", "system"):
        for frame in said(tell(here, line)):
            carry(Heard(frame))
    now_ns += SECOND_NS
    carry(Ticked())
    assert states(taken)[5:] == [Said.OBEYED, Said.OBEYED, *[Said.ARRIVED] * 3]
    assert device.model.clock(SECOND_NS).hour == 10


def test_the_command_line_builds_a_center() -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    assert build(parser.parse_args(["--address", "9"])).deadline_ns() is None
    assert isinstance(FACE.for_profile(None, {}), GbCenter)
    assert FACE.speak(1, False) == "mute 1"
