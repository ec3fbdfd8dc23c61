"""A new configuration by command: checked, tried, and kept only if the centers are reached (shell).

The decisions are `edge_agent.control.probation`'s, and what a command may not change at all is
`edge_agent.daemon.restraint`'s.  The check is a child's (`edge-agent check`): a configuration of a
megabyte would hold the loop for seconds.  It is tried by starting anew: the process runs itself
again, so a run has one configuration from its first event to its last, and what was tried leaves
nothing behind.
"""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from edge_agent import files
from edge_agent.config import ConfigError, Loaded, load, parse
from edge_agent.control import probation
from edge_agent.control.probation import Phase, Probation, Reached, Start, Trial
from edge_agent.daemon import children
from edge_agent.daemon.commands import BUSY, DONE, REFUSED, Result
from edge_agent.daemon.panels import fit
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CenterCommand, CommandRef
from edge_agent.evidence.configuration import CONFIG_BYTES_MAX, KEPT, ROLLED_BACK, TRYING, Wanted
from edge_agent.evidence.reply import facts_of
from edge_agent.limits import CHILD_BYTES_MAX, CONFIG_CHECK_S_MAX, CONFIG_LOOK_S, ORDER_RECORD_S_MAX

log = structlog.get_logger()

PROBLEMS_MAX = 32  # told in a reply
_STEP_BYTES_MAX = CONFIG_BYTES_MAX + 4096


def _beside(file: Path, what: str) -> Path:
    return file.with_name(f"{file.name}.{what}")


# ---- at a start


@dataclass(frozen=True, slots=True)
class Chosen:
    """The configuration that a run has, and the one that it decides about or has to tell of."""

    loaded: Loaded
    probation: Probation | None = None

    @property
    def on_trial(self) -> bool:
        """Whether this run decides about its own configuration."""
        return self.probation is not None and self.probation.phase is Phase.TRYING


def choose(file: Path) -> Chosen:
    """Return what this start is to run.  Raises ConfigError where `file` itself is not usable.

    Where the card refuses, none is tried: what cannot be written down cannot be rolled back.
    """
    with contextlib.suppress(OSError):  # left by a run that ended while it was checked
        _beside(file, "wanted").unlink(missing_ok=True)
    found = _found(file)
    if found is None:
        return Chosen(load(file))
    try:
        installed = file.read_bytes()
    except OSError:
        return Chosen(load(file), found)  # which says what is wrong with it
    begun = probation.start(found, installed)
    try:
        _perform(begun, file)
    except OSError as error:
        log.error("the step of a new configuration cannot be written", cause=str(error))
        if begun.on_trial:
            begun = Start(installed, found.dropped(f"its trial cannot be written down: {error}"))
    if not begun.on_trial:
        return Chosen(parse(begun.data, file), begun.probation)
    try:
        loaded = parse(begun.data, file)
        fit(loaded)
    except ConfigError as error:
        assert begun.probation is not None, "it is on trial"
        return Chosen(load(file), drop(file, begun.probation, str(error)))
    return Chosen(loaded, begun.probation)


def drop(file: Path, tried: Probation, why: str) -> Probation:
    """Write down that the old configuration goes on; where that cannot be written, the next start
    finds that this run ended undecided, which comes to the same.
    """
    dropped = tried.dropped(why)
    log.error("new configuration dropped", cause=why, then="the old one goes on")
    with contextlib.suppress(OSError):
        _write(file, dropped)
    return dropped


def _found(file: Path) -> Probation | None:
    step = _beside(file, "probation")
    try:
        with step.open("rb") as opened:
            return Probation.from_bytes(opened.read(_STEP_BYTES_MAX))
    except FileNotFoundError:
        return None
    except (OSError, Malformed) as error:
        log.error("new configuration not tried", file=str(step), cause=str(error))
        return None


def _write(file: Path, step: Probation) -> None:
    files.replace(_beside(file, "probation"), step.to_bytes())


def _perform(begun: Start, file: Path) -> None:
    if begun.write and begun.probation is not None:
        _write(file, begun.probation)
    if begun.install:
        _install(file, begun.data)


