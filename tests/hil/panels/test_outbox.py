"""A panel that wants acknowledgement: one message at a time, repeated, kept, begun anew."""

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model
from hil.panels.outbox import Outbox, OutboxVoice, Patience
from hil.panels.site import usual
from hil.panels.voice import Told

PATIENCE = Patience(repeat_ns=4, tries_max=3, rest_ns=30, kept_max=3)


def alarm(zone: int) -> Told:
    signal = Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=zone)
    point = Signal(kind=Kind.ZONE, state=State.OPEN, zone=zone)
    return Told(b"%d" % zone, (signal, point))


def said(outputs: list[Output]) -> list[bytes]:
    return [one.data for one in outputs if isinstance(one, Say)]


def notes(outputs: list[Output]) -> list[tuple[int, Said]]:
    return [(one.entry.id, one.entry.state) for one in outputs if isinstance(one, Note)]


def test_one_message_at_a_time() -> None:
    outbox = Outbox(PATIENCE, b"\r")
    assert outbox.put(alarm(1), 0) == [], "nobody is there"
    first = outbox.open(7, 0)
    assert said(first) == [b"1\r"]
    assert notes(first) == [(1, Said.SAID), (2, Said.STATED)]
    assert outbox.first == b"1"
    assert outbox.put(alarm(2), 1) == []
    taken = outbox.taken(2)
    assert notes(taken) == [(1, Said.ACKED), (3, Said.SAID), (4, Said.STATED)]
    assert said(taken) == [b"2\r"]
    assert said(outbox.taken(3)) == []
    assert outbox.taken(4) == [], "nothing waits"
    assert outbox.deadline_ns() is None


def test_unanswered_it_is_said_again_given_up_kept_and_begun_anew() -> None:
    outbox = Outbox(PATIENCE)
    outbox.open(1, 0)
    outbox.put(alarm(1), 0)
    assert outbox.deadline_ns() == 4
    assert outbox.wake(3) == []
    assert said(outbox.wake(4)) == [b"1"]
    assert notes(outbox.wake(8)) == [], "the ledger has it once"
    assert notes(outbox.wake(12)) == [(1, Said.GAVE_UP)]
    assert outbox.taken(13) == [], "too late: it is said again and may be taken then"
    assert outbox.deadline_ns() == 42
    assert said(outbox.wake(42)) == [b"1"]
    assert notes(outbox.taken(43)) == [(1, Said.ACKED)]


def test_a_refusal_is_answered_at_once() -> None:
    outbox = Outbox(PATIENCE)
    assert outbox.refused(0) == []
    outbox.open(1, 0)
    outbox.put(alarm(1), 0)
    assert said(outbox.refused(1)) == [b"1"]


def test_what_was_not_taken_when_the_line_broke_is_said_on_the_next() -> None:
    outbox = Outbox(PATIENCE)
    outbox.open(1, 0)
    outbox.put(alarm(1), 0)
    outbox.close()
    assert outbox.deadline_ns() is None
    assert outbox.wake(99) == []
    assert outbox.taken(99) == []
    again = outbox.open(2, 100)
    assert again == [Say(b"1", 2)]


def test_a_full_buffer_drops_and_says_so() -> None:
    outbox = Outbox(PATIENCE)
    for zone in (1, 2, 3):
        assert outbox.put(alarm(zone), 0) == []
    assert notes(outbox.put(alarm(4), 0)) == [(7, Said.DROPPED), (8, Said.DROPPED)]


def test_what_has_no_words_is_untold() -> None:
    assert notes(Outbox(PATIENCE).untold(Happening("gas"))) == [(1, Said.UNTOLD)]


def test_what_carries_the_time_is_made_anew_for_each_copy() -> None:
    outbox = Outbox(PATIENCE, b"\r")
    outbox.open(1, 0)
    first = outbox.put(alarm(1), 0, lambda now_ns: b"at %d" % now_ns)
    assert said(first) == [b"1\r"]
    assert said(outbox.wake(4)) == [b"at 4\r"]
    assert outbox.first == b"at 4"
    assert notes(outbox.taken(5)) == [(1, Said.ACKED)]


class Parrot(OutboxVoice):
    """A panel that says each event in one letter."""

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        if not isinstance(happened, Happening):
            return []
        if happened.word == "gas":
            return self.untold(happened.word)
        event = Signal(kind=Kind.BURGLARY, state=State.ACTIVE, zone=happened.zone)
        return self.outbox.put(Told(b"A", (event,)), now_ns)


def test_a_voice_says_what_waited_repeats_and_keeps_what_was_not_taken() -> None:
    voice = Parrot(Model(usual()), Patience(tries_max=2))
    assert said(voice.do("alarm zone=3", "", 0)) == [], "nobody is there"
    assert said(voice.plugged(1, 0)) == [b"A"]
    assert voice.deadline_ns() == Patience().repeat_ns
    assert said(voice.wake(Patience().repeat_ns)) == [b"A"]
    assert voice.delivered((1,), b"A") == []
    voice.unplugged(1)
    assert voice.deadline_ns() is None
    assert said(voice.plugged(2, 0)) == [b"A"]


def test_a_voice_notes_what_it_did_and_what_it_had_no_words_for_and_no_code() -> None:
    voice = Parrot(Model(usual()), Patience())
    obeyed = voice.do("disarm area=1", " user=2", 0)
    untold = voice.do("gas zone=1", "", 0)
    entries = [out.entry for out in (*obeyed, *untold) if isinstance(out, Note)]
    assert [(one.state, one.line) for one in entries if one.line] == [
        (Said.OBEYED, "disarm area=1"),
        (Said.OBEYED, "gas zone=1"),
        (Said.UNTOLD, "gas"),
    ]
    assert len({one.id for one in entries}) == len(entries)
