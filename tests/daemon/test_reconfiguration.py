"""A new configuration: staged, tried, kept or rolled back, and cut off at every write on the way.

Seen to fail: the configuration replaced before it is written down that it is kept; a trial that a
start does not write down; a step removed before its event is durable.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent import files
from edge_agent.config import ConfigError
from edge_agent.control.probation import CHANGED, CUT_SHORT, Phase, Probation
from edge_agent.daemon import reconfiguration
from edge_agent.daemon.commands import Result
from edge_agent.daemon.reconfiguration import Chosen, Reconfiguring, Surroundings, choose, drop
from edge_agent.domain.access import Role
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CommandRef
from edge_agent.evidence.configuration import Wanted
from tests.configuration import configuration
from tests.evidence.test_command import COMMAND
from tests.link.rig import run

OLD = configuration(host="old").encode()
NEW = configuration(host="new").encode()
GIVEN = replace(COMMAND, what="config", role=Role.INSTALLER, body=Wanted(NEW, 10).to_body())
REF = CommandRef("center", 7, bytes(32))
S = 1_000_000_000


class Cut(BaseException):
    """The power goes."""


@dataclass
class Disk:
    """Counts what is written, and lets the power go at one of it, before or after it is done."""

    cut_at: int = -1
    after: bool = False
    refuses: bool = False
    full_of: str = ""  # the name of a file that cannot be written
    done: int = 0

    def write(self, perform: Callable[[], None], name: str = "") -> None:
        if self.refuses or (name and name == self.full_of):
            raise OSError("read-only")
        self.done += 1
        if self.done == self.cut_at and not self.after:
            raise Cut
        perform()
        if self.done == self.cut_at:
            raise Cut


@dataclass
class World:
    """A gateway's folder, its life from start to start, and whether its center answers."""

    file: Path
    disk: Disk
    reached: Callable[[bytes], bool]
    others: tuple[dict[str, Any], ...] = ()  # centers beside the one that commands
    acts: list[ActBody] = field(default_factory=list)
    durable: bool = True
    hangs: bool = False  # neither disk nor center takes an event
    now_ns: int = 0
    wanted_restart: bool = False

    def around(self, digest: bytes) -> Surroundings:
        def centers() -> Iterator[dict[str, Any]]:
            good = self.reached(digest)
            self.now_ns += S
            yield {"center": "center", "connected": good, "proven": good, "reason": "silence"}
            yield from self.others

        return Surroundings(centers, self.vow, lambda: self.now_ns, self.restart)

    async def vow(self, act: ActBody) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if not self.durable:
            raise Cut
        self.acts.append(act)

    def restart(self, _reason: str) -> None:
        self.wanted_restart = True

    def part(self, chosen: Chosen) -> Reconfiguring:
        return Reconfiguring(chosen, self.around(chosen.loaded.digest))

    async def live(self) -> bytes:
        """Start, as often as it wants to be started; return what runs at last."""
        while True:
            self.wanted_restart = False
            chosen = choose(self.file)
            await self.part(chosen).run()
            if not self.wanted_restart:
                return chosen.loaded.digest

    async def take(self) -> Result:
        """Give the command to the run that has the old configuration, and let it start anew."""
        result = await self.part(choose(self.file)).take(GIVEN, REF)
        if result.then is not None:
            result.then()
        return result

    @property
    def outcomes(self) -> list[str | None]:
        return [act.outcome for act in self.acts]

    @property
    def step(self) -> Path:
        return self.file.with_name("gateway.toml.probation")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    file = tmp_path / "gateway.toml"
    file.write_bytes(OLD)
    disk = Disk()
    real, forget = files.replace, reconfiguration._forget

    def write(target: Path, data: bytes) -> None:
        disk.write(lambda: real(target, data), target.name)

    async def no_problems(_file: Path, _data: bytes, _center: str) -> list[str]:
        return []

    monkeypatch.setattr(files, "replace", write)
    monkeypatch.setattr(reconfiguration, "_forget", lambda one: disk.write(lambda: forget(one)))
    monkeypatch.setattr(reconfiguration, "_problems", no_problems)
    monkeypatch.setattr(reconfiguration, "CONFIG_LOOK_S", 0)
    return World(file, disk, lambda _digest: True)


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_it_is_tried_and_kept_and_the_old_one_stays_beside_it(world: World) -> None:
    async def work() -> None:
        result = await world.take()
        assert (result.outcome, result.detail) == ("trying", "checked; tried for at most 10 s")
        assert world.wanted_restart
        assert world.file.read_bytes() == OLD, "until it is kept"
        assert await world.live() == digest(NEW)

    run(work())
    assert world.file.read_bytes() == NEW
    assert world.file.with_name("gateway.toml.previous").read_bytes() == OLD
    assert not world.step.exists()
    actor = "Li Na, installer of center"
    assert world.acts == [
        ActBody("config", actor, outcome="trying", command=REF, digest=digest(NEW)),
        ActBody("config", actor, outcome="kept", command=REF, digest=digest(NEW)),
    ]