def _install(file: Path, data: bytes) -> None:
    """Put a new configuration in the place of the old one, which is kept beside it."""
    files.replace(_beside(file, "previous"), file.read_bytes())
    files.replace(file, data)


# ---- in a run


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the running agent gives: how its centers stand (as in its status), the recorder's `vow`,
    boot time, and a way to start anew.
    """

    centers: Callable[[], Iterable[Mapping[str, Any]]]
    vow: Callable[[ActBody], Awaitable[None]]
    boottime_ns: Callable[[], int]
    restart: Callable[[str], None]


class Reconfiguring:
    """The configuration of one run, and the one that may follow it."""

    def __init__(self, chosen: Chosen, around: Surroundings) -> None:
        self._loaded = chosen.loaded
        self._probation = chosen.probation
        self._around = around
        self._checking = False

    @property
    def facts(self) -> dict[str, Any]:
        """Return which configuration is in force, for whoever asks how the gateway stands."""
        step = self._probation
        return {
            "digest": self._loaded.digest.hex(),
            "on_trial": step is not None and step.phase is Phase.TRYING,
        }

    @property
    def is_busy(self) -> bool:
        """Whether one is checked or tried, or what became of one is not recorded yet."""
        return self._checking or self._probation is not None

    # ---- by a handover

    async def stage(
        self, data: bytes, reach: Iterable[str], actor: str, ref: CommandRef | None
    ) -> str:
        """Check a configuration that the site's parties have agreed to, and start anew to try it.

        It is kept if the centers `reach` are reached under it.  Returns why it cannot be tried now;
        empty where it is.
        """
        assert not self.is_busy, "whoever asks looks first"
        self._checking = True
        try:
            if problems := await _problems(self._loaded.file, data, None):
                return problems[0]
            step = self._step(Wanted(data), actor, ref, reach)
            await asyncio.to_thread(_stage, self._loaded.file, step)
        except (OSError, children.Failed) as error:
            return f"it cannot be checked or written here: {error}"
        finally:
            self._checking = False
        self._probation = step
        self._around.restart("a handover")
        return ""

    # ---- by command

    async def take(self, command: CenterCommand, ref: CommandRef) -> Result:
        """Check a new configuration; where it may be, it is tried as soon as that is answered.

        Raises Malformed.
        """
        wanted = Wanted.from_body(command.body)
        digest = hashlib.sha256(wanted.data).digest()
        if self.is_busy:
            return Result(BUSY, "another configuration is being tried: wait for its outcome")
        if digest == self._loaded.digest:
            return Result(DONE, "it is in force already")
        if wanted.replaces not in (None, self._loaded.digest):
            said = f"the one in force is another, SHA-256 {self._loaded.digest.hex()}"
            return Result(REFUSED, f"{said}: look at it first")
        self._checking = True
        try:
            return await self._staged(wanted, command.actor, ref)
        finally:
            self._checking = False

    async def _staged(self, wanted: Wanted, actor: str, ref: CommandRef) -> Result:
        file = self._loaded.file
        try:
            problems = await _problems(file, wanted.data, ref.center)
            if problems:
                more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
                facts = facts_of({"problems": problems[:PROBLEMS_MAX]})
                return Result(REFUSED, f"{problems[0]}{more}", facts)
            reached = (one["center"] for one in self._around.centers() if _is_reached(one))
            step = self._step(wanted, actor, ref, {ref.center, *reached})
            await asyncio.to_thread(_stage, file, step)
        except (OSError, children.Failed) as error:
            return Result(REFUSED, f"it cannot be checked or written here: {error}")
        self._probation = step
        said = f"checked; tried for at most {wanted.within_s} s"
        return Result(TRYING, said, then=lambda: self._around.restart("a new configuration"))

    def _step(
        self, wanted: Wanted, actor: str, ref: CommandRef | None, reach: Iterable[str]
    ) -> Probation:
        return Probation(
            phase=Phase.STAGED,
            data=wanted.data,
            replaces=self._loaded.digest,
            command=ref,
            actor=actor,
            centers=tuple(sorted(reach)),
            within_s=wanted.within_s,
        )

    # ---- on trial, and after

    async def run(self) -> None:
        """Decide about the configuration of this run if it is on trial, and tell what became of
        one that was.
        """
        step = self._probation
        if step is None or step.phase is Phase.STAGED:
            return
        if not step.is_over:
            with contextlib.suppress(TimeoutError):  # a disk that refuses must not hold the trial
                async with asyncio.timeout(ORDER_RECORD_S_MAX):
                    await self._around.vow(_act(step, TRYING))
            step = await self._tried(step)
            if step.phase is Phase.DROPPED:
                self._around.restart("the old configuration again")
                return
        outcome = KEPT if step.phase is Phase.KEPT else ROLLED_BACK
        log.info("new configuration", outcome=outcome, cause=step.why)
        await self._around.vow(_act(step, outcome))
        await asyncio.to_thread(_forget, self._loaded)
        self._probation = None

    async def _tried(self, step: Probation) -> Probation:
        """Wait until it is decided, and have that written down."""
        trial, file = Trial(step, self._around.boottime_ns()), self._loaded.file
        while True:
            centers = {one["center"]: _standing(one) for one in self._around.centers()}
            now_ns = self._around.boottime_ns()
            decided = trial.handle(centers, now_ns)
            if decided is not None and decided.phase is Phase.KEPT:
                trouble = await asyncio.to_thread(_keep, file, decided)
                if not trouble:
                    return decided
                decided = step.dropped(trouble) if now_ns >= trial.deadline_ns else None
            if decided is not None:
                return await asyncio.to_thread(drop, file, step, decided.why)
            await asyncio.sleep(CONFIG_LOOK_S)


def _act(step: Probation, outcome: str) -> ActBody:
    return ActBody(
        "config", step.actor, step.why, outcome=outcome, command=step.command, digest=step.digest
    )


def _is_reached(center: Mapping[str, Any]) -> bool:
    return bool(center["connected"] and center["proven"])


def _standing(center: Mapping[str, Any]) -> Reached:
    return Reached(_is_reached(center), str(center["reason"]))


def _stage(file: Path, step: Probation) -> None:
    """Write the first step.  Raises OSError where the old configuration could not be replaced."""
    if file.is_symlink():
        raise OSError(f"{file} is a link, which is changed on site only")
    if hashlib.sha256(file.read_bytes()).digest() != step.replaces:
        raise OSError(f"{file} was changed on site since the agent was started")
    _write(file, step)


def _keep(file: Path, kept: Probation) -> str:
    """Write down that it is kept, then put it in place; return why that cannot be.

    Once it is written down it is kept: the next start puts in place what cannot be now.
    """
    try:
        if hashlib.sha256(file.read_bytes()).digest() != kept.replaces:
            return probation.CHANGED
        _write(file, kept)
    except OSError as error:
        return f"that it is kept cannot be written down: {error}"
    try:
        _install(file, kept.data)
    except OSError as error:
        log.error("new configuration not in its place yet", cause=str(error))
    return ""


def _forget(loaded: Loaded) -> None:
    """Remove the last step, once the configuration of this run is the one that is there."""
    with contextlib.suppress(OSError):
        if hashlib.sha256(loaded.file.read_bytes()).digest() == loaded.digest:
            _beside(loaded.file, "probation").unlink(missing_ok=True)


async def _problems(file: Path, data: bytes, center: str | None) -> list[str]:
    """Return what is wrong with a configuration in the place of `file`, by a command of `center`;
    None: whoever may change all of it.  Raises OSError, Failed.
    """
    wanted = _beside(file, "wanted")
    await asyncio.to_thread(files.replace, wanted, data)
    try:
        said = await children.run(
            *("check", "--json", "--config", str(wanted), "--replacing", str(file)),
            *(() if center is None else ("--for-center", center)),
            s_max=CONFIG_CHECK_S_MAX,
            bytes_max=CHILD_BYTES_MAX,
        )
        found = json.loads(said)["problems"]
        return [str(one) for one in found]
    except (ValueError, KeyError, TypeError) as error:
        raise children.Failed("what `edge-agent check` says cannot be read") from error
    finally:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(wanted.unlink, missing_ok=True)
