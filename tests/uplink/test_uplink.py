"""The shell where no broker is needed, or only one that says yes; the rest is in tests/system."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.evidence.signers import P256Signer
from edge_agent.uplink.dial import CenterAccess
from edge_agent.uplink.messages import Cursor
from edge_agent.uplink.uplink import Portion, Site, Uplink
from tests.uplink.rig import EPOCH, GATEWAY, MemorySource, make_event, until
from tests.uplink.stub import CONNACK_OK, Stub, connected_to


class BrokenSource(MemorySource):
    """A source whose disk, or whose code, fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = error

    async def fetch(self, lane: int, after: Cursor | None, bytes_max: int) -> Portion:
        if self.error is not None:
            self.fetches += 1
            raise self.error
        return await super().fetch(lane, after, bytes_max)


@asynccontextmanager
async def around(
    source: MemorySource, stub: Stub, folder: Path, *, stopping: bool = False
) -> AsyncIterator[Uplink]:
    """Make an uplink, not yet running, whose broker is `stub`."""
    async with connected_to(stub, folder) as (port, _):
        port.abandon()
        site = Site(GATEWAY, EPOCH, lambda: b"my status", is_stopping=lambda: stopping)
        center = CenterAccess("center", P256Signer.generate().public, (port._path,), "gw1-x")
        yield Uplink(site, center, source, SystemClock())


def test_before_it_runs_an_offer_is_left_to_the_source(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with around(MemorySource(), Stub(CONNACK_OK), tmp_path) as uplink:
            uplink.offer(make_event(1, 0))
            view = uplink.view()
            assert not view.connected
            assert view.waiting_bytes == 0
            assert view.behind == tuple(range(7))

    asyncio.run(scenario())


def test_a_source_that_cannot_read_stops_neither_alarms_nor_the_uplink(tmp_path: Path) -> None:
    source, stub = BrokenSource(OSError(5, "I/O error")), Stub(CONNACK_OK)

    async def scenario() -> None:
        async with around(source, stub, tmp_path) as uplink:
            task = asyncio.ensure_future(uplink.run())
            await until(lambda: source.fetches)
            alarm = make_event(1, 0)
            uplink.offer(alarm)
            await until(lambda: alarm.data in stub.heard)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            uplink.offer(make_event(2, 0))

    asyncio.run(scenario())


def test_a_defect_of_ours_ends_run(tmp_path: Path) -> None:
    """It must not die unseen in a callback: the process ends and is started again."""
    source = BrokenSource(ZeroDivisionError())

    async def scenario() -> None:
        async with around(source, Stub(CONNACK_OK), tmp_path) as uplink:
            with pytest.raises(ExceptionGroup) as caught:
                async with asyncio.timeout(60):
                    await uplink.run()
            assert caught.group_contains(ZeroDivisionError)

    asyncio.run(scenario())


def test_memory_stays_bounded_while_nothing_is_receipted(tmp_path: Path) -> None:
    source = MemorySource()

    async def scenario() -> None:
        async with around(source, Stub(CONNACK_OK), tmp_path) as uplink:
            task = asyncio.ensure_future(uplink.run())
            await until(lambda: uplink.view().connected)
            for seq in range(1, 5000):
                uplink.offer(make_event(seq, seq % 7))
            view = uplink.view()
            assert view.outstanding_bytes <= 64 * 1024
            assert view.waiting_bytes <= 7 * 128 * 1024
            assert view.tally.overflowed > 2000
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(scenario())


def test_an_offer_while_it_is_ending_is_left_to_the_source(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with around(MemorySource(), Stub(CONNACK_OK), tmp_path) as uplink:
            task = asyncio.ensure_future(uplink.run())
            await until(lambda: uplink.view().connected and not uplink.view().behind)
            task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
            for seq in range(1, 2000):  # more than memory holds: it would ask the source
                uplink.offer(make_event(seq, seq % 7))
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(scenario())


@pytest.mark.parametrize("stopping", [True, False])
def test_only_an_orderly_stop_says_good_bye(tmp_path: Path, stopping: bool) -> None:
    stub = Stub(CONNACK_OK)

    async def scenario() -> None:
        async with around(MemorySource(), stub, tmp_path, stopping=stopping) as uplink:
            task = asyncio.ensure_future(uplink.run())
            await until(lambda: stub.heard.count(b"my status") == 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: not stub.open)
            assert stub.heard.count(b"my status") == 1 + stopping

    asyncio.run(scenario())


def test_a_piece_of_a_clip_is_answered_for(tmp_path: Path) -> None:
    source, stub = MemorySource(), Stub(CONNACK_OK)

    async def scenario() -> None:
        async with around(source, stub, tmp_path) as uplink:
            assert not uplink.is_idle()
            assert await uplink.hand_over(b"piece") == "there is no connection"
            task = asyncio.ensure_future(uplink.run())
            await until(lambda: uplink.view().connected)
            handed = uplink.hand_over(b"piece")
            await until(lambda: b"/files" in stub.heard and b"piece" in stub.heard)
            assert not handed.done(), "the broker has not taken it"
            assert not uplink.is_idle(), "nothing was receipted"
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await handed == "the connection was lost"

    asyncio.run(scenario())
