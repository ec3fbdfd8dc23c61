"""Makes observations of events: what diagnosis hears of the journal, live and in replay alike.

What a panel's own log tells later (backfill) is judged where it is an alarm; its states are of
another time than the live ones and would undo them.  From what stood already when the link came up,
or comes late, nothing follows by how soon it came.
"""

from dataclasses import dataclass

from edge_agent.diagnosis.course import Course, Moment
from edge_agent.diagnosis.observation import Measure, Observation
from edge_agent.domain.event import Body, EventType, Numbered
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.signal import Signal
from edge_agent.evidence.bodies import ActBody, LinkBody, PathBody, SignalBody
from edge_agent.evidence.cbor import Malformed

PATHS_MAX = 64  # of four centers; a journal from elsewhere may name any


@dataclass(frozen=True, slots=True)
class Heard:
    """One event: when it came, and what is to be judged of it."""

    t_ns: int
    observations: tuple[Observation, ...]


class Events:
    """Events of one gateway in, in their order; what they tell out."""

    def __init__(self) -> None:
        self.course = Course()
        self._up: set[tuple[str, str]] = set()
        self._reached: bool | None = None

    def take(self, event: Numbered, line: int) -> Heard:
        """Take an event of any type: each moves time on."""
        draft = event.draft
        moment = self.course.take(draft.stamp)
        found: list[Observation] = []
        if moment.gap:
            found.append(Observation(line=line, t_ns=moment.t_ns, kind=Measure.GAP, dated=False))
        try:
            seen = self._seen(draft.type, draft.body, line, moment)
        except Malformed:  # of another version, or damaged: the verifier says so
            seen = None
        if seen is not None:
            found.append(seen)
        return Heard(moment.t_ns, tuple(found))

    def _seen(
        self, type_: EventType | str, body: Body, line: int, moment: Moment
    ) -> Observation | None:
        match type_:
            case EventType.SIGNAL:
                return _signal(SignalBody.from_body(body), line, moment)
            case EventType.LINK:
                return _link(LinkBody.from_body(body), line, moment)
            case EventType.PATH:
                return self._path(PathBody.from_body(body), line, moment)
            case EventType.ACT:
                return _act(ActBody.from_body(body), line, moment)
            case EventType.GENESIS:
                self._up.clear()  # the run before is over, and with it its connections
        return None

    def _path(self, body: PathBody, line: int, moment: Moment) -> Observation | None:
        """A center can be reached as long as any way to any of them is up."""
        way = body.center, body.path
        if not body.up:
            self._up.discard(way)
        elif len(self._up) < PATHS_MAX:
            self._up.add(way)
        reached, before = bool(self._up), self._reached
        if reached is before:
            return None
        self._reached = reached
        return Observation(
            line=line,
            t_ns=moment.t_ns,
            kind=Measure.UPLINK,
            up=reached,
            wall_ns=moment.wall_ns,
            dated=moment.dated,
        )


def _signal(body: SignalBody, line: int, moment: Moment) -> Observation | None:
    said = body.signal
    seen = Observation(
        line=line,
        t_ns=moment.t_ns,
        kind=Measure.LOOP if said.kind is Kind.LOOP else said.kind,
        state=None if said.kind is Kind.LOOP else said.state,
        panel=body.panel,
        area=said.area,
        zone=said.zone,
        user=said.user,
        code=said.code,
        wall_ns=moment.wall_ns,
        dated=moment.dated and (said.origin is Origin.LIVE or _is_present(said)),
        panel_time=said.panel_time if said.origin is Origin.LIVE else None,
        ohms=said.ohms,
    )
    return None if said.origin is Origin.BACKFILL and not seen.is_alarm else seen


def _is_present(said: Signal) -> bool:
    """Whether a signal of another time than its stamp tells how things are now all the same."""
    return said.origin is Origin.AT_START and said.kind in (Kind.AREA, Kind.ZONE)


def _act(body: ActBody, line: int, moment: Moment) -> Observation | None:
    """A walk test that the gateway keeps shows which detectors are heard; no verdict knows it."""
    if body.what != "walk_test" or body.panel is None or body.outcome not in _WALKS:
        return None
    return Observation(
        line=line,
        t_ns=moment.t_ns,
        kind=Measure.WALK,
        state=_WALKS[body.outcome],
        panel=body.panel,
        wall_ns=moment.wall_ns,
        dated=moment.dated,
    )


_WALKS = {"begins": State.ACTIVE, "ends": State.RESTORED}


def _link(body: LinkBody, line: int, moment: Moment) -> Observation | None:
    if body.online is None:
        return None
    return Observation(
        line=line,
        t_ns=moment.t_ns,
        kind=Kind.PANEL,
        state=State.ONLINE if body.online else State.OFFLINE,
        panel=body.panel,
        wall_ns=moment.wall_ns,
        dated=moment.dated,
    )
