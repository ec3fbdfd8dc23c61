"""Our own certificate's end is told a month ahead, when it comes, and when it is mended."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.clock import Now
from edge_agent.uplink.own_dates import OwnCertificate, OwnDates
from tests.uplink.rig import NOW, Authority

DAY_NS = 86_400_000_000_000
TODAY_NS = int(NOW.timestamp()) * 1_000_000_000


@dataclass
class Said:
    """What was recorded."""

    lines: list[tuple[str, bool, str]] = field(default_factory=list)

    def __call__(self, center: str, good: bool, words: str) -> None:
        self.lines.append((center, good, words))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A certificate that ends tomorrow."""
    return Authority(tmp_path).issue("client")[0]


def test_the_end_is_told_before_and_when_it_comes_each_once(file: Path) -> None:
    dates, said = OwnDates([OwnCertificate("c1", file)]), Said()
    for day in (-60, -59, -10, -9, 3, 4):
        dates.look(Now(TODAY_NS + day * DAY_NS, None), said)
    assert [(center, good) for center, good, _ in said.lines] == [("c1", True), ("c1", False)]
    soon, expired = (words for _, _, words in said.lines)
    assert "client.pem ends on" in soon
    assert "in 11 days" in soon
    assert "client.pem ended on" in expired
    assert "edge-center init --renew" in soon
    assert "edge-center init --renew" in expired
    assert dates.standing == {"c1": expired}


def test_a_renewed_one_ends_the_complaint(file: Path, tmp_path: Path) -> None:
    dates, said = OwnDates([OwnCertificate("c1", file)]), Said()
    dates.look(Now(TODAY_NS + 3 * DAY_NS, None), said)
    dates.look(Now(TODAY_NS - 60 * DAY_NS, None), said)  # as good as one that ends later
    assert said.lines[-1] == ("c1", True, "")
    assert dates.standing == {"c1": ""}


def test_one_that_is_not_valid_yet_says_that_the_clock_is_wrong(file: Path) -> None:
    dates, said = OwnDates([OwnCertificate("c1", file)]), Said()
    dates.look(Now(0, 1), said)
    ((_, good, words),) = said.lines
    assert not good
    assert "set the gateway's clock" in words


def test_a_file_that_cannot_be_read_is_told_elsewhere(tmp_path: Path) -> None:
    dates, said = OwnDates([OwnCertificate("c1", tmp_path / "none.pem")]), Said()
    dates.look(Now(0, None), said)
    assert said.lines == []


def test_it_looks_for_ever(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.uplink.own_dates.CERTIFICATE_LOOK_S", 0.0)
    dates, looks = OwnDates([OwnCertificate("c1", file)]), 0

    def now() -> Now:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise asyncio.CancelledError
        return Now(0, None)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(dates.watch(now, Said()))
    assert looks == 3
