"""The devices of a site and their certificates: what is not listed, not certified or over is told.

Nothing is ever refused for it: an alarm of a detector whose certificate has ended is an alarm.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from edge_agent import limits
from edge_agent.daemon.news import Told
from edge_agent.domain.device import DeviceSettings
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import FindingBody, Severity

SOON = timedelta(days=60)
"""Before its end a certificate is told: a replacement is ordered and fitted in about two months."""

_RULE = "inventory.certificate"
_REMEDY = {
    "device_unlisted": "enter it as [[device]] in the gateway's configuration",
    "device_uncertified": "enter the number of its certificate, or replace it by a certified one",
    "certificate_ends": "have it certified again, or plan its replacement",
    "certificate_ended": "have it certified again, or replace it; its alarms count as before",
}


@dataclass(frozen=True, slots=True)
class Inventory:
    """The devices that are listed, of the panels that there are."""

    devices: Sequence[DeviceSettings]
    panels: Sequence[str]

    def look(self, today: date | None) -> list[FindingBody]:
        """Return what is to be told; `today` None: nobody knows the date, so no end is judged."""
        listed = {device.panel for device in self.devices if device.zone is None}
        found = [
            _found(panel, None, "device_unlisted") for panel in self.panels if panel not in listed
        ]
        for device in self.devices:
            cause = _cause(device, today)
            if cause is not None:
                ends = device.valid_until
                detail = f"valid until {ends}" if cause.startswith("certificate") else ""
                found.append(_found(device.panel, device.zone, cause, detail))
        return found


def _cause(device: DeviceSettings, today: date | None) -> str | None:
    if not device.certified:
        return "device_uncertified"
    if today is None or device.valid_until is None or today + SOON < device.valid_until:
        return None
    return "certificate_ended" if today > device.valid_until else "certificate_ends"


def _found(panel: str, zone: int | None, cause: str, detail: str = "") -> FindingBody:
    return FindingBody(
        panel=panel,
        part=None if zone is None else ("zone", zone),
        cause=cause,
        severity=Severity.MAINTAIN if cause.startswith("certificate") else Severity.NOTICE,
        reasons=(_RULE,),
        remedy=_REMEDY[cause],
        detail=detail,
    )


def today_of(stamp: Stamp) -> date | None:
    """Return the date of a stamp that somebody vouches for, in UTC: a day is no matter here."""
    if stamp.wall_ns is None or stamp.trust is Trust.UNSET:
        return None
    return datetime.fromtimestamp(stamp.wall_ns // 1_000_000_000, UTC).date()


async def watch_inventory(
    inventory: Inventory,
    stamp: Callable[[], Stamp],
    note: Callable[[EventType, Lane, Body], None],
) -> None:
    """Look at the start and then now and again, until cancelled."""
    told = Told()
    while True:
        for found in told.take(inventory.look(today_of(stamp()))):
            note(EventType.FINDING, Lane.FAULT, found.to_body())
        await asyncio.sleep(limits.INVENTORY_LOOK_S)
