"""An alarm receiver's automation output: Sur-Gard MLR2 and System III, Ademco 685, CongWin FE100.

What it does, from public receiver manuals and captures: every message ends with DC4 (14h); the
host answers ACK (06h) or NAK (15h) within 4 s, else the message is said again, three times in all;
then the receiver holds, keeps up to 127 signals, and starts again when a heartbeat is acknowledged.
One message at a time.  Heartbeats go out every 30 s when it is idle, and first of all when a host
appears.  There is no checksum: the shape is the check.

    Contact ID   5RRL_18AAAAQXYZGGCCC          RR receiver, L line, Q = E new, R restore, P present
    SIA, old     3RRL____AAAAAAXXYYYY          six-character account, letters, four-digit number
    SIA, new     SRRL[#AAAA|Nri1/BA001]        area in ri, several events split by /
    heartbeat    1011___________@____          MLR2;   1RR000___________@____   System III

A 685 (and MX8000) puts LF before and CR after, waits 5 s, and beats at once when it hears S:

    Contact ID   RG_AAAA_18_QXYZ_GG_FCCC       F = C contact, U user
    heartbeat    00_OKAY_@

A CongWin FE100 does too, with eight digits of account and `_` at both ends; when it is idle it says
LF CR and waits for no ACK of that:

    Contact ID   _00_AAAAAAAA_18_QXYZ_GG_FCCC_
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Delivered,
    Entry,
    Heard,
    Input,
    Muted,
    Note,
    Output,
    Plugged,
    Said,
    Say,
    Ticked,
    Unplugged,
)
from hil.panels.vocabulary import ARM, ARM_STATES, EVENT_STATES, WORDS, Word

SECOND_NS = 1_000_000_000
ACK, NAK = 0x06, 0x15
ASKING = 0x53  # S
DC4 = b"\x14"
QUEUE_MAX = 127  # signals that a receiver buffers for a line
ZONE_MAX, AREA_MAX = 999, 99  # CCC and GG
SIA_ZONE_MAX = 9999


class Form(Enum):
    """Which receiver it is; the two of Sur-Gard differ in the heartbeat only."""

    MLR2 = "mlr2"
    SYSTEM3 = "system3"
    ADEMCO_685 = "685"
    FE100 = "fe100"

    @property
    def by_lf(self) -> bool:
        """Whether LF begins a message and CR ends it; these have one wording, Contact ID."""
        return self in {Form.ADEMCO_685, Form.FE100}


class Wording(Enum):
    """In which of the three ways a signal is said."""

    CID = "cid"
    SIA_OLD = "sia_old"
    SIA_NEW = "sia"


WORDINGS = {wording.value: wording for wording in Wording}


@dataclass(frozen=True, slots=True)
class ReceiverSetup:
    """How the receiver is programmed; times in ns.  `end` is of the Sur-Gard forms."""

    form: Form = Form.MLR2
    receiver: str = "01"  # 01-FF
    line: str = "1"  # 1-F; some IP receivers print three digits
    account: str = "2468"
    wording: Wording = Wording.CID
    heartbeat_ns: int = 30 * SECOND_NS
    repeat_ns: int = 4 * SECOND_NS
    tries_max: int = 3
    end: bytes = DC4


@dataclass(slots=True)
class Message:
    """One frame waiting for its ACK; no entry for a heartbeat.  `body` is without terminator."""

    body: bytes
    entry: Entry | None = None
    tries: int = 0
    said: bool = False  # in the ledger


def heartbeat(setup: ReceiverSetup) -> bytes:
    """Return the heartbeat of this receiver, without what begins and ends it."""
    if setup.form.by_lf:
        return b"00 OKAY @" if setup.form is Form.ADEMCO_685 else b""
    head = "1011" if setup.form is Form.MLR2 else f"1{setup.receiver}000"
    return f"{head}{' ' * 11}@{' ' * 4}".encode()


class SurgardReceiver:
    """Says one message at a time and repeats it until its ACK is heard.

    panel = SurgardReceiver(ReceiverSetup())
    panel.handle(Plugged(), now_ns)                       # [Say(heartbeat)]
    panel.handle(Heard(b"\\x06"), now_ns)                  # communication has started
    panel.handle(Commanded(Command.parse("alarm zone=3")), now_ns)
    """

    def __init__(self, setup: ReceiverSetup) -> None:
        self._setup = setup
        self._queue: deque[Message] = deque()
        self._outstanding: Message | None = None
        self._peer: int | None = None  # the host; None: nobody there
        self._talking = False  # the last heartbeat or signal was acknowledged
        self._repeat_at_ns = 0
        self._beat_at_ns = 0
        self._endless = False
        self._ids = 0

    def deadline_ns(self) -> int | None:
        """Return when to repeat, or when the next heartbeat is due."""
        if self._peer is None:
            return None
        return self._beat_at_ns if self._outstanding is None else self._repeat_at_ns

    def handle(self, happened: Input, now_ns: int) -> list[Output]:
        """Take one input; see `Machine`."""
        match happened:
            case Plugged(peer):
                self._hold()
                self._peer = peer
                return self._beat(now_ns)
            case Unplugged(peer):
                if peer == self._peer:
                    self._hold()
                    self._peer = None
            case Heard(data, peer) if peer == self._peer:
                return [output for byte in data for output in self._hear(byte, now_ns)]
            case Commanded(command):
                return self._obey(command, now_ns)
            case Ticked() if (due_ns := self.deadline_ns()) is not None and now_ns >= due_ns:
                return self._wake(now_ns)
            case Heard() | Ticked() | Delivered() | Muted():
                pass
        return []

    # ---- the conversation

    def _hear(self, byte: int, now_ns: int) -> list[Output]:
        message = self._outstanding
        if message is None:
            asked = byte == ASKING and self._setup.form is Form.ADEMCO_685
            return self._beat(now_ns) if asked else []
        if byte == NAK:
            return self._try_again(message, now_ns)
        if byte != ACK:
            return []
        self._outstanding, self._talking = None, True
        if message.entry is None:  # late, where repeats are slower than heartbeats: none at once
            self._beat_at_ns = max(self._beat_at_ns, now_ns + self._setup.heartbeat_ns // 2)
            return self._next(now_ns)
        self._queue.popleft()
        return [Note(_moved(message.entry, Said.ACKED)), *self._next(now_ns)]

    def _wake(self, now_ns: int) -> list[Output]:
        if self._outstanding is not None:
            return self._try_again(self._outstanding, now_ns)
        return self._beat(now_ns)

    def _try_again(self, message: Message, now_ns: int) -> list[Output]:
        if message.tries < self._setup.tries_max:
            return self._say(message, now_ns)
        self._hold()
        self._beat_at_ns = max(self._beat_at_ns, now_ns)
        return [] if message.entry is None else [Note(_moved(message.entry, Said.GAVE_UP))]

    def _hold(self) -> None:
        """Stop: only an acknowledged heartbeat starts the communication again."""
        if self._outstanding is not None:
            self._outstanding.tries = 0
        self._outstanding, self._talking = None, False

    def _next(self, now_ns: int) -> list[Output]:
        if self._outstanding is not None or not self._talking or self._peer is None:
            return []
        if now_ns >= self._beat_at_ns:
            return self._beat(now_ns)
        if self._queue:
            return self._say(self._queue[0], now_ns)
        return []

    def _beat(self, now_ns: int) -> list[Output]:
        self._beat_at_ns = now_ns + self._setup.heartbeat_ns
        outputs = self._say(Message(heartbeat(self._setup)), now_ns)
        if self._setup.form is Form.FE100:
            self._outstanding, self._talking = None, True
            outputs += self._next(now_ns)
        return outputs

    def _say(self, message: Message, now_ns: int) -> list[Output]:
        assert self._peer is not None, "somebody must be there to be spoken to"
        message.tries += 1
        self._outstanding = message
        self._repeat_at_ns = now_ns + self._setup.repeat_ns
        outputs: list[Output] = [Say(self._framed(message.body), self._peer)]
        if message.entry is not None and not message.said:
            outputs.append(Note(message.entry))
            message.said = True
        return outputs

    def _framed(self, body: bytes) -> bytes:
        times, self._endless = 2 if self._endless else 1, False
        if self._setup.form.by_lf:
            return (b"\n" + body) * times + b"\r"
        return body * times + self._setup.end

    # ---- control lines

    def _obey(self, command: Command, now_ns: int) -> list[Output]:
        match command.name:
            case "noend":  # the next frame twice, its first terminator missing
                self._endless = True
                return []
            case "raw":
                return self._enqueue(_raw(command), None, now_ns)
            case _:
                signal = self._compose(command)
                return self._enqueue(signal.frame, signal, now_ns)

    def _enqueue(self, body: bytes, signal: Signal | None, now_ns: int) -> list[Output]:
        self._ids += 1
        entry = Entry(self._ids, Said.SAID, signal, body)
        if len(self._queue) >= QUEUE_MAX:
            return [Note(_moved(entry, Said.DROPPED))]
        self._queue.append(Message(body, entry))
        return self._next(now_ns)

    def _compose(self, command: Command) -> Signal:
        command.only("zone", "user", "area", "account", "as", "code", "q", "kind", "number")
        form = self._setup.form
        wording = Wording.CID if form.by_lf else _wording(command, self._setup.wording)
        account = command.settings.get("account", self._setup.account)
        account = account.rjust(8, "0") if form is Form.FE100 else account
        word, qualifier = _meaning(command)
        area = command.number("area", None, 1, AREA_MAX)
        most = ZONE_MAX if wording is Wording.CID else SIA_ZONE_MAX
        number = _number(command, word, most)
        head = f"{self._setup.receiver}{self._setup.line}"
        if form.by_lf:
            event = f"{qualifier}{word.code} {area or 0:02d}"
            letter = "U" if word.number_is == "user" else "C"
            text = _by_lf(self._setup, account, event, f"{letter}{number or 0:03d}")
        elif wording is Wording.CID:
            text = _cid(head, account, f"{qualifier}{word.code}", area, number)
        else:
            text = _sia(wording, head, account, _letters(word, qualifier), area, number)
        return Signal(
            kind=word.kind,
            code=word.code,
            state=_state(word, qualifier),
            area=None if wording is Wording.SIA_OLD else area,
            zone=number if word.number_is == "zone" else None,
            user=number if word.number_is == "user" else None,
            account=_account(wording, account),
            frame=text.encode(),
        )


def _moved(entry: Entry, state: Said) -> Entry:
    return Entry(entry.id, state, entry.signal, entry.frame)


def _cid(head: str, account: str, event: str, area: int | None, number: int | None) -> str:
    return f"5{head} 18{account}{event}{area or 0:02d}{number or 0:03d}"


def _by_lf(setup: ReceiverSetup, account: str, event: str, number: str) -> str:
    if setup.form is Form.FE100:
        return f" 00 {account} 18 {event} {number} "
    return f"{setup.receiver[-1]}{setup.line[-1]} {account} 18 {event} {number}"


def _sia(
    wording: Wording, head: str, account: str, letters: str, area: int | None, number: int | None
) -> str:
    if wording is Wording.SIA_OLD:
        return f"3{head}    {_account(wording, account)}{letters}{number or 0:04d}"
    place = "" if area is None else f"ri{area}/"
    return f"S{head}[#{account}|N{place}{letters}{number or 0:03d}]"


def _account(wording: Wording, account: str) -> str:
    return account.rjust(6, "0") if wording is Wording.SIA_OLD else account


def _state(word: Word, qualifier: str) -> State:
    states = ARM_STATES if word.kind is Kind.OPEN_CLOSE else EVENT_STATES
    if qualifier not in states:
        raise CommandError(f"q={qualifier}: takes {', '.join(states)}")
    return states[qualifier]


def _letters(word: Word, qualifier: str) -> str:
    letters = {"E": word.sia, "R": word.sia_restore}.get(qualifier)
    if not letters:
        raise CommandError(f"Contact ID {word.code} with q={qualifier} has no SIA letters here")
    return letters


def _meaning(command: Command) -> tuple[Word, str]:
    """Return what happens and its qualifier: `alarm`, `restore alarm`, `arm`, `cid code=...`."""
    match command.name:
        case "arm":
            return ARM, "R"
        case "disarm":
            return ARM, "E"
        case "cid":
            return _any_code(command), command.settings.get("q", "E")
        case "restore":
            name, qualifier = command.word(0, "alarm"), "R"
        case name:
            qualifier = "E"
    if name not in WORDS:
        known = ", ".join((*WORDS, "arm", "disarm", "restore WORD", "cid", "raw", "noend"))
        raise CommandError(f"a receiver knows no {name!r}; it knows {known}")
    return WORDS[name], qualifier


def _any_code(command: Command) -> Word:
    code = command.settings.get("code", "")
    if len(code) != 3 or not set(code) <= set("0123456789BCDEF"):
        raise CommandError(f"cid: code={code} is not three digits, e.g. code=130")
    for word in (*WORDS.values(), ARM):
        if word.code == code:
            return word
    kind = command.settings.get("kind", "unknown")
    if kind not in list(Kind):
        raise CommandError(f"cid: kind={kind} is not a kind of signal")
    return Word(Kind(kind), code, command.settings.get("number", ""))


def _number(command: Command, word: Word, most: int) -> int | None:
    if word.number_is == "":
        return None
    return command.number(word.number_is, None, 1, most)


def _wording(command: Command, default: Wording) -> Wording:
    text = command.settings.get("as", default.value)
    if text not in WORDINGS:
        raise CommandError(f"as={text}: takes {', '.join(WORDINGS)}")
    return WORDINGS[text]


def _raw(command: Command) -> bytes:
    try:
        body = bytes.fromhex(command.word(0, ""))
    except ValueError as error:
        raise CommandError("raw: takes hex digits, without the terminator") from error
    if not body:
        raise CommandError("raw: takes hex digits, without the terminator")
    return body
