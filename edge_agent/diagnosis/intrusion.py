"""Decides what an intrusion alarm is worth: one trip is to be verified, two witnesses are presence.

BS 8243 and CLC/TS 50131-9: a second alarm of an independent detector within the confirmation time
confirms the first.  The time runs from the newest trip, so that who swings a window for an hour
before he comes in is still met by his own alarm; and what a panel mutes, or reports but once,
counts by the openings of its zones.
"""

from collections.abc import Callable, Iterator

from edge_agent.diagnosis import why
from edge_agent.diagnosis.arming import Arming, Disarmed
from edge_agent.diagnosis.cause import Cause
from edge_agent.diagnosis.clearing import Clearing
from edge_agent.diagnosis.doubt import ENTRY, QUIET_NS, Doubt
from edge_agent.diagnosis.facts import Facts, Since
from edge_agent.diagnosis.incident import (
    BURST_NS,
    BURST_WHOLE_NS,
    LINES_MAX,
    Cluster,
    Family,
    Incident,
    Led,
    Trip,
    Witness,
)
from edge_agent.diagnosis.observation import NS, Observation
from edge_agent.diagnosis.rules import RULES
from edge_agent.diagnosis.sabotage import Sabotage
from edge_agent.diagnosis.site import Site, ZoneKey
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.diagnosis.witness import are_two, is_shell, is_weak, one_cause
from edge_agent.domain.kinds import Kind
from edge_agent.domain.site import ZoneType

INCIDENTS_MAX = 64  # open at once; a site has a few at most
PAIRS_MAX = 40  # witnesses compared with a new one, the newest first
CHATTER_TRIPS = round(RULES["isa.chattering"].value("trips"))
CUT_WAIT_NS = 5 * NS // 2  # a stroke of lightning would show itself by then
CUT_AFTER_NS = RULES["link.loss_with_trip"].ns("after_s")
NAMED_NS = 60 * NS
"""A trip that changes nothing is named by a verdict within this: at once, a swinging zone would
have one said of each of its swings."""

FLEETING_NS = RULES["isa.fleeting"].ns("within_s")
ENTRY_NS = 15 * NS  # how late a panel may tell the end of an entry delay

_VERIFIED = "139"


Wake = Callable[[int, Callable[[int], list[Verdict]]], None]
"""Ask to be called at a time."""