def test_it_is_rolled_back_where_the_center_is_not_reached_under_it(world: World) -> None:
    world.reached = lambda running: running == digest(OLD)

    async def work() -> None:
        await world.take()
        assert await world.live() == digest(OLD)

    run(work())
    assert world.file.read_bytes() == OLD
    assert not world.step.exists()
    assert world.outcomes == ["trying", "rolled_back"]
    assert world.acts[-1].detail == "center center was not reached within 10 s: silence"
    assert world.acts[-1].digest == digest(NEW)


def center(name: str, *, connected: bool = True, proven: bool = True) -> dict[str, Any]:
    return {"center": name, "connected": connected, "proven": proven, "reason": "silence"}


def test_every_center_that_was_reached_before_is_to_be_reached_under_it(world: World) -> None:
    """Also the one that commands, though it may be away for the moment."""
    world.others = (
        *(center("police"), center("a", proven=False), center("b", connected=False)),
        center("c", connected=False, proven=False),
    )
    world.reached = lambda running: running == digest(NEW)

    async def work() -> None:
        await world.take()
        assert Probation.from_bytes(world.step.read_bytes()).centers == ("center", "police")
        world.others = (center("police", proven=False),)
        assert await world.live() == digest(OLD)

    run(work())
    assert world.acts[-1].detail == "center police was not reached within 10 s: silence"


def test_one_that_is_kept_and_cannot_be_put_in_its_place_is_by_the_next_start(
    world: World,
) -> None:
    async def work() -> None:
        await world.take()
        chosen = choose(world.file)
        world.disk.full_of = "gateway.toml"
        await world.part(chosen).run()
        assert world.outcomes == ["trying", "kept"]
        assert world.file.read_bytes() == OLD
        world.disk.full_of = ""
        assert await world.live() == digest(NEW)

    run(work())
    assert world.file.read_bytes() == NEW
    assert not world.step.exists()


def test_one_whose_keeping_cannot_be_written_down_goes_back_when_its_time_is_over(
    world: World,
) -> None:
    async def work() -> None:
        await world.take()
        chosen = choose(world.file)
        world.disk.full_of = "gateway.toml.probation"
        before_ns = world.now_ns
        await world.part(chosen).run()
        assert world.wanted_restart
        assert world.now_ns - before_ns >= 10 * S, "until then it is tried again"
        world.disk.full_of = ""
        assert await world.live() == digest(OLD)

    run(work())
    assert world.outcomes == ["trying", "rolled_back"]


