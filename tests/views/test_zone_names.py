"""What zones are called: whole for programs, bounded for people."""

import pytest

from edge_agent.domain.site import AreaSettings, Premises, ZoneSettings
from edge_agent.language import columns_of
from edge_agent.views.zone_names import NO_NAMES, ZoneNames

LONG = "仓库走廊尽头红外探测器靠近卸货平台"
PREMISES = Premises(
    areas=(AreaSettings(panel="p1", area=1, name="Shop"), AreaSettings(panel="p1", area=2)),
    zones=(
        ZoneSettings(panel="p1", zone=1, area=1, name="Front door"),
        ZoneSettings(panel="p1", zone=2, area=2, name=LONG),
        ZoneSettings(panel="p1", zone=3, area=1),
        ZoneSettings(panel="p2", zone=1),
    ),
)


@pytest.mark.parametrize(
    ("language", "zone", "label", "short"),
    [
        ("en", 1, "1 Front door (Shop)", "1 Front door"),
        ("zh", 1, "1 Front door（Shop）", "1 Front door"),
        ("en", 2, "2 仓库走廊尽头红外探测器靠近卸货…", "2 仓库走廊尽头红…"),
        ("en", 3, "3 (Shop)", "3"),
        ("en", 4, "4", "4"),
    ],
)
def test_a_zone_is_called_so(language: str, zone: int, label: str, short: str) -> None:
    names = ZoneNames(PREMISES, language)
    assert (names.label("p1", zone), names.short("p1", zone)) == (label, short)


def test_names_are_those_of_their_panel() -> None:
    names = ZoneNames(PREMISES)
    assert names.label("p2", 1) == "1"
    assert (names.lists("p2"), names.lists("p3")) == (True, False)
    assert (names.knows("p2", 1), names.knows("p2", 2)) == (True, False)
    assert NO_NAMES.label("p1", 1) == "1"


def test_a_label_fits_into_a_line_and_programs_read_the_whole_name() -> None:
    area = AreaSettings(panel="p", area=1, name="营" * 60)
    zone = ZoneSettings(panel="p", zone=999_999, area=1, name="门" * 60)
    names = ZoneNames(Premises(areas=(area,), zones=(zone,)), "zh")
    assert columns_of(names.label("p", 999_999)) <= 60
    assert columns_of(names.short("p", 999_999)) <= 24
    assert names.facts("p", 999_999) == {
        "zone": 999_999,
        "name": "门" * 60,
        "area": 1,
        "area_name": "营" * 60,
    }
    nothing = {"zone": 5, "name": None, "area": None, "area_name": None}
    assert names.facts("p", 5) == nothing
