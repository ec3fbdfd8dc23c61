"""Tries a serial port with a plug that joins its TX and RX: is it quiet, does it say what it heard?

First it listens: on a joined pair nothing may come that nobody sent, so what comes is noise.  Then
printable text goes out, block by block, and every block must come back as it went.  No byte of it
is a control code, so that nothing is ordered of a panel that somebody forgot to unplug; yet a panel
may take it for damage of its line: the panel has to be off the line.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from edge_agent.clock import Clock
from edge_agent.domain.address import SerialAddress
from edge_agent.link.line import Happening, Heard, Line
from edge_agent.link.serial_line import SerialOpener

PATTERN = bytes(range(0x20, 0x7F)) * 3
"""Each printable character: every bit pattern of seven bits but the control codes."""

BLOCK_BYTES = 19  # fifteen blocks
LISTEN_S = 1.0
NOISE_BYTES_MAX = 4096
PATIENCE_S = 1.0  # for a block, above the time that its bits take
BITS_A_BYTE_MAX = 12  # start, eight bits, parity, two stop


@dataclass(frozen=True, slots=True)
class Echo:
    """What came of it, in bytes: `noise` before anything was sent, `wrong` or missing after."""

    sent: int
    came: int
    wrong: int
    noise: int

    @property
    def good(self) -> bool:
        """Whether the port says what it was told, and nothing else."""
        return self.sent > 0 and not self.wrong and not self.noise and self.came == self.sent

    @property
    def detail(self) -> str:
        """Say it in words."""
        if not self.came and not self.noise:
            return f"none of {self.sent} bytes came back"
        said = f"{self.came} of {self.sent} bytes came back, {self.wrong} wrong"
        return f"{said}; {self.noise} came that nobody sent" if self.noise else said

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.good:
            return ""
        if not self.came:
            return "join TX and RX (pins 2 and 3 of a D-sub 9); if they are, change the adapter"
        if self.noise:
            return (
                "take the panel off the line; then look for interference, an open shield, no earth"
            )
        return "try a lower speed; change cable and adapter"


async def try_loopback(address: SerialAddress, clock: Clock) -> Echo:
    """Return what came back at the port.  Raises LineError where it cannot be opened or is lost."""
    line = await SerialOpener(address, clock).open()
    ear = _Ear(line)
    try:
        noise = len(await ear.listen(NOISE_BYTES_MAX, LISTEN_S))
        sent = came = wrong = 0
        block_s = BLOCK_BYTES * BITS_A_BYTE_MAX / address.baud + PATIENCE_S
        for at in range(0, len(PATTERN), BLOCK_BYTES):
            block = PATTERN[at : at + BLOCK_BYTES]
            line.write(block)
            got = await ear.listen(len(block), block_s)
            sent, came = sent + len(block), came + len(got)
            wrong += sum(one != other for one, other in zip(block, got, strict=False))
            if not came:
                break  # the first block tells that there is no loop
        return Echo(sent, came, wrong, noise)
    finally:
        line.close()


class _Ear:
    """Reads a line for a while at a time; a reading that is under way is taken up again."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._reading: asyncio.Future[Heard] | asyncio.Future[Happening] | None = None

    async def listen(self, most: int, patience_s: float) -> bytes:
        """Return what comes until so many bytes are there or the time is over."""
        got = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while len(got) < most:
                    if self._reading is None:
                        self._reading = self._line.read()
                    await asyncio.wait([self._reading])
                    happened, self._reading = self._reading.result(), None
                    if isinstance(happened, Heard):
                        got += happened.data
        return got
