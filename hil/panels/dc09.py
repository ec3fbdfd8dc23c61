"""A panel's IP communicator that speaks SIA DC-09, written from the facts on that protocol.

What it says: NULL when it is idle and first of all when a host appears; each event in a message of
its own, with the next number of 0001 to 9999, in one of three wordings:

    SIA       "SIA-DCS"0007R0L0#2468[#2468|Nri1/BA003]
    CID       "ADM-CID"0007R0L0#2468[#2468|1130 01 003]
    HENG-BO   "HENG-BO"0007R0L0#13900001234[#0009A4|1130 01 003]

What it hears: ACK or DUH with its number, or NAK with the time, by which it sets its clock and
says the message again.  Unanswered, it says the same after `retry_s` with the same number, `tries`
times; then it rests and begins anew.  With a key all of it is encrypted, and each copy has a new
time.

A HENG-BO panel also hears orders of its center, in the same form: 3400 arms, 3456 arms in part,
1400 disarms, by number 098, with a code of six digits behind its length; it says ACK, obeys, and
says so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.dc09_frames import Ear, Parts, frame, seal, stamp, unseal
from hil.panels.machine import Command, CommandError, Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model
from hil.panels.outbox import Outbox, Patience
from hil.panels.vocabulary import WORDS, Word
from hil.panels.voice import Told, meaning, raw_bytes

CR = b"\r"
SECOND_NS = 1_000_000_000
SEQUENCE_MAX = 9999


class Wording(Enum):
    """How events are written."""

    SIA = "SIA-DCS"
    CID = "ADM-CID"
    HENG_BO = "HENG-BO"


@dataclass(frozen=True, slots=True)
class Dc09Setup:
    """How the communicator is programmed.  `header` is the account in the header, if another."""

    wording: Wording = Wording.SIA
    account: str = "2468"
    header: str = ""
    receiver: str | None = "0"
    line: str = "0"
    poll_s: float = 30
    retry_s: float = 5
    tries: int = 4
    rest_s: float = 20
    key: bytes = b""
    with_time: bool = False
    plain_crc: bool = False


# What a level code has no word of its own for is said by the nearest.
SIA_NEAREST = {"smoke": "fire", "callpoint": "fire", "entry": "alarm", "duress": "holdup"}
# Contact ID: how something was armed, disarmed; the end of a word is qualifier 3.
CID_ARMING = {"code": "401", "key": "409", "quick": "408", "remote": "407", "auto": "403"}
SIA_BYPASS = ("BB", "BU")
ORDER = re.compile(
    r"#([0-9A-F]{6})\|(1400|3400|3456) ([0-9]{2}) ([0-9]{3})\](?:\[\x00\x06([0-9]{6})\])?(?:_.*)?"
)


class Dc09Voice:
    """Says events one at a time until each is acknowledged.

    panel = ModelPanel(model, Dc09Voice(model, Dc09Setup()))
    panel.handle(Plugged(), now_ns)                       # [Say(NULL)]
    panel.handle(Commanded(Command.parse("alarm zone=3")), now_ns)
    """

    def __init__(self, model: Model, setup: Dc09Setup) -> None:
        self._model = model
        self._setup = setup
        patience = Patience(
            int(setup.retry_s * SECOND_NS), setup.tries, int(setup.rest_s * SECOND_NS), 256
        )
        self._outbox = Outbox(patience, CR)
        self._ear = Ear()
        self._peer: int | None = None
        self._sequence = 0
        self._waiting: list[str] = []  # sequences of the outbox, in its order
        self._null_ns = 0
        self._random = Random(setup.account)

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Show that it is there, then say what was kept."""
        self._peer = peer
        self._ear.clear()
        return [*self._null(now_ns), *self._outbox.open(peer, now_ns)]

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer = None
            self._outbox.close()

    def deadline_ns(self) -> int | None:
        """Return when a copy or a NULL is due."""
        if self._peer is None:
            return None
        due_ns = self._outbox.deadline_ns()
        return self._null_ns if due_ns is None else min(due_ns, self._null_ns)

    def wake(self, now_ns: int) -> list[Output]:
        """Repeat, and show that it is there."""
        outputs = self._outbox.wake(now_ns)
        return outputs + self._null(now_ns) if now_ns >= self._null_ns else outputs

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """Only an ACK tells."""
        del covers, frame
        return []

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel."""
        peer = self._peer or 0
        match command.name:
            case "raw":
                return [Say(raw_bytes(command), peer)]
            case "null":
                return self._null(now_ns)
            case "cid":
                return self._any_code(command, now_ns)
        return None

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say an event; points are not of this protocol."""
        if not isinstance(happened, Happening):
            return []
        say = self._sia if self._setup.wording is Wording.SIA else self._contact_id
        said = say(happened)
        if said is None:
            return self._outbox.untold(happened)
        return self._put(*said, now_ns)

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take answers."""
        if peer != self._peer:
            return []
        return [out for parts in self._ear.hear(data) for out in self._answered(parts, now_ns)]

    def _answered(self, parts: Parts, now_ns: int) -> list[Output]:
        if parts.id == Wording.HENG_BO.value:
            return self._ordered(parts, now_ns)
        if parts.id == "NAK":
            told = parts.time()
            if told is None:
                return []
            self._model.set_clock(told, now_ns)
            return self._outbox.refused(now_ns)
        if parts.id not in {"ACK", "DUH"} or not self._waiting:
            return []
        if self._setup.key and parts.id == "ACK" and not self._is_sealed(parts):
            return []  # anybody could have said it; who has no key can say DUH alone
        if parts.sequence != self._waiting[0] or parts.account != self._header:
            return []
        if not self._outbox.first:
            return []  # given up: said again later
        del self._waiting[0]
        return self._outbox.taken(now_ns)

    def _ordered(self, parts: Parts, now_ns: int) -> list[Output]:
        found = ORDER.fullmatch(parts.inner)
        to_us = found is not None and found[1] == self._setup.account
        if found is None or not to_us or self._setup.wording is not Wording.HENG_BO:
            return []
        ack = frame(f'"ACK"{parts.sequence}R0L0#{self._header}[]')
        outputs: list[Output] = [Say(ack + CR, self._peer or 0)]
        verb = "disarm" if found[2] == "1400" else "arm"
        if verb == "disarm" and self._model.user_of((found[5] or "").lstrip("0")) is None:
            wrong = Signal(
                kind=Kind.ACCESS,
                code="701",
                state=State.ACTIVE,
                user=int(found[4]),
                account=self._setup.account,
            )
            return [*outputs, *self._put(f"1701 00 {found[4]}", wrong, now_ns)]
        area = f" area={int(found[3])}" if int(found[3]) else ""
        mode = " mode=stay" if found[2] == "3456" else ""
        line = f"{verb}{area}{mode}"
        outputs += self._outbox.obeyed(line)
        command = Command.parse(f"{line} user={int(found[4])} how=remote")
        for happened in self._model.obey(command, now_ns):
            outputs += self.tell(happened, now_ns)
        return outputs

    def _is_sealed(self, parts: Parts) -> bool:
        return parts.encrypted and unseal(parts.inner, self._setup.key) != ""

    # ---- events

    @property
    def _header(self) -> str:
        return self._setup.header or self._setup.account

    def _sia(self, event: Happening) -> tuple[str, Signal] | None:
        if event.word in {"arm", "disarm"}:
            letters = "CL" if event.word == "arm" else "OP"
            word: Word | None = Word(Kind.OPEN_CLOSE, "401", "user", letters, letters)
        elif event.word == "bypass":
            word = replace(WORDS["bypass"], sia=SIA_BYPASS[0], sia_restore=SIA_BYPASS[1])
        else:
            word = WORDS.get(SIA_NEAREST.get(event.word, event.word))
        letters = (word.sia if event.active else word.sia_restore) if word else ""
        if word is None or not letters:
            return None
        signal = meaning(word, event, self._setup.account)
        where = f"ri{event.area}/" if event.area else ""
        number = signal.zone or signal.user
        return f"N{where}{letters}{f'{number:03d}' if number else ''}", signal

    def _contact_id(self, event: Happening) -> tuple[str, Signal] | None:
        word = self._cid_word(event)
        if word is None:
            return None
        signal = meaning(word, event, self._setup.account)
        closing = event.word == "arm" or not event.active
        where = f"{event.area or 0:02d} {signal.zone or signal.user or 0:03d}"
        return f"{3 if closing else 1}{word.code} {where}", signal

    def _cid_word(self, event: Happening) -> Word | None:
        if event.word not in {"arm", "disarm"}:
            return WORDS.get(event.word)
        is_stay = event.word == "arm" and event.mode == "stay"
        if self._setup.wording is Wording.HENG_BO:
            return Word(Kind.OPEN_CLOSE, "456" if is_stay else "400", "user")
        return Word(Kind.OPEN_CLOSE, "441" if is_stay else CID_ARMING[event.how], "user")

    def _any_code(self, command: Command, now_ns: int) -> list[Output]:
        """Say any Contact ID code, whatever the wording: `cid code=8B8 [kind=K]`."""
        code = command.settings.get("code", "")
        kind = command.settings.get("kind", "unknown")
        if len(code) != 3 or kind not in list(Kind):
            raise CommandError("cid: takes code=DDD and kind=K")
        area = command.number("area", 1, 1, 99)
        signal = Signal(
            kind=Kind(kind),
            code=code,
            state=State.ACTIVE,
            area=area,
            account=self._setup.account,
        )
        return self._put(f"1{code} {area:02d} 000", signal, now_ns, Wording.CID)

    def _put(
        self, said: str, signal: Signal, now_ns: int, wording: Wording | None = None
    ) -> list[Output]:
        self._sequence = self._sequence % SEQUENCE_MAX + 1
        sequence = f"{self._sequence:04d}"
        data = f"#{self._setup.account}|{said}"
        chosen = wording or self._setup.wording

        def make(at_ns: int) -> bytes:
            return self._frame(chosen.value, sequence, data, at_ns)

        self._waiting.append(sequence)
        told = Told(make(now_ns), (signal,))
        is_dated = bool(self._setup.key) or self._setup.with_time
        renew: Callable[[int], bytes] | None = make if is_dated else None
        outputs = self._outbox.put(told, now_ns, renew)
        if any(isinstance(one, Note) and one.entry.state is Said.DROPPED for one in outputs):
            self._waiting.pop()  # the buffer was full
        return outputs

    # ---- frames

    def _null(self, now_ns: int) -> list[Output]:
        self._null_ns = now_ns + int(self._setup.poll_s * SECOND_NS)
        if self._peer is None:
            return []
        return [Say(self._frame("NULL", "0000", "", now_ns, dated=True) + CR, self._peer)]

    def _frame(
        self, word: str, sequence: str, data: str, now_ns: int, *, dated: bool = False
    ) -> bytes:
        setup = self._setup
        at = stamp(self._model.clock(now_ns))
        receiver = "" if setup.receiver is None else f"R{setup.receiver}"
        place = f"{sequence}{receiver}L{setup.line}#{self._header}"
        if setup.key:
            sealed = seal(f"|{data}]{at}", setup.key, self._random)
            return frame(f'"*{word}"{place}[{sealed}', plain_crc=setup.plain_crc)
        when = at if dated or setup.with_time else ""
        return frame(f'"{word}"{place}[{data}]{when}', plain_crc=setup.plain_crc)
