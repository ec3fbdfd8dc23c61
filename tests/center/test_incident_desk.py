"""The live desk's incidents: what is open, what changed, in which order, with any number stored."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.center import incident_cli, incident_desk, show
from edge_agent.center.desk_rows import DONE
from edge_agent.center.following import Follower
from edge_agent.center.incident_desk import Change, IncidentDesk
from edge_agent.center.store import Arrival
from edge_agent.clock import now_ms
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.disposition import Disposition, Said, sign_disposition
from edge_agent.evidence.signers import load_signer
from tests.center.test_incidents import Site, site
from tests.center.world import NOW_MS

__all__ = ["site"]

MINUTE_MS = 60_000


class Desk:
    """A desk on a site's database, looked at turn by turn."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.follower = Follower(site.center.file)
        self.desk = IncidentDesk(site.key, None, None)

    def look(self) -> list[tuple[str, int]]:
        """Return what changed since the last look: what, and the incident's number."""
        return [(one.what.value, one.incident.place.seq) for one in self.changes()]

    def changes(self) -> list[Change]:
        look = self.follower.look()
        changes = [] if look is None else self.desk.take(look)
        connection = self.follower._connection
        assert connection is not None
        while self.desk.is_reading:
            changes += self.desk.read_on(connection)
        return changes

    def open(self) -> list[int]:
        return [one.place.seq for one in self.desk.open.top(99)]


@pytest.fixture
def desk(site: Site) -> Iterator[Desk]:
    made = Desk(site)
    with closing(made.follower):
        yield made


def test_life_and_fire_come_first_then_tiers_then_what_waits_longest(
    site: Site, desk: Desk
) -> None:
    site.verdict(1, 1)
    site.verdict(2, 3)
    site.verdict(3, 0, "cp01.cancel")
    site.verdict(4, 2, "fire.first")
    site.verdict(5, 4, "life.panic")
    site.verdict(6, 2)
    site.verdict(7, 2, "judging.plain")  # of the tier that fire has where judging failed
    site.verdict(8, 0, "fire.first", "test.walk")
    assert {what for what, _ in desk.look()} == {"open"}
    assert desk.open() == [5, 4, 7, 2, 6, 1, 3, 8]


def test_the_untouched_come_before_the_touched(site: Site, desk: Desk) -> None:
    site.verdict(1, 2)
    site.verdict(2, 2)
    assert site.say(1, "sent") == 0
    desk.look()
    assert desk.open() == [2, 1]


def test_each_change_is_told_once(site: Site, desk: Desk) -> None:
    desk.look()
    site.verdict(1, 1)
    site.verdict(2, 4, "life.panic")
    assert desk.look() == [("new", 2), ("new", 1)]
    assert desk.look() == []
    site.verdict(1, 1, zones=(3, 5))
    site.verdict(2, 4, "life.panic")  # the same again
    assert desk.look() == [("changed", 1)]
    site.verdict(1, 3, zones=(3, 5))
    assert desk.look() == [("risen", 1)]
    site.verdict(1, 1, zones=(3, 5))
    assert desk.look() == [("fallen", 1)]
    assert site.say(1, "sent") == 0
    assert desk.look() == [("said", 1)]
    assert site.say(1, "false", "--cause", "animal") == 0
    assert desk.look() == [("said", 1)]
    assert desk.open() == [2]


def test_what_somebody_judged_comes_back_when_it_gets_worse(site: Site, desk: Desk) -> None:
    site.verdict(1, 1)
    assert site.say(1, "false", "--cause", "animal") == 0
    assert desk.look() == []
    assert desk.open() == []
    later = [one.said.time_ms for one in site.incidents()[0].disposed][-1] + MINUTE_MS
    site.verdict_at(later, 1, 1, zones=(3, 4))
    assert desk.look() == [("changed", 1)], "no graver than what was judged"
    assert desk.open() == []
    site.verdict_at(later, 1, 3, zones=(3, 4))
    (change,) = desk.changes()
    assert (change.what, change.rings, desk.open()) == ("risen", True, [1])
    assert change.incident.touched is None, "nobody has said anything of that"
    assert [one.said.words for one in change.incident.disposed] == ["false, animal"]
    assert site.run("incidents", "--open") == 0


def test_what_somebody_judged_stays_so_when_it_gets_milder(site: Site, desk: Desk) -> None:
    site.verdict(1, 3)
    assert site.say(1, "genuine") == 0
    assert desk.look() == []
    site.verdict_at(now_ms() + MINUTE_MS, 1, 1)
    assert desk.look() == [("fallen", 1)]
    assert desk.open() == []


def test_a_gateway_tells_of_no_other_gateway_s_journal(site: Site, desk: Desk) -> None:
    said = Disposition(
        gateway="gw2",
        center="center",
        incident=site.place(1),
        said=Said.TEST,
        by="Li Na",
        time_ms=NOW_MS,
    )
    signed = sign_disposition(said, load_signer(site.directory / "command.key"))
    act = ActBody("disposition", "Li Na", "", outcome=DONE, disposition=signed)
    site.center.take(site.gateway.sealed(EventType.ACT, act.to_body(), Lane.STATE))
    [shown] = show.select(site.center.connection, show.Wanted(type="act"))
    assert desk.desk._acted(shown) is None


