"""What the zones of a site are called, for whoever reads of them: events hold their numbers only.

The names stand in the configuration and are never sent.  A line of a terminal holds a few: what is
longer is cut.
"""

from typing import Any

from edge_agent.domain.site import Premises, ZoneSettings
from edge_agent.language import Catalog, cut

NAME_COLUMNS_MAX = 32
AREA_COLUMNS_MAX = 16
LISTED_COLUMNS_MAX = 16
"""Of each name where several zones stand in one line."""

_WORDS: dict[str, tuple[str, str]] = {
    "in": (" ({area})", "（{area}）"),
    "of": ("{zone} {name}", "{zone} {name}"),
}


class ZoneNames:
    """The names of one site's zones, as its configuration gives them."""

    def __init__(self, premises: Premises, language: str = "en") -> None:
        self._say = Catalog(_WORDS, language)
        self._zones = {(one.panel, one.zone): one for one in premises.zones}
        self._areas = {(one.panel, one.area): one.name for one in premises.areas}

    def lists(self, panel: str) -> bool:
        """Whether any zone of a panel is listed."""
        return any(known == panel for known, _ in self._zones)

    def knows(self, panel: str, zone: int) -> bool:
        """Whether a zone is listed."""
        return (panel, zone) in self._zones

    def label(self, panel: str, zone: int) -> str:
        """Return a zone's number, and its name and that of its area where they are known."""
        known = self._zones.get((panel, zone))
        said = str(zone)
        if known is not None and known.name:
            said = self._say("of", zone=zone, name=cut(known.name, NAME_COLUMNS_MAX))
        area = self._area(known)
        return said + self._say("in", area=cut(area, AREA_COLUMNS_MAX)) if area else said

    def short(self, panel: str, zone: int) -> str:
        """Return number and name for a list of several zones."""
        known = self._zones.get((panel, zone))
        if known is None or not known.name:
            return str(zone)
        return self._say("of", zone=zone, name=cut(known.name, LISTED_COLUMNS_MAX))

    def facts(self, panel: str, zone: int) -> dict[str, Any]:
        """Return the same for programs, whole; None where there is no name."""
        known = self._zones.get((panel, zone))
        return {
            "zone": zone,
            "name": None if known is None else known.name,
            "area": None if known is None else known.area,
            "area_name": self._area(known),
        }

    def _area(self, zone: ZoneSettings | None) -> str | None:
        if zone is None or zone.area is None:
            return None
        return self._areas.get((zone.panel, zone.area))


NO_NAMES = ZoneNames(Premises())
"""Of a site whose configuration nobody could read."""
