"""One zone as health sees it: its openings, its loop, its radio, what its panel says of it."""

from dataclasses import dataclass

from edge_agent.diagnosis.contact import Around, Contact, Hour
from edge_agent.diagnosis.health_rules import RULES, Limits
from edge_agent.diagnosis.loop import Loop
from edge_agent.diagnosis.maintenance import Points, score_of
from edge_agent.diagnosis.measures import DAY_NS
from edge_agent.diagnosis.radio import Radio
from edge_agent.diagnosis.symptom import Switch, Symptom
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.site import Technology, ZoneSettings, ZoneType

MOTION = frozenset(
    {
        *(Technology.PIR, Technology.MICROWAVE, Technology.DUAL, Technology.BEAM),
        *(Technology.CAMERA, Technology.SMOKE, Technology.HEAT, Technology.FLAME),
    }
)
"""Detectors that see something; the others are moved by hand or broken."""

BY_HAND = frozenset({Technology.BUTTON, Technology.CALL_POINT})
_USED_BY_HAND = frozenset({ZoneType.PANIC, ZoneType.HOLDUP, ZoneType.MEDICAL})
_RARE = frozenset(
    {
        *(Technology.GLASS, Technology.SEISMIC, Technology.SMOKE, Technology.HEAT),
        *(Technology.FLAME, Technology.LOOP, Technology.OTHER, *BY_HAND),
    }
)
"""Detectors that may be silent for years."""

_RARE_TYPES = frozenset({ZoneType.FIRE, ZoneType.TAMPER, ZoneType.TECHNICAL, *_USED_BY_HAND})

TROUBLES: dict[str, str] = {
    # Contact ID code of a zone trouble: the rule that it is
    "147": "detector.inactive",
    "371": "loop.told_cut",
    "372": "loop.told_short",
    "380": "detector.inactive",
    "381": "radio.supervision",
    "382": "detector.inactive",
    "384": "battery.low",
    "385": "detector.told",
    "386": "detector.told",
    "387": "detector.told",
    "388": "detector.told",
    "389": "detector.told",
    "391": "detector.inactive",
    "392": "detector.told",
    "393": "detector.told",
}


@dataclass(frozen=True, slots=True)
class Nature:
    """What kind of detector this is, as far as health is concerned."""

    motion: bool = False
    entry: bool = False
    rare: bool = False  # its silence means nothing
    by_hand: bool = False  # its trips are somebody's decision
    inside: bool = False  # may trip while armed at home
    wireless: bool = False
    known: bool = True  # its technology

    @classmethod
    def of(cls, settings: ZoneSettings | None) -> "Nature":
        """Return what a zone's settings say."""
        if settings is None:
            return cls(inside=True, known=False)
        kind, technology = settings.type, settings.technology
        motion = technology in MOTION
        return cls(
            motion=motion,
            entry=kind is ZoneType.ENTRY_EXIT,
            rare=technology in _RARE or kind in _RARE_TYPES or settings.outdoors,
            by_hand=technology in BY_HAND or kind in _USED_BY_HAND,
            inside=kind in (ZoneType.INTERIOR, ZoneType.FOLLOWER) or kind is None,
            wireless=settings.wireless,
            known=technology is not None,
        )


