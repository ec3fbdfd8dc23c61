"""The watchdog is fed only while the journal makes progress."""

import socket
from pathlib import Path

import pytest

from edge_agent.health.watchdog import Pulse, Systemd, Watchdog
from edge_agent.limits import WATCHDOG_STALL_NS_MAX

S = 1_000_000_000


def test_progress_and_idleness_are_healthy() -> None:
    watchdog = Watchdog()
    for second in range(200):
        assert watchdog.healthy(Pulse(turns=5, waiting=False), second * S)
    for second in range(200, 400):
        assert watchdog.healthy(Pulse(turns=second, waiting=True), second * S)


def test_a_journal_that_neither_commits_nor_refuses_starves_the_watchdog() -> None:
    watchdog = Watchdog()
    assert watchdog.healthy(Pulse(7, waiting=True), 0)
    assert watchdog.healthy(Pulse(7, waiting=True), WATCHDOG_STALL_NS_MAX - 1)
    assert not watchdog.healthy(Pulse(7, waiting=True), WATCHDOG_STALL_NS_MAX)
    assert watchdog.healthy(Pulse(8, waiting=True), WATCHDOG_STALL_NS_MAX + S)


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
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
