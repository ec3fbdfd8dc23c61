"""The watchdog is fed only while the journal ends its turns."""

import resource
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge_agent.health.watchdog import Systemd, makes_progress
from edge_agent.limits import WATCHDOG_STALL_NS_MAX

S = 1_000_000_000


def test_an_idle_journal_and_a_short_turn_are_progress() -> None:
    assert makes_progress(None, 500 * S)
    assert makes_progress(5 * S, 5 * S + WATCHDOG_STALL_NS_MAX - 1)


def test_a_journal_that_hangs_in_one_turn_starves_the_watchdog() -> None:
    assert not makes_progress(5 * S, 5 * S + WATCHDOG_STALL_NS_MAX)


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        systemd = Systemd()
        systemd.notify("READY=1")
        assert manager.recv(100) == b"READY=1"
        assert systemd.watchdog_ns == 30 * S


def test_no_manager_and_a_dead_manager_are_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Systemd().notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    Systemd().notify("READY=1")


def test_a_manager_that_does_not_read_and_a_process_out_of_descriptors_hold_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        systemd = Systemd()

        def notify_on_and_on() -> None:
            for _ in range(5000):
                systemd.notify("WATCHDOG=1")

        with ThreadPoolExecutor(1) as pool:
            flood = pool.submit(notify_on_and_on)
            try:
                flood.result(10)
            finally:
                manager.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        systemd.notify("WATCHDOG=1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