@pytest.mark.parametrize("reached", [True, False], ids=["reached", "away"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_cut_at_any_write_leaves_one_of_both_and_what_is_told_is_what_is_there(
    world: World, reached: bool, after: bool, tmp_path: Path
) -> None:
    world.reached = lambda running: reached or running == digest(OLD)
    for cut_at in range(1, 12):
        for left in tmp_path.iterdir():
            left.unlink()
        world.file.write_bytes(OLD)
        world.acts.clear()
        world.disk.cut_at, world.disk.after, world.disk.done = cut_at, after, 0
        try:
            run(whole(world))
            was_cut = False
        except Cut:
            was_cut = True
            run(whole(world, power_is_back=True))
        runs = world.file.read_bytes()
        told = {one for one in world.outcomes if one != "trying"}
        assert runs in (OLD, NEW)
        assert told <= ({"kept"} if runs == NEW else {"rolled_back"}), (cut_at, world.outcomes)
        assert told or "trying" not in world.outcomes, "a trial has an end that is told"
        assert runs == OLD or reached, "what was not proven is not in force"
        assert not world.step.exists()
        if not was_cut:
            assert cut_at == (7 if reached else 5), "one more than it writes"
            return
    raise AssertionError("it writes without end")


async def whole(world: World, *, power_is_back: bool = False) -> None:
    if not power_is_back:
        await world.take()
    await world.live()


def test_a_trial_ends_also_where_nothing_can_be_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconfiguration, "ORDER_RECORD_S_MAX", 0.001)
    world.reached = lambda _running: False

    async def work() -> None:
        await world.take()
        world.hangs = True
        await world.part(choose(world.file)).run()
        assert world.wanted_restart
        assert choose(world.file).loaded.digest == digest(OLD)

    run(work())


def test_what_became_of_it_is_told_until_that_is_durable(world: World) -> None:
    async def work() -> None:
        await world.take()
        chosen = choose(world.file)
        drop(world.file, chosen.probation or pytest.fail("on trial"), "no answer")
        world.durable = False
        with pytest.raises(Cut):
            await world.live()
        assert world.step.exists()
        world.durable = True
        await world.live()

    run(work())
    assert world.outcomes == ["rolled_back"]
    assert not world.step.exists()


def test_one_that_was_changed_on_site_meanwhile_goes_on(world: World) -> None:
    other = configuration(host="site").encode()

    async def work() -> None:
        await world.take()
        world.file.write_bytes(other)
        assert await world.live() == digest(other)
        assert world.outcomes == ["rolled_back"]
        assert world.acts[-1].detail == CHANGED

    run(work())
    assert world.file.read_bytes() == other


def test_one_that_is_changed_on_site_while_it_is_tried_goes_on(world: World) -> None:
    other = configuration(host="site").encode()

    async def work() -> None:
        await world.take()
        chosen = choose(world.file)
        world.file.write_bytes(other)
        await world.part(chosen).run()
        assert world.wanted_restart
        assert await world.live() == digest(other)

    run(work())
    assert world.outcomes == ["trying", "rolled_back"]


def test_a_card_that_refuses_has_nothing_tried(world: World) -> None:
    async def work() -> None:
        world.disk.refuses = True
        refused = await world.take()
        assert (refused.outcome, refused.then) == ("refused", None)
        assert "read-only" in refused.detail
        world.disk.refuses = False
        await world.take()
        world.disk.refuses = True
        chosen = choose(world.file)
        assert chosen.loaded.digest == digest(OLD)
        assert chosen.probation is not None
        assert chosen.probation.phase is Phase.DROPPED

    run(work())


def test_one_that_no_run_can_have_is_dropped_at_its_start(world: World) -> None:
    async def work() -> None:
        await world.take()
        step = Probation.from_bytes(world.step.read_bytes())
        odd = configuration(driver="nonsense").encode()
        world.step.write_bytes(replace(step, data=odd).to_bytes())
        assert await world.live() == digest(OLD)

    run(work())
    assert world.outcomes == ["rolled_back"]
    assert "nonsense" in world.acts[-1].detail


def test_a_damaged_step_changes_nothing(world: World) -> None:
    world.file.with_name("gateway.toml.wanted").write_bytes(NEW)  # a check that was killed
    world.step.write_bytes(b"\xa1\x01")
    assert choose(world.file) == Chosen(choose(world.file).loaded)
    assert not world.file.with_name("gateway.toml.wanted").exists()
    world.file.unlink()
    with pytest.raises(ConfigError):
        choose(world.file)


def test_an_ended_trial_is_told_as_cut_short(world: World) -> None:
    async def work() -> None:
        await world.take()
        choose(world.file)  # a run that is killed
        await world.live()

    run(work())
    assert world.acts[-1].detail == CUT_SHORT


# ---- what is not staged


def test_the_same_is_done_and_another_than_expected_refused(world: World) -> None:
    part = world.part(choose(world.file))

    async def give(wanted: Wanted) -> Result:
        return await part.take(replace(GIVEN, body=wanted.to_body()), REF)

    async def work() -> None:
        same = await give(Wanted(OLD))
        assert (same.outcome, same.detail) == ("done", "it is in force already")
        other = await give(Wanted(NEW, replaces=digest(NEW)))
        assert other.outcome == "refused"
        assert digest(OLD).hex() in other.detail
        with pytest.raises(Malformed):
            await part.take(replace(GIVEN, body={}), REF)
        assert not world.step.exists()
        assert (await give(Wanted(NEW, replaces=digest(OLD)))).outcome == "trying"
        assert (await give(Wanted(NEW + b"\n"))).outcome == "busy"

    run(work())


def test_while_one_is_checked_another_is_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        checked = asyncio.Event()

        async def problems(*_: object) -> list[str]:
            await checked.wait()
            return []

        monkeypatch.setattr(reconfiguration, "_problems", problems)
        part = world.part(choose(world.file))
        first = asyncio.ensure_future(part.take(GIVEN, REF))
        await asyncio.sleep(0)
        assert (await part.take(GIVEN, REF)).outcome == "busy"
        checked.set()
        assert (await first).outcome == "trying"

    run(work())


def test_what_speaks_against_it_is_told_and_nothing_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def problems(_file: Path, _data: bytes, center: str) -> list[str]:
        return [f"{center}: {number}" for number in range(50)]

    monkeypatch.setattr(reconfiguration, "_problems", problems)

    async def work() -> None:
        result = await world.take()
        assert (result.outcome, result.detail) == ("refused", "center: 0, and 49 more")
        assert result.facts.count(b"center: ") == reconfiguration.PROBLEMS_MAX

    run(work())
    assert not world.step.exists()


def test_a_file_that_is_a_link_or_was_changed_since_the_start_is_left_alone(world: World) -> None:
    async def work() -> None:
        part = world.part(choose(world.file))
        world.file.write_bytes(NEW + b"\n")
        assert "changed on site" in (await part.take(GIVEN, REF)).detail
        world.file.rename(world.file.with_name("real.toml"))
        world.file.symlink_to("real.toml")
        assert "is a link" in (await part.take(GIVEN, REF)).detail

    run(work())
    assert not world.step.exists()


def test_which_one_is_in_force_can_be_asked(world: World) -> None:
    async def work() -> None:
        assert world.part(choose(world.file)).facts == {
            "digest": digest(OLD).hex(),
            "on_trial": False,
        }
        await world.take()
        assert world.part(choose(world.file)).facts == {
            "digest": digest(NEW).hex(),
            "on_trial": True,
        }

    run(work())


def test_the_check_is_the_one_of_the_command_line(tmp_path: Path) -> None:
    """The child tells what speaks against it; nothing is left beside the configuration.

    Seen to fail: the center not named, so that its own new host spoke against it.
    """
    file = tmp_path / "gateway.toml"
    file.write_bytes(OLD)
    other = NEW.replace(b'id = "gw1"', b'id = "gw2"')
    (found,) = asyncio.run(reconfiguration._problems(file, other, "center"))
    assert found.startswith("gateway.id")
    assert list(tmp_path.iterdir()) == [file]
