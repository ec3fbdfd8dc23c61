"""Most polled panels: what they say by themselves is an event, what they answer is a state.

Pure.  A driver whose decoder names its frames so needs no more than tables: `event` for what the
panel says by itself, the name of the request for what answers it, `request` for what a host says.
An answer to an order has a name of its own (`OK`, `NO2`); what it means is told by `verdicts`.

    class MyPanel(PlainPanel):
        reads = MyDecoder
        commands = frozenset({Act.STATUS, Act.BYPASS})
        rounds = ("ZN", "AR")

        def order(self, command, ours): ...
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from edge_agent.domain.command import Act, Command
from edge_agent.domain.cutter import CommandFrames
from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.marked_lines import MarkedLines
from edge_agent.domain.panel_clock import PanelTime
from edge_agent.domain.polled import Order, PolledPanel, PolledSession, is_shown
from edge_agent.domain.proven import is_about
from edge_agent.domain.session import Action, Decoder, Fault, FaultKind, Frame, Opened, Setup
from edge_agent.domain.signal import Signal

EVENT: Final = "event"
VERDICT: Final = "verdict"
"""The check of an order that is answered by one of the panel's `verdicts`."""
TIME_OF_DAY: Final = "time_of_day"
RESETS: Final = "resets"
NUMBER: Final = "number"
GENERAL_ALARM: Final = "140"  # of Contact ID: of which kind, it does not say
_CONTACTS: Final = frozenset({State.OPEN, State.CLOSED})  # of a zone where nothing else is to say
_KINDS: Final = {
    **dict.fromkeys((Act.BYPASS, Act.UNBYPASS), Kind.ZONE),
    **dict.fromkeys((Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM), Kind.AREA),
    **dict.fromkeys((Act.OUTPUT_ON, Act.OUTPUT_OFF), Kind.OUTPUT),
}
_MOVES: Final = frozenset({Kind.OPEN_CLOSE, Kind.BYPASS, Kind.CANCEL})


class Reads(Decoder, Protocol):
    """A decoder that is made of no more than the setup."""

    def __init__(self, setup: Setup) -> None:
        """Be made."""


