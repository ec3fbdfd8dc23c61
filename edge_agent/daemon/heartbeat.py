"""What the agent says of itself: its signed heartbeat, and the facts for whoever asks."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import edge_agent
from edge_agent import limits
from edge_agent.clock import KeptClock
from edge_agent.config import Gateway
from edge_agent.daemon.centers import Supply
from edge_agent.daemon.charter import Chartered
from edge_agent.daemon.diagnosing import Diagnosing
from edge_agent.daemon.epoch import Beginning
from edge_agent.daemon.housekeeping import Housekeeping
from edge_agent.daemon.recorder import Notary, Recorder, Source
from edge_agent.daemon.zone_rates import RateWatch
from edge_agent.evidence.status import CONDITIONS_MAX, Status, sign_status
from edge_agent.health.body import Body
from edge_agent.journal import Journal

if TYPE_CHECKING:
    from edge_agent.daemon.clips import Clips


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the agent that know something of how it stands."""

    gateway: Gateway
    begun: Beginning
    clock: KeptClock
    notary: Notary
    sources: Mapping[str, Source]
    recorder: Recorder
    journal: Journal
    housekeeping: Housekeeping
    supply: Supply
    body: Body
    zones: RateWatch
    diagnosing: Diagnosing
    clips: "Clips | None"
    configuration: Callable[[], Mapping[str, Any]]
    chartered: Chartered
    handover: Callable[[], Mapping[str, Any] | None] = lambda: None


def signed_status(parts: Parts, center: str, *, stopping: bool) -> bytes:
    """Return the signed heartbeat for a center."""
    head, room, recorder = parts.notary.frontier(), parts.housekeeping.room, parts.recorder
    reporting_s = parts.gateway.reporting_time_s
    conditions = (*parts.diagnosing.conditions, *parts.body.conditions())
    status = Status(
        gateway=parts.gateway.id,
        epoch=parts.begun.epoch,
        next_seq=max(1, head.next_seq),
        root=head.root,
        stamp=parts.clock.stamp(),
        started=parts.begun.started,
        interval_s=max(1, round(reporting_s / limits.HEARTBEATS_A_REPORTING_TIME)),
        disk_refused=recorder.refusal is not None,
        outstanding=parts.supply.owed(center),
        journal_percent=room.percent if room else None,
        path=parts.supply.path_in_use(center),
        panels=dict(recorder.links),
        faults={panel: dict(counts) for panel, counts in recorder.faults.items()},
        conditions=conditions[:CONDITIONS_MAX],
        stopping=stopping,
        charter=parts.chartered.mark,
        seal=parts.supply.seal_key(center),
    )
    return sign_status(status, parts.begun.signer)


def state(parts: Parts) -> dict[str, Any]:
    """Tell how the gateway stands, to a technician or to the center."""
    progress, room, recorder = parts.journal.progress(), parts.housekeeping.room, parts.recorder
    stamp, now = parts.clock.stamp(), parts.clock.now()
    return {
        "gateway": parts.gateway.id,
        "version": edge_agent.__version__,
        "epoch": parts.begun.epoch.hex(),
        "next_seq": parts.notary.frontier().next_seq,
        "pid": os.getpid(),
        "configuration": dict(parts.configuration()),
        "panels": {
            panel: {
                "online": recorder.links[panel],
                "reason": recorder.reasons[panel],
                "driver": source.driver,
                "profile": source.profile,
                "faults": dict(recorder.faults[panel]),
                "broken": source.broken,
            }
            for panel, source in parts.sources.items()
        },
        "journal": {
            "refused": recorder.refusal,
            "waiting": progress.waiting,
            "unreceipted": sum(progress.unreceipted),
            "used_percent": room.percent if room else None,
            "left_bytes": room.left_bytes if room else None,
            "omitted": parts.housekeeping.omitted,
        },
        "centers": parts.supply.facts(),
        "charter": parts.chartered.facts(),
        "handover": parts.handover(),
        "clock": {
            "trust": stamp.trust,
            "wall_ns": stamp.wall_ns,
            "uncertainty_ms": stamp.uncertainty_ms,
            "earliest_ns": now.earliest_ns,
            "latest_ns": now.latest_ns,
        },
        "body": parts.body.facts(),
        "zones": parts.zones.facts(),
        "cameras": parts.clips.facts() if parts.clips is not None else {},
        "judging": parts.diagnosing.facts(),
    }
