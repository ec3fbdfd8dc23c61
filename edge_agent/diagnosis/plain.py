"""Decides what an alarm is worth by its kind alone, where nothing else judges it."""

from edge_agent.diagnosis.observation import FIRE_KINDS, LIFE_KINDS, Observation
from edge_agent.diagnosis.verdict import Verdict

RULE = "judging.plain"
_MISSING = ("sequential", "technical", "user_code", "schedule", "image", "audio", "call_back")


def plainly(alarm: Observation) -> Verdict:
    """Return the verdict of one alarm: an incident of its own, which nothing joins or lowers."""
    tier = 4 if alarm.kind in LIFE_KINDS else 2 if alarm.kind in FIRE_KINDS else 1
    return Verdict(
        t_ns=alarm.t_ns,
        incident=f"i{alarm.line}",
        tier=tier,
        reasons=(RULE,),
        lines=(alarm.line,),
        panel=alarm.panel,
        area=alarm.area,
        zones=() if alarm.zone is None else (alarm.zone,),
        cause=None,
        available=(),
        missing=_MISSING,
    )
