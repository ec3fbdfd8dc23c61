import socket
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.center.init import Request, init
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.mqtt import Access, Connection, LostError
from hil.rig import free_port
from tests.broker import WAIT_S_MAX, found_center, wait_until


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


def test_alarms_of_many_at_one_moment_all_reach_the_center(tmp_path: Path) -> None:
    """mosquitto by itself keeps 1,000 for a reader and drops the rest without a word."""
    with found_center(tmp_path / "center", "gw1") as broker:
        layout, gateway = Layout(broker.directory), broker.directory / "gateways" / "gw1"
        own = Access(
            host="localhost",
            port=broker.port,
            ca=layout.certificate("ca"),
            certificate=layout.certificate("center"),
            key=layout.key("center"),
        )
        wake, waker = socket.socketpair()
        with wake, waker:
            with closing(Connection(own, "alarms", "edge/v1/+/alarms")) as center:
                while not center.ready:
                    center.wait(wake, 1.0)
                    center.serve()
            burst(gateway, broker.port, count := 3_000)
            got: list[bytes] = []
            with closing(Connection(own, "alarms", "edge/v1/+/alarms")) as center:
                until_s = time.perf_counter() + WAIT_S_MAX
                while len(got) < count and time.perf_counter() < until_s:
                    center.wait(wake, 1.0)
                    for message in center.serve():
                        got.append(message.data)
                        center.acknowledge(message)
    assert got == [str(number).encode() for number in range(count)]


def burst(gateway: Path, port: int, count: int) -> None:
    """Publish `count` messages as a gateway; return when the broker has all."""
    one = paho.Client(CallbackAPIVersion.VERSION2, "gw1", protocol=paho.MQTTv5)
    own = str(gateway / "client.pem")
    one.tls_set(str(gateway / "ca.pem"), own, own.replace(".pem", ".key"))
    acknowledged: set[int] = set()
    one.on_publish = lambda _client, _data, number, *_: acknowledged.add(number)
    one.connect("localhost", port)
    one.loop_start()
    sent = [one.publish("edge/v1/gw1/alarms", str(number), qos=1) for number in range(count)]
    wait_until(lambda: acknowledged >= {each.mid for each in sent}, "the broker has them")
    one.disconnect()
    one.loop_stop()