class PlainPanel(PolledPanel):
    """A panel of events and answers; see the module.

    `reads` is its decoder.  Where that is of `MarkedLines` or `CommandFrames`, a request is a line
    of its name, or a frame in hex; where it is not, `request` says so.

    `rounds` are the requests that show the whole state.  An event that an answer showed and shows
    no more is over; of one that stood before the link came up an answer says so too where it is
    about such events at all, that is, where it `covers` it: by the tables `shows_of_zones` and
    `shows`, the codes of events with and without a zone that each answer would show.

    `verdicts` are the answers to orders, `Order(data, VERDICT, is_answered=True)`: of each the
    reason for which it was refused, None where it was done.

    `parts` are the frames of answers that come in several: each by its name, with the request that
    they answer, whose name the last one has.  They show points, and no events.

    `hiding` are requests whose answer says one thing of each zone, or area, and what that is, the
    highest first: codes, and states such as `bypassed`.  What comes later may stand behind it, and
    is not over: behind a fire a panic.  What is not among them, a bypass or a tamper mostly, is
    higher than all in its zone.  A general alarm there is one that is known already.

    `alike` are, for each type of frame, codes in which an event may stand that the frame tells in
    more general ones: a bit of *fire in zone 3* shows a call point there, too, and the end of a
    fire ends whatever burnt.  Without a zone it is any zone's of its area, without both any at all.

    A reset, or a disarming that silences, names in its field `RESETS` codes of events, apart by
    blanks, that are over then and whose end nothing tells: those of its zone and area, where its
    first signal has them.

    `requests` are what a host says of each request, where that is not its name.

    `orders` are what a host says to order something, with `{zone}`, `{area}`, `{output}`, `{code}`
    and `{time}` where they belong (`BY,{zone:02d},{code}`, `CL,{time:%H%M%S}`): a request of that
    name.  A zone or an area beyond `zones` and `areas`, a code of other than `code_digits`, is
    refused before; 0 is any.  `shown_in` names the request whose answer shows what became of it, of
    zones, areas or outputs; without it the order is judged by `verdicts`.

    `numbers` are those that the panel gives its events, in their order, and then the first again;
    an event has its own in the field `NUMBER`.  Where one was left out that is a fault, counted,
    and the state is asked for: also what was said while nobody listened, over a restart.

    Of an event `panel_time` is compared with our clock; of a panel that says no date, the field
    `TIME_OF_DAY`, as hhmmss.
    """

    reads: type[Reads]
    commands: frozenset[Act] = frozenset({Act.STATUS})
    rounds: tuple[str, ...] = ()
    verdicts: Mapping[str, str | None] = {}
    parts: Mapping[str, str] = {}
    hiding: Mapping[str, Sequence[str]] = {}
    alike: Mapping[str, Mapping[str, Collection[str]]] = {}
    shows: Mapping[str, Collection[str]] = {}
    shows_of_zones: Mapping[str, Collection[str]] = {}
    requests: Mapping[str, str] = {}
    orders: Mapping[Act, str] = {}
    zones: int = 0
    areas: int = 0
    code_digits: int = 0
    shown_in: Mapping[Kind, str] = {}
    numbers: range = range(0)

    def __init_subclass__(cls) -> None:
        """Take what stands in `orders`, and asking for the state, where it names no `commands`."""
        super().__init_subclass__()
        if "orders" in vars(cls) and "commands" not in vars(cls):
            cls.commands = frozenset({Act.STATUS, *cls.orders})

    def __init__(self, setup: Setup, talk: PolledSession) -> None:
        self.setup = setup
        self.talk = talk
        self._number: int | None = None  # of the newest event

    def decoder(self) -> Decoder:
        """See PolledPanel."""
        return self.reads(self.setup)

    def request(self, name: str) -> bytes:
        """See PolledPanel."""
        assert issubclass(self.reads, MarkedLines | CommandFrames), "a driver's own makes others"
        return self.reads.framed(self.requests.get(name, name))

    def round(self) -> Sequence[str]:
        """See PolledPanel."""
        return self.rounds

    def opened(self, opened: Opened, now_ns: int) -> None:
        """See PolledPanel: the number of the newest recorded event."""
        del now_ns
        if self.numbers:
            for one in opened.recent:
                for frame in self.decoder().feed(one.frame):
                    self._number = self._number_of(frame) if frame.type == EVENT else self._number

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""

    def covers(self, name: str, event: Signal) -> bool:
        """Tell whether the answer to `name` would show this event, if it stood."""
        table = self.shows if event.zone is None else self.shows_of_zones
        return event.code in table.get(name, ())

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """Record what is news; an answer may show whether a command was done."""
        talk, name = self.talk, frame.type or ""
        if name == EVENT:
            if talk.is_doubled(frame, now_ns):
                return [Fault(FaultKind.REPEAT, "", frame.raw)]
            if any(one.kind in _MOVES for one in frame.signals):
                talk.refresh(now_ns)  # how areas and zones are now, the event does not say
            said = frame.signals
            for shows in self.rounds:  # if its end is lost, an answer that showed it tells it
                if any(one.state is State.ACTIVE and self.covers(shows, one) for one in said):
                    talk.want(shows)
            told = [*self.event(frame, frame.signals), *self.compared(frame, now_ns)]
            return [*told, *self._left_out(frame, now_ns)]
        if name in self.verdicts:
            return talk.judged(VERDICT, frame, now_ns)
        told = self.state(frame)
        request = self.parts.get(name, name)
        judged = talk.judged(request, frame, now_ns)  # before it is awaited no more
        if request == name:
            talk.answered(name, now_ns)
        else:
            talk.coming(request, now_ns)
        return [*told, *judged]

    # ---- what most frames say, for a panel that hears some otherwise

    def event(self, frame: Frame, signals: Iterable[Signal]) -> list[Action]:
        """Record what an event says."""
        alike = self.alike.get(frame.type or "", {})
        codes = str(frame.fields.get(RESETS, "")).split()
        told, proven = tuple(signals), self.talk.proven
        stood = proven.standing if codes else ()
        news = proven.heard(told, alike)
        over = (one for one in stood if one.code in codes and proven.stands(one))
        silenced = [one for one in over if all(is_about(said, one) for said in told[:1])]
        ended = proven.heard([proven.end_of(one, frame.raw) for one in silenced])
        return self.talk.report((*news, *ended))

    def _left_out(self, event: Frame, now_ns: int) -> list[Action]:
        """Note an event's number, and whether it is the one after the last."""
        number, last = self._number_of(event), self._number
        if number is None:
            return []
        self._number = number
        if last is None or number == _after(last, self.numbers):
            return []
        self.talk.refresh(now_ns)
        return [Fault(FaultKind.MISSED, f"event {number} came after {last}")]

    def _number_of(self, event: Frame) -> int | None:
        text = str(event.fields.get(NUMBER, ""))
        return int(text) if text.isdecimal() and int(text) in self.numbers else None

    def state(self, frame: Frame) -> list[Action]:
        """Record what is news of a state."""
        name = frame.type or ""
        told = self.talk.proven.map(
            name,
            self._shown(name, frame),
            frame.raw,
            lambda event: self.covers(name, event),
            self.alike.get(name, {}),
        )
        return self.talk.report(told)

    def compared(self, event: Frame, now_ns: int) -> list[Action]:
        """Hold the time of an event that happened just now against our clock."""
        clock, told = self.talk.clock, event.signals[0].panel_time if event.signals else None
        if told:
            return [*clock.compare(PanelTime(told).local, now_ns)]
        of_day = str(event.fields.get(TIME_OF_DAY, ""))
        if not of_day:
            return []
        hour, minute, second = (int(of_day[at : at + 2]) for at in (0, 2, 4))
        return [*clock.compare_time_of_day((hour, minute, second), now_ns)]

    def _shown(self, name: str, answer: Frame) -> tuple[Signal, ...]:
        """Return what an answer shows, with what may stand behind it."""
        if name not in self.hiding:
            return answer.signals
        events = [one for one in answer.signals if one.kind not in POINTS]
        points = [one for one in answer.signals if one.kind in POINTS]
        full = {one.zone for one in (*events, *points) if one.state not in _CONTACTS}
        ranks = {said: rank for rank, said in enumerate(self.hiding[name])}
        lowest = len(ranks)

        def may_hide(said: Signal, one: Signal) -> bool:
            rank = ranks.get(said.code or said.state, -1)
            return is_about(said, one) and rank < ranks.get(one.code or "", lowest)

        hides = [
            one
            for one in (*points, *events)
            if (one.zone in full if one.zone is not None else one.code in ranks)
        ]
        behind = [
            one
            for one in self.talk.proven.standing
            if self.covers(name, one) and any(may_hide(said, one) for said in hides)
        ]
        known = {one.zone for one in behind if one.kind is not Kind.TAMPER}
        news = [one for one in events if one.code != GENERAL_ALARM or one.zone not in known]
        said_again = (replace(one, area=self.talk.proven.area_of(one)) for one in behind)
        return (*points, *news, *said_again)

    def order(self, command: Command, ours: datetime | None) -> Order | str | None:
        """Return what `orders` has for it, None where a number or the code is missing."""
        form, kind = self.orders.get(command.act, ""), _KINDS.get(command.act)
        said = {
            "zone": command.zone,
            "output": command.zone,
            "area": command.area,
            "code": command.code,
            "time": ours,
        }
        if kind is Kind.ZONE and 0 < self.zones < (command.zone or 0):
            return f"there are zones 1 to {self.zones}"
        if kind is Kind.AREA and 0 < self.areas < (command.area or 0):
            return f"there are areas 1 to {self.areas}"
        if self.code_digits and len(command.code or "0" * self.code_digits) != self.code_digits:
            return f"a user code has {self.code_digits} digits"
        if not form or any(value is None and f"{{{name}" in form for name, value in said.items()):
            return None
        data = self.request(form.format(**said))
        if kind is not None and kind in self.shown_in:
            return Order(data, self.shown_in[kind])
        return Order(data, VERDICT, is_answered=True)

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | str | None:
        """Judge by the panel's verdict, or by the state of what was commanded."""
        del now_ns
        if (name := frame.type or "") in self.verdicts:
            return self.verdicts[name] or True
        kind = _KINDS[command.act]
        is_area = kind is Kind.AREA
        number = command.area if is_area else command.zone
        found = {
            one.state
            for one in frame.signals
            if one.kind is kind and (one.area if is_area else one.zone) == number
        }
        return is_shown(command.act, found) if found else None


def _after(number: int, numbers: range) -> int:
    return numbers[(numbers.index(number) + 1) % len(numbers)]
