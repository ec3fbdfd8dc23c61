"""An asyncio loop in simulated time: where the real one waits, this one adds to its clock.

Nothing runs beside it: what the product gives to a thread runs here, in one piece, a moment later.
"""

import asyncio
import math
import selectors
from collections.abc import Callable
from random import Random
from typing import Any

START_NS = 1_000_000_000_000
TURNS_MAX = 200_000  # without time passing: somebody goes round in a circle
THREAD_S_MAX = 0.003  # until a thread has done what it was asked


class _Selector(selectors.SelectSelector):
    """Waits by adding; there are no descriptors to look at."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = START_NS
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everything waits, and nothing is due: a deadlock"
        self._turns += 1
        assert self._turns < TURNS_MAX, f"time stands still at {self.now_ns}"
        if timeout > 0:
            self.now_ns += math.ceil(timeout * 1e9)
            self._turns = 0
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`defects` is what callbacks raised: the agent's and the world's own."""

    def __init__(self, random: Random) -> None:
        self.defects: list[BaseException] = []
        self._virtual = _Selector()
        super().__init__(self._virtual)
        self._random = random

    @property
    def now_ns(self) -> int:
        return self._virtual.now_ns

    def time(self) -> float:
        return self._virtual.now_ns / 1e9

    def after_ns(self, delay_ns: int, call: Callable[[], object]) -> asyncio.TimerHandle:
        return self.call_later(delay_ns / 1e9, call)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if isinstance(error := context.get("exception"), Exception):
            self.defects.append(error)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    async def subprocess_exec(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a child was started, whose end no simulated time brings")

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do it inline, a moment later; only what the world does (OSError) is the caller's."""
        future: asyncio.Future[Any] = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except OSError as error:
                if not future.done():
                    future.set_exception(error)
                return
            if not future.done():
                future.set_result(result)

        self.call_later(self._random.uniform(0, THREAD_S_MAX), work)
        return future
