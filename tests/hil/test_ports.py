"""Free ports: none is given twice while its owner lives, and the bound on claims is kept."""

import os
import socket
import subprocess
import sys
from collections import deque

import pytest

from hil import ports
from hil.ports import free_port


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on them yet, and none is given again meanwhile."""
    monkeypatch.setattr(ports, "PORTS", range(20_000, 20_100))
    assert len({free_port() for _ in range(50)}) == 50


def test_no_other_process_is_given_it_until_its_owner_has_ended() -> None:
    port = free_port()
    asks = (
        "from hil import ports\n"
        f"try: ports._claim({port})\n"
        "except OSError: print('taken')\n"
        "print(ports.free_port())"
    )
    command = [sys.executable, "-W", "error", "-c", asks]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    taken, theirs = ended.stdout.split()
    assert (taken, ended.stderr) == ("taken", ""), "no claim is left open with a warning"
    os.close(ports._claim(int(theirs)))


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_in_use_is_not_given(
    kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(type=kind) as user:
        user.bind(("127.0.0.1", port := free_port()))
        if kind is socket.SOCK_STREAM:
            user.listen()
        monkeypatch.setattr(ports, "PORTS", [port, port, port, other := free_port()])
        monkeypatch.setattr(ports, "_claim", lambda _: os.open(os.devnull, os.O_RDONLY))
        assert {free_port() for _ in range(8)} == {other}


def test_the_oldest_claim_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr(ports, "_claims", deque([ports._claims.pop()]))
    monkeypatch.setattr(ports, "CLAIMS_MAX", 1)
    with pytest.raises(OSError, match="in use"):
        ports._claim(port)
    free_port()
    os.close(ports._claim(port))
    os.close(ports._claims.pop())
