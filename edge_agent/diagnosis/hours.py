"""Ends each hour and each day: what zones did in it is compared with what their neighbours did.

Whether anybody was there is told by the neighbours: a detector that is silent on a holiday is well.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from edge_agent.diagnosis.contact import Hour
from edge_agent.diagnosis.measures import HOUR_NS, Average
from edge_agent.diagnosis.panel_watch import PanelWatch, Told
from edge_agent.diagnosis.zone_watch import ZoneWatch

ACTIVE_TRIPS = 3
"""Trips of the neighbours in an hour that show people; fewer may be one detector's own."""

NEIGHBOURS_MIN = 3
"""Zones of an area that tell each other whether anybody was there."""

DISARMED_NS = HOUR_NS * 3 // 4
"""So much of an hour, to its end, is the whole hour as far as habits are concerned."""


def slot_of(local: datetime | None, now_ns: int) -> int:
    """Return the hour of the day, plus 24 on days of rest; counted from the start without a date.

    Habits repeat by the day in either case.
    """
    if local is None:
        return now_ns // HOUR_NS % 24
    return local.hour + (24 if local.weekday() >= 5 else 0)


_Zones = list[tuple[int, ZoneWatch]]


class Hours:
    """The hours and days of one panel's areas."""

    def __init__(self) -> None:
        self._usual: dict[int | None, Average] = {}  # trips around an area in a day that has any
        self._used: set[int | None] = set()  # areas that were disarmed for a while today

    def hour_over(self, panel: PanelWatch, slot: int, now_ns: int) -> Iterator[Told]:
        """Judge the hour that ends at `now_ns`, which had `slot`."""
        everything: _Zones = list(panel.zones.items())
        by_area: dict[int | None, _Zones] = {}
        for number, watch in everything:
            by_area.setdefault(panel.area_of(number), []).append((number, watch))
        told: list[Told] = []
        counts = {number: watch.contact.hour_trips for number, watch in everything}
        for area, zones in by_area.items():
            # a detector alone in its area has the whole panel for neighbours
            around = zones if len(zones) >= NEIGHBOURS_MIN else everything
            hour = Hour(slot, *_spent(panel, area, now_ns))
            told += self._hour(panel, area, (zones, around), hour, (now_ns, counts))
        if slot % 24 == 23:
            days = {number: watch.contact.day_trips for number, watch in everything}
            for area, zones in by_area.items():
                around = zones if len(zones) >= NEIGHBOURS_MIN else everything
                told += self._day(panel, area, (zones, around), (now_ns, days))
            self._used.clear()
        return iter(told)

    def _hour(
        self,
        panel: PanelWatch,
        area: int | None,
        zones: tuple[_Zones, _Zones],
        hour: Hour,
        counted: tuple[int, dict[int, int]],
    ) -> Iterator[Told]:
        now_ns, counts = counted
        own, around = zones
        trips = sum(counts[number] for number, _ in around)
        expected = sum(watch.contact.expected(hour.slot) for _, watch in around)
        if hour.disarmed:
            self._used.add(area)
        for number, watch in own:
            others = trips - counts[number]
            usual = expected - watch.contact.expected(hour.slot)
            mine = replace(hour, active=others >= ACTIVE_TRIPS, factor=(others + 2) / (usual + 2))
            place = panel.zone_place(number)
            yield from ((place, symptom) for symptom in watch.hour_over(mine, now_ns))

    def _day(
        self,
        panel: PanelWatch,
        area: int | None,
        zones: tuple[_Zones, _Zones],
        counted: tuple[int, dict[int, int]],
    ) -> Iterator[Told]:
        """A day counts for a detector where its area was in use and its neighbours saw somebody."""
        now_ns, counts = counted
        own, around = zones
        usual = self._usual.setdefault(area, Average(14))
        trips = sum(counts[number] for number, _ in around)
        for number, watch in own:
            others = trips - counts[number]
            seen = others >= max(ACTIVE_TRIPS, 0.3 * min(usual.mean, 10 * ACTIVE_TRIPS))
            factor = (others + 2) / (usual.mean + 2) if usual.seen else 1.0
            told = watch.day_over(area in self._used and seen, factor, now_ns)
            yield from ((panel.zone_place(number), symptom) for symptom in told)
        if trips:
            usual.add(float(trips))


def _spent(panel: PanelWatch, area: int | None, now_ns: int) -> tuple[bool, bool]:
    """Return whether the area was disarmed for most of the hour; and False: nobody known yet."""
    disarmed = panel.areas.armed(area) is None and not panel.link.gone
    return disarmed and now_ns - panel.areas.since_ns(area) >= DISARMED_NS, False
