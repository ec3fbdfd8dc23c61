"""The one shell of all emulated panels: bytes, control lines and time in; bytes and ledger out."""

import asyncio
import json
import os
import stat
import sys
import time
from collections.abc import Callable
from typing import TextIO

from hil.panels.ends import End
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Entry,
    Heard,
    Input,
    Plugged,
    Said,
    Ticked,
    Unplugged,
)
from hil.panels.stand import Noted, Plug, Quit, Spoken, Stand, StandOutput

LINE_BYTES_MAX = 64 * 1024  # a control line without an end is no control line


def now_ns() -> int:
    """Return CLOCK_BOOTTIME, the time of the ledger."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Shell:
    """Runs a stand until `quit`, the end of a control pipe, or a ledger that nobody reads.

    `trace` gets what went over the line, as JSON lines: {"t_ns", "peer", "did", "hex"}, where `did`
    is said, heard, plugged or unplugged.  Where a control line was obeyed it gets {"t_ns", "did":
    "told", "noted"}, the last how many lines the ledger had then.
    """

    def __init__(
        self, name: str, stand: Stand, ledger: TextIO, trace: TextIO | None = None
    ) -> None:
        self._name = name
        self._stand = stand
        self._ledger = ledger
        self._trace = trace
        self._noted = 0
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._plugs: asyncio.Queue[bool] = asyncio.Queue()
        self._timer: asyncio.TimerHandle | None = None
        self._end: End | None = None
        self._control = b""

    async def run(self, make_end: Callable[["Shell"], End], *, linger: bool) -> None:
        """Serve, with control lines from standard input; see `serve`."""
        await self.serve(make_end, lambda: self._listen_to_control(linger=linger))

    async def serve(
        self, make_end: Callable[["Shell"], End], plugged: Callable[[], None] = lambda: None
    ) -> None:
        """Plug in, call `plugged` and serve; returns when it is over.

        Raises OSError when it cannot plug in.
        """
        self._end = make_end(self)
        await self._plug(there=True)
        plugged()
        self._arm()
        plugging = self._loop.create_task(self._plug_when_told())
        await self._over.wait()
        plugging.cancel()
        await self._plug(there=False)

    def feed(self, happened: Input) -> None:
        """Hand an input to the stand and do what follows."""
        match happened:
            case Heard(data, peer):
                self._write_trace("heard", peer, data)
            case Plugged(peer):
                self._write_trace("plugged", peer)
            case Unplugged(peer):
                self._write_trace("unplugged", peer)
            case _:
                pass
        try:
            self._perform(self._stand.handle(happened, now_ns()))
        except CommandError as error:
            print(f"{self._name}: {error}", file=sys.stderr, flush=True)  # noqa: T201  a command line
        if isinstance(happened, Commanded):
            self._write({"t_ns": now_ns(), "did": "told", "noted": self._noted})
        self._arm()

    def stop(self) -> None:
        """End it, as `quit` does."""
        self._over.set()

    def _perform(self, outputs: list[StandOutput]) -> None:
        for output in outputs:
            match output:
                case Spoken(data, peer):
                    self._write_trace("said", peer, data)
                    if self._end is not None:
                        self._end.write(data, peer)
                case Noted(entry, t_ns):
                    self._note(entry, t_ns)
                case Plug(there):
                    self._plugs.put_nowait(there)
                case Quit():
                    self._over.set()

    def _note(self, entry: Entry, t_ns: int) -> None:
        try:
            self._ledger.write(entry.to_json(self._name, t_ns) + "\n")
            self._ledger.flush()
            self._noted += 1
        except BrokenPipeError:
            # a ledger that nobody reads proves nothing: there is no point in going on
            self._over.set()

    def _write_trace(self, did: str, peer: int, data: bytes = b"") -> None:
        self._write({"t_ns": now_ns(), "peer": peer, "did": did, "hex": data.hex()})

    def _write(self, line: dict[str, object]) -> None:
        if self._trace is not None:
            self._trace.write(json.dumps(line) + "\n")
            self._trace.flush()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due_ns = self._stand.deadline_ns()
        if due_ns is not None:
            wait_s = max(0, due_ns - now_ns()) / 1e9
            self._timer = self._loop.call_later(wait_s, self.feed, Ticked())

    async def _plug_when_told(self) -> None:
        while True:
            await self._plug(there=await self._plugs.get())

    async def _plug(self, *, there: bool) -> None:
        assert self._end is not None, "the end is made before anything is plugged"
        if there:
            entry = Entry(0, Said.OPEN, line=await self._end.plug())
        else:
            await self._end.unplug()
            entry = Entry(0, Said.CLOSED)
        self._note(entry, now_ns())

    # ---- control lines

    def _listen_to_control(self, *, linger: bool) -> None:
        descriptor = 0
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor):
            piped = not os.isatty(descriptor)
            self._loop.add_reader(descriptor, self._read_control, piped and not linger)
        elif stat.S_ISREG(mode):
            while data := os.read(descriptor, LINE_BYTES_MAX):
                self._take_control(data)

    def _read_control(self, quit_at_end: bool) -> None:
        data = os.read(0, LINE_BYTES_MAX)
        if data:
            self._take_control(data)
            return
        self._loop.remove_reader(0)
        if quit_at_end:  # who controlled us is gone
            self._over.set()

    def _take_control(self, data: bytes) -> None:
        *lines, self._control = (self._control + data).split(b"\n")
        self._control = self._control[-LINE_BYTES_MAX:]
        for line in lines:
            if line.strip():
                self.feed(Commanded(Command.parse(line.decode(errors="replace"))))
