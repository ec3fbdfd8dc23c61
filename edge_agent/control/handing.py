"""Files of the agent's that are handed over to who may read them, on its own socket.

They are its own user's (0600).  Whoever has a role for them asks once, which is recorded; from then
on the conversation is of these files alone: their names, and each by its name, answered with a
descriptor that is open for reading (SCM_RIGHTS in unix(7)).  So what is read costs the agent no
more than its opening, and what it writes meanwhile is seen as it is written.
"""

import asyncio
import contextlib
import errno
import json
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LINE_BYTES_MAX = 4 << 20  # the names of a hundred thousand files
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Handing:
    """An answer after which the conversation is of the files in `folder`."""

    answer: Mapping[str, Any]
    folder: Path


async def hand_over(
    folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer until the other end is gone, or asks on without reading.

    Raises ConnectionError, ValueError of a line that is too long or no JSON, RecursionError.
    """
    writer.transport.set_write_buffer_limits(0)  # a descriptor must not overtake other bytes
    connection: socket.socket = writer.get_extra_info("socket").dup()
    with connection:
        while line := await reader.readline():
            request = json.loads(line)
            wanted = request.get("open") if isinstance(request, dict) else None
            try:
                if wanted is None:
                    names = await asyncio.to_thread(os.listdir, folder)
                    writer.write(json.dumps({"names": names}).encode() + b"\n")
                    await writer.drain()
                    continue
                descriptor = await asyncio.to_thread(_opened, folder, str(wanted))
            except OSError as error:
                answer = {"errno": error.errno or errno.EIO}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
                continue
            try:
                socket.send_fds(connection, [b"{}\n"], [descriptor])
            except OSError as error:  # too much, or too many descriptors, are on the way to it
                raise ConnectionAbortedError("it asks on without reading") from error
            finally:
                os.close(descriptor)


def _opened(folder: Path, name: str) -> int:
    """Open a regular file of the folder for reading.  Raises OSError."""
    if "/" in name or "\0" in name:
        raise OSError(errno.ENOENT, "no name of a file")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not hang us
    descriptor = os.open(folder / name, flags)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.ENOENT, "no file")


class Handed:
    """The files that a running agent hands over; `facts` is what it says of them.

    Raises OSError where none answers, ValueError where it refuses.  `close` it in the end.  Where
    an answer did not come, ConnectionError from then on: a late one is none to the next question.
    """

    def __init__(self, path: Path, patience_s: float, **request: Any) -> None:
        self._peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._peer.settimeout(patience_s)
            self._peer.connect(str(path))
        except BaseException:
            self._peer.close()
            raise
        answer, _ = self._ask(request)
        if not answer["ok"]:
            self._peer.close()
            raise ValueError(answer["error"])
        self.facts: Mapping[str, Any] = answer["answer"]

    def close(self) -> None:
        """Ask no more; what is open stays so."""
        self._peer.close()

    def names(self) -> list[str]:
        """Return the names of the files there are, in any order."""
        answer, _ = self._ask({})
        if "errno" in answer:
            raise _refusal(answer)
        return [str(name) for name in answer["names"]]

    def open(self, name: str) -> int:
        """Return a descriptor of a file, open for reading."""
        answer, descriptors = self._ask({"open": name})
        if not descriptors:
            raise _refusal(answer)
        return descriptors[0]

    def _ask(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], list[int]]:
        try:
            return self._answered(request)
        except BaseException:
            self._peer.close()
            raise

    def _answered(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], list[int]]:
        if self._peer.fileno() < 0:
            raise ConnectionAbortedError("nothing is asked any more")
        line, descriptors = b"", list[int]()
        # closed before it read: a reset, or a pipe that is broken
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._peer.sendall(json.dumps(request).encode() + b"\n")
            while not line.endswith(b"\n") and len(line) < _LINE_BYTES_MAX:
                data, came, _, _ = socket.recv_fds(self._peer, _CHUNK_BYTES, 1)
                line, descriptors = line + data, descriptors + came
                if not data:
                    break
        if not line.endswith(b"\n"):
            raise ConnectionAbortedError("the agent closed the connection")
        answer: dict[str, Any] = json.loads(line)
        return answer, descriptors


def _refusal(answer: Mapping[str, Any]) -> OSError:
    number = int(answer.get("errno", errno.EPROTO))
    return OSError(number, os.strerror(number))
