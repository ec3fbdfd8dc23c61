"""Every bad broker is refused by the agent, every bad client by the broker, each with a good one.

The agent's own dial meets a TLS server of a few lines; mosquitto, configured by `edge-center init`,
meets a TLS client of a few lines.

Seen to fail: with `verify_mode` none, without the host's name, with TLS 1.0 let in, without
`require_certificate`, with an authority that gives every certificate every use, and without either
side's list of what was revoked.
"""

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_agent.center import broker_process, credentials, revocation
from edge_agent.center.credentials import Authority, Subject, Use
from edge_agent.center.layout import Layout
from edge_agent.clock import Now
from edge_agent.evidence.certificates import REVOKED_SUFFIX, key_digest
from edge_agent.evidence.revoked_keys import RevokedKeys, sign_revoked_keys
from edge_agent.evidence.signers import P256Signer
from edge_agent.uplink.dial import PathAccess, dial
from edge_agent.uplink.trouble import Cause, DialError
from tests.broker import Broker, found_center, wait_until
from tests.uplink.rig import NOW, PATIENCE_S

HOST = "127.0.0.1"
OLD = "DEFAULT:@SECLEVEL=0"  # what OpenSSL needs to speak TLS 1.1 at all
CONNECT = bytes.fromhex("1010 0004 4d515454 05 02 003c 00 0003 616263")


@dataclass(frozen=True)
class Shown:
    """What one side shows: a certificate of whom, for what, from when on, in which protocol."""

    name: str = "gw1"
    use: Use = Use.CLIENT
    hosts: tuple[str, ...] = ()
    from_days: int = -1
    days: int = 90
    foreign: bool = False
    protocol: ssl.TLSVersion | None = None
    nothing: bool = False
    revoked: bool = False
    plain: bool = False


SERVER = Shown("localhost", Use.SERVER, (HOST,))
BROKERS: dict[str, tuple[Shown, set[Cause]]] = {
    "other authority": (Shown("localhost", Use.SERVER, (HOST,), foreign=True), {Cause.WRONG_CA}),
    "other name": (Shown("localhost", Use.SERVER, ("elsewhere",)), {Cause.WRONG_HOST}),
    "expired": (Shown("x", Use.SERVER, (HOST,), from_days=-9, days=2), {Cause.EXPIRED}),
    "not yet valid": (Shown("x", Use.SERVER, (HOST,), from_days=5), {Cause.NOT_YET_VALID}),
    "another gateway": (Shown("gw2", Use.CLIENT, (HOST,)), {Cause.TLS, Cause.WRONG_CA}),
    "a signing key": (Shown("receipt", Use.SIGNING, (HOST,)), {Cause.TLS, Cause.WRONG_CA}),
    "old protocol": (
        Shown("x", Use.SERVER, (HOST,), protocol=ssl.TLSVersion.TLSv1_1),
        {Cause.TLS},
    ),
    "revoked": (Shown("localhost", Use.SERVER, (HOST,), revoked=True), {Cause.REVOKED}),
    "no TLS": (Shown("x", Use.SERVER, (HOST,), plain=True), {Cause.TLS}),
}
CLIENTS: dict[str, Shown] = {
    "no certificate": Shown(nothing=True),
    "other authority": Shown(foreign=True),
    "expired": Shown(from_days=-9, days=2),
    "not yet valid": Shown(from_days=5),
    "a server": Shown(use=Use.SERVER),
    "a signing key": Shown(use=Use.SIGNING),
    "old protocol": Shown(protocol=ssl.TLSVersion.TLSv1_1),
    "revoked": Shown("gw3", revoked=True),
}


class Maker:
    """A center's authority, and one of the same name that is somebody else's."""

    def __init__(self, folder: Path, directory: Path) -> None:
        self._folder, self._layout = folder, Layout(directory)
        key = load_pem_private_key((directory / "ca.key").read_bytes(), None)
        ca = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
        self._ours = Authority(key, ca)  # type: ignore[arg-type]  # it is what init made
        self._foreign = credentials.make_authority(credentials.new_tls_key(), NOW)
        self._count = 0

    def files(self, shown: Shown) -> tuple[Path, Path]:
        """Certificate and key."""
        self._count += 1
        key = credentials.new_tls_key()
        authority = self._foreign if shown.foreign else self._ours
        begin = NOW + timedelta(days=shown.from_days)
        subject = Subject(shown.name, shown.use, shown.hosts)
        made = credentials.certify(authority, key.public_key(), subject, begin, shown.days)
        files = self._folder / f"{self._count}.pem", self._folder / f"{self._count}.key"
        files[0].write_bytes(credentials.certificate_pem(made))
        files[1].write_bytes(credentials.key_pem(key))
        if shown.revoked:
            self._revoke(shown, made)
        return files

    def _revoke(self, shown: Shown, made: x509.Certificate) -> None:
        """Put it on the list that the other side reads."""
        if shown.use is Use.SERVER:
            listed = RevokedKeys(1, (bytes(32), key_digest(made)))
            data = sign_revoked_keys(listed, P256Signer(self._ours.key))
            (self._layout.directory / f"ca.pem{REVOKED_SUFFIX}").write_bytes(data)
        else:
            revocation.note(self._layout, shown.name, made)
            revocation.revoke(self._layout, self._ours, shown.name, NOW)
            assert broker_process.read_again(self._layout)


