"""Sends files to a center that asked for them, in pieces; what asks for each waits for events."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import Any, BinaryIO

from edge_agent.evidence.piece import BYTES_MAX, Piece
from edge_agent.limits import FILE_SEND_S_MAX

Give = Callable[[bytes], Awaitable[str]]
"""Sends a piece to a center; tells why it was not taken, or nothing."""

Do = Callable[..., Awaitable[Any]]
"""Does what blocks, a function with its arguments, beside the loop."""


async def pieces(name: str, files: Sequence[Path], do: Do) -> AsyncGenerator[Piece, None]:
    """Yield the pieces of what is called `name`, file by file, in order.  Raises what `do` raises.

    The files are opened at once: one that is removed meanwhile is read to its end all the same.
    """
    with ExitStack() as opened:
        sources = [opened.enter_context(await do(_open, file)) for file in files]
        for part, source in enumerate(sources):
            offset = 0
            while data := await do(source.read, BYTES_MAX):
                yield Piece(name=name, part=part, offset=offset, data=data)
                offset += len(data)


def _open(file: Path) -> BinaryIO:
    return file.open("rb")


async def send(name: str, files: Sequence[Path], do: Do, give: Give) -> int:
    """Give all pieces; return how many bytes they had.

    Raises ValueError where the broker did not take one, or the line had no room for them.
    """
    sent, until_s = 0, asyncio.get_running_loop().time() + FILE_SEND_S_MAX
    async with aclosing(pieces(name, files, do)) as all_:
        async for piece in all_:
            try:
                async with asyncio.timeout_at(until_s):
                    why = await give(piece.to_bytes())
            except TimeoutError as error:
                raise ValueError("the line had no room for it beside the events") from error
            if why:
                raise ValueError(f"after {sent} bytes the broker did not take it: {why}")
            sent += len(piece.data)
    return sent
