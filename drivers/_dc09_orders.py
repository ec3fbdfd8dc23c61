r"""Orders to HENG-BO panels over DC-09: arm, arm in part, disarm; one at a time, each sent once.

    "HENG-BO"0001R0L0#13900001234[#0009A4|1400 01 098][..123456]

3400 arms, 3456 arms in part, 1400 disarms; the group is the area, 00 for all; 098 is the center;
behind the data stands a code of six digits, after its length in two bytes.  The panel acknowledges
an order as we do an event, by its number.  Whether it obeyed is what it then says itself: that it
is armed or disarmed, or 701, a wrong code.

Source: public descriptions and open code of this dialect; never tried on a panel.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from drivers._dc09_frames import framed
from drivers._dc09_messages import Message, time_text
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Action, Obeyed, Send
from edge_agent.domain.settings import NS_PER_S
from edge_agent.domain.signal import Signal

DIALECT: Final = "HENG-BO"
ACTS: Final = frozenset({Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM})
PANELS_MAX: Final = 16  # known on one port; orders need exactly one
ANSWER_NS: Final = 10 * NS_PER_S  # an ACK takes as long as a mobile network does
EFFECT_NS: Final = 50 * NS_PER_S  # some panels say that they are armed when the exit delay is over
CODE_DIGITS: Final = 6
CENTER: Final = 98  # who ordered it

_WORDS: Final = {Act.ARM_AWAY: "3400", Act.ARM_STAY: "3456", Act.DISARM: "1400"}
_WRONG_CODE: Final = "701"


@dataclass(slots=True)
class _Panel:
    """How a panel is addressed: its header, the account in its data, where it spoke last."""

    header: str
    place: str
    account: str | None = None
    peer: int | None = None


@dataclass(slots=True)
class _Doing:
    id: int
    command: Command
    panel: _Panel
    sequence: str
    until_ns: int
    taken: bool = False


class Orders:
    """The panels of the dialect that spoke on a port, and the order under way to one of them."""

    def __init__(self) -> None:
        self._panels: OrderedDict[str, _Panel] = OrderedDict()
        self._doing: _Doing | None = None
        self._sequence = 0

    def deadline_ns(self) -> int | None:
        """Return when an order is given up."""
        return self._doing.until_ns if self._doing is not None else None

    # ---- who speaks

    def heard(self, message: Message, account: str | None, peer: int | None) -> None:
        """Note where a panel speaks; `account` is that of its data, `peer` None is of the past."""
        header = message.account or ""
        known = self._panels.get(header)
        if known is None and message.id != DIALECT:
            return  # a NULL does not tell what panel it is of
        if known is None:
            receiver = "" if message.receiver is None else f"R{message.receiver}"
            known = self._panels[header] = _Panel(header, f"{receiver}L{message.line or '0'}")
            if len(self._panels) > PANELS_MAX:
                self._panels.popitem(last=False)
        if message.id == DIALECT:
            known.account = account or known.account
        known.peer = peer if peer is not None else known.peer

    def hung_up(self, peer: int) -> list[Action]:
        """A connection is gone, and with it what was ordered on it."""
        for panel in self._panels.values():
            if panel.peer == peer:
                panel.peer = None
        lost = self._doing is not None and self._doing.panel.peer is None
        return self._done(Outcome.UNANSWERED, "the panel hung up") if lost else []

    # ---- the order

    def give(self, number: int, command: Command, now_ns: int, now_s: float | None) -> list[Action]:
        """Send an order to the one panel there is, or say why not."""
        panel, why = self._addressee()
        area, code = command.area or 0, command.code or ""
        if self._doing is not None:
            why = "another command is under way"
        elif area > 99 or len(code) > CODE_DIGITS:
            why = f"an area is 1 to 99, a code has up to {CODE_DIGITS} digits"
        elif command.act is Act.DISARM and not code:
            why = "the user code is missing"
        if panel is None or panel.peer is None or why:
            return [Obeyed(number, Outcome.REFUSED, why)]
        self._sequence = self._sequence % 9999 + 1
        sequence = f"{self._sequence:04d}"
        data = f"[#{panel.account}|{_WORDS[command.act]} {area:02d} {CENTER:03d}]"
        body = f'"{DIALECT}"{sequence}{panel.place}#{panel.header}{data}'.encode("latin-1")
        if code:
            body += b"[" + CODE_DIGITS.to_bytes(2) + f"{code:0>{CODE_DIGITS}}".encode() + b"]"
        if now_s is not None:
            body += f"_{time_text(now_s)}".encode()
        self._doing = _Doing(number, command, panel, sequence, now_ns + ANSWER_NS)
        return [Send(framed(body), panel.peer)]

    def _addressee(self) -> tuple[_Panel | None, str]:
        there = [panel for panel in self._panels.values() if panel.peer is not None]
        if not there:
            return None, "no panel of the dialect is there"
        if len(there) > 1:
            return None, "several panels are on this port: give each a port of its own"
        if there[0].account is None:
            return None, "the panel has not said its account yet"
        return there[0], ""

    # ---- what becomes of it

    def answered(self, message: Message, now_ns: int) -> list[Action]:
        """Take an ACK, or a refusal."""
        doing = self._doing
        if doing is None or message.sequence != doing.sequence:
            return []
        if (message.account or "") != doing.panel.header:
            return []
        if message.id != "ACK":
            return self._done(Outcome.REFUSED, f"the panel says {message.id}")
        if not doing.taken:
            doing.taken, doing.until_ns = True, now_ns + EFFECT_NS
        return []

    def told(self, message: Message, signals: Iterable[Signal]) -> list[Action]:
        """Take what the panel says that is new: it may be that it obeyed."""
        doing = self._doing
        if doing is None or (message.account or "") != doing.panel.header:
            return []
        wanted = State.DISARMED if doing.command.act is Act.DISARM else State.ARMED
        for signal in signals:
            if signal.code == _WRONG_CODE:
                return self._done(Outcome.REFUSED, "wrong code")
            same_area = doing.command.area in (None, signal.area) or signal.area is None
            is_arming = signal.kind is Kind.OPEN_CLOSE and signal.state is wanted
            if is_arming and signal.user == CENTER and same_area:
                return self._done(Outcome.DONE, "")
        return []

    def due(self, now_ns: int) -> list[Action]:
        """Give up what nobody answered."""
        if self._doing is None or now_ns < self._doing.until_ns:
            return []
        why = "taken, but nothing came of it" if self._doing.taken else "no answer"
        return self._done(Outcome.UNANSWERED, why)

    def _done(self, outcome: Outcome, detail: str) -> list[Action]:
        assert self._doing is not None, "something was under way"
        number, self._doing = self._doing.id, None
        return [Obeyed(number, outcome, detail)]
