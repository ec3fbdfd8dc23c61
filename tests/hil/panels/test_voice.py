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
    Note,
    Output,
    Plugged,
    Said,
    Say,
    Ticked,
    Unplugged,
)
from hil.panels.model import Happened, Happening, Model, ModelSetup, Moved, zones_of
from hil.panels.ness_face import FACE
from hil.panels.stand import Noted, Spoken, Stand, StandOutput, StandSetup
from hil.panels.vocabulary import ARM, WORDS
from hil.panels.voice import LineVoice, ModelPanel, Teller, Told, meaning

ALARM = Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=3)
OPEN = Signal(kind=Kind.ZONE, state=State.OPEN, zone=3)


def notes(outputs: list[StandOutput]) -> list[tuple[int, Said]]:
    return [(one.entry.id, one.entry.state) for one in outputs if isinstance(one, Noted)]


def tell(stand: Stand, line: str, now_ns: int = 0) -> list[StandOutput]:
    return stand.handle(Commanded(Command.parse(line)), now_ns)


def stand() -> Stand:
    there = Stand(FACE.for_profile(None, {}), StandSetup())
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
    there = Stand(FACE.for_profile(None, {}), StandSetup())
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


class Parrot(LineVoice):
    """A panel that says its host's words back, and obeys what begins with `do`."""

    def take(self, line: str, now_ns: int) -> list[Output]:
        return self.do(line[3:], now_ns) if line.startswith("do ") else self.say(line.encode())

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        return self.say(b"moved", (OPEN,)) if isinstance(happened, Moved) else []


def parrot() -> ModelPanel:
    here = Model(ModelSetup(zones=zones_of(8)))
    return ModelPanel(here, Parrot(here))


def data(outputs: list[Output]) -> list[bytes]:
    return [one.data for one in outputs if isinstance(one, Say)]


def test_a_panel_of_lines_takes_whole_ones_in_any_pieces() -> None:
    panel = parrot()
    panel.handle(Plugged(), 0)
    assert data(panel.handle(Heard(b"one\r\ntw"), 0)) == [b"one\r\n"]
    assert data(panel.handle(Heard(b"o\rthree\n\r\n"), 0)) == [b"two\r\n", b"three\r\n"]
    assert data(panel.handle(Heard(b"x" * 600 + b"\n"), 0)) == [b"x" * 600 + b"\r\n"]
    assert data(panel.handle(Heard(b"four\n", 7), 0)) == [], "another's"
    assert panel.deadline_ns() is None


def test_a_panel_of_lines_does_what_it_is_told_and_nothing_else() -> None:
    panel = parrot()
    panel.handle(Plugged(), 0)
    outputs = panel.handle(Heard(b"do open 3\ndo open 99\n"), 0)
    assert data(outputs) == [b"moved\r\n"]
    assert [one.entry.line for one in outputs if isinstance(one, Note)][:1] == ["open 3"]
    assert data(panel.handle(Commanded(Command.parse("raw 0102")), 0)) == [b"\x01\x02"]


def test_a_panel_of_lines_speaks_to_who_is_there() -> None:
    panel = parrot()
    assert panel.handle(Commanded(Command.parse("open 3")), 0) == []
    panel.handle(Plugged(2), 0)
    panel.handle(Unplugged(1), 0)
    assert data(panel.handle(Heard(b"one\n", 2), 0)) == [b"one\r\n"]
    panel.handle(Unplugged(2), 0)
    assert panel.handle(Commanded(Command.parse("close 3")), 0) == []


@pytest.mark.parametrize(
    ("event", "state", "zone", "user"),
    [
        (Happening("alarm", zone=3, user=2), State.ACTIVE, 3, None),
        (Happening("alarm", False, zone=3), State.RESTORED, 3, None),
        (Happening("arm", user=2, zone=3), State.ARMED, None, 2),
        (Happening("disarm", user=2), State.DISARMED, None, 2),
    ],
)
def test_what_an_event_means(
    event: Happening, state: State, zone: int | None, user: int | None
) -> None:
    signal = meaning(WORDS.get(event.word, ARM), event, "2468")
    assert (signal.state, signal.zone, signal.user) == (state, zone, user)
    assert signal.account == "2468"
