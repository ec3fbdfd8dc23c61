"""What a connection insists on: our CA alone, the host name, TLS 1.2 or later, no delay."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from edge_agent.uplink.dial import PathAccess, dial, make_context
from edge_agent.uplink.trouble import Cause, DialError
from tests.uplink.rig import Authority


def make_path(folder: Path, port: int = 1, **changes: object) -> PathAccess:
    authority = Authority(folder)
    certificate, key = authority.issue("client")
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "ca": authority.ca,
        "certificate": certificate,
        "key": key,
    }
    return PathAccess(**{**values, **changes})  # type: ignore[arg-type]  # as given by the test


def test_the_context_trusts_only_the_given_ca_and_checks_the_host(tmp_path: Path) -> None:
    context = make_context(make_path(tmp_path))
    assert len(context.get_ca_certs()) == 1
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_an_encrypted_key_is_an_error_not_a_question(tmp_path: Path) -> None:
    """OpenSSL would otherwise ask on the terminal and wait for ever."""
    path = make_path(tmp_path)
    key = load_pem_private_key(path.key.read_bytes(), None)
    secret = BestAvailableEncryption(b"secret")
    path.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
    with pytest.raises(DialError) as caught:
        make_context(path)
    assert caught.value.trouble.cause is Cause.CREDENTIALS
    assert str(path.key) in str(caught.value)


def test_the_key_of_another_certificate_is_named(tmp_path: Path) -> None:
    _, other = Authority(tmp_path / "other").issue("client")
    with pytest.raises(DialError, match="was not made for the key file"):
        make_context(make_path(tmp_path, key=other))


def test_the_socket_does_not_wait_for_more_to_send(tmp_path: Path) -> None:
    """An idle receipt takes 88 ms with Nagle's algorithm, under 2 ms without."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server", ("127.0.0.1",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    client, client_key = authority.issue("client")

    async def scenario() -> None:
        server = await asyncio.start_server(
            lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
        )
        path = PathAccess(
            host="127.0.0.1",
            port=server.sockets[0].getsockname()[1],
            ca=authority.ca,
            certificate=client,
            key=client_key,
        )
        made = await asyncio.to_thread(dial, path, 8.0)
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert made.version() == "TLSv1.3"
        assert not made.getblocking()
        made.close()
        server.close()
        await server.wait_closed()

    asyncio.run(scenario())


def test_a_path_is_named_with_its_interface(tmp_path: Path) -> None:
    assert make_path(tmp_path).where == "127.0.0.1:1"
    assert make_path(tmp_path, interface="wwan0").where == "127.0.0.1:1%wwan0"
