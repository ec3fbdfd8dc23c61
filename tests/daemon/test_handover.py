"""A handover on a gateway: begun, brought to its end, killed at every write on the way.

Seen to fail: the charter put into force before that is written down; a run that begins anew what
was begun; an old center that comes back by a line in the configuration.
"""

import asyncio
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent import files
from edge_agent.clock import Now
from edge_agent.config_text import with_center, without_center
from edge_agent.daemon import handover as shell
from edge_agent.daemon.charter import KEPT, Chartered
from edge_agent.daemon.handover import Around, HandingOver
from edge_agent.domain.event import Body, Draft, EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import ActBody, FindingBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import SignedCharter
from edge_agent.evidence.command import CommandRef
from edge_agent.evidence.cose import parse
from edge_agent.evidence.handover import ANSWER_BYTES_MAX, open_offer
from edge_agent.evidence.signers import load_signer
from edge_agent.identity import decommissioning
from edge_agent.identity.handover import DAY_MS, Marker, Phase
from tests import papers
from tests.evidence.test_command import COMMAND
from tests.link.rig import run
from tests.papers import Papers

REF = CommandRef("center", 7, bytes(32))
ENDS = decommissioning.Marker(
    phase=decommissioning.Phase.PARTING,
    gateway="gw1",
    reason="shop closed",
    actor="root",
    digest=bytes(32),
    keys=("identity.key",),
)


COUNTED = ("gateway.toml.handover", KEPT, "site.charter", "client.pem")
"""The writes after which it is cut off: of the several certificates one stands for all."""


class Cut(BaseException):
    """The power goes, or the process starts anew."""


