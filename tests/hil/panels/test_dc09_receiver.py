"""The emulated receiver: answers by the facts; our communicator gets everything through to it."""

import pytest

from hil.panels.dc09_frames import frame, unseal
from hil.panels.dc09_receiver import Dc09Receiver, ReceiverSetup
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Heard,
    Note,
    Output,
    Plugged,
    Say,
    Unplugged,
)
from tests.drivers.golden_dc09 import GOLDEN, KEY, SEALED
from tests.hil.process import running

NS = 1_000_000_000
EIGHT_HOURS_S = 8 * 3600 + 20 * 60  # the emulators' clocks begin at 20:00; SEALED was said at 11:40


def receiver(key: str = "", late_s: float = 0) -> Dc09Receiver:
    made = Dc09Receiver(ReceiverSetup(key.encode(), late_s - EIGHT_HOURS_S))
    made.handle(Plugged(1), 0)
    return made


def answers(outputs: list[Output]) -> list[str]:
    return [one.data[9:-1].decode() for one in outputs if isinstance(one, Say)]


def taken(outputs: list[Output]) -> list[str | None]:
    return [one.entry.line for one in outputs if isinstance(one, Note)]


def test_an_event_is_taken_once_and_acknowledged_as_in_the_worked_example() -> None:
    here = receiver()
    heard = here.handle(Heard(GOLDEN[0].frame, 1), 0)
    assert [one.data for one in heard if isinstance(one, Say)] == [GOLDEN[3].frame]
    assert taken(heard) == ["SIA-DCS 0007 2468 #2468|Nri2/BA031"]
    again = here.handle(Heard(GOLDEN[0].frame, 1), 5 * NS)
    assert (len(answers(again)), taken(again)) == (1, [])


def test_null_is_acknowledged_and_no_event_damage_is_not_answered() -> None:
    here = receiver()
    heard = here.handle(Heard(GOLDEN[2].frame, 1), 0)
    assert (answers(heard), taken(heard)) == (['"ACK"0000L0#2468[]'], [])
    assert here.handle(Heard(GOLDEN[0].frame.replace(b"BA031", b"BA032"), 1), 0) == []
    assert here.handle(Heard(GOLDEN[3].frame, 1), 0) == [], "answers are not answered"


@pytest.mark.parametrize(
    ("late_s", "answer"), [(0, '"*ACK"0012'), (40, '"*ACK"'), (41, '"NAK"'), (-21, '"NAK"')]
)
def test_the_window_of_time(late_s: float, answer: str) -> None:
    heard = receiver(KEY, late_s).handle(Heard(SEALED, 1), 0)
    [text] = answers(heard)
    assert text.startswith(answer)
    if "ACK" in answer:
        assert unseal(text.partition("[")[2], KEY.encode()).startswith("]_11:4")
        assert taken(heard) == ["SIA-DCS 0012 2468 #2468|Nri1/FA012"]


def test_what_it_does_not_understand_gets_duh() -> None:
    for key in ("", "X" * 16):
        assert answers(receiver(key).handle(Heard(SEALED, 1), 0)) == ['"DUH"0012R0L0#2468[]']
    odd = frame('"ACR-SF"0001R0L0#2468[x]') + b"\r"
    assert answers(receiver().handle(Heard(odd, 1), 0)) == ['"DUH"0001R0L0#2468[]']


def test_answers_by_control_line() -> None:
    here = receiver()
    for line in ("nak 1", "duh", "mute 2"):
        here.handle(Commanded(Command.parse(line)), 0)
    said = [answers(here.handle(Heard(GOLDEN[0].frame, 1), 0)) for _ in range(5)]
    assert [text[0][:5] if text else "" for text in said] == ['"NAK"', '"DUH"', "", "", '"ACK"']
    here.handle(Commanded(Command.parse("clock +60")), 0)
    with pytest.raises(CommandError):
        here.handle(Commanded(Command.parse("dance")), 0)
    here.handle(Unplugged(1), 0)
    assert here.handle(Heard(GOLDEN[0].frame, 1), 0) == []


@pytest.mark.parametrize("key", ["", KEY])
def test_our_communicator_gets_everything_through_to_it(key: str) -> None:
    keys = ("--key", key) if key else ()
    with running("dc09_receiver", "--tcp", "0", *keys) as center:
        where = center.where()
        with running("dc09", "--connect", where, "--retry-s", "0.3", *keys) as panel:
            center.tell("mute 1", "nak 1")
            panel.tell("alarm zone=3", "clock -500", "mains")
            for _ in range(2):
                panel.state("acked")
            lines = [center.state("arrived")["line"] for _ in range(2)]
    assert lines == ["SIA-DCS 0001 2468 #2468|Nri1/BA003", "SIA-DCS 0002 2468 #2468|NAT"]
