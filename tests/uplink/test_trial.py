"""A path is tried part by part; the first that is bad is named and is the last."""

import asyncio
import dataclasses
import ssl
from pathlib import Path

import pytest

from edge_agent.uplink.dial import PathAccess
from edge_agent.uplink.trial import Part, Tried, connect_packet, try_path
from edge_agent.uplink.trouble import Cause
from hil.rig import free_port
from tests.uplink.rig import Authority
from tests.uplink.stub import CONNACK_OK, Stub

LONG_CONNACK = bytes.fromhex("20 85 01 00 00 81 01") + bytes(129)  # a length of two bytes


def tried(stub: Stub, folder: Path, **changes: object) -> list[Tried]:
    """Try a path to `stub`, in a thread as the agent does."""
    authority = Authority(folder)
    certificate, key = authority.issue("server", ("127.0.0.1", "localhost"))
    client, client_key = authority.issue("client")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def scenario() -> list[Tried]:
        server = await asyncio.start_server(stub.serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        path = PathAccess(
            host="127.0.0.1", port=port, ca=authority.ca, certificate=client, key=client_key
        )
        path = dataclasses.replace(path, **changes)  # type: ignore[arg-type]  # by the test
        found = await asyncio.to_thread(lambda: list(try_path(path, "gw1-abc", 5.0)))
        stub.stopped.set()
        server.close()
        return found

    return asyncio.run(scenario())


@pytest.mark.parametrize("answer", [CONNACK_OK, LONG_CONNACK])
def test_a_good_path_is_good_in_every_part(tmp_path: Path, answer: bytes) -> None:
    stub = Stub(answer)
    found = tried(stub, tmp_path)
    assert [one.part for one in found] == list(Part)
    assert not any(one.trouble for one in found)
    assert all(one.detail for one in found)
    assert stub.heard == connect_packet("gw1-abc-trial") + b"\xe0\x00"


def test_it_leaves_no_session_no_will_and_no_subscription() -> None:
    """MQTT 5, 3.1: clean start and nothing else; another client id than our connections have."""
    packet = connect_packet("gw1-abc-trial")
    assert packet == bytes.fromhex("10 1a 0004") + b"MQTT" + bytes.fromhex("05 02 001e 00 000d") + (
        b"gw1-abc-trial"
    )


@pytest.mark.parametrize(
    ("stub", "cause", "said"),
    [
        (Stub(bytes.fromhex("20 03 00 87 00")), Cause.BROKER_REFUSED, "not authorized (0x87)"),
        (Stub(b"", hang_up=True), Cause.BROKER_REFUSED, "before it accepted us"),
        (Stub(b"HTTP/1.1 400"), Cause.PROTOCOL, "no CONNACK"),
    ],
)
def test_a_broker_that_does_not_take_us_is_named(
    tmp_path: Path, stub: Stub, cause: Cause, said: str
) -> None:
    *before, last = tried(stub, tmp_path)
    assert [one.part for one in before] == [Part.NAME, Part.NETWORK, Part.TLS]
    assert last.part is Part.BROKER
    assert last.trouble is not None
    assert last.trouble.cause is cause
    assert said in last.trouble.text


def test_a_port_where_nobody_listens(tmp_path: Path) -> None:
    last = tried(Stub(b""), tmp_path, port=free_port())[-1]
    assert last.part is Part.NETWORK
    assert last.trouble is not None
    assert last.trouble.cause is Cause.REFUSED


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    [last] = tried(Stub(b""), tmp_path, host="no..such")
    assert last.part is Part.NAME
    assert last.trouble is not None
    assert last.trouble.cause is Cause.NAME


def test_a_certificate_for_another_host_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    last = tried(Stub(b""), tmp_path / "a", host="127.0.0.1", ca=Authority(tmp_path / "b").ca)[-1]
    assert last.part is Part.TLS
    assert last.trouble is not None
    assert last.trouble.cause is Cause.WRONG_CA
    last = tried(Stub(b""), tmp_path / "c", key=tmp_path / "none")[-1]
    assert last.part is Part.TLS
    assert last.trouble is not None
    assert last.trouble.cause is Cause.CREDENTIALS
