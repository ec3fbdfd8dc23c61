"""Makes a TLS connection to a broker: names, TCP over a chosen interface, handshake.  Blocking.

TLS 1.3, or 1.2; the only trusted CA is the center's own file; the broker must show its host name
and we our client certificate.  Files are read at each attempt, so a renewed certificate is used
without a restart.
"""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from edge_agent.uplink import trouble
from edge_agent.uplink.trouble import Cause, DialError, Trouble

DIAL_S_MAX = 8.0
"""Name, TCP and TLS together: failover must be done within 10 s, and a handshake over a bad mobile
link takes three round trips of up to 2 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathAccess:
    """One way to a center: a broker's address and what opens it.

    `interface` (a name such as `eth0`) binds the connection to that network; None leaves it to the
    routing table.
    """

    host: str
    port: int = 8883
    ca: Path
    certificate: Path
    key: Path
    interface: str | None = None

    @property
    def where(self) -> str:
        """The path as logs and events name it."""
        over = f"%{self.interface}" if self.interface else ""
        return f"{self.host}:{self.port}{over}"


def dial(path: PathAccess) -> ssl.SSLSocket:
    """Return a connected socket, non-blocking.  Raises DialError."""
    context = make_context(path)
    try:
        plain = _connect(path)
        try:
            return _encrypt(plain, context, path)
        except BaseException:
            plain.close()
            raise
    except OSError as error:
        raise DialError(trouble.of_error(error, path.where)) from error


def make_context(path: PathAccess) -> ssl.SSLContext:
    """Return the TLS settings of `path`.  Raises DialError for files that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the chain and the host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=path.ca)
    except (OSError, ssl.SSLError) as error:
        raise DialError(_unusable("ca", path.ca, error)) from error
    # read one by one first: OpenSSL does not say which of the two files it could not open
    for name, file in (("certificate", path.certificate), ("key", path.key)):
        try:
            file.read_bytes()
        except OSError as error:
            raise DialError(_unusable(name, file, error)) from error
    try:
        context.load_cert_chain(path.certificate, path.key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise DialError(_unusable("key", path.key, error)) from error
    return context


def _no_password() -> str:
    """An encrypted key is an error: OpenSSL would ask for its password on the terminal."""
    return ""


def _unusable(name: str, file: Path, error: Exception) -> Trouble:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return trouble.credentials(f"{name} file {file} cannot be used ({said})")


def _connect(path: PathAccess) -> socket.socket:
    found = socket.getaddrinfo(path.host, path.port, type=socket.SOCK_STREAM)
    failure: OSError | None = None
    for family, kind, protocol, _, address in found:
        plain = socket.socket(family, kind, protocol)
        try:
            _bind(plain, path.interface)
            plain.settimeout(DIAL_S_MAX / min(len(found), 2))
            plain.connect(address)
        except OSError as error:
            plain.close()
            failure = error
        else:
            return plain
    assert failure is not None  # getaddrinfo never returns an empty list
    raise failure


def _bind(plain: socket.socket, interface: str | None) -> None:
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if interface is None:
        return
    try:
        # allowed without privilege since Linux 5.7
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    except OSError as error:
        plain.close()
        raise DialError(
            Trouble(
                Cause.INTERFACE,
                f"network interface {interface} cannot be used ({error.strerror})",
                "check its name with `ip link` and that it is up",
            )
        ) from error


def _encrypt(plain: socket.socket, context: ssl.SSLContext, path: PathAccess) -> ssl.SSLSocket:
    plain.settimeout(DIAL_S_MAX)
    secure = context.wrap_socket(plain, server_hostname=path.host)
    secure.setblocking(False)
    return secure