def speak(context: ssl.SSLContext, shown: Shown) -> None:
    """Speak the old protocol, and nothing else, where that is asked for."""
    if shown.protocol is not None:
        context.set_ciphers(OLD)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = shown.protocol


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with found_center(tmp_path_factory.mktemp("center"), "gw1") as made:
        yield made


@pytest.fixture(scope="module")
def maker(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("made"), broker.directory)


# ---- bad brokers


@contextlib.contextmanager
def serving(maker: Maker, shown: Shown) -> Iterator[int]:
    """A broker that shows this; yields its port.  It meets one client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*maker.files(shown))
    speak(context, shown)
    with socket.create_server((HOST, 0)) as listening:
        listening.settimeout(PATIENCE_S)

        def meet() -> None:
            with contextlib.suppress(OSError):
                plain, _ = listening.accept()
                with plain:
                    plain.settimeout(PATIENCE_S)
                    if shown.plain:
                        plain.sendall(b"\x20\x02\x00\x00")
                        plain.recv(1)
                    else:
                        with context.wrap_socket(plain, server_side=True) as peer:
                            peer.recv(1)

        thread = threading.Thread(target=meet)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join()


def dialled(maker: Maker, broker: Broker, shown: Shown) -> None:
    """Let the agent's own code connect to a broker that shows this.  Raises DialError."""
    certificate, key = maker.files(Shown())
    now_ns = int(NOW.timestamp()) * 1_000_000_000
    with serving(maker, shown) as port:
        path = PathAccess(
            host=HOST,
            port=port,
            ca=broker.directory / "ca.pem",
            certificate=certificate,
            key=key,
            now=lambda: Now(now_ns, now_ns),
        )
        dial(path, PATIENCE_S).close()


def test_a_good_broker_is_taken(maker: Maker, broker: Broker) -> None:
    dialled(maker, broker, SERVER)


@pytest.mark.parametrize("kind", BROKERS)
def test_a_bad_broker_is_refused(maker: Maker, broker: Broker, kind: str) -> None:
    shown, causes = BROKERS[kind]
    with pytest.raises(DialError) as refused:
        dialled(maker, broker, shown)
    assert refused.value.trouble.cause in causes, refused.value


# ---- bad clients


def is_let_in(broker: Broker, shown: Shown, files: tuple[Path, Path]) -> bool:
    """Whether mosquitto accepts the connection of a client that shows this."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(broker.directory / "ca.pem")
    if not shown.nothing:
        context.load_cert_chain(*files)
    speak(context, shown)
    try:
        with (
            socket.create_connection((HOST, broker.port), PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as client,
        ):
            client.sendall(CONNECT)
            answer = client.recv(4)  # in TLS 1.3 a refusal of the certificate comes only here
    except OSError:
        return False
    return len(answer) == 4 and answer[0] == 0x20 and answer[3] == 0


def test_a_good_client_is_let_in(maker: Maker, broker: Broker) -> None:
    assert is_let_in(broker, Shown(), maker.files(Shown()))


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_bad_client_is_refused(maker: Maker, broker: Broker, kind: str) -> None:
    shown = CLIENTS[kind]
    files = maker.files(shown)
    if shown.revoked:  # the broker reads its list when it comes to it
        wait_until(lambda: not is_let_in(broker, shown, files), "it is refused")
    assert not is_let_in(broker, shown, files)


def test_an_old_protocol_is_refused_both_ways(maker: Maker, broker: Broker) -> None:
    """It would work between two who want it: the refusal is ours, not that of OpenSSL's default."""
    old = Shown("x", Use.SERVER, (HOST,), protocol=ssl.TLSVersion.TLSv1_1)
    with serving(maker, old) as port:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(broker.directory / "ca.pem")
        speak(context, old)
        plain = socket.create_connection((HOST, port), PATIENCE_S)
        with context.wrap_socket(plain, server_hostname=HOST) as client:
            assert client.version() == "TLSv1.1"
    test_a_bad_broker_is_refused(maker, broker, "old protocol")
    test_a_bad_client_is_refused(maker, broker, "old protocol")
