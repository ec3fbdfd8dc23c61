"""The door as strangers meet it: real TLS, whatever they bring, and however often."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from edge_agent.evidence.cosignature import open_cosignature
from edge_agent.evidence.submission import SUBMISSION_BYTES_MAX
from edge_agent.tls_door import CONNECTIONS_MAX
from edge_agent.witness.door import PATH, Door
from edge_agent.witness.folder import Folder
from edge_agent.witness.quota import Quota
from tests.evidence.bundles import certified
from tests.witness.conftest import listening
from tests.witness.world import asked, begun, forked

FIRST = begun()
GOOD = asked(FIRST, 12).to_bytes()


@pytest.fixture
def client(door: Door, folder: Folder) -> Iterator[http.client.HTTPSConnection]:
    connection = calling(door, folder)
    yield connection
    connection.close()


def calling(door: Door, folder: Folder) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(folder.public))
    port = int(door.server_address[1])
    return http.client.HTTPSConnection("localhost", port, timeout=20, context=context)


def post(
    client: http.client.HTTPSConnection, body: bytes, path: str = PATH, **headers: str
) -> tuple[int, bytes]:
    client.request("POST", path, body, headers)
    answer = client.getresponse()
    return answer.status, answer.read()


def refused(client: http.client.HTTPSConnection, body: bytes) -> tuple[int, dict[str, Any]]:
    status, told = post(client, body)
    return status, json.loads(told)


def test_a_head_is_cosigned_and_a_fork_of_it_never(
    client: http.client.HTTPSConnection, door: Door
) -> None:
    status, data = post(client, GOOD)
    keys = [door.office.signer.public]
    assert (status, open_cosignature(data, keys).size) == (200, 12)
    assert post(client, GOOD) == (200, data), "a replay gets what is known already"
    status, told = refused(client, asked(FIRST, 17).to_bytes())
    assert (status, told["refused"], told["size"]) == (409, "behind", 12)
    assert post(client, asked(FIRST, 17, 12).to_bytes())[0] == 200
    status, told = refused(client, GOOD)
    assert (status, told["refused"], told["size"]) == (409, "smaller", 17)
    status, told = refused(client, asked(forked(FIRST, 8, 12), 17, 17).to_bytes())
    assert (status, told["refused"]) == (409, "fork")
    status, told = refused(client, asked(FIRST, 18, 17).to_bytes())
    assert (status, told["refused"]) == (409, "stopped")


def test_what_is_nobodys_is_refused(client: http.client.HTTPSConnection, door: Door) -> None:
    for body, status, why in (
        (b"", 400, "malformed"),
        (b"\xa0", 400, "malformed"),
        (GOOD[:-1], 400, "malformed"),
        (asked(begun(gateway="gw2"), 3).to_bytes(), 403, "untrusted"),
        (asked(FIRST, 3, identity=certified("gw1", 1, 8)).to_bytes(), 403, "untrusted"),
        (asked(FIRST, 3, identity=certified("gw1", 9)).to_bytes(), 400, "malformed"),
    ):
        told = refused(client, body)
        assert (told[0], told[1]["refused"]) == (status, why)
    assert post(client, GOOD, "/edge/v1/elsewhere")[0] == 404
    assert list(door.office.store.seen()) == []


def test_bodies_are_bounded(client: http.client.HTTPSConnection) -> None:
    assert post(client, b"", **{"Content-Length": str(SUBMISSION_BYTES_MAX + 1)})[0] == 413
    assert post(client, b"", **{"Content-Length": "-1"})[0] == 413
    assert post(client, b"", **{"Content-Length": "many"})[0] == 413
    assert post(client, GOOD)[0] == 200


def test_who_asks_too_much_is_told_and_costs_nothing(folder: Folder) -> None:
    with listening(folder, Quota(at_once=3, a_second=1)) as door:
        client = calling(door, folder)
        statuses = [post(client, b"\xa0")[0] for _ in range(6)]
        client.close()
    assert statuses[:3] == [400] * 3
    assert 429 in statuses


def test_who_comes_when_all_places_are_taken_is_dropped_at_once(
    door: Door, client: http.client.HTTPSConnection
) -> None:
    for _ in range(CONNECTIONS_MAX):
        assert door._places.acquire(timeout=20)  # as so many who say nothing
    with socket.create_connection(("127.0.0.1", int(door.server_address[1])), 20) as late:
        assert late.recv(1) == b""
    for _ in range(CONNECTIONS_MAX):
        door._places.release()
    assert post(client, GOOD)[0] == 200


def test_a_disk_that_refuses_is_told_and_nothing_is_given(
    client: http.client.HTTPSConnection, door: Door
) -> None:
    door.office.store._connection.execute("PRAGMA query_only = ON")
    status, told = refused(client, GOOD)
    assert (status, told["refused"]) == (503, "unavailable")
    door.office.store._connection.execute("PRAGMA query_only = OFF")
    assert post(client, GOOD)[0] == 200