def test_words_that_are_read_after_an_incident_was_closed_are_kept(
    site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its newer verdict is read first, and the newer word that closed it."""
    monkeypatch.setattr(incident_desk, "SLICE_VERDICTS", 1)
    minutes = iter((2, 4))
    monkeypatch.setattr(incident_cli, "now_ms", lambda: NOW_MS + next(minutes) * MINUTE_MS)
    for at, zones, word in ((1, (3,), "sent"), (3, (3, 4), "test")):
        site.verdict_at(NOW_MS + at * MINUTE_MS, 1, 1, zones=zones)
        assert site.say(1, word) == 0
    assert desk.look() == []
    assert not desk.desk._open
    site.verdict_at(NOW_MS + 5 * MINUTE_MS, 1, 3)
    (change,) = desk.changes()
    assert [one.said.said for one in change.incident.disposed] == [Said.SENT, Said.TEST]


def test_a_word_in_the_gateway_s_journal_is_told(site: Site, desk: Desk) -> None:
    site.verdict(1, 1)
    assert site.say(1, "genuine") == 0
    assert desk.look() == []
    row = site.center.connection.execute("SELECT data FROM disposition").fetchone()
    act = ActBody("disposition", "Li Na", "", outcome=DONE, disposition=row[0])
    site.center.take(site.gateway.sealed(EventType.ACT, act.to_body(), Lane.STATE))
    assert desk.look() == [("journaled", 1)]
    site.center.take(site.gateway.sealed(EventType.ACT, act.to_body(), Lane.STATE))
    site.center.take(site.gateway.sealed(EventType.ACT, {1: "No Word"}, Lane.STATE))
    assert desk.look() == []


def test_what_rings_is_property_life_and_fire_that_is_new_or_worse(site: Site, desk: Desk) -> None:
    site.verdict(1, 4, "life.panic")
    assert [one.rings for one in desk.changes()] == [False], "it was there"
    site.verdict(2, 2)
    site.verdict(3, 3)
    site.verdict(4, 2, "fire.first")
    site.verdict(5, 0, "fire.first", "test.walk")
    assert {one.incident.place.seq: one.rings for one in desk.changes()} == {
        2: False, 3: True, 4: True, 5: False,
    }  # fmt: skip
    site.verdict(2, 3)
    site.verdict(3, 3, zones=(3, 9))
    assert {one.incident.place.seq: one.rings for one in desk.changes()} == {2: True, 3: False}


def test_with_many_stored_the_newest_are_read_first_and_what_comes_is_not_kept_waiting(
    site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident_desk, "SLICE_VERDICTS", 3)
    monkeypatch.setattr(incident_desk, "SLICE_WORDS", 2)
    for number in range(1, 13):
        site.verdict_at(NOW_MS + number * MINUTE_MS, number, 1 + number % 3)
    for number in (2, 5, 6, 11):
        site.say(number, "test")
    look = desk.follower.look()
    assert look is not None
    assert desk.desk.take(look) == []
    told: list[Change] = []
    while not told:
        told = desk.desk.read_on(look.connection)
    assert sorted(one.incident.place.seq for one in told) == [10, 12]
    later = now_ms() + MINUTE_MS
    site.verdict_at(later, 20, 4, "life.panic")
    site.verdict_at(later, 2, 4)  # an old one, not read yet
    site.say(1, "genuine")  # of one that was not read yet
    look = desk.follower.look()
    assert look is not None
    assert [one.incident.place.seq for one in desk.desk.take(look)] == [20, 2]
    while desk.desk.is_reading:
        told += desk.desk.read_on(look.connection)
    assert sorted(one.incident.place.seq for one in told) == [3, 4, 7, 8, 9, 10, 12]
    assert sorted(desk.open()) == [2, 3, 4, 7, 8, 9, 10, 12, 20]
    assert len(desk.desk._open) == 9, "of the others but a note is kept"


def test_words_that_the_center_did_not_sign_close_nothing(site: Site, desk: Desk) -> None:
    site.verdict(1, 1)
    site.say(1, "test")
    site.center.connection.execute("UPDATE disposition SET data = zeroblob(200)")
    assert desk.look() == [("open", 1)]


def test_of_another_database_all_is_read_anew(site: Site, desk: Desk, tmp_path: Path) -> None:
    site.verdict(1, 1)
    assert desk.look() == [("open", 1)]
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(copy)) as into:
        site.center.connection.backup(into)
        into.execute("DELETE FROM event WHERE type = 'verdict'")
        into.commit()
        into.execute("PRAGMA journal_mode = WAL")
    for end in ("-wal", "-shm"):
        Path(f"{site.center.file}{end}").unlink()
    copy.replace(site.center.file)
    assert desk.look() == []
    assert desk.open() == []


def test_what_cannot_be_read_is_taken_whole_by_the_next_look(site: Site, desk: Desk) -> None:
    desk.look()
    site.verdict(1, 4, "life.panic")
    look = desk.follower.look()
    assert look is not None
    look.connection.close()
    with pytest.raises(sqlite3.Error):
        desk.desk.take(look)
    desk.follower.failed(sqlite3.OperationalError("gone"))
    assert desk.look() == [("new", 1)]


def test_only_one_gateway_where_one_is_named(site: Site, desk: Desk) -> None:
    desk.desk = IncidentDesk(site.key, "gw2", None)
    site.verdict(1, 1)
    site.say(1, "sent")
    assert desk.look() == []
    site.center.store.take([Arrival("gw1", True, site.gateway.event())], NOW_MS)
    site.verdict(2, 1)
    assert desk.look() == []


def test_where_its_time_begins_is_looked_up_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes as long as there are events.  Seen to fail: once for each slice."""
    monkeypatch.setattr(incident_desk, "SLICE_VERDICTS", 2)
    for number in range(1, 8):
        site.verdict(number, 1)
    desk = IncidentDesk(site.key, None, NOW_MS - MINUTE_MS)
    with closing(Follower(site.center.file)) as follower:
        look, asked = follower.look(), list[str]()
        assert look is not None
        look.connection.set_trace_callback(asked.append)
        desk.take(look)
        while desk.is_reading:
            desk.read_on(look.connection)
    assert len(desk.open) == 7
    assert sum("min(+id)" in one for one in asked) == 1
