"""Files are handed over by their names, for reading alone, and nothing else is.

Seen to fail: a name with a slash that leads out of the folder; a link followed; a second question
answered with the descriptor of the first.
"""

import asyncio
import contextlib
import json
import os
import resource
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edge_agent.control.access import Access, may
from edge_agent.control.handing import Handed, Handing
from edge_agent.control.socket import CONVERSATIONS_MAX, ControlSocket, Peer, ask, handed
from edge_agent.domain.access import Role
from tests.cli.test_reading import NOBODY, as_user


def served(folder: Path, client: Callable[[Path], Any]) -> Any:
    """Run `client` beside an agent's socket that hands over what is in `folder`."""
    path = folder.parent / "agent.sock"

    async def records(request: Mapping[str, Any], peer: Peer) -> Handing:
        if request.get("what") == "nothing":
            raise ValueError("not today")
        return Handing({"who": str(peer), "what": request.get("what")}, folder)

    async def run() -> Any:
        server = ControlSocket(path, {"records": records})
        await server.start()
        try:
            return await asyncio.to_thread(client, path)
        finally:
            await server.stop()

    return asyncio.run(run())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "journal"
    made.mkdir()
    (made / "one").write_bytes(b"first")
    (made / "two").write_bytes(b"second")
    (tmp_path / "secret").write_bytes(b"no business of theirs")
    (made / "link").symlink_to(tmp_path / "secret")
    (made / "sub").mkdir()
    os.mkfifo(made / "fifo")
    return made


def content(files: Handed, name: str) -> bytes:
    descriptor = files.open(name)
    try:
        return os.pread(descriptor, 100, 0)
    finally:
        os.close(descriptor)


def again(path: Path) -> None:
    with contextlib.closing(handed(path, "records")) as files:
        assert content(files, "one") == b"first"


def test_files_are_read_by_their_names_and_as_they_grow(folder: Path) -> None:
    def client(path: Path) -> None:
        files = handed(path, "records", what="events")
        assert files.facts["what"] == "events"
        assert {"one", "two"} <= set(files.names())
        assert [content(files, name) for name in ("two", "one", "two")] == [
            b"second",
            b"first",
            b"second",
        ]
        descriptor = files.open("one")
        with (folder / "one").open("ab") as stream:
            stream.write(b" and more")
        assert os.pread(descriptor, 100, 0) == b"first and more"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.pwrite(descriptor, b"x", 0)
        os.close(descriptor)
        (folder / "three").write_bytes(b"new")
        assert content(files, "three") == b"new"
        files.close()

    served(folder, client)


@pytest.mark.parametrize(
    "name", ["../secret", "link", "sub", "fifo", "none", "", ".", "one\0two", "/etc/passwd"]
)
def test_nothing_else_is_handed_over(folder: Path, name: str) -> None:
    def client(path: Path) -> None:
        files = handed(path, "records")
        with pytest.raises(OSError, match=r"No such file|Too many levels"):
            files.open(name)
        assert content(files, "one") == b"first", "the next question is answered"
        files.close()

    served(folder, client)


def test_a_refusal_is_said_and_a_folder_that_is_gone(folder: Path, tmp_path: Path) -> None:
    def client(path: Path) -> None:
        with pytest.raises(ValueError, match="not today"):
            handed(path, "records", what="nothing")
        with pytest.raises(FileNotFoundError):
            handed(path.with_name("nobody"), "records")
        files = handed(path, "records")
        folder.rename(tmp_path / "elsewhere")
        with pytest.raises(FileNotFoundError):
            files.names()
        files.close()

    served(folder, client)


@pytest.mark.parametrize("line", [b"no json\n", b"[1]\n", b'{"open": 7}\n', b"[" * 9_000 + b"\n"])
def test_nonsense_ends_no_more_than_its_own_conversation(folder: Path, line: bytes) -> None:
    def client(path: Path) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(10)
            peer.connect(str(path))
            peer.sendall(b'{"do": "records"}\n' + line)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65_536):
                pass
        again(path)

    served(folder, client)


def test_who_asks_on_without_reading_is_left(folder: Path) -> None:
    """Seen to fail: it kept a descriptor for each question, without end."""

    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def client(path: Path) -> None:
        before = opened()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(10)
            peer.connect(str(path))
            peer.sendall(b'{"do": "records"}\n')
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                for _ in range(1_000_000):
                    peer.sendall(b'{"open": "one"}\n')
        again(path)
        assert opened() < before + 20

    served(folder, client)


def test_a_late_answer_is_none_to_the_next_question(folder: Path, tmp_path: Path) -> None:
    """Seen to fail: who asked for two after one had taken too long was handed one."""
    path = tmp_path / "slow.sock"
    asked, late = threading.Event(), threading.Event()

    def serve(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer, (folder / "one").open("rb") as one:
            peer.recv(100)
            peer.sendall(b'{"ok": true, "answer": {}}\n')
            peer.recv(100)
            asked.wait(10)
            with contextlib.suppress(BrokenPipeError):
                socket.send_fds(peer, [b"{}\n"], [one.fileno()])
            late.set()

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, ThreadPoolExecutor() as do:
        listener.bind(str(path))
        listener.listen()
        served = do.submit(serve, listener)
        files = Handed(path, 0.2, do="records")
        with pytest.raises(TimeoutError):
            files.open("one")
        asked.set()
        assert late.wait(10)
        with pytest.raises(ConnectionError):
            files.open("two")
        served.result()


def test_more_descriptors_than_may_be_on_the_way_end_the_conversation(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a user without privileges (unix(7), ETOOMANYREFS).  Seen to fail: nobody caught it."""

    def client(path: Path) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(10)
            peer.connect(str(path))
            peer.sendall(b'{"do": "records"}\n')
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                for _ in range(1_000_000):
                    peer.sendall(b'{"open": "one"}\n')

    for part in (folder.parent, *folder.parent.parents[:2]):
        part.chmod(0o777)
    for part in (folder, folder / "one"):
        part.chmod(0o755)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 50, hard))
    try:
        if os.geteuid() == 0:
            as_user(NOBODY, lambda: served(folder, client))
        else:
            served(folder, client)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not [one for one in caplog.records if one.name == "asyncio"]


def test_a_conversation_that_ended_is_room_for_another(folder: Path) -> None:
    def client(path: Path) -> None:
        for _ in range(2 * CONVERSATIONS_MAX):
            handed(path, "records").close()
        assert json.loads(json.dumps(ask(path, "records")))["what"] is None

    served(folder, client)


def test_records_are_for_who_may_read() -> None:
    access = Access({Role.INSPECTOR: frozenset({"ida"}), Role.TECHNICIAN: frozenset({"tom"})})
    assert may(access.roles("ida", ()), "records")
    assert not may(access.roles("tom", ()), "records")
