"""How a run ends: who asked, why, and what its last event says of it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from edge_agent.evidence.bodies import ActBody

LAST_GASP = "last_gasp"
DECOMMISSION = "decommission"


class Ending:
    """The first reason counts; before `begin` nothing can be asked."""

    def __init__(self) -> None:
        self._stop: asyncio.Event | None = None
        self.act = ActBody("stop", "signal")
        self.restarts = False  # whether another run follows at once, in this process

    @property
    def gasped(self) -> bool:
        """Whether the run ends because the power is about to go."""
        return self.act.what == LAST_GASP

    @property
    def parts(self) -> bool:
        """Whether the gateway is taken out of service with this run."""
        return self.act.what == DECOMMISSION

    @property
    def notice(self) -> str:
        """What the service manager is told of this end; empty: nothing.

        A wait for the mains is no stop, and of a restart it is told READY=1 in the end.
        """
        if self.restarts and not self.parts:
            return "RELOADING=1"
        return "" if self.gasped else "STOPPING=1"

    def begin(self, stop: asyncio.Event) -> None:
        """From now on whoever asks sets `stop`."""
        self._stop = stop

    def by_signal(self, name: str) -> None:
        """End in order because of a process signal."""
        self._end(ActBody("stop", "signal", name))

    def by_power(self, reason: str) -> None:
        """End in order while there is power for it."""
        self._end(ActBody(LAST_GASP, "power", reason))

    def to_restart(self, reason: str) -> None:
        """End in order, to start anew."""
        self.restarts = self._end(ActBody("stop", "agent", reason))

    def to_part(self, act: ActBody) -> None:
        """End for good; what starts next in this process does what is left to be done."""
        self.restarts = self._end(act)

    def _end(self, act: ActBody) -> bool:
        """End for the first reason given; return whether this is it."""
        if self._stop is None or self._stop.is_set():
            return False
        self.act = act
        self._stop.set()
        return True


async def run_until_signal(
    ending: Ending,
    serve: Callable[[asyncio.Event], Awaitable[None]],
    await_power: Callable[[asyncio.Event], Awaitable[None]],
    power_fails: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT; SIGPWR means that the power is about to go.

    After a last gasp the process stays until the mains is back, or a signal says that it may go:
    started again at once, it would write while the power fails.
    """
    stop, told = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    ending.begin(stop)

    def on_signal(name: str) -> None:
        ending.by_signal(name)
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number.name)
    loop.add_signal_handler(signal.SIGPWR, power_fails)
    await serve(stop)
    if ending.gasped:
        await await_power(told)
