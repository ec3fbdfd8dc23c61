"""What is done at a panel: by a command, or by a person who is asked on the terminal."""

import asyncio
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from tests.hil.bench.file import Hand

RUN_S_MAX = 30
SKIP = "skip"


class HandError(Exception):
    """A command that did not do it; the message says what it said."""


class Hands:
    """Lets things be done.  `show` prints a request for a person.

    Nobody has to confirm anything: what is done shows on the line.  `skip` and Enter leaves a check
    out.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._skipped = False
        self._typed = b""

    def __enter__(self) -> Self:
        mode = os.fstat(0).st_mode
        self._listens = os.isatty(0) or stat.S_ISFIFO(mode)
        if self._listens:
            asyncio.get_running_loop().add_reader(0, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        self._deafen()

    def is_skipped(self) -> bool:
        """Whether the person wants the thing last asked for to be left out."""
        return self._skipped

    async def do(self, hand: Hand, within_s: float) -> None:
        """Let it be done, or begin to wait for the person; raises HandError."""
        self._skipped = False
        if hand.ask is not None:
            self._show(f">> {hand.panel}: {hand.ask}  (within {within_s:.0f} s; or type {SKIP})")
        else:
            await _run(hand.run or [])

    def _read(self) -> None:
        data = os.read(0, 4096)
        if not data:
            self._deafen()
            return
        *lines, self._typed = (self._typed + data).split(b"\n")
        self._typed = self._typed[-100:]
        self._skipped |= any(line.strip().lower() == SKIP.encode() for line in lines)

    def _deafen(self) -> None:
        if self._listens:
            self._listens = False
            asyncio.get_running_loop().remove_reader(0)


async def _run(words: list[str]) -> None:
    said = " ".join(words)
    try:
        child = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr
        )
    except OSError as error:
        raise HandError(f"{said}: {error.strerror}") from error
    try:
        code = await asyncio.wait_for(child.wait(), RUN_S_MAX)
    except TimeoutError as error:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        raise HandError(f"{said}: not done within {RUN_S_MAX} s") from error
    if code:
        raise HandError(f"{said}: exit {code}")
