"""SIA DC-09 over the network: the panel's communicator calls us, by TCP or datagrams.

Frames are of `drivers._dc09_frames`, what they say of `drivers._dc09_messages`.  Each message is
answered by a frame that echoes its sequence and account: ACK, once it is durable; DUH, once it is
kept, where we cannot make sense of it; NAK with our time, where an encrypted one is so old that it
may be a recording.  A damaged frame gets no answer.  Unanswered, the sender says the same again
with the same sequence, perhaps on another connection or path, and with a time made anew.

Sources: open receivers and senders of this format, and their issues.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from drivers._dc09_frames import NOISE_BYTES_MAX, Cut, Cutter
from drivers._dc09_messages import (
    ANSWERS,
    NULL,
    Cipher,
    Heard,
    Message,
    Reader,
    answered,
    refused_as_old,
    secrets_of,
    time_of,
)
from drivers._dc09_orders import ACTS, Orders
from edge_agent.domain.command import Command, Outcome
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import OFF_S_MAX, PanelClock
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.session import (
    Action,
    Called,
    ClockRead,
    Commanded,
    Committed,
    Driver,
    Fault,
    FaultKind,
    Frame,
    HungUp,
    Input,
    Link,
    Nature,
    Obeyed,
    Opened,
    Option,
    Received,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NO_ACK, NS_PER_S, charset_of, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal
from edge_agent.domain.stamp import Trust

ACK: Final = "ACK"
DUH: Final = "DUH"

POLL_S = 60.0  # of the intervals in use (10 s to 25 h) the one of supervised lines
LATE_S_MIN = 15.0  # a NULL that got lost is said again after 5 to 20 s
LATE_SHARE = 0.5  # of the interval, if that is longer
# Senders keep what they could not deliver and say it again, for minutes.  Some use one number for
# all their messages: what comes later than this is taken for new, rather than lost.
REPEAT_NS = 3600 * NS_PER_S
CUT_NS = 3 * NS_PER_S  # senders repeat after 5 s and more: what has no end by then was cut
NAK_NS = 3600 * NS_PER_S  # how seldom a clear NULL is refused to put a clock right
ACCOUNTS_MAX = 256  # more behind one port than any site has
PEERS_MAX = 16  # each account's main and second path, and connections that linger
NOISE_KEPT_BYTES = 4096  # a peer's noise is reported in pieces of this size
GALAXY = re.compile(rb"[\x44-\x7F]#[0-9A-F]{4}")  # the account block of another SIA over TCP
GALAXY_WHY = "SIA blocks of a Galaxy, which are no DC-09: this panel wants driver galaxy_sia"
_TIME_AT_END = re.compile(rb"_[0-9:,-]{19}\r?\Z")


# ---- decoder


def _reader(setup: Setup, *, is_strict: bool) -> Reader:
    facts = setup.profile.facts if setup.profile is not None else {}
    return Reader(
        codes=setup.codes,
        charset=charset_of(setup),
        ciphers=_ciphers(setup),
        is_strict=is_strict,
        is_dialect=facts.get("dialect") == "heng_bo",
    )


def _ciphers(setup: Setup) -> Sequence[Cipher]:
    key = setup.options.get("key")
    if key is None:
        return ()
    from drivers._dc09_cipher import ciphers_of  # noqa: PLC0415  loaded only where a key is set

    return ciphers_of(str(key))


class Dc09Decoder:
    """Reads a stream of frames; option `now` is the time that encrypted ones are held against."""

    def __init__(self, setup: Setup) -> None:
        self._cutter = Cutter(NOISE_BYTES_MAX)
        self._reader = _reader(setup, is_strict=setup.options.get("strict") is not False)
        self._now_s = _now_s(setup)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        return [self._reader.read(cut, self._now_s).frame for cut in self._cutter.feed(data)]

    def finish(self) -> list[Frame]:
        """Return what is left: a frame without its end, or noise."""
        return [self._reader.read(cut, self._now_s).frame for cut in self._cutter.finish()]


def _now_s(setup: Setup) -> float | None:
    text = setup.options.get("now")
    if text is None:
        return None
    try:
        now = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError(f"option 'now' is {text!r}; allowed: 2026-11-23T11:40:00Z") from None
    return now.replace(tzinfo=now.tzinfo or UTC).timestamp()


# ---- who is there


class Attendance:
    """When each account was heard; one port may carry several.

    The panel is gone when all of them are: a single silent one of several is told by its own.
    """

    def __init__(self, wait_ns: int) -> None:
        self._wait_ns = wait_ns
        self._due_ns: OrderedDict[str, int] = OrderedDict()  # silent longest first
        self._gone: OrderedDict[str, None] = OrderedDict()  # told to be missing
        self._open_until_ns: int | None = None  # nobody was heard yet

    def open(self, now_ns: int) -> None:
        """Begin anew: somebody has to say something soon."""
        self._due_ns.clear()
        self._gone.clear()
        self._open_until_ns = now_ns + self._wait_ns

    def heard(self, account: str, now_ns: int) -> bool:
        """Note a good message; return whether this account alone had been missing."""
        self._open_until_ns = None
        self._due_ns[account] = now_ns + self._wait_ns
        self._due_ns.move_to_end(account)
        if len(self._due_ns) > ACCOUNTS_MAX:
            self._due_ns.popitem(last=False)
        was_gone = account in self._gone
        self._gone.pop(account, None)
        return was_gone

    def deadline_ns(self) -> int | None:
        """Return when the next one is missed."""
        return next(iter(self._due_ns.values()), self._open_until_ns)

    def missing(self, now_ns: int) -> tuple[bool, list[str]]:
        """Return whether everybody is gone, and else which accounts are now missed."""
        late = [account for account, due_ns in self._due_ns.items() if due_ns <= now_ns]
        for account in late:
            del self._due_ns[account]
        if self._due_ns:
            self._gone.update(dict.fromkeys(late))
            while len(self._gone) > ACCOUNTS_MAX:
                self._gone.popitem(last=False)
            return False, late
        nobody = bool(late) or (self._open_until_ns is not None and self._open_until_ns <= now_ns)
        if nobody:
            self._open_until_ns = None
        return nobody, []


# ---- session


@dataclass(slots=True)
class _Ear:
    """One caller's stream."""

    cutter: Cutter
    heard_ns: int = 0


