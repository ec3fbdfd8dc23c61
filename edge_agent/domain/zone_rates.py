"""What became of each zone's alarms, and whose are false too often (pure).

Counted per incident: each zone that tripped in it, once.  The newest word on what an incident was
counts.  This tells people which detector to look at; it lowers no tier and mutes no zone.
"""

from array import array
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

INCIDENTS_MAX = 1024  # remembered; years of an ordinary site
FALSE_MIN = 3  # false alarms of a zone before anybody is bothered
FALSE_SHARE_MIN = 0.75  # of those that somebody judged

ZoneKey = tuple[str, int]
"""A panel and a number printed on it."""


@dataclass(slots=True)
class ZoneCount:
    """One zone: incidents it tripped in, and what they were said to be."""

    alarms: int = 0
    genuine: int = 0
    test: int = 0
    false: Counter[str] = field(default_factory=Counter)  # by cause

    @property
    def false_total(self) -> int:
        """How many were false."""
        return self.false.total()

    @property
    def false_share(self) -> float | None:
        """The share of false ones among those judged, tests apart; None without any."""
        judged = self.genuine + self.false_total
        return self.false_total / judged if judged else None

    @property
    def is_high(self) -> bool:
        """Whether it is false so often that somebody should look at the detector."""
        share = self.false_share
        return self.false_total >= FALSE_MIN and share is not None and share >= FALSE_SHARE_MIN

    @property
    def words(self) -> str:
        """What was counted, as a sentence has it."""
        causes = ", ".join(f"{cause} {count}" for cause, count in self.false.most_common())
        return f"{self.false_total} of {self.alarms} alarms false ({causes})"


@dataclass(slots=True)
class _Incident:
    panel: str | None = None
    zones: "array[int]" = field(default_factory=lambda: array("Q"))  # packed: there are many
    word: str | None = None
    cause: str | None = None
    said_ms: int = -1


class ZoneRates:
    """The incidents of one gateway as far as they are remembered."""

    def __init__(self) -> None:
        self._incidents: OrderedDict[Hashable, _Incident] = OrderedDict()

    def verdict(self, incident: Hashable, panel: str | None, zones: tuple[int, ...]) -> None:
        """An incident is judged; a later verdict of it may know more zones."""
        known = self._of(incident)
        if panel is not None and len(zones) >= len(known.zones):
            known.panel, known.zones = panel, array("Q", zones)

    def said(self, incident: Hashable, word: str, cause: str | None, said_ms: int) -> None:
        """Somebody says what it was: `genuine`, `test`, or `false` with its cause."""
        known = self._of(incident)
        if said_ms >= known.said_ms:
            known.word, known.cause, known.said_ms = word, cause, said_ms

    # ---- kept over a start

    def rows(self) -> list[list[Any]]:
        """Return everything as plain values; incidents must be texts."""
        return [
            [name, one.panel, list(one.zones), one.word, one.cause, one.said_ms]
            for name, one in self._incidents.items()
        ]

    @classmethod
    def from_rows(cls, rows: Any) -> Self:
        """Return what `rows` told.  Raises ValueError for what it never tells."""
        rates = cls()
        try:
            for name, panel, zones, word, cause, said_ms in rows[-INCIDENTS_MAX:]:
                known = _Incident(
                    None if panel is None else str(panel),
                    array("Q", [int(zone) for zone in zones]),
                    None if word is None else str(word),
                    None if cause is None else str(cause),
                    int(said_ms),
                )
                if known.zones and known.panel is None:
                    raise ValueError("zones without their panel")
                rates._incidents[str(name)] = known
        except (TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"no rows of zone rates: {error}") from error
        return rates

    def _of(self, incident: Hashable) -> _Incident:
        known = self._incidents.setdefault(incident, _Incident())
        if len(self._incidents) > INCIDENTS_MAX:
            self._incidents.popitem(last=False)
        return known

    def counts(self) -> dict[ZoneKey, ZoneCount]:
        """Return what was counted, by zone."""
        found: dict[ZoneKey, ZoneCount] = {}
        for incident in self._incidents.values():
            for zone in incident.zones:
                assert incident.panel is not None, "zones come with their panel"
                count = found.setdefault((incident.panel, zone), ZoneCount())
                count.alarms += 1
                match incident.word:
                    case "genuine":
                        count.genuine += 1
                    case "test":
                        count.test += 1
                    case "false":
                        count.false[incident.cause or "unknown"] += 1
        return dict(sorted(found.items()))

    def high(self) -> Iterator[tuple[ZoneKey, ZoneCount]]:
        """Yield the zones whose alarms are false too often."""
        return ((zone, count) for zone, count in self.counts().items() if count.is_high)
