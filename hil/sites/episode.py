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
    OUTAGE = "outage"  # the way to the center is lost


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
    told = [one for one in trips if one.line is not None]
    first = heard.said[alarms[0] - 2].t if alarms else None
    second, second_entry = _second(plan, told, _alarm(plan, told, raw))
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
        "alarmed": raw is not None or any(not one.trip.entry for one in told),
        "trips": [
            {
                "t": round(one.trip.t, 3),
                "zone": one.trip.zone,
                "entry": one.trip.entry,
                "line": one.line,
            }
            for one in trips
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
        **_undated(episode, heard),
    }


def _undated(episode: Episode, heard: Heard) -> dict[str, bool]:
    """A panel's wrong clock shows in what it dates: where it dated nothing, in nothing at all."""
    if episode.cause != "panel_clock" or episode.failure is None:
        return {}
    panel = (episode.subject or {}).get("panel")
    mended = float(str(episode.note.get("mended_s", episode.end)))
    dated = any(
        episode.failure <= said.t <= mended
        for said in heard.said
        if said.line.get("panel") == panel and said.line.get("panel_time") is not None
    )
    return {} if dated else {"shows": False}


def _is_alarm(said: Said) -> bool:
    return said.line["kind"] in ALARM_KINDS or said.line.get("state") == "alarm"


@dataclass(frozen=True, slots=True)
class _Told:
    """A trip, and when and in which line the gateway heard of it; None: never."""

    trip: Tripped
    line: int | None = None
    t: float = 0.0


def _trips(episode: Episode, heard: Heard) -> list[_Told]:
    """Return the actor's trips, each with the line that told of it."""
    lines: dict[int, list[tuple[float, int]]] = {}
    for number, said in enumerate(heard.said, 2):
        zone = said.line.get("zone")
        if said.alarm and isinstance(zone, int) and said.why == episode.id:
            lines.setdefault(zone, []).append((said.t, number))
    found = []
    for trip in heard.trips:
        if trip.why == episode.id:
            told = [(t, n) for t, n in lines.get(trip.zone, ()) if t >= trip.t]
            found.append(_Told(trip, told[0][1], told[0][0]) if told else _Told(trip))
    return found


def _alarm(plan: Plan, told: list[_Told], raw: float | None) -> float | None:
    """Return when it was an alarm: said so, or a trip that no entry delay excuses."""
    if raw is not None:
        return raw
    times = [one.t for one in told if not one.trip.entry]
    times += [
        one.t + area.entry_delay_s
        for one in told
        for area in plan.areas
        if area.number == plan.zone(one.trip.zone).area
    ]
    return min(times, default=None)


def _second(plan: Plan, told: list[_Told], alarm: float | None) -> tuple[float | None, bool]:
    """Return when a second independent detector was heard, and whether only on the way in.

    What trips on the entry route before the entry delay is over tells a burglar from nobody: it
    counts as a second witness only from the first alarm on, and is marked.
    """
    if alarm is None:
        return None, False
    pairs = [
        other
        for index, other in enumerate(told)
        for one in told[:index]
        if independent(plan.zone(one.trip.zone), plan.zone(other.trip.zone))
    ]
    after = [other.t for other in pairs if other.t >= alarm or not other.trip.entry]
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
