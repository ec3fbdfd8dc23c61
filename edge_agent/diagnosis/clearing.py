"""Decides what a valid code makes of an alarm: the only way down, and only at once.

CP-01: a user's disarming within the abort window is an abort, within the cancel window a cancel.
Later it clears nothing: burglars are followed by owners coming home.  A code given under threat is
none.
"""

from edge_agent.diagnosis import why
from edge_agent.diagnosis.arming import AreaKey, Arming, Disarmed
from edge_agent.diagnosis.facts import Facts
from edge_agent.diagnosis.incident import Incident
from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.kinds import Kind, State

LATE_ALARM_NS = 5 * NS  # panels may send the alarm after the disarming that ended it
DURESS_BACK_NS = RULES["cp01.duress"].ns("window_s")
CLOSED_MAX = 64


class Clearing:
    """Incidents whose area was disarmed, as long as a code may still clear them."""

    def __init__(self, site: Site, facts: Facts, arming: Arming, means: why.Means) -> None:
        self._site = site
        self._facts = facts
        self._arming = arming
        self._means = means
        self._closed: list[Incident] = []

    def take(self, change: Disarmed, seen: Observation, live: list[Incident]) -> list[Verdict]:
        """Take a disarming, or a cancel (of kind cancel: it disarms nothing)."""
        said: list[Verdict] = []
        free = (
            change.valid
            and seen.dated
            and self._facts.under_duress(change.panel, seen.t_ns) is None
        )
        candidates = live + [one for one in self._closed if one.cleared_ns is None]
        for incident in candidates:
            touched = [key for key in incident.areas if self._is_of(change, key)]
            if touched and not incident.covered:
                said += self._clear(incident, touched, change, seen, free=free)
            if touched and seen.kind is not Kind.CANCEL and not incident.over:
                self._close(incident, touched, change)
        self._forget(seen.t_ns)
        return said

    def late_alarm(self, seen: Observation, area: int | None) -> Verdict | None:
        """Return the verdict of an alarm that was cleared before it was heard of."""
        if seen.kind is not Kind.BURGLARY:
            return None
        for incident in self._closed:
            fresh = (
                incident.cleared_ns is not None
                and incident.dated
                and seen.dated
                and seen.t_ns - incident.cleared_ns <= LATE_ALARM_NS
            )
            disarmed = not self._arming.state(seen.panel, area).is_armed
            if fresh and disarmed and (seen.panel, area) in incident.areas:
                incident.add_line(seen.line)
                incident.add_zone(seen.zone)
                return incident.verdict(seen.t_ns, self._means(incident.panel))
        return None

    def cleared_since(self, seen: Observation) -> Incident | None:
        """Return the incident of the area that was open as `seen` was heard, and cleared since."""
        for incident in self._closed:
            cleared_ns = incident.cleared_ns
            is_of_area = (seen.panel, seen.area) in incident.areas
            if is_of_area and cleared_ns is not None and cleared_ns >= seen.t_ns:
                return incident
        return None

    def after_gap(self, live: list[Incident]) -> None:
        """Nobody knows how much time has passed: what is open is cleared by no code any more, and
        what was cleared takes no late alarm."""
        for incident in (*live, *self._closed):
            incident.dated = False

    def threatened(self, seen: Observation) -> list[Verdict]:
        """A code of a moment ago was given under threat: what it cleared stands again."""
        said: list[Verdict] = []
        for incident in self._closed:
            cleared_ns = incident.cleared_ns
            if cleared_ns is None or incident.panel != seen.panel:
                continue
            if seen.t_ns - cleared_ns <= DURESS_BACK_NS and incident.rise(
                incident.tier_cleared, "cp01.duress"
            ):
                incident.because("cp01.duress")  # its line is of the duress's own incident
                said.append(incident.verdict(seen.t_ns, self._means(incident.panel)))
        return said

    def _is_of(self, change: Disarmed, key: AreaKey) -> bool:
        """Whether a change is of that area; where one of them is not said, of the only one."""
        if change.panel != key[0]:
            return False
        if change.area == key[1]:
            return True
        if None not in (change.area, key[1]):
            return False
        said = {area for area in (change.area, key[1]) if area is not None}
        return len(self._arming.areas_of(change.panel) | said) <= 1

    def _clear(
        self,
        incident: Incident,
        touched: list[AreaKey],
        change: Disarmed,
        seen: Observation,
        *,
        free: bool,
    ) -> list[Verdict]:
        if not free:
            return []
        for key in touched:
            incident.areas[key] = change.line
        window_ns = self._site.time_ns(incident.panel, incident.area, "cancel_window_s")
        in_time = incident.dated and seen.t_ns - incident.window_ns <= window_ns
        if not in_time:
            return self._too_late(incident, change, seen)
        if None in incident.areas.values():
            return []  # the rest of it is still armed, and nobody spoke for that
        proofs = {line for line in incident.areas.values() if line is not None}
        abort_ns = self._site.time_ns(incident.panel, incident.area, "abort_window_s")
        rule = "cp01.abort" if seen.t_ns - incident.window_ns <= abort_ns else "cp01.cancel"
        tampered = any(one.tamper for one in incident.witnesses.values())
        said: list[Verdict] = []
        for part in (*incident.parts, incident):
            part.tier_cleared = part.tier
            part.tier = min(part.tier, 1 if tampered else 0)
            part.lead = rule
            part.because(rule)
            part.cause = why.cleared(self._site, self._facts, part, seen)
            for line in proofs:
                part.add_line(line)
            said.append(part.verdict(seen.t_ns, self._means(part.panel)))
        incident.cleared_ns = seen.t_ns
        if not incident.over:
            incident.over = True
            self._closed.append(incident)
        return said

    def _too_late(self, incident: Incident, change: Disarmed, seen: Observation) -> list[Verdict]:
        if "cp01.late_code" in incident.reasons:
            return []
        incident.because("cp01.late_code")
        incident.add_line(change.line)
        return [incident.verdict(seen.t_ns, self._means(incident.panel))]

    def _close(self, incident: Incident, touched: list[AreaKey], change: Disarmed) -> None:
        """Disarmed areas trip no more; with the last of them the incident is over.

        A report that names none of several areas is of nobody knows which.
        """
        if all(
            key in touched
            or (change.area is not None and self._arming.state(*key).arm.value == State.DISARMED)
            for key in incident.areas
        ):
            incident.over = True
            self._closed.append(incident)

    def _forget(self, now_ns: int) -> None:
        longest_ns = self._site.time_ns(None, None, "cancel_window_s")
        self._closed = [
            one
            for one in self._closed[-CLOSED_MAX:]
            if now_ns - max(one.window_ns, one.cleared_ns or 0) <= max(longest_ns, DURESS_BACK_NS)
        ]
