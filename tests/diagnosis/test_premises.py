"""Premises as a run records them: back again the same, and without a name."""

from datetime import UTC, date, datetime

from edge_agent.diagnosis.premises import to_json
from edge_agent.domain.camera import CameraSettings, Sees
from edge_agent.domain.site import (
    AreaSettings,
    MaintenanceSettings,
    Near,
    Premises,
    Role,
    ScheduleSettings,
    SiteSettings,
    Technology,
    UserSettings,
    ZoneSettings,
    ZoneType,
)
from edge_agent.rejudging import premises_of

FULL = Premises(
    site=SiteSettings(timezone="Asia/Shanghai", cancel_window_s=200.5),
    areas=(AreaSettings(panel="p1", area=1, entry_delay_s=30),),
    zones=(
        ZoneSettings(
            panel="p1",
            zone=2,
            area=1,
            type=ZoneType.INTERIOR,
            technology=Technology.PIR,
            wireless=True,
            near=(Near(zone=1, walk_s=3.0), Near(zone=4)),
            overlaps=(4,),
            eol_ohms=5600.0,
            soak_until=date(2026, 12, 1),
        ),
    ),
    schedules=(ScheduleSettings(area=1, open="08:00", close="18:30"),),
    users=(UserSettings(panel="p1", user=3, role=Role.GUARD),),
    cameras=(CameraSettings(id="front", sees=(Sees(panel="p1", zones=(2,)),), consent=("image",)),),
    maintenance=(
        MaintenanceSettings(
            panel="p1",
            zones=(2,),
            start=datetime(2026, 12, 1, 8, tzinfo=UTC),
            end=datetime(2026, 12, 1, 9, tzinfo=UTC),
        ),
    ),
)


def test_premises_come_back_the_same() -> None:
    for premises in (FULL, Premises()):
        assert premises_of(to_json(premises)) == premises
    assert to_json(Premises()) == b"{}"


def test_names_stay_at_home() -> None:
    named = Premises(
        site=SiteSettings(name="Jewels Ltd"),
        areas=(AreaSettings(panel="p1", area=1, name="Vault"),),
        zones=(ZoneSettings(panel="p1", zone=2, name="Safe"),),
        users=(UserSettings(user=3, name="Mr Rich"),),
    )
    text = to_json(named)
    assert b"name" not in text
    assert not any(word in text for word in (b"Jewels", b"Vault", b"Safe", b"Rich"))
