"""How a Galaxy is asked and ordered over the line on which it reports: level 4.

Pure.  One exchange at a time, and only while the panel is at rest: log in, wait for the
configuration, ask or order, wait for the answer.  A question is put twice, an order once.  A remote
code that is refused is not tried again for a while: panels raise an alarm at wrong codes.
"""

from collections import deque
from dataclasses import dataclass

from drivers._galaxy_frames import ACK, CONFIGURATION, CONTROL, EXTENDED, LOGIN, REJECT, framed
from drivers._galaxy_orders import order
from drivers._galaxy_state import ROUND
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.session import Action, Fault, FaultKind, Frame, Obeyed, Send
from edge_agent.domain.settings import NS_PER_S

ANSWER_NS = int(2.5 * NS_PER_S)  # the panel's own patience for an answer
PAUSE_NS = NS_PER_S // 5  # between two exchanges: what the panel has to say goes first
TRIES = 2
UNANSWERED_MAX = 6  # logins in a row without a byte: it is not there
FIRST_NS = NS_PER_S  # what it has to say when the line comes up goes first
REST_NS = 30 * NS_PER_S  # an order waits so long for the panel to come to rest
REFUSED_NS = 900 * NS_PER_S  # after a refused remote code
LEFT_OUT_ROUNDS = 60  # then what was refused is asked for anew
CODE_CHARS_MAX = 16

ORDERS = frozenset({Act.BYPASS, Act.UNBYPASS, Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM})
COMMANDS = ORDERS | {Act.STATUS}


@dataclass(slots=True)
class _Exchange:
    """What is wanted: a question by its name, or an order with its id."""

    name: str
    code: str
    id: int | None = None
    by_ns: int = 0  # of an order: then it is not begun any more
    tries: int = TRIES  # of a question
    is_asked: bool = False  # the login was accepted

    @property
    def data(self) -> bytes:
        """The block behind the login."""
        return framed(b"C" if self.name.startswith("S") else b"X", self.name.encode())


