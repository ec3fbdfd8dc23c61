"""What a site is and how far it is ready to be handed over: what `edge-agent report` tells (pure).

Drawn from the configuration, from what the running agent tells of itself and from its journal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from edge_agent.config import Loaded
from edge_agent.daemon.inventory import Inventory
from edge_agent.diagnosis.rules import TIMES
from edge_agent.domain.device import DeviceSettings
from edge_agent.domain.site import TIME_NAMES, AreaSettings, Times, ZoneSettings
from edge_agent.views.maintaining import Maintained
from edge_agent.views.maintaining import facts as maintained_facts

TESTED_DAYS_MAX = 30
"""An older walk test is of the site as it was before: it says nothing of today's installation."""

TESTS_MAX = 64  # of each kind of act, the newest
ACTS = ("walk_test", "self_test", "config", "update")
"""Acts that tell how the site was tested and changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act of the journal: where it stands, when it was in words, and its content."""

    epoch: bytes
    seq: int
    time: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the report is drawn from; `today` None: nobody knows the date; `time` is it in words."""

    loaded: Loaded
    status: Mapping[str, Any]
    maintained: Maintained
    acts: Sequence[Act]
    today: date | None
    time: str
    identity: str | None
    """SHA-256 of the identity's certificate in hex; None where there is none yet."""


def facts(heard: Heard) -> dict[str, Any]:
    """Return the whole report in plain values; `open` is what stands in the way of a handover."""
    status, config = heard.status, heard.loaded.config
    premises = heard.loaded.config.premises
    kept = maintained_facts(heard.maintained, {})
    zones = _zones(premises.zones, premises.areas, kept["parts"])
    devices = [_device(one) for one in config.device]
    told = {
        "gateway": config.gateway.id,
        "site": premises.site.name,
        "time": heard.time,
        "version": status.get("version"),
        "identity": heard.identity,
        "configuration": heard.loaded.digest.hex(),
        "charter": status.get("charter"),
        "clock": (status.get("clock") or {}).get("trust"),
        "centers": [
            {"center": one["center"], "connected": bool(one["connected"])}
            for one in status.get("centers", ())
        ],
        "panels": [
            _panel(one.id, status.get("panels", {}).get(one.id, {})) for one in config.panel
        ],
        "zones": zones,
        "settings": [*_settings(None, premises.site), *_of_areas(premises.areas)],
        "devices": devices,
        "certificates": [
            {
                "panel": one.panel,
                "zone": _zone_of(one.part),
                "cause": one.cause,
                "detail": one.detail,
            }
            for one in Inventory(config.device, [one.id for one in config.panel]).look(heard.today)
        ],
        "findings": [*_findings(kept["parts"]), *map(_other, kept["others"])],
        "acts": [
            {"event": f"{one.epoch.hex()}/{one.seq}", "time": one.time, **_act(one.body)}
            for one in heard.acts
        ],
    }
    return told | {"open": list(_open(told))}


def cited(acts: Sequence[Act]) -> dict[bytes, list[int]]:
    """Return the numbers of the events that the report rests on, by epoch, rising."""
    found: dict[bytes, list[int]] = {}
    for act in acts:
        found.setdefault(act.epoch, []).append(act.seq)
    return {epoch: sorted(numbers) for epoch, numbers in found.items()}


# ---- parts


def _panel(panel: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "panel": panel,
        "driver": told.get("driver"),
        "profile": told.get("profile"),
        "online": told.get("online"),  # None: not known
        "broken": told.get("broken"),
    }


