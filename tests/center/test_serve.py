import os
import socket
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.center import schema, serve, settings
from edge_agent.center.audit import Audit
from edge_agent.center.init import Request, init
from edge_agent.center.layout import CenterError, Layout
from edge_agent.clock import SystemClock


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "center")
    init(layout, Request(gateways=("gw1",)), datetime(2026, 11, 23, tzinfo=UTC))
    return layout


def run(layout: Layout) -> int:
    return serve.serve(layout, SystemClock(), serve.Overrides())


def test_a_second_server_names_the_first(layout: Layout) -> None:
    with serve._alone(layout), pytest.raises(CenterError, match=f"process {os.getpid()}"):
        run(layout)


def test_a_directory_that_is_none_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CenterError, match="edge-center init"):
        run(Layout(tmp_path / "nothing"))


def test_a_receipt_key_that_others_can_read_is_refused(layout: Layout) -> None:
    layout.key("receipt").chmod(0o644)
    with pytest.raises(CenterError, match=r"receipt\.key"):
        run(layout)


def test_a_missing_tls_key_is_named(layout: Layout) -> None:
    layout.key("center").unlink()
    with pytest.raises(CenterError, match=r"center\.key"):
        run(layout)


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        serve._notify("READY=1")
        assert listening.recv(100) == b"READY=1"
    monkeypatch.delenv("NOTIFY_SOCKET")
    serve._notify("READY=1")


def test_lineages_are_looked_at_though_the_audit_is_never_idle(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen to fail: a center to which events come without a pause never compared its epochs."""
    monkeypatch.setattr(serve, "AUDIT_REST_S", 0)
    monkeypatch.setattr(serve, "LINEAGE_TURNS_MAX", 50)
    center = serve.Center(layout, settings.load(layout), serve.Overrides(), SystemClock())

    class Busy(Audit):
        steps = 0

        def step(self, now_ms: int) -> bool:
            del now_ms
            self.steps += 1
            if self.steps == 1000:
                center._stop.set()
            return True

        def lineage(self, now_ms: int) -> bool:
            center._stop.set()
            return super().lineage(now_ms)

    with closing(schema.open_for_writing(layout.database)) as connection:
        audit = Busy(connection, center._turns)
        center._audit(audit, connection)
    assert audit.steps == 51
