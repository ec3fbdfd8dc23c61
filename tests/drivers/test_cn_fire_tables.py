"""Tables of a dialect: the first row that fits, by value, by words, by what stands beside it."""

import pytest

from drivers._cn_fire_tables import Event, Table, events_of
from edge_agent.domain.profile_entry import Entry
from tests.drivers.cn_fire_profiles import CODES

ROWS = [
    {"name": "mains", "is": 9, "when": {"of": [4, 5]}, "kind": "power", "code": "301"},
    {"name": "nine", "is": [9, "nine"]},
    {"name": "over", "words": ["fault"], "also": ["gone", "over"]},
    {"name": "fault", "words": ["fault", "trouble"]},
]


def table() -> Table[Event]:
    return Table(events_of(Entry("profile x", {"events": ROWS}, {"events"}), CODES))


@pytest.mark.parametrize(
    ("key", "text", "of", "name"),
    [
        (9, "", 4, "mains"),
        (9, "", 3, "nine"),
        ("nine", "", 4, "nine"),
        (8, "", 4, None),
        (None, "a fault is over", 0, "over"),
        (None, "a fault", 0, "fault"),
        (None, "trouble is gone", 0, "fault"),
        (None, "over", 0, None),
        (8, "a fault", 0, "fault"),
    ],
)
def test_the_first_row_that_fits_is_meant(
    key: int | str | None, text: str, of: int, name: str | None
) -> None:
    found = table().find(key, text, {"of": of})
    assert (found.name if found else None) == name


def test_a_table_has_its_bound() -> None:
    rows = [{"name": str(number), "is": number} for number in range(1001)]
    with pytest.raises(ValueError, match="1001 rows in 'events', allowed 1000"):
        events_of(Entry("profile x", {"events": rows}, {"events"}), CODES)