@dataclass(slots=True)
class _Newest:
    """The newest message of an account, to tell a repeat by."""

    identity: bytes
    heard_ns: int


@dataclass(slots=True)
class _Owed:
    """An answer that waits until `identity` is durable; a repeat may have come by another peer."""

    word: str
    message: Message | None
    identity: bytes
    raw: bytes
    peers: set[int] = field(default_factory=set)


class Dc09Session:
    """The receiver's side: events recorded, then answered; supervision by what is heard."""

    def __init__(self, setup: Setup) -> None:
        self._reader = _reader(setup, is_strict=True)
        self._listen_only = setup.options.get("listen_only") is True
        self._sealed_only = (
            bool(self._reader.ciphers) and setup.options.get("clear_text") is not True
        )
        self._takes_orders = self._reader.is_dialect or setup.profile is None
        self._is_clock_ours = "clock" in setup.allow
        poll_ns = seconds_ns(setup, "poll_s", POLL_S)
        late_ns = max(int(LATE_S_MIN * NS_PER_S), int(LATE_SHARE * poll_ns))
        self._attendance = Attendance(poll_ns + late_ns)
        self._clock = PanelClock(UTC)
        self._ours = ClockRead(None, Trust.UNSET)
        self._quality = LineQuality()
        self._ears: OrderedDict[int, _Ear] = OrderedDict()  # silent longest first
        self._newest: OrderedDict[str, _Newest] = OrderedDict()
        self._orders = Orders()
        self._owed: dict[int, _Owed] = {}
        self._tokens = 0
        self._online: bool | None = None
        self._nak_ns: int | None = None

    def deadline_ns(self) -> int | None:
        """Return when a cut frame is given up, or a silence has lasted too long."""
        due = [ear.heard_ns + CUT_NS for ear in self._ears.values() if ear.cutter.is_waiting()]
        others = (self._attendance.deadline_ns(), self._orders.deadline_ns())
        due += [at_ns for at_ns in others if at_ns is not None]
        return min(due, default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        match happened:
            case Opened():
                self._open(happened, now_ns)
            case ClockRead():
                self._ours = happened
                self._clock.read(happened)
            case Received(data, peer, packet):
                return self._receive(data, peer, now_ns, packet=packet)
            case HungUp(peer):
                return self._hang_up(peer, now_ns)
            case Committed(token):
                return self._commit(token, now_ns)
            case Ticked():
                actions = self._give_up_cut(now_ns) + self._orders.due(now_ns)
                return actions + self._miss(now_ns)
            case Commanded(number, command):
                return self._command(number, command, now_ns)
            case Called():
                pass  # it is known by its first bytes
            case _:
                pass  # registers are not of this protocol
        return []

    # ---- lines

    def _open(self, opened: Opened, now_ns: int) -> None:
        self._ears.clear()
        self._owed.clear()
        self._newest.clear()
        self._orders = Orders()
        self._online = None
        self._attendance.open(now_ns)
        for recent in opened.recent:
            cutter = Cutter(NOISE_KEPT_BYTES)
            for cut in (*cutter.feed(recent.frame), *cutter.finish()):
                heard = self._reader.read(cut, None)
                if heard.message is not None:
                    self._orders.heard(heard.message, _account_of(heard), None)
                    heard_ns = now_ns - (recent.age_ns or 0)
                    self._newest[_account(heard)] = _Newest(_identity(heard), heard_ns)

    def _receive(self, data: bytes, peer: int, now_ns: int, *, packet: bool) -> list[Action]:
        if packet:  # a frame is never cut over two datagrams
            cutter = Cutter(NOISE_KEPT_BYTES)
            return self._hear([*cutter.feed(data), *cutter.finish()], peer, now_ns)
        actions = self._give_up_cut(now_ns)
        ear = self._ears.setdefault(peer, _Ear(Cutter(NOISE_KEPT_BYTES)))
        self._ears.move_to_end(peer)
        if len(self._ears) > PEERS_MAX:
            self._ears.popitem(last=False)
        ear.heard_ns = now_ns
        return actions + self._hear(ear.cutter.feed(data), peer, now_ns)

    def _hang_up(self, peer: int, now_ns: int) -> list[Action]:
        """Count what was cut; nobody is there to hear an answer."""
        ear = self._ears.pop(peer, None)
        actions = [] if ear is None else self._hear(ear.cutter.finish(), peer, now_ns)
        for owed in self._owed.values():
            owed.peers.discard(peer)
        actions += self._orders.hung_up(peer)
        return [action for action in actions if not isinstance(action, Send)]

    def _give_up_cut(self, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        for peer, ear in self._ears.items():
            if ear.cutter.is_waiting() and now_ns - ear.heard_ns >= CUT_NS:
                actions += self._hear(ear.cutter.finish(), peer, now_ns)
        return actions

    # ---- frames

    def _hear(self, cuts: Sequence[Cut], peer: int, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        for cut in cuts:
            heard = self._reader.read(cut, self._now_s(now_ns))
            if heard.frame.fault is not None:
                actions += self._refuse(heard, heard.frame.fault, peer, now_ns)
            else:
                actions += [*self._quality.good(), *self._take(heard, peer, now_ns)]
        return actions

    def _take(self, heard: Heard, peer: int, now_ns: int) -> list[Action]:
        frame, message = heard.frame, heard.message
        if message is None:  # the keepalive of another protocol
            return [*self._alive("", now_ns), *self._send(frame.raw, peer)]
        if message.id in ANSWERS:
            return self._orders.answered(message, now_ns)
        if self._sealed_only and message.cipher is None:
            return self._disbelieve(heard, peer, now_ns)
        actions = self._alive(message.account or "", now_ns)
        self._orders.heard(message, _account_of(heard), peer)
        if message.id == NULL:
            return actions + self._attend(message, frame, peer, now_ns)
        signals = frame.signals
        if not signals:  # an order to a panel, on our line: kept, whatever it is
            signals = (_unknown(heard),)
        return actions + self._record(heard, signals, ACK, peer, now_ns)

    def _attend(self, message: Message, frame: Frame, peer: int, now_ns: int) -> list[Action]:
        """Answer a NULL at once: it holds nothing that could be lost."""
        told, ours_s = time_of(message), self._now_s(now_ns)
        if told is None or ours_s is None:
            return self._reply(ACK, message, frame.raw, {peer}, now_ns)
        findings: list[Action] = [*self._clock.compare(told.local, now_ns)]
        off_s = abs(told.local.replace(tzinfo=UTC).timestamp() - ours_s)
        is_due = self._nak_ns is None or now_ns - self._nak_ns >= NAK_NS
        if off_s > OFF_S_MAX and self._is_clock_ours and is_due:
            self._nak_ns = now_ns
            return [*findings, *self._send(refused_as_old(ours_s), peer)]
        return findings + self._reply(ACK, message, frame.raw, {peer}, now_ns)

    def _refuse(self, heard: Heard, fault: FaultKind, peer: int, now_ns: int) -> list[Action]:
        frame, message = heard.frame, heard.message
        if fault is FaultKind.NOISE:
            why = GALAXY_WHY if GALAXY.match(frame.raw) else ""
            return [Fault(fault, why, frame.raw[:FRAME_BYTES_MAX])]
        if fault in {FaultKind.CHECKSUM, FaultKind.LENGTH}:
            return [*self._quality.bad(), Fault(fault, "", _showable(frame.raw))]
        actions: list[Action] = [*self._quality.good(), Fault(fault, "", _showable(frame.raw))]
        if fault is FaultKind.REPLAY:
            told, ours_s = time_of(message) if message else None, self._now_s(now_ns)
            if told is not None and ours_s is not None:
                actions += self._clock.compare(told.local, now_ns)
                actions += self._send(refused_as_old(ours_s), peer)
            return actions
        if message is not None and message.id == NULL:
            return actions  # with a wrong key nobody is there
        return actions + self._keep(heard, peer, now_ns)

    def _disbelieve(self, heard: Heard, peer: int, now_ns: int) -> list[Action]:
        """A message in clear text where the site has a key: kept, but not believed."""
        fault = Fault(FaultKind.DECRYPT, "not encrypted", _showable(heard.frame.raw))
        if heard.message is not None and heard.message.id == NULL:
            return [fault]
        return [fault, *self._keep(heard, peer, now_ns)]

    def _keep(self, heard: Heard, peer: int, now_ns: int) -> list[Action]:
        """Record a whole frame that says nothing to us; its sender need not say it again."""
        return self._record(heard, (_unknown(heard),), DUH, peer, now_ns)

    # ---- events

    def _record(
        self, heard: Heard, signals: tuple[Signal, ...], word: str, peer: int, now_ns: int
    ) -> list[Action]:
        account, identity, raw = _account(heard), _identity(heard), heard.frame.raw
        newest = self._newest.get(account)
        if newest is not None and newest.identity == identity:
            age_ns, newest.heard_ns = now_ns - newest.heard_ns, now_ns
            waiting = next((one for one in self._owed.values() if one.identity == identity), None)
            if waiting is not None:
                waiting.peers.add(peer)
            if waiting is not None or age_ns <= REPEAT_NS:
                repeat: list[Action] = [Fault(FaultKind.REPEAT, "", _showable(raw))]
                if waiting is not None:
                    return repeat
                return repeat + self._reply(word, heard.message, raw, {peer}, now_ns)
        self._newest[account] = _Newest(identity, now_ns)
        self._newest.move_to_end(account)
        if len(self._newest) > ACCOUNTS_MAX:
            self._newest.popitem(last=False)
        self._tokens += 1
        self._owed[self._tokens] = _Owed(word, heard.message, identity, raw, {peer})
        report = Report(self._tokens, signals)
        told = self._orders.told(heard.message, signals) if heard.message else []
        return [report, *told]

    def _commit(self, token: int, now_ns: int) -> list[Action]:
        owed = self._owed.pop(token, None)
        if owed is None:
            return []
        return self._reply(owed.word, owed.message, owed.raw, owed.peers, now_ns)

    def _command(self, number: int, command: Command, now_ns: int) -> list[Action]:
        if self._listen_only:
            return [Obeyed(number, Outcome.FORBIDDEN, "this driver only listens")]
        if command.act not in ACTS or not self._takes_orders:
            return [Obeyed(number, Outcome.UNSUPPORTED, f"no words for {command.act}")]
        return self._orders.give(number, command, now_ns, self._now_s(now_ns))

    # ---- answers and presence

    def _reply(
        self, word: str, message: Message | None, raw: bytes, peers: set[int], now_ns: int
    ) -> list[Action]:
        if message is None:  # not even a sequence to answer to
            return []
        seed = raw + now_ns.to_bytes(8, "big", signed=True)
        reply = answered(word, message, self._now_s(now_ns), seed)
        return [action for peer in sorted(peers) for action in self._send(reply, peer)]

    def _send(self, data: bytes, peer: int) -> list[Action]:
        return [] if self._listen_only else [Send(data, peer)]

    def _alive(self, account: str, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        if self._attendance.heard(account, now_ns):
            actions.append(self._presence(account, State.ONLINE))
        if not self._online:
            self._online = True
            actions.insert(0, Link(online=True))
        return actions

    def _miss(self, now_ns: int) -> list[Action]:
        is_nobody_there, late = self._attendance.missing(now_ns)
        if not is_nobody_there:
            faults = [Fault(FaultKind.SILENCE, f"account {account}") for account in late]
            return [*faults, *(self._presence(account, State.OFFLINE) for account in late)]
        actions: list[Action] = [Fault(FaultKind.SILENCE, "no NULL message and no event")]
        if self._online is not False:
            self._online = False
            actions.append(Link(online=False, reason="silence"))
        return actions

    def _presence(self, account: str, state: State) -> Report:
        """Say that one account of several is missed, or back."""
        self._tokens += 1
        return Report(
            self._tokens, (Signal(kind=Kind.PANEL, state=state, account=account or None),)
        )

    def _now_s(self, now_ns: int) -> float | None:
        offset_ns = self._ours.offset_ns
        if offset_ns is None or self._ours.trust is not Trust.SYNCED:
            return None
        return (now_ns + offset_ns) / NS_PER_S


def _account_of(heard: Heard) -> str | None:
    """Return the account in the data of an event."""
    return next((signal.account for signal in heard.frame.signals), None)


def _account(heard: Heard) -> str:
    return (heard.message.account if heard.message else None) or ""


def _identity(heard: Heard) -> bytes:
    """Return what the copies of one message have in common.

    Sealed with another key they have nothing but their number: each is sealed anew.
    """
    frame, message = heard.frame, heard.message
    if message is not None and frame.fault in {None, FaultKind.DECRYPT}:
        return message.identity
    body = frame.raw[frame.raw.find(b'"') :]
    return hashlib.sha256(_TIME_AT_END.sub(b"", body)).digest()[:16]


def _unknown(heard: Heard) -> Signal:
    """Return the signal of a frame that is kept without its meaning."""
    message = heard.message
    return Signal(
        kind=Kind.UNKNOWN,
        state=State.ACTIVE,
        account=message.account if message else None,
        frame=heard.frame.raw[:FRAME_BYTES_MAX],
        secrets=secrets_of(message) if message else (),
    )


def _showable(raw: bytes) -> bytes:
    """Return a frame for the log; orders of the dialect hold a user's code."""
    return b"" if b"HENG-BO" in raw else raw[:FRAME_BYTES_MAX]


DRIVER = Driver(
    name="dc09",
    version="1",
    title="SIA DC-09 over TCP and UDP, with the HENG-BO dialect",
    nature=Nature.STREAM,
    session=Dc09Session,
    decoder=Dc09Decoder,
    panels=("panels and communicators that speak SIA DC-09", "HENG-BO wireless panels"),
    lines=("listen", "udp"),
    abilities=(
        *("events", "restores", "open_close", "bypass", "troubles", "panel_time", "arm", "clock"),
        *("supervision", "encryption", "listen_only"),
    ),
    acknowledges=True,
    quality="counterpart",
    commands=ACTS,
    recognition="drivers._recognition:DC09",
    options=(
        Option(
            "poll_s",
            float,
            None,
            "interval of the panel's NULL messages; half more is silence (profile, else 60)",
            minimum=5,
            maximum=100_000,
        ),
        Option(
            "key",
            str,
            None,
            "AES key: 16, 24 or 32 characters, or 32, 48 or 64 hex digits",
            secret=True,
        ),
        Option("clear_text", bool, False, "with a key: believe messages without encryption too"),
        NO_ACK,
        Option("charset", str, None, "Python codec of free text (profile, else latin-1)"),
        Option("strict", bool, True, "decode: refuse a frame with a wrong checksum"),
        Option("now", str, None, "decode: the time, ISO 8601, for the window of encrypted frames"),
    ),
    peers_max=PEERS_MAX,
)
