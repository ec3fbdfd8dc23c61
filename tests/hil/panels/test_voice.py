"""How a face joins the model: ledger of what was said, arrived, stated, untold."""

import pytest

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.lines import Trick
from hil.panels.machine import (
    Command,
    Commanded,
    Entry,
    Heard,
    Input,
    Output,
    Plugged,
    Said,
    Say,
    Ticked,
)
from hil.panels.model import Happening
from hil.panels.ness_face import for_profile
from hil.panels.stand import Noted, Spoken, Stand, StandOutput, StandSetup
from hil.panels.vocabulary import WORDS
from hil.panels.voice import Teller, Told

ALARM = Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=3)
OPEN = Signal(kind=Kind.ZONE, state=State.OPEN, zone=3)


def notes(outputs: list[StandOutput]) -> list[tuple[int, Said]]:
    return [(one.entry.id, one.entry.state) for one in outputs if isinstance(one, Noted)]


def tell(stand: Stand, line: str, now_ns: int = 0) -> list[StandOutput]:
    return stand.handle(Commanded(Command.parse(line)), now_ns)


def stand() -> Stand:
    there = Stand(for_profile(None, {}), StandSetup())
    there.handle(Plugged(), 0)
    return there


def test_an_event_is_said_and_then_arrives_unless_it_was_harmed() -> None:
    there = stand()
    assert notes(tell(there, "alarm zone=3")) == [(1, Said.SAID), (1, Said.ARRIVED)]
    there.out.trick(Trick.LOST)
    assert notes(tell(there, "alarm zone=4")) == [(2, Said.SAID)]


def test_a_point_is_stated_and_what_has_no_words_is_untold() -> None:
    there = stand()
    assert notes(tell(there, "open 3")) == [(1, Said.STATED)]
    assert notes(tell(there, "gas zone=3")) == [(2, Said.UNTOLD)]


@pytest.mark.parametrize("word", [*WORDS, "open", "close", "sever", "short", "mend", "mask", "arm"])
def test_no_word_of_the_premises_is_one_of_the_lines_faults(word: str) -> None:
    """The stand takes its own control lines first: `cut` and `lost` are the line's."""
    heard: list[str] = []

    class Ear:
        def handle(self, happened: Input, now_ns: int) -> list[Output]:
            heard.extend([happened.command.name] if isinstance(happened, Commanded) else [])
            return []

        def deadline_ns(self) -> int | None:
            return None

    Stand(Ear(), StandSetup()).handle(Commanded(Command.parse(word)), 0)
    assert heard == [word]


def test_nobody_there_nothing_said() -> None:
    there = Stand(for_profile(None, {}), StandSetup())
    assert tell(there, "alarm zone=3") == []


def test_a_teller_keeps_what_each_frame_means() -> None:
    teller = Teller(b"\r\n")
    say, *noted = teller.tell(Told(b"frame", (ALARM,), (OPEN,)))
    entries = [note.entry for note in noted if hasattr(note, "entry")]
    assert say == Say(b"frame\r\n", 0, (1,))
    assert [(entry.id, entry.state) for entry in entries] == [(1, Said.SAID), (2, Said.STATED)]
    assert all(entry.signal and entry.signal.frame == b"frame" for entry in entries)
    assert len(teller.delivered((1,))) == 1
    assert teller.delivered((1,)) == [], "once"
    [note] = teller.untold(Happening("gas"))
    assert isinstance(getattr(note, "entry", None), Entry)


def test_control_lines_of_every_line() -> None:
    there = stand()
    tell(there, "noend")
    glued = [one.data for one in tell(there, "alarm zone=3") if isinstance(one, Spoken)]
    assert not glued[0].endswith(b"\n")
    raw = [one.data for one in tell(there, "raw 0d0a") if isinstance(one, Spoken)]
    assert raw == [b"\r\n"]


def test_time_and_bytes_reach_model_and_voice() -> None:
    there = stand()
    tell(there, "arm area=1")
    outputs = there.handle(Ticked(), 25 * 10**9)
    assert [one.data[8:10] for one in outputs if isinstance(one, Spoken)] == [b"23"], "exit ends"
    answer = there.handle(Heard(b"8300360S14E4?"), 26 * 10**9)
    assert [one.data[:10] for one in answer if isinstance(one, Spoken)] == [b"8200036014"]
