"""Plays the story on a set stage, watches, waits until all is settled, and counts."""

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from edge_agent.clock import Clock, SystemClock
from edge_agent.control.socket import ask
from edge_agent.demo import folder as folders
from edge_agent.demo import story, tally
from edge_agent.demo.board import Board
from edge_agent.demo.children import run
from edge_agent.demo.folder import DemoError, Folder
from edge_agent.demo.ledger import Spoken
from edge_agent.demo.stage import BY_FRAME, CAST, CENTER, GATEWAY, Stage
from edge_agent.demo.tally import Break, Evidence, Held, Summary, held
from edge_agent.demo.witness import JournalWitness
from edge_agent.evidence.cose import PublicKey

REFRESH_S = 0.1
STATUS_S = 0.2
JOURNAL_S = 0.25
JOURNAL_SHARE = 10  # of the time at most one part is spent on reading the journal again
SETTLE_S = 20.0  # the uplink looks for a mended network every few seconds after a short cut
DELIVERED_S = 5.0  # for the agent's last words
LOOK_S = 0.05
NEEDED = frozenset({"agent", *CAST})  # without one of these the story cannot go on


class Screen(Protocol):
    """Who shows the board."""

    def refresh(self, board: Board) -> None:
        """Show it as it is now."""


class Play:
    """One performance."""

    def __init__(self, stage: Stage, board: Board, screen: Screen, clock: Clock) -> None:
        self._stage = stage
        self._board = board
        self._screen = screen
        self._clock = clock
        self._began_ns = self._curtain_ns = clock.boottime_ns()
        self._breaks: list[Break] = []
        self._outstanding: int | None = None
        self._problems: list[str] = []

    async def perform(self) -> Summary:
        """Set the stage, play, settle, take everything down, count.  Raises DemoError."""
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(self._show())
            await self._stage.set_up(self._hear_center)
            self._curtain_ns = self._clock.boottime_ns()
            watching = [group.create_task(work) for work in (self._ask(), self._read())]
            await self._settle(self._is_ready, "not everything came up")
            await self._tell_story()
            self._board.phase = "settling"
            await self._stage.network.mend()
            await self._settle(self._is_settled, "not everything settled")
            self._board.phase = "counting"
            for task in watching:
                task.cancel()
            await self._end()
            showing.cancel()
        return await self._count()

    # ---- the story

    async def _tell_story(self) -> None:
        start_ns = self._clock.boottime_ns()
        self._curtain_ns = start_ns
        self._board.phase = "playing"
        for scene in story.script(self._board.seconds):
            wait_s = scene.at_s - (self._clock.boottime_ns() - start_ns) / 1e9
            if not await self._lives_on(max(0.0, wait_s)):
                return
            self._board.act = scene.act
            if scene.words is not None:
                panel = _about(scene)
                self._board.now_s = self._now_s()
                self._board.tell(scene.words, panel)
            for deed in scene.deeds:
                await self._do(deed)

    async def _lives_on(self, wait_s: float) -> bool:
        """Wait for the next scene; False where the story cannot go on."""
        end_ns = self._clock.boottime_ns() + int(wait_s * 1e9)
        while not self._stage.dead & NEEDED:
            left_s = (end_ns - self._clock.boottime_ns()) / 1e9
            if left_s <= 0:
                return True
            await asyncio.sleep(min(left_s, LOOK_S))
        return False

    async def _do(self, deed: story.Deed) -> None:
        match deed:
            case story.Tell(panel, line):
                if line == "unplug":
                    self._breaks.append(Break(self._clock.boottime_ns(), panel))
                if line in ("plug", "unplug"):
                    self._board.plugged[panel] = line == "plug"
                self._stage.tell(panel, line)
            case story.Cut():
                self._breaks.append(Break(self._clock.boottime_ns()))
                self._stage.network.cut()
            case story.Mend():
                await self._stage.network.mend()

    # ---- readiness

    async def _settle(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Wait until `condition` holds; what still hinders it in the end is a problem."""
        end_ns = self._clock.boottime_ns() + int(SETTLE_S * 1e9)
        while not condition():
            if self._stage.deaths:
                return  # named in the end; the rest is counted as it is
            if self._clock.boottime_ns() > end_ns:
                self._problems.append(f"{otherwise} within {SETTLE_S:.0f} s: {self._hindrance()}")
                return
            await asyncio.sleep(LOOK_S)

    def _is_ready(self) -> bool:
        return all(self._board.online.values()) and self._board.connected and not self._outstanding

    def _is_settled(self) -> bool:
        arrived = all(one.latency_ns is not None for one in self._board.spoken if one.due)
        answered = all(one.acked_ns for one in self._board.spoken if one.panel in BY_FRAME)
        return self._is_ready() and arrived and answered

    def _hindrance(self) -> str:
        offline = [name for name, online in self._board.online.items() if not online]
        told = [f"{name} is not online" for name in offline]
        if not self._board.connected:
            told.append("the center is not reached")
        if self._outstanding:
            told.append(f"{self._outstanding} events without a receipt")
        return ", ".join(told) or "signals without an answer"

    # ---- watching

    def _now_s(self) -> float:
        return (self._clock.boottime_ns() - self._curtain_ns) / 1e9

    async def _show(self) -> None:
        while True:
            now_ns = self._clock.boottime_ns()
            self._board.elapsed_s = (now_ns - self._began_ns) / 1e9
            self._board.now_s = self._now_s()
            if self._board.is_troubled:
                self._board.troubled_ns = now_ns
            self._board.is_cut = self._stage.network.port != 0 and self._stage.network.is_cut
            self._board.dead = self._stage.dead
            self._screen.refresh(self._board)
            await asyncio.sleep(REFRESH_S)

    def _hear_center(self, line: str) -> None:
        self._board.store(held(json.loads(line), BY_FRAME))

    async def _ask(self) -> None:
        """Ask the agent how it is, again and again."""
        while True:
            try:
                status = await asyncio.to_thread(ask, self._stage.folder.socket, "status")
            except (OSError, ValueError):  # dead or too busy: its death is noticed elsewhere
                self._outstanding = None
            else:
                self._take(status)
            await asyncio.sleep(STATUS_S)

    def _take(self, status: dict[str, Any]) -> None:
        [center] = status["centers"]
        self._outstanding = int(center["outstanding"])
        self._board.connected = center["connected"]
        self._board.receipt(self._outstanding, status["epoch"], status["next_seq"])
        self._board.disk_refuses = status["journal"]["refused"] is not None
        for name, panel in status["panels"].items():
            self._board.online[name] = panel["online"]

    async def _read(self) -> None:
        """Read the journal, again and again."""
        witness = self._witness()
        while True:
            began_ns = self._clock.boottime_ns()
            for event in await asyncio.to_thread(witness.look):
                self._board.keep(event)
            took_s = (self._clock.boottime_ns() - began_ns) / 1e9
            await asyncio.sleep(max(JOURNAL_S, JOURNAL_SHARE * took_s))

    def _witness(self) -> JournalWitness:
        folder = self._stage.folder
        certificate = (folder.gateway / "receipt.pem").read_bytes()
        return JournalWitness(folder.journal, GATEWAY, PublicKey.from_certificate_pem(certificate))

    # ---- the end

    async def _end(self) -> None:
        """Stop the agent in order, give its last words time to arrive, stop the rest."""
        await self._stage.children.stop("agent")
        journal = self._witness()
        kept = len(await asyncio.to_thread(journal.look))
        end_ns = self._clock.boottime_ns() + int(DELIVERED_S * 1e9)
        while not self._stage.deaths and self._board.stored < kept:
            if self._clock.boottime_ns() > end_ns:
                break
            await asyncio.sleep(LOOK_S)
        await self._stage.take_down()

    async def _count(self) -> Summary:
        journal = self._witness()
        await asyncio.to_thread(journal.look)
        problems = [str(death) for death in self._stage.deaths] + self._problems
        problems += [f"the journal is damaged: {damage}" for damage in journal.damages]
        if journal.bad_receipts:
            problems.append(f"{journal.bad_receipts} receipts in the journal do not fit")
        unverified, complaints = await self._verify()
        return tally.count(
            Evidence(
                spoken=self._spoken(),
                journal=journal.events,
                center=await self._center_events(),
                receipted=journal.receipted,
                breaks=self._breaks,
                unverified=unverified,
                problems=problems + complaints,
            )
        )

    def _spoken(self) -> list[Spoken]:
        ledgers = self._stage.ledgers.values()
        return [one for ledger in ledgers for one in ledger.spoken.values()]

    async def _center_events(self) -> list[Held]:
        folder = self._stage.folder
        command = [*CENTER, "events", str(folder.center), "--json", "--limit", "0"]
        code, out, errors = await run(command, folder.logs)
        if code != 0:
            raise DemoError(f"edge-center events failed with exit code {code}:\n{errors}")
        return [held(json.loads(line), BY_FRAME) for line in out.splitlines()]

    async def _verify(self) -> tuple[int, list[str]]:
        """Let the center's own verifier judge; return how much it finds, and what it complains."""
        folder = self._stage.folder
        command = [*CENTER, "verify", str(folder.center), "--json"]
        code, out, errors = await run(command, folder.logs)
        reports = [json.loads(line) for line in out.splitlines()]
        found = sum(len(one["problems"]) + one["more_problems"] for one in reports)
        if code == 0 and not found:
            return 0, []
        named = [
            f"edge-center verify: {bad['what']} at {(bad['epoch'] or '?')[:6]}/{bad['seq']}"
            for one in reports
            for bad in one["problems"]
        ]
        return max(1, found), named or [f"edge-center verify: exit code {code}: {errors.strip()}"]


def _about(scene: story.Scene) -> str:
    """Return the panel that a scene is about, "" for none."""
    return next((deed.panel for deed in scene.deeds if isinstance(deed, story.Tell)), "")


async def play(seconds: float, keep: Path | None, screen: Screen) -> Summary:
    """Play one demo of `seconds`, its files in `keep` or nowhere.

    Raises DemoError where it cannot be played, CancelledError where a signal ended it: whatever
    comes, nothing is left running.
    """
    task = asyncio.current_task()
    assert task is not None, "coroutines run in tasks"
    loop = asyncio.get_running_loop()
    told = False

    def leave() -> None:
        nonlocal told
        if not told:  # a second Ctrl-C must not stop the cleaning up
            told = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leave)
    with folders.make(keep) as folder:
        return await _play(seconds, folder, screen)


async def _play(seconds: float, folder: Folder, screen: Screen) -> Summary:
    clock = SystemClock()
    board = Board(seconds, {name: cast.title for name, cast in CAST.items()})
    seen: set[int] = set()

    def said(one: Spoken) -> None:
        if id(one) not in seen:  # later lines of the ledger change the same signal
            seen.add(id(one))
            board.say(one)

    stage = Stage(folder, clock, said)
    try:
        return await Play(stage, board, screen, clock).perform()
    except* DemoError as group:
        raise _first(group) from None
    finally:
        await stage.take_down()


def _first(group: BaseExceptionGroup[DemoError]) -> DemoError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
