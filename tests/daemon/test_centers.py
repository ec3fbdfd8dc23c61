"""Every center has its own uplink: what one lacks does not stop another.

Seen to fail: one task for all centers waits for the first one's files; `offer` that ignores the
holders sends a center what it has receipted; an uplink that goes on after the charter
changed, and one that starts by a `ca` file that the charter was never asked about.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_agent import limits
from edge_agent.clock import SystemClock
from edge_agent.config import parse
from edge_agent.daemon import centers as module
from edge_agent.daemon.centers import Station, Supply
from edge_agent.evidence.signers import P256Signer
from edge_agent.journal import Record, RecordKind
from edge_agent.uplink.access import AccessError
from edge_agent.uplink.supervision import Rhythm
from tests.uplink.rig import EPOCH, until

CONFIG = b"""
[gateway]
id = "gw1"
reporting_time_s = 20
[[center]]
name = "own"
receipt_certificate = "own/receipt.pem"
path = [{ host = "a" }, { host = "b", interface = "wwan0" }]
[[center]]
name = "police"
required = false
receipt_certificate = "police/receipt.pem"
standby_reporting_time_s = 36000
path = [{ host = "c" }]
[[panel]]
id = "p1"
driver = "surgard"
serial = { port = "x" }
"""
RECORD = Record(RecordKind.ENVELOPE, 2, EPOCH, 7, b"envelope")


@dataclass
class FakeUplink:
    """What an uplink is made of, and asked."""

    site: Any
    access: Any
    source: Any
    clock: Any
    rhythm: Rhythm
    offered: list[int] = field(default_factory=list)
    awaited: list[bool] = field(default_factory=list)
    changes: int = 0
    connected: bool = True
    proven: bool = True
    ended: bool = False
    idle: bool = False
    handed: list[bytes] = field(default_factory=list)

    def offer(self, event: Any) -> None:
        self.offered.append(event.seq)
        self.awaited.append(event.awaited)

    def status_changed(self) -> None:
        self.changes += 1

    def is_idle(self) -> bool:
        return self.idle

    async def hand_over(self, piece: bytes) -> str:
        self.handed.append(piece)
        return "Not authorized"

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True

    def view(self) -> Any:
        return self

    center = property(lambda self: self.access.name)
    path = property(lambda self: self.access.paths[0].where)
    round_trip_ns = 20_000_000
    outstanding_events = 3
    last_trouble = ""
    paths: Any = ()


class Ledger:
    """The journal's word, and the recorder's ear."""

    refusal: str | None = None

    def __init__(self) -> None:
        self.owed = {"own": (0, 2), "police": (1, 4)}
        self.notes: list[Any] = []
        self.commands: list[tuple[str, bytes, bool]] = []

    def commanded(self, center: str, data: bytes, retained: bool) -> None:
        self.commands.append((center, data, retained))

    def progress(self) -> "Ledger":
        return self

    def note(self, _type: object, _lane: object, body: Any) -> None:
        self.notes.append(body)


class Charter:
    """Says whom records may go to."""

    def __init__(self) -> None:
        self.forbidden: set[str] = set()
        self.change = asyncio.Event()

    def permits(self, center: str) -> str:
        return "charter 2 does not name it" if center in self.forbidden else ""

    async def changed(self) -> None:
        await self.change.wait()

    def forbid(self, *centers: str) -> None:
        self.forbidden = set(centers)
        self.change.set()
        self.change = asyncio.Event()


@dataclass
class World:
    charter: Charter
    supply: Supply
    ledger: Ledger
    unusable: set[str]
    uplinks: dict[str, FakeUplink]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    unusable: set[str] = set()
    uplinks: dict[str, FakeUplink] = {}
    key = P256Signer.generate().public

    def load_key(certificate: Path, _ca: Path) -> Any:
        if certificate.parent.name in unusable:
            raise AccessError(certificate, "cannot be read", "copy it")
        return key

    def make(*given: Any) -> FakeUplink:
        made = FakeUplink(*given)
        uplinks[made.access.name] = made
        return made

    monkeypatch.setattr(module, "load_signing_key", load_key)
    monkeypatch.setattr(module, "Uplink", make)
    monkeypatch.setattr(limits, "CREDENTIALS_RETRY_S", 0.01)
    ledger = Ledger()
    source: Any = str  # a name stands for a source
    charter = Charter()
    station = Station(EPOCH, str.encode, source, lambda: False, ledger.commanded, charter)
    loaded = parse(CONFIG, tmp_path / "gateway.toml")
    supply = Supply(loaded, ledger, ledger, SystemClock(), station)  # type: ignore[arg-type]  # one fake for both
    return World(charter, supply, ledger, unusable, uplinks)


async def run(world: World) -> list["asyncio.Task[None]"]:
    return [asyncio.ensure_future(work) for work in world.supply.works()]


def test_each_center_has_its_own_uplink_status_source_and_rhythm(world: World) -> None:
    async def scenario() -> None:
        tasks = await run(world)
        await until(lambda: len(world.uplinks) == 2)
        own, police = world.uplinks["own"], world.uplinks["police"]
        assert [way.where for way in own.access.paths] == ["a:8883", "b:8883%wwan0"]
        assert (own.source, police.source) == ("own", "police")
        assert (own.site.status(), police.site.status()) == (b"own", b"police")
        own.site.commanded(b"do", True)
        assert world.ledger.commands == [("own", b"do", True)]
        assert own.rhythm == Rhythm(5_000_000_000, 1_000_000_000_000)
        assert police.rhythm.watch_ns == 10_000_000_000_000
        world.supply.status_changed()
        assert (own.changes, police.changes) == (1, 1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert own.ended
        assert police.ended

    asyncio.run(scenario())


def test_an_event_goes_to_all_centers_that_do_not_hold_it(world: World) -> None:
    async def scenario() -> None:
        assert not world.supply.offer(RECORD, bytes(32), frozenset()), "nobody runs yet"
        await run(world)
        await until(lambda: len(world.uplinks) == 2)
        assert world.supply.offer(RECORD, bytes(32), frozenset())
        assert world.supply.offer(RECORD, bytes(32), {"own"})
        assert not world.supply.offer(RECORD, bytes(32), {"own", "police"})
        assert world.uplinks["own"].offered == [7]
        assert world.uplinks["police"].offered == [7, 7]
        world.ledger.refusal = "I/O error"  # now panels wait for receipts
        assert world.supply.offer(RECORD, bytes(32), {"own"})
        assert world.uplinks["police"].awaited == [False, False, True]

    asyncio.run(scenario())


def test_a_piece_of_a_file_waits_for_the_events_of_its_center(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILE_LOOK_S", 0.001)

    async def scenario() -> None:
        handed = asyncio.ensure_future(world.supply.hand_over("police", b"piece"))
        await run(world)
        await until(lambda: len(world.uplinks) == 2)
        world.uplinks["own"].idle = True
        await asyncio.sleep(0)
        assert world.uplinks["police"].handed == []
        world.uplinks["police"].idle = True
        assert await handed == "Not authorized"
        assert world.uplinks["police"].handed == [b"piece"]
        assert world.uplinks["own"].handed == []

    asyncio.run(scenario())


@pytest.mark.parametrize(("bad", "good"), [("own", "police"), ("police", "own")])
def test_unusable_files_of_one_center_are_said_once_and_stop_no_other(
    world: World, bad: str, good: str
) -> None:
    world.unusable.add(bad)

    async def scenario() -> None:
        await run(world)
        await until(lambda: world.ledger.notes)
        await until(lambda: good in world.uplinks)
        assert world.supply.offer(RECORD, bytes(32), frozenset())
        (facts,) = (one for one in world.supply.facts() if one["center"] == bad)
        assert not facts["connected"]
        assert "copy it" in facts["reason"]
        assert facts["paths"] == []
        world.unusable.clear()
        await until(lambda: bad in world.uplinks)
        assert len(world.ledger.notes) == 1
        assert [one["reason"] for one in world.supply.facts()] == ["", ""]

    asyncio.run(scenario())


def test_a_center_that_the_charter_does_not_name_gets_nothing_and_that_is_said(
    world: World,
) -> None:
    world.charter.forbidden = {"police"}

    async def scenario() -> None:
        tasks = await run(world)
        await until(lambda: "own" in world.uplinks and world.ledger.notes)
        assert "police" not in world.uplinks
        (note,) = world.ledger.notes
        assert (note[1], note[2], note[3]) == ("police", "charter", False)
        world.charter.forbid("own")
        why = "charter 2 does not name it"  # said once the uplink is no more
        await until(lambda: world.supply.facts()[0]["reason"] == why and "police" in world.uplinks)
        assert world.uplinks["own"].ended
        assert world.supply.offer(RECORD, bytes(32), frozenset())
        assert world.uplinks["own"].offered == []
        world.charter.forbid()
        await until(lambda: not world.uplinks["own"].ended)
        assert world.supply.facts()[0]["reason"] == ""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(one.ended for one in world.uplinks.values())

    asyncio.run(scenario())


def test_a_center_whose_authority_could_be_read_only_later_is_asked_about_again(
    world: World,
) -> None:
    world.unusable.add("police")

    async def scenario() -> None:
        tasks = await run(world)
        await until(lambda: "own" in world.uplinks and world.ledger.notes)
        world.charter.forbidden = {"police"}  # by what its `ca` turns out to hold: no other charter
        world.unusable.clear()
        await until(lambda: len(world.ledger.notes) == 2)
        assert world.ledger.notes[1][2] == "charter"
        assert "police" not in world.uplinks
        world.charter.forbidden.clear()
        await until(lambda: "police" in world.uplinks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())


def test_how_centers_stand(world: World) -> None:
    async def scenario() -> None:
        assert not world.supply.is_connected()
        await run(world)
        await until(lambda: len(world.uplinks) == 2)
        own, police = world.supply.facts()
        assert (own["required"], police["required"]) == (True, False)
        assert (own["outstanding"], police["outstanding"]) == (2, 5)
        assert (own["path"], own["round_trip_ms"], own["in_flight"]) == ("a:8883", 20.0, 3)
        assert world.supply.owed("police") == 5
        assert world.supply.path_in_use("police") == "c:8883"
        world.ledger.owed["own"] = (0, 0)
        assert not world.supply.is_drained()
        world.uplinks["police"].connected = False
        assert world.supply.is_drained(), "one that is away is not waited for"
        assert world.supply.is_connected()

    asyncio.run(scenario())
