"""Devices that are not listed, not certified, or whose certificate ends, are told once each."""

import asyncio
from datetime import date
from typing import Any

import pytest

from edge_agent import limits
from edge_agent.daemon.inventory import Inventory, today_of, watch_inventory
from edge_agent.daemon.news import Told
from edge_agent.domain.device import DeviceSettings
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import FindingBody, Severity

TODAY = date(2026, 11, 28)


def device(**change: Any) -> DeviceSettings:
    plate = {"panel": "p1", "maker": "Acme", "model": "A1", "certificate": "C1"}
    return DeviceSettings(**(plate | change))


def causes(*devices: DeviceSettings, today: date | None = TODAY) -> list[tuple[str, object]]:
    found = Inventory(devices, ["p1"]).look(today)
    return [(one.cause, one.part) for one in found]


def test_a_panel_that_is_not_listed_is_told() -> None:
    assert causes(device(zone=3)) == [("device_unlisted", None)]
    assert causes(device()) == []


def test_a_device_without_certificate_is_told() -> None:
    assert causes(device(certificate=None)) == [("device_uncertified", None)]


@pytest.mark.parametrize(
    ("valid_until", "cause"),
    [
        (date(2026, 11, 27), "certificate_ended"),
        (date(2026, 11, 28), "certificate_ends"),
        (date(2027, 1, 27), "certificate_ends"),
        (date(2027, 1, 28), None),
        (None, None),
    ],
)
def test_the_end_of_a_certificate_is_told_in_time(
    valid_until: date | None, cause: str | None
) -> None:
    told = causes(device(), device(zone=3, valid_until=valid_until))
    assert told == ([] if cause is None else [(cause, ("zone", 3))])


def test_without_a_date_no_end_is_judged() -> None:
    assert causes(device(valid_until=date(2020, 1, 1)), today=None) == []


def test_every_finding_has_a_remedy() -> None:
    devices = [device(certificate=None), device(zone=1, valid_until=TODAY)]
    for found in Inventory(devices, ["p1", "p2"]).look(TODAY):
        assert found.remedy
        assert found.severity in set(Severity)


def test_each_is_told_once_and_its_end() -> None:
    told, inventory = Told(), Inventory([device(valid_until=date(2027, 1, 1))], ["p1"])
    (first,) = told.take(inventory.look(TODAY))
    assert first.cause == "certificate_ends"
    assert list(told.take(inventory.look(TODAY))) == []
    over, ended = told.take(inventory.look(date(2027, 1, 2)))
    assert (over.cause, over.over) == ("certificate_ends", True)
    assert (ended.cause, ended.over) == ("certificate_ended", False)
    (end,) = told.take([])
    assert (end.cause, end.over) == ("certificate_ended", True)


def stamp(trust: Trust, wall_ns: int | None = 1_795_824_000_000_000_000) -> Stamp:
    return Stamp(wall_ns, 1, bytes(16), trust, None)


def test_a_date_is_one_that_somebody_vouches_for() -> None:
    assert today_of(stamp(Trust.SYNCED)) == TODAY
    assert today_of(stamp(Trust.UNSET)) is None
    assert today_of(stamp(Trust.SYNCED, None)) is None


def test_it_is_looked_at_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is set only later."""
    stamps = iter([stamp(Trust.UNSET), stamp(Trust.SYNCED), stamp(Trust.SYNCED)])
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    notes: list[tuple[EventType, Lane, Body]] = []
    monkeypatch.setattr(asyncio, "sleep", sleep)
    inventory = Inventory([device(valid_until=date(2020, 1, 1))], ["p1"])
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(
            watch_inventory(inventory, lambda: next(stamps), lambda *note: notes.append(note))
        )
    assert [FindingBody.from_body(body).cause for _, _, body in notes] == ["certificate_ended"]
    assert slept == [limits.INVENTORY_LOOK_S] * 3
