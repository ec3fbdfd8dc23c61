"""Runs of an agent in miniature: events with stamps, verdicts recorded beside them, and crashes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from edge_agent.diagnosis.docket import Saying
from edge_agent.diagnosis.premises import to_json
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.sitting import Sitting
from edge_agent.domain.event import Body, Draft, EventType, Numbered
from edge_agent.domain.kinds import Kind, Lane, Origin, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.site import Premises
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import ConfigBody, SignalBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.terms import JudgingTerms

S = 1_000_000_000
WALL_S = 1_795_000_000
RULES = "tested"
BURGLARY = {"kind": Kind.BURGLARY, "state": State.ACTIVE, "code": "130", "area": 1}
DISARMED = {"kind": Kind.OPEN_CLOSE, "state": State.DISARMED, "code": "401", "area": 1, "user": 3}
ARMED = {"kind": Kind.OPEN_CLOSE, "state": State.ARMED, "code": "401", "area": 1, "user": 3}


def signal(**said: Any) -> Body:
    body = SignalBody(
        signal=Signal(frame=b"x", **said), panel="p1", driver="test", driver_version="1"
    )
    return body.to_body()


def backfilled(**said: Any) -> Body:
    return signal(origin=Origin.BACKFILL, **said)


@dataclass
class Clocks:
    """What a gateway's clocks show; `off` turns it off for a while."""

    now_s: float = 1000.0
    boot: int = 1
    booted_s: float = 0.0
    trust: Trust = Trust.SYNCED
    step_s: float = 0.0  # how far the wall clock is from the truth

    def stamp(self) -> Stamp:
        boottime_ns = round((self.now_s - self.booted_s) * S)
        wall_ns = round((WALL_S + self.now_s + self.step_s) * S)
        return Stamp(wall_ns, boottime_ns, bytes([self.boot] * 16), self.trust)

    def off(self, for_s: float, trust: Trust = Trust.SYNCED) -> None:
        self.now_s += for_s
        self.boot, self.booted_s, self.trust = self.boot + 1, self.now_s - 20, trust


@dataclass
class Runs:
    """A journal and the run that writes it; `said` is all that was recorded of verdicts."""

    premises: Premises = field(default_factory=Premises)
    clocks: Clocks = field(default_factory=Clocks)
    journal: list[Numbered] = field(default_factory=list)
    epoch: bytes = b""
    seq: int = 0
    sitting: Sitting | None = None
    unsaid: list[Saying] = field(default_factory=list)
    mute: bool = False  # what is judged now is lost with the process
    _unheard: list[Numbered] = field(default_factory=list)

    # ---- the agent

    def start(self) -> None:
        self.epoch, self.seq, self.sitting = bytes([0, *([len(self.epochs()) + 1] * 7)]), 0, None
        self._unheard = []
        self.mute = False
        self.record(EventType.GENESIS, {})

    def epochs(self) -> list[bytes]:
        return list(dict.fromkeys(event.epoch for event in self.journal))

    def record(self, type_: EventType, body: Body) -> Place:
        draft = Draft(type_, Lane.STATE, self.clocks.stamp(), body)
        event = Numbered(self.epoch, self.seq, draft)
        self.journal.append(event)
        self._unheard.append(event)
        self.seq += 1
        return Place(event.epoch, event.seq)

    def hear(self, **said: Any) -> Place:
        place = self.record(EventType.SIGNAL, signal(**said))
        if self.sitting is not None:
            self.attend()
        return place

    # ---- its judging

    def judge(self) -> None:
        """Rebuild, then judge from here on."""
        own = [event for event in self.journal if event.epoch == self.epoch]
        sitting = Sitting(Site(self.premises))
        for event in [e for e in self.journal if e.epoch != self.epoch] + own:
            for said in sitting.take(event):
                assert said == [], "nothing is said before all was heard"
        self._unheard = []
        self.sitting = sitting
        assert sitting.since is not None
        terms = JudgingTerms(
            rules=RULES,
            zone="UTC",
            since=sitting.since,
            heard=self.seq - 1,
            site=to_json(self.premises),
        )
        self.record(EventType.CONFIG, ConfigBody(bytes(32), "judging", terms).to_body())
        for said in sitting.begin():
            self._say(said)
        self.attend()

    def attend(self) -> None:
        """Hear what was recorded, the run's own verdicts as well."""
        assert self.sitting is not None
        while self._unheard:
            for said in self.sitting.take(self._unheard.pop(0)):
                self._say(said)

    def until_now(self) -> None:
        """Time passes: let what is due fall."""
        assert self.sitting is not None
        for said in self.sitting.until(self.clocks.stamp().boottime_ns):
            self._say(said)
        self.attend()

    def _say(self, sayings: Iterable[Saying]) -> None:
        for saying in sayings:
            if self.mute:
                self.unsaid.append(saying)
            else:
                self.record(saying.type, saying.body)

    # ---- what became of it

    def verdicts(self) -> list[Body]:
        return [e.draft.body for e in self.journal if e.draft.type is EventType.VERDICT]


def continuous(runs: Runs) -> list[Body]:
    """The verdicts of one judge that heard the whole journal and never stopped."""
    sitting = Sitting(Site(runs.premises))
    sitting.begin()
    return [
        one.body
        for event in runs.journal
        for said in sitting.take(event)
        for one in said
        if one.type is EventType.VERDICT
    ]
