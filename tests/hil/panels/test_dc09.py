"""The emulated DC-09 communicator: numbers, repeats, refusals, keys, and the words that it has."""

import re
from dataclasses import replace

import pytest

from edge_agent.domain.kinds import Kind, State
from hil.panels.dc09 import Dc09Setup, Wording
from hil.panels.dc09_face import HENG_BO, panel
from hil.panels.dc09_frames import frame, unseal
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
from hil.panels.model import ModelSetup, zones_of
from hil.panels.voice import ModelPanel

NS = 1_000_000_000
KEY = b"EDGEAGENTTESTKEY"


class Talk:
    """A panel with a clock of its own, and what it says."""

    def __init__(self, setup: Dc09Setup | None = None, *, plugged: bool = True) -> None:
        site = ModelSetup(zones=zones_of(32), exit_s=20)
        self.panel: ModelPanel = panel(site, setup or Dc09Setup())
        self.now_ns = 0
        self.began = self.panel.handle(Plugged(), 0) if plugged else []

    def tell(self, line: str) -> list[Output]:
        return self.panel.handle(Commanded(Command.parse(line)), self.now_ns)

    def hear(self, body: str) -> list[Output]:
        return self.panel.handle(Heard(frame(body) + b"\r"), self.now_ns)

    def wait(self, seconds: float) -> list[Output]:
        end_ns, done = self.now_ns + int(seconds * NS), []
        while (due_ns := self.panel.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.panel.handle(Ticked(), self.now_ns)
        self.now_ns = end_ns
        return done


def data(outputs: list[Output]) -> list[bytes]:
    return [one.data for one in outputs if isinstance(one, Say)]


def said(outputs: list[Output]) -> list[str]:
    return [frame[9:-1].decode() for frame in data(outputs)]


def states(outputs: list[Output]) -> list[Said]:
    return [one.entry.state for one in outputs if isinstance(one, Note)]


def test_it_shows_that_it_is_there_at_once_and_every_thirty_seconds() -> None:
    talk = Talk()
    assert said(talk.began) == ['"NULL"0000R0L0#2468[]_20:00:00,11-23-2026']
    assert said(talk.wait(60)) == [
        '"NULL"0000R0L0#2468[]_20:00:30,11-23-2026',
        '"NULL"0000R0L0#2468[]_20:01:00,11-23-2026',
    ]
    talk.panel.handle(Unplugged(), talk.now_ns)
    assert talk.wait(60) == []


def test_one_message_at_a_time_until_it_is_acknowledged() -> None:
    talk = Talk()
    first = talk.tell("alarm zone=3")
    assert said(first) == ['"SIA-DCS"0001R0L0#2468[#2468|Nri1/BA003]']
    assert states(first) == [Said.SAID]
    assert said(talk.tell("mains")) == []
    assert talk.hear('"ACK"0002R0L0#2468[]') == [], "another number"
    assert talk.hear('"ACK"0001R0L0#1357[]') == [], "another account"
    taken = talk.hear('"ACK"0001[]') + talk.hear('"ACK"0001R0L0#2468[]')
    assert states(taken) == [Said.ACKED, Said.SAID]
    assert said(taken) == ['"SIA-DCS"0002R0L0#2468[#2468|NAT]']
    assert states(talk.hear('"DUH"0002R0L0#2468[]')) == [Said.ACKED]


def test_unanswered_it_says_the_same_four_times_rests_and_begins_anew() -> None:
    talk = Talk(Dc09Setup(poll_s=10_000))
    talk.tell("alarm zone=3")
    waited = talk.wait(20)
    assert said(waited) == ['"SIA-DCS"0001R0L0#2468[#2468|Nri1/BA003]'] * 3
    assert states(waited) == [Said.GAVE_UP]
    assert talk.hear('"ACK"0001R0L0#2468[]') == []
    assert len(said(talk.wait(20))) == 1
    assert states(talk.hear('"ACK"0001R0L0#2468[]')) == [Said.ACKED]


def test_what_happens_while_nobody_is_there_is_said_later() -> None:
    talk = Talk(plugged=False)
    assert talk.tell("alarm zone=3") == []
    assert len(said(talk.panel.handle(Plugged(), 0))) == 2


def test_numbers_begin_anew_after_9999() -> None:
    talk = Talk()
    talk.panel.voice._sequence = 9998  # type: ignore[attr-defined]  # of this voice
    for number in ("9999", "0001"):
        [text] = said(talk.tell("alarm zone=3"))
        assert text.startswith(f'"SIA-DCS"{number}')
        talk.hear(f'"ACK"{number}R0L0#2468[]')


def test_a_full_buffer_drops_the_newest_and_numbers_still_fit() -> None:
    talk = Talk()
    for _ in range(258):
        outputs = talk.tell("alarm zone=3")
    assert states(outputs) == [Said.DROPPED]
    for number in range(1, 257):
        assert Said.ACKED in states(talk.hear(f'"ACK"{number:04d}R0L0#2468[]'))


def test_a_refusal_sets_its_clock_and_the_message_is_made_anew() -> None:
    talk = Talk(replace(Dc09Setup(), key=KEY))

    def clear(outputs: list[Output]) -> list[str]:
        return [unseal(text.partition("[")[2], KEY) for text in said(outputs)]

    assert clear(talk.tell("alarm zone=3")) == ["|#2468|Nri1/BA003]_20:00:00,11-23-2026"]
    again = talk.hear('"NAK"0000R0L0A0[]_11:22:34,11-24-2026')
    assert clear(again) == ["|#2468|Nri1/BA003]_11:22:34,11-24-2026"]
    assert talk.hear('"NAK"0000R0L0A0[]') == []
    assert talk.hear('"ACK"0001R0L0#2468[]') == [], "anybody could have said it"
    assert talk.hear('"*ACK"0001R0L0#2468[0011]') == []


@pytest.mark.parametrize(
    ("line", "text", "kind", "code", "state"),
    [
        ("smoke zone=4", "Nri1/FA004", Kind.FIRE, "110", State.ACTIVE),
        ("restore tamper zone=4", "Nri1/TR004", Kind.TAMPER, "137", State.RESTORED),
        ("bypass zone=4", "Nri1/BB004", Kind.BYPASS, "570", State.ACTIVE),
        ("disarm user=2", "Nri1/OP002", Kind.OPEN_CLOSE, "401", State.DISARMED),
    ],
)
def test_words_of_the_level_codes(
    line: str, text: str, kind: Kind, code: str, state: State
) -> None:
    outputs = Talk().tell(line)
    assert said(outputs)[0].endswith(f"[#2468|{text}]")
    [note] = [one for one in outputs if isinstance(one, Note)]
    signal = note.entry.signal
    assert signal is not None
    assert (signal.kind, signal.code, signal.state) == (kind, code, state)


@pytest.mark.parametrize(
    ("setup", "line", "text"),
    [
        (Dc09Setup(wording=Wording.CID), "smoke zone=4", "1111 01 004"),
        (Dc09Setup(wording=Wording.CID), "restore mains", "3301 00 000"),
        (Dc09Setup(wording=Wording.CID), "arm user=2 mode=stay", "3441 01 002"),
        (Dc09Setup(wording=Wording.CID), "disarm how=key", "1409 01 000"),
        (HENG_BO, "arm user=2", "3400 01 002"),
        (HENG_BO, "arm user=2 mode=stay", "3456 01 002"),
        (HENG_BO, "disarm user=2", "1400 01 002"),
    ],
)
def test_words_of_contact_id(setup: Dc09Setup, line: str, text: str) -> None:
    [body] = said(Talk(setup).tell(line))
    header = setup.header or setup.account
    assert body == f'"{setup.wording.value}"0001R0L0#{header}[#{setup.account}|{text}]'


def test_what_it_has_no_words_for_is_noted() -> None:
    assert states(Talk().tell("co zone=3")) == [Said.UNTOLD]
    assert Talk().tell("open 3") == []


def test_its_own_control_lines() -> None:
    talk = Talk()
    [first] = said(talk.tell("cid code=8B8 area=2"))
    assert first == '"ADM-CID"0001R0L0#2468[#2468|18B8 02 000]'
    assert data(talk.tell("raw 0A0D")) == [b"\n\r"]
    assert re.fullmatch(r'"NULL"0000R0L0#2468\[\]_.*', said(talk.tell("null"))[0])
    for wrong in ("cid code=1", "raw xyz"):
        with pytest.raises(CommandError):
            talk.tell(wrong)


def test_programmed_otherwise() -> None:
    talk = Talk(Dc09Setup(receiver=None, with_time=True, header="86123"))
    assert said(talk.tell("mains")) == ['"SIA-DCS"0001L0#86123[#2468|NAT]_20:00:00,11-23-2026']
