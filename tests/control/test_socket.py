"""The local socket: answers its own user, survives nonsense, never crashes."""

import asyncio
import getpass
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_agent.control.access import Access
from edge_agent.control.socket import REQUEST_BYTES_MAX, ControlSocket, Peer, ask
from edge_agent.domain.access import Role


async def _status(request: Mapping[str, Any], _peer: Peer) -> Any:
    return {"hello": request.get("name")}


async def _whoami(_request: Mapping[str, Any], peer: Peer) -> Any:
    return str(peer)


async def _refuse(_request: Mapping[str, Any], _peer: Peer) -> Any:
    raise ValueError("not today")


def _serve(path: Path, client: Any) -> Any:
    async def run() -> Any:
        server = ControlSocket(path, {"status": _status, "whoami": _whoami, "refuse": _refuse})
        await server.start()
        try:
            return await asyncio.to_thread(client)
        finally:
            await server.stop()

    return asyncio.run(run())


def test_a_question_is_answered_and_a_refusal_is_said(tmp_path: Path) -> None:
    path = tmp_path / "run" / "agent.sock"

    def client() -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert ask(path, "status", name="gw") == {"hello": "gw"}
        with pytest.raises(ValueError, match="not today"):
            ask(path, "refuse")
        with pytest.raises(ValueError, match="status, whoami, refuse"):
            ask(path, "dance")

    _serve(path, client)
    assert not path.exists()


def test_who_asks_is_known_by_the_kernels_word(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    mine = f"{getpass.getuser()} (uid {os.getuid()})"
    assert _serve(path, lambda: ask(path, "whoami", uid=12345)) == mine
    assert str(Peer(3_999_999_999)) == "uid 3999999999", "no such user"


def test_a_socket_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    path.write_text("left over")
    assert _serve(path, lambda: ask(path, "status")) == {"hello": None}


@pytest.mark.parametrize(
    "line", [b"not json\n", b"[1]\n", b'{"do":5}\n', b"[" * 50_000 + b"\n", b"\xff\xfe\n"]
)
def test_nonsense_is_refused_and_the_next_question_is_answered(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "agent.sock"

    async def run() -> None:
        server = ControlSocket(path, {"status": _status})
        await server.start()
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(line)
        assert not json.loads(await reader.readline())["ok"]
        writer.write(b'{"do":"status"}\n')
        assert json.loads(await reader.readline())["ok"]
        writer.write(b"x" * (REQUEST_BYTES_MAX * 2))  # too long: the conversation ends
        assert await reader.read() == b""
        writer.close()
        await server.stop()

    asyncio.run(run())


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011  the kernel's own words
        ask(tmp_path / "none.sock", "status")


class Guarding:
    """Lets in as it is told, and keeps what it is told of refusals."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.told: list[tuple[str, str]] = []

    def refused(self, who: str, what: str) -> None:
        self.told.append((who, what))


def test_the_group_may_come_to_the_socket_where_anybody_has_a_role(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"

    async def mode(access: Access) -> int:
        server = ControlSocket(path, {}, Guarding(access))
        await server.start()
        try:
            return stat.S_IMODE(path.stat().st_mode)
        finally:
            await server.stop()

    assert asyncio.run(mode(Access())) == 0o600
    assert asyncio.run(mode(Access({Role.VIEWER: frozenset({"eve"})}))) == 0o660
