"""A Galaxy panel's SIA output, from the facts on its RS-232 and Ethernet modules.

One block at a time, each with header, function letter, at most 63 bytes and a parity byte.  When
something happened it begins with its account; each event is a block N, at level 3 and above a block
A with a line of text follows; a block 0 ends the talk.  Each has to be acknowledged within 2.5 s,
else it is said again, four times in all; rejected it is said again at once.  Then the panel rests
and begins anew with the account, and with the event that was not finished.

    44 23 32 34 36 38 90                    account 2468
    55 4E 74 69 32 30 ... C4                new event: ti20:05/id015/ri02/CL
    40 30 8F                                end of data

Between talks it may be asked and ordered by a host that logs in with its remote code: see
`hil.panels.galaxy_control`.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import xor

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.galaxy_control import GalaxyControl, address, block
from hil.panels.machine import Command, CommandError, Entry, Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model
from hil.panels.vocabulary import ARM, WORDS, Word
from hil.panels.voice import meaning, raw_bytes

SECOND_NS = 1_000_000_000
QUEUE_MAX = 256  # events that a panel keeps for its receiver
DATA_MAX = 63
WANTS_ACK = 0x40
ACK, REJECT = (0x38, 0x08), (0x39, 0x09)
ASKING = b"?CX"
# What a level code has no word of its own for is said by the nearest.
NEAREST = {"smoke": "fire", "callpoint": "fire", "entry": "alarm", "duress": "holdup"}
TEXTS = {"alarm": "INTRUDER", "fire": "FIRE", "tamper": "TAMPER", "arm": "SET", "disarm": "UNSET"}


@dataclass(frozen=True, slots=True)
class GalaxySetup:
    """How the module is programmed; `test_s` is how often it says that it is well."""

    account: str = "2468"
    level: int = 3
    test_s: float = 3600.0
    wait_s: float = 2.5
    tries: int = 4
    rest_s: float = 20.0
    remote_code: str = ""  # by which a host may ask and order; none: it may not


@dataclass(slots=True)
class _Block:
    data: bytes
    entry: Entry | None = None
    noted: bool = False


@dataclass(slots=True)
class _Talk:
    """What is said: which event of the queue, which of its blocks."""

    block: _Block | None = None  # waits for its ACK
    at: int = -1  # -1: the account; then blocks of the first event
    tries: int = 0
    due_ns: int = 0
    is_resting: bool = False
    heard: bytearray = field(default_factory=bytearray)


def heard_in(heard: bytearray) -> tuple[int, bytes] | None:
    """Take the next block of a host out of what was heard: its function and data, None for none."""
    at = 0
    while len(heard) - at >= 3:
        size = (heard[at] & 0x3F) + 3
        said = bytes(heard[at : at + size])
        is_whole = len(said) == size and reduce(xor, said, 0xFF) == 0
        if is_whole and said[1] in (*ACK, *REJECT, *ASKING):
            del heard[: at + size]
            return said[1], said[2:-1]
        at += 1
    del heard[: -DATA_MAX - 3]
    return None


class GalaxyVoice:
    """Says events in conversations, block by block, until each is acknowledged."""

    def __init__(self, model: Model, setup: GalaxySetup) -> None:
        self._model = model
        self._setup = setup
        self._control = GalaxyControl(model, setup.remote_code)
        self._queue: deque[list[_Block]] = deque()
        self._talk = _Talk()
        self._peer: int | None = None
        self._test_ns = 0
        self._ids = 0
        self._text = ""

    # ---- Voice

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Show that it is there by a talk of no event, or say what was kept."""
        self._peer, self._talk = peer, _Talk()
        self._test_ns = now_ns + int(self._setup.test_s * SECOND_NS)
        return self._next(now_ns)

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer, self._talk = None, _Talk()

    def deadline_ns(self) -> int | None:
        """Return when a block is said again, or a test is due."""
        if self._peer is None:
            return None
        is_busy = self._talk.block is not None or self._talk.is_resting
        return min(self._test_ns, self._talk.due_ns) if is_busy else self._test_ns

    def wake(self, now_ns: int) -> list[Output]:
        """Say again, give up, begin anew; say that it is well."""
        outputs: list[Output] = []
        talk = self._talk
        if self._peer is not None and now_ns >= talk.due_ns:
            if talk.block is not None:
                outputs += self._again(now_ns)
            elif talk.is_resting:
                self._talk = _Talk()
                outputs += self._next(now_ns)
        return outputs + (self._test(now_ns) if now_ns >= self._test_ns else [])

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """Only an ACK tells."""
        del covers, frame
        return []

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel."""
        match command.name:
            case "raw":
                return [Say(raw_bytes(command), self._peer or 0)]
            case "sia":
                return self._any_code(command, now_ns)
            case "text":
                self._text = " ".join(command.words)[:DATA_MAX]
                return []
        return None

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say an event; points are not of this protocol."""
        if not isinstance(happened, Happening):
            return []
        word = _word(happened)
        letters = (word.sia if happened.active else word.sia_restore) if word else ""
        if word is None or not letters:
            self._ids += 1
            return [Note(Entry(self._ids, Said.UNTOLD, line=happened.word))]
        signal = meaning(word, happened, self._setup.account)
        if signal.zone is not None:
            signal = replace(signal, zone=address(signal.zone))
        text = self._text or _text_of(happened)
        self._text = ""
        return self._put(letters, signal, text, now_ns)

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Take answers to the block that waits."""
        if peer != self._peer:
            return []
        outputs: list[Output] = []
        self._talk.heard += data
        while (heard := heard_in(self._talk.heard)) is not None:
            function, told = heard
            if self._talk.block is not None:
                if function in ACK + REJECT:  # it asks at the wrong time: that is not heard
                    outputs += self._taken(now_ns) if function in ACK else self._again(now_ns)
            elif function in ASKING and not self._queue:
                outputs += self._asked(chr(function), told, now_ns)
        return outputs

    def _asked(self, function: str, data: bytes, now_ns: int) -> list[Output]:
        """Answer a host, then say what came of it."""
        reply = self._control.hear(function, data)
        outputs: list[Output] = []
        for said, stated in reply.said:
            outputs.append(Say(said, self._peer or 0))
            for signal in stated:
                self._ids += 1
                where = replace(signal, account=self._setup.account, frame=said)
                outputs += [
                    Note(Entry(self._ids, Said.STATED, one, said))
                    for one in (where, replace(where, account=None))
                ]
        if reply.does:
            self._ids += 1
            outputs.append(Note(Entry(self._ids, Said.OBEYED, line=reply.does)))
            happened = self._model.obey(Command.parse(reply.does), now_ns)
            outputs += [out for one in happened for out in self.tell(one, now_ns)]
        return outputs

    # ---- the conversation

    def _test(self, now_ns: int) -> list[Output]:
        self._test_ns = now_ns + int(self._setup.test_s * SECOND_NS)
        signal = Signal(kind=Kind.TEST, code="602", state=State.ACTIVE, account=self._setup.account)
        return self._put("RP", signal, "AUTO TEST", now_ns)

    def _taken(self, now_ns: int) -> list[Output]:
        talk = self._talk
        said, talk.block, talk.tries = talk.block, None, 0
        assert said is not None, "something waits"
        if said.data == block("0"):
            talk.at = -1
            return self._next(now_ns) if self._queue else []
        outputs: list[Output] = []
        if said.entry is not None:
            outputs.append(Note(replace(said.entry, state=Said.ACKED)))
        talk.at += 1
        if self._queue and talk.at >= len(self._queue[0]):
            self._queue.popleft()
            talk.at = 0
        return [*outputs, *self._next(now_ns)]

    def _next(self, now_ns: int) -> list[Output]:
        talk = self._talk
        if self._peer is None or talk.block is not None or talk.is_resting:
            return []
        if talk.at >= 0 and not self._queue:
            return self._say(_Block(block("0")), now_ns)
        if talk.at < 0:
            return self._say(_Block(block("#", self._setup.account.encode())), now_ns)
        return self._say(self._queue[0][talk.at], now_ns)

    def _say(self, said: _Block, now_ns: int) -> list[Output]:
        assert self._peer is not None, "somebody must be there to be spoken to"
        talk = self._talk
        talk.block, talk.tries = said, talk.tries + 1
        talk.due_ns = now_ns + int(self._setup.wait_s * SECOND_NS)
        outputs: list[Output] = [Say(said.data, self._peer)]
        if said.entry is not None and not said.noted:
            said.noted = True
            outputs.append(Note(said.entry))
        return outputs

    def _again(self, now_ns: int) -> list[Output]:
        talk = self._talk
        said = talk.block
        assert said is not None, "something waits"
        if talk.tries < self._setup.tries:
            return self._say(said, now_ns)
        due_ns = now_ns + int(self._setup.rest_s * SECOND_NS)
        self._talk = _Talk(is_resting=True, due_ns=due_ns)
        return [] if said.entry is None else [Note(replace(said.entry, state=Said.GAVE_UP))]

    # ---- events

    def _put(self, letters: str, signal: Signal, text: str | None, now_ns: int) -> list[Output]:
        where = f"ri{signal.area:02d}/" if signal.area else ""
        who = f"id{signal.user:03d}/" if signal.user else ""
        number = f"{signal.zone:04d}" if signal.zone else ""
        at = self._model.clock(now_ns).strftime("%H:%M")
        blocks = [self._block("N", f"ti{at}/{who}{where}{letters}{number}", signal)]
        if text is not None and self._setup.level >= 3:
            about = replace(signal, kind=Kind.LOG, code=None, state=State.STATUS, text=text)
            blocks.append(self._block("A", text, about))
        if len(self._queue) >= QUEUE_MAX:
            return [Note(replace(one.entry, state=Said.DROPPED)) for one in blocks if one.entry]
        self._queue.append(blocks)
        return self._next(now_ns) if self._talk.block is None else []

    def _block(self, function: str, text: str, signal: Signal) -> _Block:
        self._ids += 1
        data = block(function, text.encode("cp850", errors="replace")[:DATA_MAX])
        return _Block(data, Entry(self._ids, Said.SAID, replace(signal, frame=data), data))

    def _any_code(self, command: Command, now_ns: int) -> list[Output]:
        """Say any two letters, without a text: `sia code=XY`."""
        letters = command.settings.get("code", "")
        if len(letters) != 2 or not letters.isalpha() or not letters.isupper():
            raise CommandError("sia: takes code=XY, two capital letters")
        area = command.number("area", None, 1, 99)
        account = self._setup.account
        signal = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, area=area, account=account)
        return self._put(letters, signal, None, now_ns)


def _text_of(event: Happening) -> str:
    """Return what a panel without names prints: what, where, and + or - for its begin or end."""
    where = (
        f" ZONE {address(event.zone)}"
        if event.zone
        else f" USER {event.user}"
        if event.user
        else ""
    )
    sign = "+" if event.active else "-"
    return f"{sign}{TEXTS.get(event.word, event.word.upper())}{where}"


def _word(event: Happening) -> Word | None:
    if event.word in {"arm", "disarm"}:
        letters = "CL" if event.word == "arm" else "OP"
        return replace(ARM, sia=letters, sia_restore=letters)
    if event.word == "bypass":
        return replace(WORDS["bypass"], sia="BB", sia_restore="BU")
    return WORDS.get(NEAREST.get(event.word, event.word))