class GalaxyControl:
    """The exchanges of one session; `code` is the remote code, "" where nothing is asked.

    control.open(now_ns)
    control.command(number, command, now_ns, is_there=True)
    control.awaits(frame)                   # may this be an answer?
    control.take(frame, now_ns)             # it is one
    control.act(now_ns, at_rest=True)
    """

    def __init__(self, code: str, poll_ns: int) -> None:
        if code and not (code.isascii() and code.isalnum() and len(code) <= CODE_CHARS_MAX):
            raise ValueError(f"option 'remote_code' is up to {CODE_CHARS_MAX} digits")
        self._code = code
        self._poll_ns = poll_ns
        self._left_out: dict[str, int] = {}  # questions that were refused, and rounds without them
        self._status: int | None = None  # the id of who wants the whole state
        self.open(0)

    def open(self, now_ns: int, peer: int = 0) -> None:
        """The line is up, or is another one: nothing is under way on it."""
        self.peer: int | None = peer
        self._wanted: deque[_Exchange] = deque()
        self._now: _Exchange | None = None
        self._until_ns = now_ns + FIRST_NS  # of the answer, or of the pause
        self._round_at_ns = now_ns
        self._unanswered = 0  # exchanges in a row, and nothing else was heard either

    def gone(self, now_ns: int) -> list[Action]:
        """The line is gone; what was to be done is lost with it."""
        why, actions = "the panel hung up", list[Action]()
        for one in (*((self._now,) if self._now else ()), *self._wanted):
            actions += self._obeyed(one, Outcome.LOST, why)
        self._wanted.clear()
        actions += self._settle(Outcome.LOST, why)
        self.open(now_ns)
        self.peer = None
        return actions

    def deadline_ns(self, rests_at_ns: int | None) -> int | None:
        """Return when `act` has work; `rests_at_ns` None: the panel is not left alone just now."""
        if self.peer is None:
            return None
        if self._now is not None:
            return self._until_ns
        due = [one.by_ns for one in self._wanted if one.id is not None]
        if self._wanted and rests_at_ns is not None:
            due.append(max(self._until_ns, rests_at_ns))
        if self._code:
            due.append(self._round_at_ns)
        return min(due, default=None)

    def heard(self, now_ns: int, peer: int) -> list[Action]:
        """The panel called as `peer`, or was heard there: it is on this line."""
        actions: list[Action] = []
        if peer != self.peer:
            actions = self.gone(now_ns)
            self.open(now_ns, peer)
        self._unanswered = 0
        return actions

    def look(self, now_ns: int) -> None:
        """The panel is there again: ask for its whole state soon, unless it is being asked."""
        if self._now is None and not self._wanted:
            self._round_at_ns = now_ns

    @property
    def is_unheard(self) -> bool:
        """Whether the panel no longer answers, and says nothing by itself."""
        return self._unanswered >= UNANSWERED_MAX

    # ---- orders

    def command(
        self, number: int, command: Command, now_ns: int, *, is_there: bool
    ) -> list[Action]:
        """Take a command; what comes of it is told once."""
        if command.act not in COMMANDS:
            return [Obeyed(number, Outcome.UNSUPPORTED, f"no words for {command.act}")]
        code = command.code or self._code
        data = b"" if command.act is Act.STATUS else order(command)
        why = (
            "needs the remote code"
            if not code
            else "no zone or area has this number"
            if data is None
            else "the panel is not there"
            if not is_there or self.peer is None
            else "another command is under way"
            if self._is_busy()
            else ""
        )
        if why or data is None:
            return [Obeyed(number, Outcome.REFUSED, why)]
        if command.act is Act.STATUS:
            self._status = number
            self._want_round(code, now_ns)
        else:
            by_ns = now_ns + REST_NS
            self._wanted.appendleft(_Exchange(data.decode(), code, number, by_ns))
        return []

    def _is_busy(self) -> bool:
        exchanges = (*self._wanted, *((self._now,) if self._now else ()))
        return self._status is not None or any(one.id is not None for one in exchanges)

    def _want_round(self, code: str, now_ns: int) -> None:
        self._round_at_ns = now_ns + self._poll_ns
        waiting = {one.name for one in self._wanted}
        for name in ROUND:
            if self._left_out.get(name, 0) > 0:
                self._left_out[name] -= 1
            elif name not in waiting:
                self._wanted.append(_Exchange(name, code))

    # ---- answers

    def awaits(self, frame: Frame) -> bool:
        """Tell whether a frame may be the answer."""
        now = self._now
        if now is None or frame.fault is not None:
            return False
        if not now.is_asked:
            return frame.type in (CONFIGURATION, ACK, REJECT)
        if now.id is not None:
            return frame.type in (ACK, REJECT)
        is_told = frame.type in (CONTROL, EXTENDED) and frame.fields.get("of") == now.name
        return is_told or frame.type == REJECT

    def take(self, frame: Frame, now_ns: int) -> list[Action]:
        """Take what `awaits` let through."""
        now = self._now
        assert now is not None, "an answer is awaited"
        is_refused = frame.type == REJECT
        if not now.is_asked and not is_refused:
            now.is_asked = True
            self._until_ns = now_ns + ANSWER_NS
            return [Send(now.data, self.peer or 0)]
        self._now, self._until_ns = None, now_ns + PAUSE_NS
        if not now.is_asked:
            return self._refused_code(now, now_ns)
        if now.id is None:
            if is_refused:
                self._left_out[now.name] = LEFT_OUT_ROUNDS
            return self._settle()
        if self._code and not is_refused:
            self._want_round(self._code, now_ns)
        outcome = Outcome.REFUSED if is_refused else Outcome.DONE
        return self._obeyed(now, outcome, "the panel refused it" if is_refused else "")

    def _refused_code(self, now: _Exchange, now_ns: int) -> list[Action]:
        why = "the panel refused the remote code"
        given_up = (now, *self._wanted)
        self._wanted.clear()
        self._round_at_ns = now_ns + REFUSED_NS
        actions: list[Action] = [Fault(FaultKind.REFUSED, why)]
        for one in given_up:
            actions += self._obeyed(one, Outcome.REFUSED, why)
        return actions + self._settle(Outcome.REFUSED, why)

    def _settle(self, outcome: Outcome = Outcome.DONE, why: str = "") -> list[Action]:
        """Tell who wanted the whole state that it is known, or not."""
        if self._status is None or any(one.id is None for one in self._wanted):
            return []
        number, self._status = self._status, None
        return [Obeyed(number, outcome, why)]

    @staticmethod
    def _obeyed(one: _Exchange, outcome: Outcome, why: str) -> list[Action]:
        return [] if one.id is None else [Obeyed(one.id, outcome, why)]

    # ---- time

    def act(self, now_ns: int, *, at_rest: bool) -> list[Action]:
        """Give up what is late, begin what is due."""
        if self.peer is None:
            return []
        actions: list[Action] = []
        if self._now is not None and now_ns >= self._until_ns:
            actions += self._late(self._now, now_ns)
        for one in [one for one in self._wanted if one.id is not None and now_ns >= one.by_ns]:
            self._wanted.remove(one)
            actions += self._obeyed(one, Outcome.REFUSED, "the panel does not come to rest")
        if self._code and now_ns >= self._round_at_ns:
            self._want_round(self._code, now_ns)
        is_free = self._now is None and now_ns >= self._until_ns
        if self._wanted and at_rest and is_free:
            self._now = self._wanted.popleft()
            self._until_ns = now_ns + ANSWER_NS
            actions.append(Send(framed(b"?", self._now.code.encode()), self.peer))
        return actions

    def _late(self, late: _Exchange, now_ns: int) -> list[Action]:
        self._now, self._until_ns = None, now_ns + PAUSE_NS
        self._unanswered += 1
        if late.id is not None:
            return self._obeyed(late, Outcome.UNANSWERED, "no answer")
        name = late.name if late.is_asked else LOGIN
        late.tries, late.is_asked = late.tries - 1, False
        if late.tries:
            self._wanted.appendleft(late)
            return []
        # what it does not answer now it will hardly answer in the rest of the round
        self._wanted = deque(one for one in self._wanted if one.id is not None)
        fault = Fault(FaultKind.NO_ANSWER, name)
        return [fault, *self._settle(Outcome.UNANSWERED, "no answer")]