@dataclass
class World:
    """A gateway's folder, its life from start to start, and which centers can be reached."""

    papers: Papers
    reached: set[str] = field(default_factory=lambda: {"center", "green"})
    cut_at: int = -1
    writes: int = 0
    day: int = 0
    busy: bool = False
    failed: bool = False
    why: str = ""  # a configuration cannot be tried
    said: list[ActBody | FindingBody] = field(default_factory=list)

    # ---- what the agent gives

    @property
    def is_busy(self) -> bool:
        return self.busy

    async def stage(
        self, data: bytes, reach: Iterable[str], actor: str, ref: CommandRef | None
    ) -> str:
        """Try a configuration: kept where all are reached, as a start of its own would find."""
        assert actor
        assert ref in (REF, None)
        if self.why:
            return self.why
        assert set(reach) <= {"center", "green"}
        if set(reach) <= self.reached:
            self.file.write_bytes(data)
        raise Cut

    async def wait(self) -> None:
        """Nothing is waited for: what is vowed is durable."""

    def vow(self, body: ActBody) -> Any:
        self.said.append(body)
        return self.wait()

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        assert lane is Lane.FAULT
        kind = ActBody if type_ is EventType.ACT else FindingBody
        self.said.append(kind.from_body(body))

    def centers(self) -> list[dict[str, Any]]:
        self.day += 1
        return [
            {"center": one.name, "connected": there, "proven": there, "outstanding": 0}
            for one in self.papers.loaded.config.center
            if (there := one.name in self.reached) in (True, False)
        ]

    def now(self) -> Now:
        now_ns = 1_800_000_000_000_000_000 + self.day * DAY_MS * 1_000_000
        return Now(now_ns, now_ns)

    def boottime_ns(self) -> int:
        return self.day * 61_000_000_000

    def stamp(self) -> Stamp:
        return Stamp(None, self.boottime_ns(), bytes(16), Trust.UNSET, None)

    # ---- its life

    @property
    def file(self) -> Path:
        return self.papers.folder / "gateway" / "gateway.toml"

    @property
    def marker(self) -> Marker | None:
        step = self.file.with_name("gateway.toml.handover")
        return Marker.from_bytes(step.read_bytes()) if step.exists() else None

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.papers.loaded.config.center]

    def start(self) -> HandingOver:
        loaded = self.papers.loaded
        chartered = Chartered.of(loaded, self.file.parent / "data", self.note)
        chartered.begin()
        around = Around(self.centers, self, lambda: None, self.failed)
        changing: Any = self  # it stands for what tries configurations
        return HandingOver(loaded, chartered, lambda: changing, self, around)

    async def live(self) -> HandingOver:
        """Start, as often as it starts anew or is cut off; return the run that has come to rest."""
        for _ in range(50):
            part = self.start()
            running = asyncio.ensure_future(part.run())
            try:
                while self.is_under_way(part) and not running.done():
                    await asyncio.sleep(0.001)
                if not running.done():
                    running.cancel()
                    return part
                await running
            except Cut:
                continue
            finally:
                running.cancel()
        raise AssertionError("it never ends")

    def is_lost(self) -> bool:
        try:
            return self.marker is None
        except Malformed:
            return True

    def is_under_way(self, part: HandingOver) -> bool:
        facts = part.facts()  # known a moment after it is written down
        return facts is not None and facts["phase"] != "moved"

    async def take(self) -> None:
        """Bring the answer to the run that there is; one that was cut off gets it again."""
        while self.marker is None:
            try:
                await self.start().accept(self.papers.answer, "Li Na", REF)
            except Cut:
                continue

    @property
    def outcomes(self) -> list[str | None]:
        acts = [one for one in self.said if isinstance(one, ActBody)]
        return [one.outcome for one in acts if one.what == "handover"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers.whole(tmp_path_factory.mktemp("papers"))


@pytest.fixture
def world(whole: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    shutil.copytree(whole.folder, tmp_path / "site")
    made = World(Papers(tmp_path / "site"))
    real = files.replace

    def write(target: Path, data: bytes) -> None:
        real(target, data)
        made.writes += target.name in COUNTED
        if target.name in COUNTED and made.writes == made.cut_at:
            raise Cut

    monkeypatch.setattr(files, "replace", write)
    monkeypatch.setattr(shell, "HANDOVER_LOOK_S", 0)
    return made


def test_it_is_brought_to_its_end(world: World) -> None:
    async def work() -> HandingOver:
        await world.take()
        return await world.live()

    part = run(work())
    assert world.names == ["green"]
    assert world.outcomes == ["begun", "both", "leaving", "moved"]
    assert world.day > 30
    facts = part.facts()
    assert facts is not None
    assert (facts["phase"], facts["from"], facts["to"]) == ("moved", "center", "green")
    acts = [one for one in world.said if isinstance(one, ActBody)]
    assert all((one.actor, one.command) == ("Li Na", REF) for one in acts[1:])
    (charter,) = (one for one in acts if one.what == "charter")
    assert charter.charter == world.papers.next.data
    gateway = world.file.parent
    assert not (gateway / "ca.pem").exists()
    assert sorted(one.name for one in (gateway / "handed-over" / "center").iterdir()) == [
        *("ca.pem", "client.pem", "command.pem", "receipt.pem", "seal.pem"),
    ]
    assert (gateway / "client.key").exists(), "the keys stay"
    assert "has ended its service" in part.permits("center")
    assert part.permits("green") == ""


def writes_of_all(world: World) -> int:
    async def work() -> None:
        await world.take()
        await world.live()

    run(work())
    return world.writes


def test_cut_off_at_any_write_it_goes_on_to_the_same_end(world: World, whole: Papers) -> None:
    count = writes_of_all(world)
    assert count == 10
    for cut_at in range(1, count + 1):
        shutil.rmtree(world.papers.folder)
        shutil.copytree(whole.folder, world.papers.folder)
        world.cut_at, world.writes, world.day = cut_at, 0, 0
        world.said.clear()
        writes_of_all(world)
        assert world.names == ["green"], cut_at
        assert world.marker is not None
        assert world.marker.phase is Phase.MOVED
        kept = (world.file.parent / "data" / KEPT).read_bytes()
        assert kept == world.papers.next.data, cut_at
        assert list(dict.fromkeys(world.outcomes))[-3:] == ["both", "leaving", "moved"], cut_at
        assert world.day > 30, "both for their days"


def test_a_center_that_is_never_reached_leaves_everything_as_it_was(world: World) -> None:
    world.reached = {"center"}

    async def work() -> HandingOver:
        await world.take()
        return await world.live()

    before = world.file.read_bytes()
    part = run(work())
    assert world.names == ["center"]
    assert world.file.read_bytes().strip() == before.strip()
    assert world.outcomes == ["begun", "failed"]
    assert part.facts() is None
    findings = [one for one in world.said if isinstance(one, FindingBody)]
    assert findings[-1].cause == "handover"
    assert "center green was not reached in 30 days: center is served on" in findings[-1].detail
    assert (world.file.parent / "data" / KEPT).read_bytes() == world.papers.present.data
    assert not list(world.file.parent.glob("green/*"))
    assert "does not name it" in part.permits("green")


def test_while_it_joins_records_may_go_to_both_and_to_nobody_else(world: World) -> None:
    run(world.take())
    config = world.file.read_bytes()
    marker = world.marker
    assert marker is not None
    part = world.start()
    shell.HandingOver._prepare(part, marker)
    both = with_center(config, CENTER.format(name="green", folder="green/"), world.file)
    world.file.write_bytes(both)
    part = world.start()
    assert (part.permits("center"), part.permits("green")) == ("", "")
    assert "does not name it" in part.permits("stranger")
    broken = replace(marker, bundle=b"junk")
    files.replace(world.file.with_name("gateway.toml.handover"), broken.to_bytes())
    assert "cannot be read" in world.start().permits("green")


def test_what_may_not_be_is_refused_and_recorded(world: World) -> None:
    part = world.start()

    async def refused(data: bytes, told: str) -> None:
        world.said.clear()
        with pytest.raises(ValueError, match=told):
            await part.accept(data, "Li Na", REF)
        (act,) = world.said
        assert isinstance(act, ActBody)
        assert (act.what, act.outcome, act.command) == ("refused", "handover", REF)

    async def work() -> None:
        await refused(b"junk", "cannot be read")
        world.busy = True
        await refused(world.papers.answer, "a configuration is being tried")
        world.busy = False
        decommissioning.write(world.file, ENDS)
        await refused(world.papers.answer, "being taken out of service: shop closed")
        ending = world.file.with_name("gateway.toml.decommission")
        ending.unlink()
        await part.accept(world.papers.answer, "Li Na", REF)
        await refused(world.papers.answer, "a handover to green is under way")

    run(work())
    assert world.outcomes == ["handover"] or world.marker is not None


def test_without_a_charter_nobody_has_agreed(world: World) -> None:
    for file in (world.file.parent / "data" / KEPT, world.file.parent / "site.charter"):
        file.unlink()
    part = world.start()
    with pytest.raises(ValueError, match="no charter is in force here"):
        run(part.accept(world.papers.answer, "Li Na"))
    with pytest.raises(ValueError, match="no charter is in force here"):
        run(part.answer({"offer": True}, "root"))


def test_a_center_asks_for_the_offer_and_brings_the_answer(world: World) -> None:
    part = world.start()
    asks = replace(COMMAND, what="handover", body={})

    async def work() -> None:
        offered = await part.take(asks, REF)
        assert open_offer(offered.facts).gateway == "gw1"
        wrong: tuple[Body, ...] = ({1: "text"}, {1: world.papers.answer, 2: 1})
        for body in wrong:
            with pytest.raises(ValueError, match="carries no bundle"):
                await part.take(replace(asks, body=body), REF)
        brings = replace(asks, body={1: world.papers.answer})
        done = await part.take(brings, REF)
        assert done.outcome == "done"
        assert "from center to green, by charter 2; center is served on until" in done.detail

    run(work())
    assert world.outcomes == ["begun"]


def test_root_asks_on_site(world: World) -> None:
    part = world.start()

    async def work() -> None:
        assert await part.answer({}, "root") is None
        offered = bytes.fromhex(await part.answer({"offer": True}, "root"))
        assert open_offer(offered).gateway == "gw1"
        with pytest.raises(ValueError, match="at most"):
            await part.answer({"bundle": "ab" * (ANSWER_BYTES_MAX + 1)}, "root")
        with pytest.raises(ValueError, match="hexadecimal"):
            await part.answer({"bundle": "xyz"}, "root")
        await part.answer({"bundle": world.papers.answer.hex()}, "root")
        facts = await part.answer({}, "root")
        assert facts["phase"] == "joining"

    run(work())
    assert [one.what for one in world.said if isinstance(one, ActBody)] == ["read", "handover"]


def test_a_bankrupt_enterprises_site_is_passed_on_by_owner_and_inspector(world: World) -> None:
    signed, old = world.papers.next, load_signer(world.papers.file("old/ca.key"))
    kept = [one for one in signed.assents if parse(one).kid != old.public.kid]
    world.papers.put(SignedCharter(signed.charter, tuple(kept)))
    world.papers.sign("inspector")
    assert world.papers.grant() == 0
    world.reached = {"green"}

    async def work() -> None:
        await world.take()
        await world.live()

    run(work())
    assert world.names == ["green"]


def test_what_was_written_down_is_lost_and_the_charter_tells(world: World) -> None:
    """Both again, as a backup of the configuration has it, and a marker that is damaged."""

    async def work() -> None:
        await world.take()
        await world.live()

    run(work())
    run(_both_again(world))
    world.file.with_name("gateway.toml.handover").write_bytes(b"junk")
    world.said.clear()
    world.day = 0

    async def rest() -> None:
        part = world.start()
        running = asyncio.ensure_future(part.run())
        while world.is_lost():
            await asyncio.sleep(0.001)
        assert part.facts() is not None
        running.cancel()
        await world.live()

    run(rest())
    findings = [one for one in world.said if isinstance(one, FindingBody)]
    assert "cannot be read" in findings[0].detail
    assert (world.names, world.outcomes) == (["green"], ["leaving", "moved"])
    assert world.day > 30, "its days are counted anew"


async def _both_again(world: World) -> None:
    gateway = world.file.parent
    for file in (gateway / "handed-over" / "center").iterdir():
        shutil.copy(file, gateway / file.name)
    old = CENTER.format(name="center", folder="")
    config = world.file.read_text().replace("\n[[center]]", f"{old}\n[[center]]", 1)
    world.file.write_text(config)
    assert world.names == ["center", "green"]
    assert without_center(world.file.read_bytes(), "center", world.file)


CENTER = """
[[center]]
name = "{name}"
ca = "{folder}ca.pem"
certificate = "{folder}client.pem"
receipt_certificate = "{folder}receipt.pem"
[[center.path]]
host = "localhost"
"""


def test_a_disk_that_refuses_is_told_and_decided_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(world.take())
    refuses = [True]
    real = files.replace

    def write(target: Path, data: bytes) -> None:
        if refuses[0] and target.name == "gateway.toml.handover":
            raise OSError("read-only")
        real(target, data)

    monkeypatch.setattr(files, "replace", write)

    async def work() -> None:
        part = world.start()
        running = asyncio.ensure_future(part.run())
        while not [one for one in world.said if isinstance(one, FindingBody)]:
            await asyncio.sleep(0.001)
        assert not running.done(), "the agent goes on"
        refuses[0] = False
        with pytest.raises(Cut):
            await running

    run(work())


def test_while_an_alarm_is_young_and_where_none_can_be_tried_it_waits(world: World) -> None:
    world.why = "it cannot be checked or written here"
    run(world.take())

    async def work() -> None:
        part = world.start()
        draft = Draft(EventType.SIGNAL, Lane.INTRUSION, world.stamp(), {})
        part.hear(Numbered(bytes(8), 1, draft))
        part.hear(Numbered(bytes(8), 2, replace(draft, lane=Lane.TELEMETRY)))
        running = asyncio.ensure_future(part.run())
        while len([one for one in world.said if isinstance(one, FindingBody)]) < 1:
            await asyncio.sleep(0.001)
        running.cancel()

    run(work())
    (finding,) = (one for one in world.said if isinstance(one, FindingBody))
    assert finding.detail == "an alarm is young"
    assert world.names == ["center"]
