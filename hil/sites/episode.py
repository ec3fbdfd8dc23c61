"""What really happened: one episode for each incident of the world, and its label."""

from dataclasses import dataclass, field
from enum import Enum

from hil.sites.panel import Said, Tripped
from hil.sites.plan import Plan, independent


class Group(Enum):
    """What an episode is about."""

    INTRUSION = "intrusion"
    LIFE = "life"
    FIRE = "fire"
    FAULT = "fault"  # a fault that raises no alarm


@dataclass(slots=True)
class Episode:
    """One incident of the world; times are seconds since the start of the timeline."""

    id: int
    kind: str
    group: Group
    genuine: bool
    start: float
    end: float = 0.0
    cause: str | None = None  # of an injected fault
    subject: dict[str, object] = field(default_factory=dict)
    onset: float | None = None
    failure: float | None = None
    explains: tuple[str, ...] = ()  # causes of findings that this makes true on its subject
    note: dict[str, object] = field(default_factory=dict)

    def last(self, t: float) -> None:
        """Note that it goes on until `t` at least."""
        self.end = max(self.end, t)


@dataclass(slots=True)
class Heard:
    """What a whole run gave: lines in order, the episode of each, and trips."""

    said: list[Said]
    trips: list[Tripped]
    delay_s: float  # from a detector to the gateway's ear


ALARM_KINDS = frozenset(
    {"medical", "panic", "duress", "holdup", "fire", "gas", "co", "burglary", "tamper"}
)
IN_TIME_S = 300.0


def label(episode: Episode, plan: Plan, heard: Heard) -> dict[str, object]:
    """Return the label of an episode: what happened and which lines of the timeline tell of it."""
    alarms = []  # (line number, time) of alarms and of zones that open while armed
    raw = None
    for number, said in enumerate(heard.said, 2):  # the start line is line 1
        if said.why is not None and abs(said.why) == episode.id and said.alarm:
            alarms.append(number)
            if raw is None and _is_alarm(said):
                raw = said.t
    trips = _trips(episode, heard)
    first = heard.said[alarms[0] - 2].t if alarms else None
    second, second_entry = _second(plan, trips, raw if raw is not None else first, heard.delay_s)
    return {
        "episode": episode.id,
        "kind": episode.kind,
        "group": episode.group.value,
        "genuine": episode.genuine,
        "start": round(episode.start, 3),
        "end": round(max(episode.end, episode.start), 3),
        "lines": alarms,
        "first_s": _rounded(first),
        "raw_s": _rounded(raw),
        "trips": [
            {"t": round(trip.t, 3), "zone": trip.zone, "entry": trip.entry, "line": line}
            for trip, line in trips
        ],
        "second_s": _rounded(second),
        "second_entry": second_entry,
        "disarmed_s": _rounded(_disarmed(plan, heard, first if raw is None else raw)),
        "cause": episode.cause,
        "subject": episode.subject,
        "onset_s": _rounded(episode.onset),
        "failure_s": _rounded(episode.failure),
        "explains": list(episode.explains),
        **episode.note,
    }


def _is_alarm(said: Said) -> bool:
    return said.line["kind"] in ALARM_KINDS or said.line.get("state") == "alarm"


def _trips(episode: Episode, heard: Heard) -> list[tuple[Tripped, int | None]]:
    """Return the actor's trips, each with the line that told of it."""
    lines: dict[int, list[tuple[float, int]]] = {}
    for number, said in enumerate(heard.said, 2):
        zone = said.line.get("zone")
        if said.alarm and isinstance(zone, int) and said.why == episode.id:
            lines.setdefault(zone, []).append((said.t, number))
    found = []
    for trip in heard.trips:
        if trip.why == episode.id:
            told = [n for t, n in lines.get(trip.zone, ()) if t >= trip.t]
            found.append((trip, told[0] if told else None))
    return found


def _second(
    plan: Plan, trips: list[tuple[Tripped, int | None]], alarm: float | None, delay_s: float
) -> tuple[float | None, bool]:
    """Return when a second independent detector was heard, and whether only on the way in.

    What trips on the entry route before the entry delay is over tells a burglar from nobody: it
    counts as a second witness only from the first alarm on, and is marked.
    """
    if alarm is None:
        return None, False
    told = [trip for trip, line in trips if line is not None]
    pairs = [
        (other.t + delay_s, other)
        for index, other in enumerate(told)
        for one in told[:index]
        if independent(plan.zone(one.zone), plan.zone(other.zone))
    ]
    after = [t for t, other in pairs if t >= alarm or not other.entry]
    if after:
        return max(alarm, min(after)), False
    return (alarm, True) if pairs else (None, False)


def _disarmed(plan: Plan, heard: Heard, first: float | None) -> float | None:
    """Return when a known user first disarmed or cancelled after the first alarm, as heard."""
    if first is None:
        return None
    known = {user.number for user in plan.users}
    for said in heard.said:
        line = said.line
        frees = line["kind"] == "cancel" or line.get("state") == "disarmed"
        if said.t >= first and frees and line.get("user") in known:
            return said.t
    return None


def _rounded(t: float | None) -> float | None:
    return None if t is None else round(t, 3)