def _zones(
    zones: Sequence[ZoneSettings], areas: Sequence[AreaSettings], parts: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return all zones that the site lists or that were heard, each with what is known of it."""
    known = {(one.panel, one.zone): one for one in zones}
    names = {(one.panel, one.area): one.name for one in areas}
    heard = {
        (one["subject"]["panel"], one["subject"]["zone"]): one
        for one in parts
        if one["kind"] == "detector"
    }
    found = []
    for panel, zone in sorted(known.keys() | heard.keys()):
        own, part = known.get((panel, zone)), heard.get((panel, zone), {})
        area = own.area if own else None
        days = part.get("tested_days")
        found.append(
            {
                "panel": panel,
                "zone": zone,
                "name": own.name if own else None,
                "area": area,
                "area_name": names.get((panel, area)) if area is not None else None,
                "type": str(own.type) if own and own.type else None,
                "technology": str(own.technology) if own and own.technology else None,
                "listed": own is not None,
                "tested_days": days,
                "tested": days is not None and days <= TESTED_DAYS_MAX,
                "score": part.get("score"),
            }
        )
    return found


def _of_areas(areas: Sequence[AreaSettings]) -> Iterator[dict[str, Any]]:
    for one in areas:
        yield from _settings(one, one)


def _settings(area: AreaSettings | None, times: Times) -> Iterator[dict[str, Any]]:
    """Yield each time of the site or of an area: stated or default, and whether it is in range."""
    for name in TIME_NAMES:
        stated, rule = getattr(times, name), TIMES[name]
        if stated is None and area is not None:
            continue  # the site's holds there
        value = rule.default if stated is None else stated
        yield {
            "panel": area.panel if area else None,
            "area": area.area if area else None,
            "name": name,
            "seconds": value,
            "stated": stated is not None,
            "least": rule.least,
            "most": rule.most,
            "clause": rule.clause,
            "in_range": rule.allows(value),
        }


def _device(one: DeviceSettings) -> dict[str, Any]:
    until = one.valid_until
    return {
        "panel": one.panel,
        "zone": one.zone,
        "maker": one.maker,
        "model": one.model,
        "serial": one.serial,
        "scheme": one.scheme,
        "certificate": one.certificate,
        "valid_until": None if until is None else until.isoformat(),
    }


def _zone_of(part: tuple[str, int | str] | None) -> int | str | None:
    return part[1] if part is not None and part[0] == "zone" else None


def _findings(parts: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in parts:
        for one in part["findings"]:
            yield {"subject": part["subject"], **one}


def _other(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "says": one["cause"], "says_zh": "", "remedy_zh": ""}


def _act(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body.get(name) for name in ("what", "actor", "panel", "outcome", "detail")}


# ---- what is left to do


def _open(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what is not as it should be at a handover: a word, how many, and which."""
    zones = told["zones"]
    selftests = [one for one in told["acts"] if one["what"] == "self_test" and one["outcome"]]
    found = {
        "center_away": [one["center"] for one in told["centers"] if not one["connected"]],
        "panel_away": [one["panel"] for one in told["panels"] if one["online"] is not True],
        "clock_unset": [] if told["clock"] == "synced" else [told["clock"] or "unknown"],
        "no_zones": [] if any(one["listed"] for one in zones) else ["-"],
        "untested": [_named(one) for one in zones if one["listed"] and not one["tested"]],
        "self_test": []
        if selftests and selftests[-1]["outcome"] == "good"
        else [selftests[-1]["detail"] if selftests else "-"],
        "out_of_range": [_setting(one) for one in told["settings"] if not one["in_range"]],
        "certificates": [f"{_place(one)}: {one['cause']}" for one in told["certificates"]],
        "findings": [f"{_subject(one['subject'])} {one['cause']}" for one in told["findings"]],
    }
    for what, which in found.items():
        if which:
            yield {"what": what, "count": len(which), "which": which}


def _place(one: Mapping[str, Any]) -> str:
    zone = one["zone"]
    return str(one["panel"]) if zone is None else f"{one['panel']} {zone}"


def _named(zone: Mapping[str, Any]) -> str:
    return f"{_place(zone)} {zone['name']}" if zone["name"] else _place(zone)


def _setting(one: Mapping[str, Any]) -> str:
    place = "" if one["area"] is None else f"{one['panel']} {one['area']} "
    return f"{place}{one['name']} = {one['seconds']:g}"


def _subject(subject: Mapping[str, Any]) -> str:
    return " ".join(str(value) for value in subject.values())
