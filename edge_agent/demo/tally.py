"""Counts the truth: the panels' ledgers against the gateway's journal and the center's store.

The same frame may rightly be said twice, so multiplicities are compared: n signals of one key that
are due must be at the center n times at least, and as often as they were spoken at most.  Pure:
ledgers, records and the verifier's words come in, figures and named faults go out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge_agent.demo.ledger import Key, Spoken, key_of

NS_PER_MS = 1_000_000
POINTS = frozenset({"zone", "area", "output", "panel", "loop"})  # states: read along, never said

Place = tuple[str, int]  # epoch and sequence number: where an event stands


@dataclass(frozen=True, slots=True)
class Held:
    """One event as a journal or a center holds it; `key` is None where it is no panel's signal."""

    place: Place
    type: str
    body: Mapping[str, Any]
    boottime_ns: int
    wall_ns: int | None
    received_ms: int | None = None
    key: Key | None = None
    marks: tuple[str, ...] = ()


def held(facts: Mapping[str, Any], by_frame: Collection[str]) -> Held:
    """Read an event as `edge-agent events --json` and `edge-center events --json` tell it.

    Signals of the panels in `by_frame` are told apart by their bytes too.
    """
    stamp, body = facts["stamp"], facts["body"]
    key = None
    if facts["type"] == "signal" and body["kind"] not in POINTS:
        panel, frame = body["panel"], bytes.fromhex(body["frame"])
        key = key_of(panel, body, frame, by_frame=panel in by_frame)
    return Held(
        place=(facts["epoch"], facts["seq"]),
        type=facts["type"],
        body=body,
        boottime_ns=stamp["boottime_ns"],
        wall_ns=stamp["wall_ns"],
        received_ms=facts.get("received_ms"),
        key=key,
        marks=tuple(facts.get("marks", ())),
    )


def latency_ns(spoken: Spoken, stored: Held) -> int | None:
    """Return last byte on the wire -> stored by the center; None where a clock is missing.

    The panel's clock is boot time, the center's is wall time in whole milliseconds.  The event's
    own stamp is a reading of both at once, so it ties them.  Counted to the end of the center's
    millisecond: never flattering.
    """
    if stored.wall_ns is None or stored.received_ms is None:
        return None
    stored_wall_ns = (stored.received_ms + 1) * NS_PER_MS
    return stored_wall_ns - stored.wall_ns + stored.boottime_ns - spoken.said_ns


# ---- matching


@dataclass(slots=True)
class Matched:
    """Who found whom: pairs in order of time, and what is left over on either side."""

    pairs: list[tuple[Spoken, Held]] = field(default_factory=list)
    lost: list[Spoken] = field(default_factory=list)
    surplus: list[Held] = field(default_factory=list)


def match(spoken: Iterable[Spoken], stored: Iterable[Held]) -> Matched:
    """Pair what was spoken with what is held, key by key, oldest with oldest.

    Due ones come first: a signal that was spoken without its panel hearing an ACK may be there or
    not, and must not take the place of one that has to be.
    """
    said_by_key: dict[Key, list[Spoken]] = defaultdict(list)
    held_by_key: dict[Key, list[Held]] = defaultdict(list)
    for one in spoken:
        said_by_key[one.key].append(one)
    for event in stored:
        if event.key is not None:
            held_by_key[event.key].append(event)
    found = Matched()
    for key in said_by_key.keys() | held_by_key.keys():
        _match_key(found, said_by_key[key], held_by_key[key])
    found.pairs.sort(key=lambda pair: pair[0].said_ns)
    found.lost.sort(key=lambda one: one.said_ns)
    found.surplus.sort(key=lambda one: one.boottime_ns)
    return found


def _match_key(found: Matched, said: list[Spoken], events: list[Held]) -> None:
    events = sorted(events, key=lambda one: one.boottime_ns)
    chosen = sorted(said, key=lambda one: (not one.due, one.said_ns))[: len(events)]
    chosen.sort(key=lambda one: one.said_ns)
    found.pairs += zip(chosen, events, strict=False)
    found.surplus += events[len(chosen) :]
    taken = {id(one) for one in chosen}
    found.lost += [one for one in said if one.due and id(one) not in taken]


# ---- outages


@dataclass(frozen=True, slots=True)
class Break:
    """Something that the story broke: the network (`panel` None) or a panel's line."""

    since_ns: int
    panel: str | None = None


