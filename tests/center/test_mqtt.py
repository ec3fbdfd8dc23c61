from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.center.init import Request, init
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.mqtt import Access, Connection, LostError
from hil.rig import free_port


@pytest.fixture
def access(tmp_path: Path) -> Access:
    layout = Layout(tmp_path / "center")
    init(layout, Request(gateways=()), datetime(2026, 11, 23, tzinfo=UTC))
    return Access(
        host="127.0.0.1",
        port=free_port(),
        ca=layout.certificate("ca"),
        certificate=layout.certificate("center"),
        key=layout.key("center"),
    )


def test_client_ids_are_steady_and_differ_by_lane_and_key(access: Access) -> None:
    assert access.client_id("alarms") == access.client_id("alarms")
    assert access.client_id("alarms") != access.client_id("events")
    before = access.client_id("alarms")
    access.key.write_bytes(b"another key")
    assert access.client_id("alarms") != before


@pytest.mark.parametrize("name", ["ca", "certificate", "key"])
@pytest.mark.parametrize("content", [None, b"junk"])
def test_files_that_cannot_be_used_are_named(
    access: Access, name: str, content: bytes | None
) -> None:
    file: Path = getattr(access, name)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CenterError, match=f"{file.name}.*init"):
        access.context()


def test_a_broker_that_is_not_there_is_a_lost_connection(access: Access) -> None:
    with pytest.raises(LostError, match=f"127.0.0.1:{access.port}"):
        Connection(access, "alarms", "edge/v1/+/alarms")
