"""Lets one task wait for whichever of many things happens first, without a task for each."""

import asyncio


class Wake:
    """Called by anything that happens, from the loop; `wait` returns soon after.

    A call while nobody waits is kept: the next `wait` returns at once.
    """

    def __init__(self) -> None:
        self._called = False
        self._waiter: asyncio.Future[None] | None = None

    def __call__(self, _: object = None) -> None:
        """Something happened; usable as a future's callback."""
        self._called = True
        self._release()

    async def wait(self, wait_ns: int | None) -> None:
        """Return after a call, or after `wait_ns` (None: however long it takes).

        The loop turns at least once, so that nobody who always has work starves the others.
        """
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        handle: asyncio.Handle | None = None
        if self._called or (wait_ns is not None and wait_ns <= 0):
            handle = loop.call_soon(self._release)
        elif wait_ns is not None:
            handle = loop.call_later(wait_ns / 1e9, self._release)
        try:
            await self._waiter
        finally:
            self._called = False
            self._waiter = None
            if handle is not None:
                handle.cancel()

    def _release(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