class Intrusion:
    """All incidents of burglary and tamper of one site."""

    def __init__(
        self, site: Site, facts: Facts, arming: Arming, wake: Wake, say: why.Means
    ) -> None:
        self._site = site
        self._facts = facts
        self._arming = arming
        self._wake = wake
        self._means = say
        self._open: list[Incident] = []
        self._doubt = Doubt(site, facts)
        self._sabotage = Sabotage(site, facts, arming)
        self._clearing = Clearing(site, facts, arming, say)

    # ---- alarms

    def alarm(self, seen: Observation, led: Led) -> list[Verdict]:
        """Take an alarm of kind burglary or tamper, and what led to it."""
        key = seen.panel, seen.zone
        area = seen.area if seen.area is not None else self._site.area_of(key)
        trip = Trip.of(seen, area)
        cover = why.covered(self._site, self._facts, self._arming, trip.key, area, seen)
        incident = self.joinable(key, area, seen.t_ns, cover.rule)
        if incident is None and not cover.rule:
            late = self._clearing.late_alarm(seen, area)
            if late is not None:
                return [late]
        if not cover.rule:
            self._arming.prove(seen, area)
        if incident is None:
            incident = self._begin(seen, area, cover)
        else:
            incident = self._roomy(incident, seen.line)
        if incident.called_ns is None:
            incident.called_ns = self._facts.earliest_ns(seen.panel, seen.t_ns)
        for early in led.before if not cover.rule else ():
            self._count(incident, early, early.t_ns)
        incident.add_line(seen.line)
        if not self._is_told_again(incident, trip, led):
            self._count(incident, trip, seen.t_ns)
        if cover.rule and seen.kind is Kind.TAMPER:  # it is looked at, whatever goes on
            incident.rise(1, "tamper.first")
            incident.because("tamper.first")
        unnamed = seen.zone is None or len(incident.witnesses) <= 1
        if seen.code == _VERIFIED and not cover.rule and unnamed:
            incident.rise(2, "panel.verified")
            incident.because("panel.verified")
        for rule, holds in (("isa.flood", self._facts.is_flood), ("isa.stale", led.stale)):
            if holds:
                incident.because(rule)
        return [self._say(incident, seen.t_ns)]

    def after_gap(self) -> None:
        """Nobody knows how much time has passed: no code is soon enough to clear what is open."""
        self._clearing.after_gap(self._open)

    def _is_told_again(self, incident: Incident, trip: Trip, led: Led) -> bool:
        """Whether the alarm is of an opening that was counted, as at the end of an entry delay."""
        known = incident.witnesses.get(trip.key)
        if known is None or led.opened_ns is None or trip.tamper or incident.covered:
            return False
        if known.weak and not is_weak(self._site, self._facts, self._arming, trip):
            return False  # now it proves more
        return led.opened_ns <= known.last_ns

    def opened(self, trip: Trip, now_ns: int) -> list[Verdict]:
        """Take a trip that no alarm line told, of an area with an open incident."""
        incident = self.joinable(trip.key, trip.area, now_ns, "")
        if incident is None:  # it ended while the contact might still have bounced
            if self._is_disarmed_since(trip):
                return []
            return self.silent([trip], "trip.unreported", now_ns)
        known = trip.key in incident.witnesses
        again = trip.t_ns - incident.last_ns > QUIET_NS  # another may have come
        if known and not again and len(incident.lines) >= LINES_MAX:
            incident.last_ns = max(incident.last_ns, trip.t_ns)  # it swings on
            return []
        tier = incident.tier
        incident = self._roomy(incident, trip.line)
        self._count(incident, trip, now_ns)
        incident.because("trip.opening")
        if not known or incident.tier != tier:
            return [self._say(incident, now_ns)]
        return self._name_soon(incident, now_ns)

    def _is_disarmed_since(self, trip: Trip) -> bool:
        disarmed_ns = self._arming.state(trip.key[0], trip.area).disarmed_ns
        return disarmed_ns is not None and disarmed_ns >= trip.t_ns

    def _name_soon(self, incident: Incident, now_ns: int) -> list[Verdict]:
        """Name what an incident has heard, though it changed nothing: now, or a little later."""
        if not incident.is_unnamed:
            return []
        due_ns = incident.said_ns + NAMED_NS
        if now_ns >= due_ns:
            return [self._say(incident, now_ns)]
        if incident.naming_ns <= now_ns:  # else it is looked at again before that
            incident.naming_ns = due_ns
            self._wake(due_ns, lambda at_ns: self._naming_due(incident, at_ns))
        return []

    def _naming_due(self, incident: Incident, now_ns: int) -> list[Verdict]:
        if incident.is_unnamed and now_ns < incident.naming_ns:  # too much else waits
            return [self._say(incident, now_ns)]
        return self._name_soon(incident, now_ns)

    def silent(
        self, trips: list[Trip], rule: str, now_ns: int, *, called_ns: int | None = None
    ) -> list[Verdict]:
        """Trips that no alarm line told; `called_ns`: when the panel called the area's alarm."""
        first = trips[0]
        if self.joinable(first.key, first.area, now_ns, "") is not None:
            return [verdict for trip in trips for verdict in self.opened(trip, now_ns)]
        incident = Incident(
            family=Family.INTRUSION,
            panel=first.key[0],
            area=first.area,
            line=first.line,
            first_ns=first.t_ns,
            called_ns=called_ns,
            last_ns=first.t_ns,
        )
        incident.rise(1, rule)
        incident.because(rule)
        if rule == "cp01.entry_expired" and first.key[0] in self._facts.callers:
            incident.in_time_ns = now_ns  # it would have told an alarm of any other zone
        self._keep(incident)
        for trip in trips:
            self._count(incident, trip, now_ns)
        return [self._say(incident, now_ns)]

    def area_alarm(self, seen: Observation, trips: list[Trip], now_ns: int) -> list[Verdict]:
        """The panel says that an area is in alarm; `trips` are those that no line explained."""
        if trips:
            return self.silent(trips, "panel.area_alarm", now_ns, called_ns=seen.t_ns)
        recent = self.joinable((seen.panel, None), seen.area, seen.t_ns, "")
        if recent is None:
            recent = self._clearing.cleared_since(seen)
        if recent is not None and seen.t_ns - recent.last_ns <= CUT_AFTER_NS:
            return []  # it is what the panel means
        called = Trip.of(seen, seen.area)
        return self.silent([called], "panel.area_alarm", now_ns, called_ns=seen.t_ns)

    def joinable(self, key: ZoneKey, area: int | None, now_ns: int, cover: str) -> Incident | None:
        """Return the open incident that a trip belongs to."""
        panel = key[0]
        found: Incident | None = None
        for incident in self._live(now_ns):
            if incident.panel != panel or incident.covered != cover:
                continue
            if key in incident.witnesses or (panel, area) in incident.areas or area is None:
                found = incident
            elif (panel, None) in incident.areas or self._is_next_door(incident, key):
                found = found or incident
        return found

    def _is_next_door(self, incident: Incident, key: ZoneKey) -> bool:
        """An incident may span areas; but not parts of a plan without a way between them."""
        known = [one for one in incident.witnesses if one[1] is not None][-8:]
        return not known or any(not self._site.are_apart(one, key) for one in known)

    def _live(self, now_ns: int) -> Iterator[Incident]:
        for incident in list(self._open):
            window_ns = self._site.time_ns(incident.panel, incident.area, "confirm_window_s")
            if incident.over or now_ns - incident.last_ns > window_ns:
                incident.over = True
                self._open.remove(incident)
            else:
                yield incident

    def _begin(self, seen: Observation, area: int | None, cover: why.Cover) -> Incident:
        incident = Incident(
            family=Family.INTRUSION,
            panel=seen.panel,
            area=area,
            line=seen.line,
            first_ns=self._facts.earliest_ns(seen.panel, seen.t_ns),
            last_ns=seen.t_ns,
            dated=seen.dated,
            covered=cover.rule,
        )
        if cover.rule:
            incident.rise(cover.tier, cover.rule)
            incident.cause = cover.cause
            if cover.line is not None:
                incident.add_line(cover.line)
        else:
            rule = "tamper.first" if seen.kind is Kind.TAMPER else "bs8243.unconfirmed"
            incident.rise(1, rule)
        incident.because(incident.lead)
        self._keep(incident)
        return incident

    def _keep(self, incident: Incident) -> None:
        if len(self._open) >= INCIDENTS_MAX:
            self._open.pop(0).over = True
        self._open.append(incident)

    def _roomy(self, incident: Incident, line: int) -> Incident:
        if len(incident.lines) < LINES_MAX:
            return incident
        following = incident.go_on(line)
        self._open[self._open.index(incident)] = following
        return following

    # ---- witnesses

    def _count(self, incident: Incident, trip: Trip, now_ns: int) -> None:
        """One more trip: which zone, how good a witness, and what it makes of the incident."""
        incident.add_line(trip.line)
        incident.add_zone(trip.key[1])
        incident.areas[trip.key[0], trip.area] = None  # whatever was cleared before
        self._doubt.comes_in(incident, trip)
        incident.last_ns = max(incident.last_ns, trip.t_ns)
        if incident.covered:
            incident.witnesses.setdefault(trip.key, Witness(trip.key, trip.t_ns, trip.t_ns))
            return
        witness = self._witness(incident, trip)
        self._gather(incident, trip, now_ns)
        for rule in why.labels(self._site, self._facts, self._arming, incident, witness, trip):
            incident.because(rule)
        if self._is_of_a_burst(incident, trip) or self._facts.is_settling(trip.key[0], trip.t_ns):
            witness.in_burst = True
        elif not witness.weak:
            self._assess(incident, witness, now_ns)
            self._sabotage.was_elsewhere(incident, witness, now_ns)
            self._suspect(incident, witness, now_ns)

    def _is_told_late(self, trip: Trip) -> bool:
        """Whether nobody knows when a trip was: its alarm came as an entry delay or a silence
        ended, together with what others had to say."""
        at_delay_s_end = trip.told and trip.code == ENTRY
        return at_delay_s_end or self._facts.earliest_ns(trip.key[0], trip.t_ns) < trip.t_ns

    def _is_of_a_burst(self, incident: Incident, trip: Trip) -> bool:
        """Whether a trip is of what went off all at once, and only told later.

        An opening that waited for the end of the entry delay; or an entry zone's alarm at that end,
        where the panel tells alarms only.
        """
        if not incident.bursts or incident.at_once or incident.witnesses[trip.key].trips > 1:
            return False
        begun_ns, ended_ns = incident.burst_ns
        if begun_ns - BURST_NS <= trip.t_ns <= ended_ns + BURST_NS:
            return True
        return trip.code == ENTRY and trip.t_ns - ended_ns <= self._doubt.entry_ns(trip) + ENTRY_NS

    def _witness(self, incident: Incident, trip: Trip) -> Witness:
        weak = is_weak(self._site, self._facts, self._arming, trip)
        found = incident.witnesses.get(trip.key)
        if found is None:
            found = Witness(
                trip.key, trip.t_ns, trip.t_ns, tamper=trip.tamper, weak=weak, leaving=True
            )
            incident.witnesses[trip.key] = found
        else:
            if trip.t_ns - found.last_ns > NS:  # an opening and its alarm are one trip
                found.trips += 1
            found.last_ns = max(found.last_ns, trip.t_ns)
            found.tamper |= trip.tamper
            found.weak &= weak
        found.called |= trip.told and trip.code != ENTRY
        found.leaving &= why.is_recent(self._site, self._arming, trip)
        found.recent = (*found.recent[1 - CHATTER_TRIPS :], trip.t_ns)
        if trip.tamper and not weak:
            incident.tampered = incident.tampered or found
        elif not weak and is_shell(self._site, trip):
            incident.breach = incident.breach or found
        return found

    def _assess(self, incident: Incident, witness: Witness, now_ns: int) -> None:
        """Raise the tier for what `witness` proves together with the others."""
        if incident.tier < 2:
            together = incident.at_once
            others = list(incident.witnesses.values())[-PAIRS_MAX:]
            for other in others:
                if other.key in together and witness.key in together:
                    continue  # both at one moment: judged when it is over
                if are_two(self._facts, other, witness, now_ns):
                    if doubt := self._doubt.of(incident, other, witness):
                        incident.because(doubt)
                        continue
                    incident.rise(2, "bs8243.sequential")
                    incident.because("bs8243.sequential")
                    break
        if incident.tier == 2:
            self._assess_property(incident, witness, now_ns)

    def _assess_property(self, incident: Incident, witness: Witness, now_ns: int) -> None:
        breach, tampered = incident.breach, incident.tampered
        inside = self._site.type_of(witness.key) in (ZoneType.INTERIOR, ZoneType.FOLLOWER)
        if breach is not None and inside and are_two(self._facts, breach, witness, now_ns):
            incident.rise(3, "avs01.breach_and_room")
            incident.because("avs01.breach_and_room")
        elif tampered is not None:
            others = [witness]
            if witness is tampered:  # whichever came first
                others = list(incident.witnesses.values())[-PAIRS_MAX:]
            if any(are_two(self._facts, tampered, other, now_ns) for other in others):
                incident.rise(3, "avs01.tamper_and_trip")
                incident.because("avs01.tamper_and_trip")

    def sabotaged(self, seen: Observation) -> list[Verdict]:
        """A zone is cut or covered: with a trip elsewhere somebody works against the system."""
        return [
            self._say(incident, seen.t_ns)
            for incident in self._live(seen.t_ns)
            if incident.panel == seen.panel and not incident.covered
            for witness in list(incident.witnesses.values())[-1:]
            if self._sabotage.was_elsewhere(incident, witness, seen.t_ns)
        ]

    # ---- many at once

    def _gather(self, incident: Incident, trip: Trip, now_ns: int) -> None:
        """Keep together what trips within moments: one cause, or one who runs.

        Openings that wait to be judged come later than alarms, and out of order.
        """
        cluster = incident.cluster
        if cluster is not None and not cluster.takes(trip.t_ns):
            self._judge_cluster(incident, now_ns)
            cluster = None
        if self._is_told_late(trip) or self._facts.is_settling(trip.key[0], trip.t_ns):
            return
        if cluster is None:
            cluster = incident.cluster = Cluster(now_ns)
        if not cluster.add(trip.key, trip.t_ns):
            return
        if len(cluster.trips) == 1:
            witness = incident.witnesses[trip.key]  # alone until others trip at the same moment
            cluster.lifted, witness.alone = not witness.alone, True
            return
        cluster.due_ns = min(now_ns + BURST_NS, cluster.begun_ns + BURST_WHOLE_NS)
        if cluster.due_ns > now_ns:
            self._wake(cluster.due_ns, lambda at_ns: self._cluster_due(incident, cluster, at_ns))

    def _cluster_due(self, incident: Incident, cluster: Cluster, now_ns: int) -> list[Verdict]:
        current = self._current(incident)
        if current is None or current.cluster is not cluster or now_ns < cluster.due_ns:
            return []  # over, or it went on: another call is due
        before = current.tier, len(current.reasons)
        self._judge_cluster(current, now_ns)
        after = current.tier, len(current.reasons)
        return [self._say(current, now_ns)] if after != before else []

    def _current(self, incident: Incident) -> Incident | None:
        """Return the incident, or the one that carries it on; None where a code cleared it."""
        for one in self._open:
            if one.witnesses is incident.witnesses:
                incident = one
        return incident if incident.cleared_ns is None else None

    def _judge_cluster(self, incident: Incident, now_ns: int) -> None:
        cluster, incident.cluster = incident.cluster, None
        trips = cluster.trips if cluster is not None else []
        members = [incident.witnesses[key] for key, _ in trips if key in incident.witnesses]
        rule = one_cause(self._facts, incident.panel, trips, members)
        if not rule:
            for member in members:
                member.alone = True
                if not member.weak and len(members) > 1:
                    self._assess(incident, member, now_ns)
            return
        incident.bursts += 1
        incident.burst_ns = trips[0][1], trips[-1][1]
        if cluster is not None and cluster.lifted and members:
            members[0].alone = False
        for member in members:
            if member.first_ns >= trips[0][1]:  # never tripped by itself
                member.in_burst, member.alone = True, False
        incident.because(rule)

    # ---- what somebody may have cut or jammed

    def _suspect(self, incident: Incident, witness: Witness, now_ns: int) -> None:
        """A lost link or a jamming proves nothing; with a trip it is no chance any more."""
        panel = incident.panel
        if witness.trips > 1 or incident.tier != 1:  # a single trip, as `Sabotage` has it
            return
        if self._facts.lost_link(panel, now_ns) or self._facts.jammed(panel, now_ns):
            self._wake(now_ns + CUT_WAIT_NS, lambda at_ns: self._cut_due(incident, witness, at_ns))

    def cut(self, panel: str | None, now_ns: int) -> list[Verdict]:
        """A link was lost, or is jammed: with a trip just before, somebody may have done it."""
        return [
            verdict
            for incident in self._live(now_ns)
            if panel in (None, incident.panel) and now_ns - incident.last_ns <= CUT_AFTER_NS
            for witness in list(incident.witnesses.values())[-1:]
            for verdict in self._cut_due(incident, witness, now_ns)
        ]

    def _cut_due(self, incident: Incident, witness: Witness, now_ns: int) -> list[Verdict]:
        current = self._current(incident)
        if current is None or not self._sabotage.cut_off(current, witness, now_ns):
            return []
        return [self._say(current, now_ns)]

    def unverified(self, seen: Observation) -> None:
        """The panel's own cross zone found no partner."""
        key = seen.panel, seen.zone
        incident = self.joinable(key, seen.area, seen.t_ns, "")
        if incident is not None:
            incident.because("cp01.cross_zone")

    def restored(self, key: ZoneKey, active_ns: int, now_ns: int) -> None:
        """A detector came back to rest after `active_ns`."""
        if active_ns > FLEETING_NS:
            return
        incident = self.joinable(key, None, now_ns, "")
        if incident is not None and key in incident.witnesses:
            incident.because("isa.fleeting")

    # ---- people

    def disarmed(self, change: Disarmed, seen: Observation) -> list[Verdict]:
        """Take a disarming or a cancel."""
        return self._clearing.take(change, seen, list(self._live(seen.t_ns)))

    def threatened(self, seen: Observation) -> list[Verdict]:
        """Take a duress signal: what was cleared a moment ago was not cleared freely."""
        return self._clearing.threatened(seen)

    # ---- saying it

    def explained(self, panel: str | None, since: Since, cause: Cause) -> list[Verdict]:
        """A measurement tells what lay behind a single trip a moment ago."""
        said: list[Verdict] = []
        for incident in self._live(since.t_ns):
            if incident.panel != panel or incident.tier != 1 or incident.cause is cause:
                continue
            if why.lies_behind(self._site, self._facts, incident, cause, since.t_ns):
                incident.add_line(since.line)
                incident.cause = cause
                said.append(self._say(incident, since.t_ns, keep_cause=True))
        return said

    def _say(self, incident: Incident, now_ns: int, *, keep_cause: bool = False) -> Verdict:
        if incident.tier <= 1 and not incident.covered and not keep_cause:
            found = why.cause(self._site, self._facts, incident, now_ns)
            incident.cause = found or incident.cause
        incident.said_ns = now_ns
        return incident.verdict(now_ns, self._means(incident.panel))
