"""A wait ends by a call, by time, at once for a call already made; and the loop always turns."""

import asyncio

from edge_agent.link.wake import Wake
from tests.link.rig import MS, run


def test_a_call_ends_the_wait() -> None:
    async def main() -> None:
        wake = Wake()
        asyncio.get_running_loop().call_soon(wake)
        await wake.wait(None)

    run(main())


def test_time_ends_the_wait() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await Wake().wait(5 * MS)
        return loop.time() - start

    assert run(main()) >= 0.005


def test_an_earlier_call_is_kept_for_one_wait() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        wake = Wake()
        wake()
        await wake.wait(None)
        start = loop.time()
        await wake.wait(5 * MS)
        return loop.time() - start

    assert run(main()) >= 0.005


def test_others_get_their_turn_even_if_there_is_always_work() -> None:
    async def main() -> None:
        turns: list[str] = []
        wake = Wake()

        async def busy() -> None:
            for _ in range(3):
                wake()
                await wake.wait(0)
                turns.append("busy")

        async def other() -> None:
            for _ in range(3):
                await asyncio.sleep(0)
                turns.append("other")

        await asyncio.gather(busy(), other())
        assert turns[-1] == "busy"
        assert turns.index("other") < 3

    run(main())
