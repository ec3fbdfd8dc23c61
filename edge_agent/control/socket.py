"""The local Unix socket: one JSON request a line, one JSON answer a line.

Who asks is known by the kernel's word (SO_PEERCRED in unix(7)).  Only the agent's own user and root
may, and whoever has a role that is enough for what is asked; where nobody has one, the socket's
mode keeps the others off as well.
"""

import asyncio
import contextlib
import grp
import json
import os
import pwd
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from edge_agent.control.access import Access, may
from edge_agent.control.complaints import Complaints
from edge_agent.control.handing import Handed, Handing, hand_over
from edge_agent.domain.access import Role

REQUEST_BYTES_MAX = 65_536  # requests are a word and a few arguments
ANSWER_BYTES_MAX = 4 << 20  # the status of 64 panels is some 50 kB
CONVERSATIONS_MAX = 16
"""Of root and the agent's own user, and as many of all others together, who cannot keep those out:
a technician, who may watch, a page and a monitor; more is a leak."""
ANSWER_S_MAX = 10.0

_CLOSED = (
    "the agent closed the connection: only root, its own user and those named in [access] of its"
    " configuration may ask"
)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, by the kernel's word; `roles` None: root or the agent's own user."""

    uid: int
    roles: frozenset[Role] | None = None

    def __str__(self) -> str:
        try:
            return f"{pwd.getpwuid(self.uid).pw_name} (uid {self.uid})"
        except KeyError:  # no such user any more
            return f"uid {self.uid}"


Handler = Callable[[Mapping[str, Any], Peer], Awaitable[Any]]
"""Takes the request's arguments and who asks, returns what can be said in JSON, or a `Handing`;
raises ValueError to refuse."""


class Guard(Protocol):
    """Says who else may ask, and is told who was refused what."""

    @property
    def access(self) -> Access:
        """Who may ask what."""

    def refused(self, who: str, what: str) -> None:
        """Take note of a refusal."""


log = structlog.get_logger()


class ControlSocket:
    """Serves `handlers`, by the request's `do`, on a Unix socket at `path`.

    Without a `guard` only root and the agent's own user may ask.
    """

    def __init__(
        self, path: Path, handlers: Mapping[str, Handler], guard: Guard | None = None
    ) -> None:
        self._path = path
        self._handlers = handlers
        self._guard = guard
        self._access = guard.access if guard else Access()
        self._complaints: Complaints[int] = Complaints()  # by user
        self._open = {True: 0, False: 0}  # of root and the agent's own user, and of others
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raises OSError where the folder is missing or not ours."""
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()  # left by a crash: the journal's lock keeps a second agent out
        # the folder's own mode lets only members of the agent's group come so far
        mask = os.umask(0o117 if self._access.anybody else 0o177)
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
        peer = self._entitled(writer)
        is_own = peer is not None and peer.roles is None
        self._open[is_own] += 1
        try:
            if self._open[is_own] <= CONVERSATIONS_MAX and peer is not None:
                while line := await reader.readline():
                    answer, handing = await self._answer(line, peer)
                    writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                    await writer.drain()
                    if handing is not None:
                        await hand_over(handing.folder, reader, writer)
        except (ConnectionError, ValueError, RecursionError):  # gone, or a line over the limit
            pass
        finally:
            self._open[is_own] -= 1
            writer.close()

    async def _answer(self, line: bytes, peer: Peer) -> tuple[dict[str, Any], Handing | None]:
        try:
            told = await self._asked(line, peer)
        except ValueError as error:
            return {"ok": False, "error": str(error)}, None
        if isinstance(told, Handing):
            return {"ok": True, "answer": told.answer}, told
        return {"ok": True, "answer": told}, None

    async def _asked(self, line: bytes, peer: Peer) -> Any:
        """Return the answer of what is asked for.  Raises ValueError to refuse."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as error:  # hostile nesting ends in the latter
            raise ValueError("the request is not JSON") from error
        asked = str(request.get("do")) if isinstance(request, dict) else ""
        handler = self._handlers.get(asked)
        if handler is None:
            raise ValueError(f"'do' is one of: {', '.join(self._handlers)}")
        if peer.roles is not None and not may(peer.roles, asked):
            self._refuse(peer, asked)
            roles = ", ".join(sorted(peer.roles))
            raise ValueError(f"'{asked}' is not for a {roles}")
        return await handler(request, peer)

    def _entitled(self, writer: asyncio.StreamWriter) -> Peer | None:
        connection: socket.socket = writer.get_extra_info("socket")
        size = struct.calcsize("3i")
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        _pid, uid, gid = struct.unpack("3i", credentials)
        if uid in (0, os.getuid()):
            return Peer(uid)
        peer = Peer(uid, self._access.roles(*_names(uid, gid)))
        if peer.roles:
            return peer
        self._refuse(peer, "a connection")
        return None

    def _refuse(self, peer: Peer, what: str) -> None:
        now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        for say in self._complaints.handle(peer.uid, what, now_ns):
            who, times = str(Peer(say.kind)), f", {say.count} times" if say.count > 1 else ""
            log.warning("control.refused", who=who, what=say.detail, times=say.count)
            if self._guard is not None:
                self._guard.refused(who, f"{say.detail}{times}")


def _names(uid: int, gid: int) -> tuple[str, list[str]]:
    """Return a user's name and those of his groups; a user that is not known has none."""
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        return "", []
    names = []
    for one in os.getgrouplist(user, gid):
        with contextlib.suppress(KeyError):
            names.append(grp.getgrgid(one).gr_name)
    return user, names


def ask(path: Path, do: str, patience_s: float = ANSWER_S_MAX, **arguments: Any) -> Any:
    """Ask the running agent; raise OSError where none answers, ValueError where it refuses."""
    line = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(patience_s)
        peer.connect(str(path))
        # closed before it read: a reset, or a pipe that is broken
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
            with peer.makefile("rb") as answers:
                line = answers.readline(ANSWER_BYTES_MAX)
    if not line.endswith(b"\n"):
        raise ConnectionError(_CLOSED)
    answer = json.loads(line)
    if not answer["ok"]:
        raise ValueError(answer["error"])
    return answer["answer"]


def handed(path: Path, do: str, **arguments: Any) -> Handed:
    """Ask for files; raise OSError where no agent answers, ValueError where it refuses."""
    try:
        return Handed(path, ANSWER_S_MAX, do=do, **arguments)
    except ConnectionAbortedError as error:
        raise ConnectionError(_CLOSED) from error
