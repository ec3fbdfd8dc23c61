"""Other users of the machine at the gateway's own socket, known by the kernel's word."""

import asyncio
import grp
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_agent.control.access import Access
from edge_agent.control.socket import ControlSocket, Peer
from edge_agent.domain.access import Role
from tests.control.test_socket import Guarding


async def _status(_request: Mapping[str, Any], _peer: Peer) -> Any:
    return "well"


async def _whoami(_request: Mapping[str, Any], peer: Peer) -> Any:
    return str(peer)


def asked_as(uid: int, gid: int, path: Path, *questions: str) -> list[str]:
    """Ask as another user, in a child; return its answers."""
    code = (
        "import os\n"
        "from pathlib import Path\n"
        "from edge_agent.control.socket import ask\n"
        f"os.setgroups([{gid}]); os.setgid({gid}); os.setuid({uid})\n"
        f"for do in {questions!r}:\n"
        "    try:\n"
        f"        print(ask(Path({str(path)!r}), do))\n"
        "    except (OSError, ValueError) as error:\n"
        "        print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()


@pytest.mark.needs("users")
def test_others_may_as_far_as_their_role_goes() -> None:
    """Seen to fail with roles taken of the agent's own user instead of the peer's."""
    nobody = pwd.getpwnam("nobody")
    group = grp.getgrgid(nobody.pw_gid).gr_name
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "agent.sock"

        def served(access: Access) -> tuple[list[str], list[tuple[str, str]]]:
            guard = Guarding(access)

            async def run() -> list[str]:
                handlers = {"status": _status, "order": _whoami}
                server = ControlSocket(path, handlers, guard)
                await server.start()
                path.chmod(0o666)  # as if this user were in the agent's group
                try:
                    questions = ("status", "order", "order")
                    return await asyncio.to_thread(
                        asked_as, nobody.pw_uid, nobody.pw_gid, path, *questions
                    )
                finally:
                    await server.stop()

            return asyncio.run(run()), guard.told

        who = f"nobody (uid {nobody.pw_uid})"
        said, told = served(Access())
        assert all("closed the connection" in one for one in said)
        assert told == [(who, "a connection")], "once, however often"
        said, told = served(Access({Role.VIEWER: frozenset({f"@{group}"})}))
        assert said == ["well", *["'order' is not for a viewer"] * 2]
        assert told == [(who, "order")]
        said, told = served(Access({Role.TECHNICIAN: frozenset({"nobody"})}))
        assert said[1] == who
        assert told == []
