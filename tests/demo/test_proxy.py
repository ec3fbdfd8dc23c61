"""The network that can be cut: bytes go through, a cut resets and refuses, mending lets through."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from edge_agent.demo.proxy import Network

PATIENCE_S = 60


def with_network(scenario: Callable[[Network], Awaitable[None]], port: int | None = None) -> None:
    """Run `scenario` with a network before an echo server."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(100):
                writer.write(data)
        except OSError:
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        network = Network(port or server.sockets[0].getsockname()[1])
        await network.mend()
        async with asyncio.timeout(PATIENCE_S):
            try:
                await scenario(network)
            finally:
                await network.close()
                server.close()

    asyncio.run(run())


async def call(network: Network) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", network.port)


async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"hello")
    return await reader.readexactly(5)


def test_bytes_go_both_ways_until_either_end_goes() -> None:
    async def scenario(network: Network) -> None:
        reader, writer = await call(network)
        assert await says(reader, writer) == b"hello"
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()

    with_network(scenario)


def test_a_cut_resets_what_is_connected_and_refuses_what_calls() -> None:
    async def scenario(network: Network) -> None:
        reader, writer = await call(network)
        assert await says(reader, writer) == b"hello"
        network.cut()
        assert network.is_cut
        with pytest.raises(ConnectionResetError):
            await reader.read(5)
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await call(network)

    with_network(scenario)


def test_mended_it_is_at_the_same_place() -> None:
    async def scenario(network: Network) -> None:
        port = network.port
        network.cut()
        network.cut()
        await network.mend()
        await network.mend()
        assert network.port == port
        reader, writer = await call(network)
        assert await says(reader, writer) == b"hello"
        writer.close()

    with_network(scenario)


def test_without_anybody_behind_callers_are_reset() -> None:
    async def scenario(network: Network) -> None:
        reader, writer = await call(network)
        with pytest.raises(ConnectionResetError):
            await reader.read(5)
        writer.close()

    with_network(scenario, port=1)
