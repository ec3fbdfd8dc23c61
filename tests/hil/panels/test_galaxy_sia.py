"""The emulated Galaxy against the facts: every block here is typed from them.

Blocks: facts on the Galaxy's SIA output, section 2; the conversation: section 3.
"""

import pytest

from hil.panels.galaxy_control import block
from hil.panels.galaxy_sia import GalaxySetup, heard_in
from hil.panels.galaxy_sia_face import FACE, for_profile, is_sound, panel
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Delivered,
    Heard,
    Muted,
    Note,
    Output,
    Plugged,
    Say,
    Ticked,
    Unplugged,
)
from hil.panels.model import ModelSetup, ZoneType, zones_of

NS = 1_000_000_000
ACK, REJECT = bytes.fromhex("40 38 87"), bytes.fromhex("40 39 86")
ACCOUNT, END = bytes.fromhex("44 23 32 34 36 38 90"), bytes.fromhex("40 30 8F")


class Talk:
    """A panel that shows 20:00, and a clock of its own."""

    def __init__(self, *, level: int = 2, plugged: bool = True) -> None:
        zones = {**zones_of(16, areas=2), 1024: (ZoneType.INTERIOR, 1)}
        premises = ModelSetup(zones=zones, areas=(1, 2), exit_s=20)
        self.panel = panel(premises, GalaxySetup(level=level))
        self.now_ns = 0
        if plugged:
            self.panel.handle(Plugged(), 0)
            self.hear(ACK, ACK)

    def tell(self, line: str) -> list[Output]:
        return self.panel.handle(Commanded(Command.parse(line)), self.now_ns)

    def hear(self, *answers: bytes) -> list[Output]:
        return [out for one in answers for out in self.panel.handle(Heard(one), self.now_ns)]

    def wait(self, seconds: float) -> list[Output]:
        end_ns, done = self.now_ns + int(seconds * NS), []
        while (due_ns := self.panel.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.panel.handle(Ticked(), self.now_ns)
        self.now_ns = end_ns
        return done


def data(outputs: list[Output]) -> list[bytes]:
    return [one.data for one in outputs if isinstance(one, Say)]


def noted(outputs: list[Output]) -> list[str]:
    return [one.entry.state.value for one in outputs if isinstance(one, Note)]


def test_a_talk_is_account_event_text_and_end() -> None:
    talk = Talk(level=3)
    talk.tell("text HALL \N{LATIN CAPITAL LETTER O WITH DIAERESIS}")
    assert data(talk.tell("alarm zone=1024 area=1")) == [ACCOUNT]
    [event] = data(talk.hear(ACK))
    assert event == block("N", b"ti20:00/ri01/BA1024")
    outputs = talk.hear(ACK)
    assert data(outputs) == [bytes.fromhex("46 41 48 41 4C 4C 20 99 48")]
    assert noted(outputs) == ["acked", "said"]
    assert data(talk.hear(ACK)) == [END]
    assert data(talk.hear(ACK)) == []


def test_the_worked_example_of_arming() -> None:
    talk = Talk()
    talk.tell("clock +300")
    talk.tell("arm area=2 user=15")
    [event] = data(talk.hear(ACK))
    assert event == bytes.fromhex(
        "55 4E 74 69 32 30 3A 30 35 2F 69 64 30 31 35 2F 72 69 30 32 2F 43 4C C4"
    )


def test_a_text_says_what_where_and_whether_it_began() -> None:
    talk = Talk(level=3)
    talk.tell("alarm zone=3 area=1")
    talk.tell("restore alarm zone=3 area=1")
    talk.tell("disarm area=1 user=2")
    said = [one for _ in range(8) for one in data(talk.hear(ACK))]
    texts = [one[2:-1] for one in said if one[1:2] == b"A"]
    assert texts == [b"+INTRUDER ZONE 1003", b"-INTRUDER ZONE 1003", b"+UNSET USER 2"]


def test_unanswered_a_block_is_said_four_times_then_all_of_it_anew() -> None:
    talk = Talk(level=3)
    talk.tell("alarm zone=3")
    talk.hear(ACK, ACK)  # the text waits
    outputs = talk.wait(10)
    assert [one[1:2] for one in data(outputs)] == [b"A"] * 3
    assert noted(outputs) == ["gave_up"]
    assert data(talk.wait(19)) == []
    assert data(talk.wait(1.5)) == [ACCOUNT]
    assert [one[1:2] for one in data(talk.hear(ACK, ACK))] == [b"N", b"A"]


def test_rejected_a_block_is_said_again_at_once() -> None:
    talk = Talk()
    talk.tell("alarm zone=3")
    [event] = data(talk.hear(ACK))
    assert data(talk.hear(REJECT)) == [event]
    assert data(talk.hear(bytes.fromhex("40 09 B6"))) == [event]


def test_what_happens_meanwhile_is_said_in_the_same_talk() -> None:
    talk = Talk()
    talk.tell("alarm zone=3")
    talk.hear(ACK)
    assert data(talk.tell("alarm zone=4")) == []
    assert [one[1:2] for one in data(talk.hear(ACK, ACK))] == [b"N", b"0"]


def test_what_is_not_taken_is_kept_for_the_next_host() -> None:
    talk = Talk(plugged=False)
    assert data(talk.tell("alarm zone=3")) == []
    assert talk.panel.deadline_ns() is None
    assert data(talk.panel.handle(Plugged(1), 0)) == [ACCOUNT]
    talk.panel.handle(Unplugged(1), 0)
    assert data(talk.hear(ACK)) == []
    assert data(talk.panel.handle(Plugged(2), 0)) == [ACCOUNT]
    for _ in range(300):
        talk.tell("alarm zone=3")
    assert noted(talk.tell("alarm zone=3")) == ["dropped"]


def test_it_says_that_it_is_well() -> None:
    talk = Talk()
    assert data(talk.wait(3599)) == []
    assert data(talk.wait(2)) == [ACCOUNT]
    [test] = data(talk.hear(ACK))
    assert b"/RP" in test


def test_answers_are_found_in_what_is_heard() -> None:
    heard = bytearray(b"\x40\x38\x40\x38\x87\x41\x38\x86" + REJECT + b"\x40")
    assert [heard_in(heard) for _ in range(3)] == [(0x38, b""), (0x39, b""), None]
    assert len(heard) < 70, "a block may still go on"


def test_words_without_letters_and_control_lines() -> None:
    talk = Talk()
    assert noted(talk.tell("co zone=3")) == ["untold"]
    assert data(talk.tell("raw 01 02")) == [b"\x01"]
    talk.tell("sia code=QX area=1")
    assert data(talk.hear(ACK)) == [block("N", b"ti20:00/ri01/QX")]
    with pytest.raises(CommandError, match="two capital letters"):
        talk.tell("sia code=Q")
    assert data(talk.tell("open 3")) == []
    assert talk.panel.handle(Delivered((), b""), 0) == []
    assert talk.panel.handle(Muted(0), 0) == []
    assert talk.panel.handle(Heard(ACK, 7), 0) == []


def test_the_face() -> None:
    assert is_sound(END)
    assert not is_sound(END[:-1] + b"\x8e")
    assert FACE.speak(0, True) == FACE.speak(0, False)
    assert for_profile(None, {}).model.zones