def losses(events: Iterable[Held]) -> list[Held]:
    """Return the signed events that say that a way to the center or a panel's line was lost."""
    return [one for one in events if _is_loss(one)]


def _is_loss(event: Held) -> bool:
    down = {"path": "up", "link": "online"}.get(event.type)
    return down is not None and event.body.get(down) is False


def _until_ns(broken: Break, events: Iterable[Held]) -> int | None:
    """Return when the gateway said that it was mended; None: not yet."""
    for event in events:
        if event.boottime_ns <= broken.since_ns:
            continue
        if broken.panel is None and event.type == "path" and event.body.get("up"):
            return event.boottime_ns
        is_link = event.type == "link" and event.body.get("panel") == broken.panel
        if broken.panel is not None and is_link and event.body.get("online"):
            return event.boottime_ns
    return None


def is_delayed(
    spoken: Spoken, late_ns: int, breaks: Iterable[Break], events: Sequence[Held]
) -> bool:
    """Tell whether something broken stood in the way of a signal that took `late_ns`."""
    for broken in breaks:
        if broken.panel not in (None, spoken.panel):
            continue
        until_ns = _until_ns(broken, events)
        began = broken.since_ns <= spoken.said_ns + late_ns
        if began and (until_ns is None or spoken.said_ns <= until_ns):
            return True
    return False


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the smallest value that `percent` of all do not exceed; None where there are none."""
    if not values:
        return None
    rank = max(1, -(-len(values) * percent // 100))  # rounded up
    return sorted(values)[int(rank) - 1]


# ---- the summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that the count goes by."""

    spoken: Sequence[Spoken]
    journal: Sequence[Held]
    center: Sequence[Held]
    receipted: Collection[Place]  # covered by receipts whose signature and digest were checked
    breaks: Sequence[Break] = ()
    unverified: int = 0  # problems that the center's own verifier names
    problems: Sequence[str] = ()  # what else went wrong, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came of it.  Latencies are in ms; `held_up` are of signals that an outage delayed."""

    signals_acknowledged: int
    events_journaled: int
    events_received: int
    lost: list[Spoken]
    surplus: list[Held]
    unreceipted: list[Spoken]
    undelivered: int  # events in the journal that are not at the center
    unverified: int
    latencies: list[float]
    held_up: list[float]
    outages: int
    verdicts: int
    problems: list[str]

    @property
    def good(self) -> bool:
        """Whether everything that had to hold did."""
        bad = (
            self.lost,
            self.surplus,
            self.unreceipted,
            self.undelivered,
            self.unverified,
            self.problems,
        )
        return not any(bad) and self.signals_acknowledged > 0

    def as_json(self) -> dict[str, Any]:
        """Return the summary object."""
        return {
            "signals_acknowledged": self.signals_acknowledged,
            "events_journaled": self.events_journaled,
            "events_received": self.events_received,
            "lost": len(self.lost),
            "doubled": len(self.surplus),
            "unverified": self.unverified,
            "latency_ms": {
                "p50": percentile(self.latencies, 50),
                "p99": percentile(self.latencies, 99),
            },
            "outages": self.outages,
            "verdicts": self.verdicts,
        }


def count(evidence: Evidence) -> Summary:
    """Count."""
    matched = match(evidence.spoken, evidence.center)
    at_center = {event.place for event in evidence.center}
    journal = sorted(evidence.journal, key=lambda one: one.boottime_ns)
    latencies: list[float] = []
    held_up: list[float] = []
    for spoken, event in matched.pairs:
        late_ns = latency_ns(spoken, event)
        if late_ns is None or spoken.found:
            continue
        delayed = is_delayed(spoken, late_ns, evidence.breaks, journal)
        (held_up if delayed else latencies).append(round(late_ns / NS_PER_MS, 1))
    doubtful = sum(bool({"fork", "unvouched"} & set(event.marks)) for event in evidence.center)
    return Summary(
        signals_acknowledged=sum(one.due for one in evidence.spoken),
        events_journaled=len({event.place for event in journal}),
        events_received=len(at_center),
        lost=matched.lost,
        surplus=matched.surplus,
        unreceipted=[
            one for one, event in matched.pairs if one.due and event.place not in evidence.receipted
        ],
        undelivered=len({event.place for event in journal} - at_center),
        unverified=evidence.unverified + doubtful,
        latencies=latencies,
        held_up=held_up,
        outages=len([one for one in losses(journal) if one.place in at_center]),
        verdicts=sum(event.type == "verdict" for event in evidence.center),
        problems=list(evidence.problems),
    )
