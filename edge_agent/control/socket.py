"""The local Unix socket: one JSON request a line, one JSON answer a line.

Only the agent's own user and root may connect (the socket's mode, and the kernel's word about the
peer, SO_PEERCRED in unix(7)).
"""

import asyncio
import contextlib
import json
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

REQUEST_BYTES_MAX = 65_536  # requests are a word and a few arguments
ANSWER_BYTES_MAX = 4 << 20  # the status of 64 panels is some 50 kB
CONVERSATIONS_MAX = 16  # a technician, a page and a monitor; more is a leak
ANSWER_S_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, by the kernel's word."""

    uid: int

    def __str__(self) -> str:
        try:
            return f"{pwd.getpwuid(self.uid).pw_name} (uid {self.uid})"
        except KeyError:  # no such user any more
            return f"uid {self.uid}"


Handler = Callable[[Mapping[str, Any], Peer], Awaitable[Any]]
"""Takes the request's arguments and who asks, returns what can be said in JSON; raises ValueError
to refuse."""

log = structlog.get_logger()


class ControlSocket:
    """Serves `handlers`, by the request's `do`, on a Unix socket at `path`."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._open = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raises OSError where the folder is missing or not ours."""
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()  # left by a crash: the journal's lock keeps a second agent out
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._converse, str(self._path), limit=REQUEST_BYTES_MAX
            )
        finally:
            os.umask(mask)

    async def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            peer = _entitled(writer)
            if self._open <= CONVERSATIONS_MAX and peer is not None:
                while line := await reader.readline():
                    answer = json.dumps(await self._answer(line, peer), ensure_ascii=False)
                    writer.write(answer.encode() + b"\n")
                    await writer.drain()
        except (ConnectionError, ValueError):  # gone, or a line over the limit
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, line: bytes, peer: Peer) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):  # hostile nesting ends in the latter
            return {"ok": False, "error": "the request is not JSON"}
        handler = self._handlers.get(str(request.get("do"))) if isinstance(request, dict) else None
        if handler is None:
            return {"ok": False, "error": f"'do' is one of: {', '.join(self._handlers)}"}
        try:
            return {"ok": True, "answer": await handler(request, peer)}
        except ValueError as error:
            return {"ok": False, "error": str(error)}


def _entitled(writer: asyncio.StreamWriter) -> Peer | None:
    peer: socket.socket = writer.get_extra_info("socket")
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", credentials)
    if uid in (0, os.getuid()):
        return Peer(uid)
    log.warning("control.refused", uid=uid)
    return None


def ask(path: Path, do: str, patience_s: float = ANSWER_S_MAX, **arguments: Any) -> Any:
    """Ask the running agent; raise OSError where none answers, ValueError where it refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(patience_s)
        peer.connect(str(path))
        peer.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
        with peer.makefile("rb") as answers:
            line = answers.readline(ANSWER_BYTES_MAX)
    if not line.endswith(b"\n"):
        raise ConnectionError("the agent closed the connection: only its own user and root may ask")
    answer = json.loads(line)
    if not answer["ok"]:
        raise ValueError(answer["error"])
    return answer["answer"]