class ZoneWatch:
    """All machines of one zone; those of its loop and its radio once there is something to read.

    A receiver is told of thousands of zones of which nothing is ever measured.
    """

    def __init__(self, limits: Limits, settings: ZoneSettings | None, now_ns: int) -> None:
        self.nature = Nature.of(settings)
        self._limits = limits
        self.contact = Contact(
            limits.contact,
            motion=self.nature.motion,
            entry=self.nature.entry,
            known=self.nature.known,
        )
        self._eol_ohms = settings.eol_ohms if settings is not None else None
        self._loop: Loop | None = None
        self._radio: Radio | None = None
        self.lost = False  # its panel cannot tell it, or tells a fault
        self.tested_ns = now_ns  # nobody knows of tests before; a year from here is due at last
        self.tested = False  # whether a walk test was seen
        self._deferred = ""  # a trouble that the loop's next reading explains, or not
        self._told: dict[str, Switch] = {}  # what its panel told of it so far
        self._due = Switch("walktest.due")

    # ---- what its panel says

    def state(self, state: State, around: Around, now_ns: int) -> list[Symptom]:
        """Take a live state of the zone."""
        self.contact.by_point = True
        moved = state is not State.UNKNOWN and str(state) != self.contact.state
        told = self._radio.heard(now_ns) if moved and self._radio is not None else []
        told += self._tamper(state)
        if state in (State.UNKNOWN, State.BYPASSED):
            return told
        return told + self.contact.handle(str(state), around, now_ns)

    def _tamper(self, state: State) -> list[Symptom]:
        """A wired zone in tamper whose loop nobody measures: all that can be said of its cable."""
        if state is State.TAMPER and self._loop is None and not self.nature.wireless:
            return self._tell("loop.told_cut", True, "the zone is in tamper")
        return self._tell("loop.told_cut", False) if state in (State.CLOSED, State.OPEN) else []

    def alarm(self, on: bool, around: Around, now_ns: int) -> list[Symptom]:
        """Take an alarm of the zone or its end, where the panel does not tell its state."""
        if self.contact.by_point:
            return []
        if on and self.contact.state == "open":
            return self.contact.again(around, now_ns)
        return self.contact.handle("open" if on else "closed", around, now_ns)

    def trouble(self, code: str, on: bool) -> list[Symptom]:
        """Take what the panel says of the detector."""
        rule = TROUBLES.get(code)
        if rule is None:
            return []
        if rule == "radio.supervision" or (code == "147" and self.nature.wireless):
            return self._missed(on, "the panel says so")
        if rule == "detector.inactive" and self._loop is not None:
            self._deferred = code if on else ""
            return [] if on else self._tell(rule, False)
        return self._tell(rule, on, f"code {code}")

    def _tell(self, rule: str, on: bool, detail: str = "") -> list[Symptom]:
        """Set the switch of a rule; there is one once the rule holds for the first time."""
        if on and rule not in self._told:
            self._told[rule] = Switch(rule)
        switch = self._told.get(rule)
        return switch.set(on, detail) if switch is not None else []

    def vanished(self) -> list[Symptom]:
        """Its panel cannot tell the zone any more, though it is there itself."""
        return self._missed(True, "unknown to its panel") if self.nature.wireless else []

    def _missed(self, lost: bool, detail: str) -> list[Symptom]:
        """Its panel misses its radio, or found it again."""
        if self._radio is None and not lost:
            return []
        return self._radio_read().missed(lost, detail)

    def _radio_read(self) -> Radio:
        if self._radio is None:
            self._radio = Radio(self._limits.radio)
        return self._radio

    # ---- what is measured

    def ohms(self, ohms: float, now_ns: int) -> list[Symptom]:
        """Take a reading of the loop."""
        contact, loop = self.contact, self._loop
        if loop is None:
            loop = Loop(self._limits.loop, self._eol_ohms, motion=self.nature.motion)
            self._loop = loop
        told, spiked = loop.handle(ohms, contact.state, contact.moved_ns, now_ns)
        if self._deferred and not loop.suspect:
            told += self._tell("detector.inactive", True, f"code {self._deferred}, loop sound")
            self._deferred = ""
        if spiked:
            told += contact.suspect_loose(1.0, now_ns, "of the loop alone")
        return told

    def shift(self) -> tuple[float, float] | None:
        """Return how far its loop moved within hours and how far it is off its level, as shares.

        None where that is not known, or the loop is cut or shorted.
        """
        loop = self._loop
        if loop is None or loop.broken or (off := loop.deviation) is None:
            return None
        return loop.jump, off

    def signal(self, rssi_dbm: float | None, interference: bool, now_ns: int) -> list[Symptom]:
        """Take a reading of the radio."""
        return self._radio_read().handle(rssi_dbm, interference, now_ns)

    def look(self, now_ns: int) -> list[Symptom]:
        """Judge the silence of the radio at `now_ns`."""
        return self._radio.tick(now_ns) if self._radio is not None else []

    def unheard(self, now_ns: int) -> None:
        """Nothing could be heard of it up to now: its silence counts from here."""
        if self._radio is not None:
            self._radio.pause(now_ns)

    # ---- time

    @property
    def _broken(self) -> bool:
        """Whether the loop is cut or shorted: nothing else about this zone can be judged."""
        return self._loop is not None and self._loop.broken

    def hour_over(self, hour: Hour, now_ns: int) -> list[Symptom]:
        """Judge the hour that ended."""
        told = [] if self._broken else self.contact.hour_over(hour, now_ns)
        if self.nature.by_hand or self.nature.rare:
            told = [one for one in told if one.rule in _ALWAYS]
        days = (now_ns - self.tested_ns) / DAY_NS
        return told + self._due.set(days > self._limits.walktest_days, f"{days:.0f} days ago")

    def day_over(self, occupied: bool, factor: float, now_ns: int) -> list[Symptom]:
        """Judge the day that ended."""
        silent = self._radio is not None and self._radio.silent
        known = occupied and not self._broken and not silent
        told = self.contact.day_over(known, factor, now_ns)
        return [] if self.nature.rare or self.nature.by_hand else told

    # ---- how it stands

    def score(self, now_ns: int) -> tuple[int, tuple[str, ...]]:
        """Return 0 (broken) to 100 and what was taken off: rules with their points."""
        points = self.points(now_ns)
        return score_of(points), tuple(map(str, points))

    def points(self, now_ns: int) -> tuple[Points, ...]:
        """Return what is taken off the score, the most first."""
        taken: dict[str, int] = {}
        for rule, on in self._holding().items():
            weight = RULES[rule].weight
            if on and weight:
                taken[rule] = weight
        loose = round(RULES["contact.loose"].weight * min(self.contact.looseness(now_ns), 1.0))
        if loose and "contact.loose" not in taken:
            taken["contact.loose"] = loose
        if self._loop is not None and not self._loop.drifting:
            off = abs(self._loop.deviation or 0.0) / self._limits.loop.drift_share
            drift = round(RULES["loop.trend"].weight * min(off, 1.0)) if off >= 0.25 else 0
            if drift:
                taken["loop.drift"] = drift
        age = (now_ns - self.tested_ns) / DAY_NS / self._limits.walktest_days
        if age >= 0.5 and "walktest.due" not in taken:
            taken["walktest.due"] = round(RULES["walktest.due"].weight * min(age, 1.0))
        worst = sorted(taken.items(), key=lambda one: -one[1])
        return tuple(Points(rule, points) for rule, points in worst)

    def _holding(self) -> dict[str, bool]:
        switches = {rule: switch.on for rule, switch in self._told.items()}
        switches[self._due.rule] = self._due.on
        switches |= self.contact.holds()
        for measured in (self._loop, self._radio):
            if measured is not None:
                switches |= measured.holds()
        return switches


_ALWAYS = frozenset({"detector.stuck", "contact.loose", "contact.chatter"})
"""Rules of hours that hold for detectors whose trips and silence mean nothing."""


def tells_of_detector(kind: Kind) -> bool:
    """Whether an event of this kind says that a detector tripped."""
    return kind in _DETECTED


_DETECTED = frozenset({Kind.BURGLARY, Kind.FIRE, Kind.GAS, Kind.CO, Kind.HOLDUP, Kind.PANIC})
