"""Makes a TLS connection to a broker: names, TCP over a chosen interface, handshake.  Blocking,
but never longer than the caller's patience.

TLS 1.3, or 1.2; the only trusted CA is the center's own file; the broker must show its host name
and we our client certificate.  Dates are judged by what is known of the time (`dates`).  Files are
read at each attempt, so a renewed certificate is used without a restart.
"""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.clock import Now, system_now
from edge_agent.evidence.certificates import REVOKED_SUFFIX
from edge_agent.evidence.cose import PublicKey
from edge_agent.uplink import dates, trouble
from edge_agent.uplink.names import NAMES, Address
from edge_agent.uplink.trouble import Cause, DialError, Trouble


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
    now: Callable[[], Now] = system_now  # between which times the present is: judges certificates

    @property
    def revoked(self) -> Path:
        """Where the list of its center's revoked keys is, if there is one."""
        return self.ca.with_name(self.ca.name + REVOKED_SUFFIX)

    @property
    def where(self) -> str:
        """The path as logs and events name it."""
        over = f"%{self.interface}" if self.interface else ""
        return f"{self.host}:{self.port}{over}"


@dataclass(frozen=True, slots=True)
class CenterAccess:
    """One center: its name in our configuration, its receipt key, its paths in preference.

    `client_id` is our name to its brokers, see `client_id_of`; `seal` makes a message one that only
    the center can read, None: it goes as it is.
    """

    name: str
    receipt_key: PublicKey
    paths: tuple[PathAccess, ...]
    client_id: str
    seal: Callable[[bytes], bytes] | None = None

    def __post_init__(self) -> None:
        if not self.paths:
            raise ValueError(f"center {self.name} has no path")


class Patience:
    """What is left of the time that a dial may take."""

    def __init__(self, patience_s: float) -> None:
        self._end_s = time.perf_counter() + patience_s

    def left_s(self) -> float:
        """Return the rest, in seconds.  Raises TimeoutError."""
        left_s = self._end_s - time.perf_counter()
        if left_s <= 0:
            raise TimeoutError
        return left_s


def dial(path: PathAccess, patience_s: float) -> ssl.SSLSocket:
    """Return a connected socket, non-blocking, within `patience_s`.  Raises DialError."""
    context = make_context(path)
    patience = Patience(patience_s)
    try:
        plain = reach(path, _find(path, patience), patience)
        try:
            return encrypt(plain, context, path, patience)
        except BaseException:
            plain.close()
            raise
    except OSError as error:
        raise DialError(trouble.of_error(error, path.where)) from error


def make_context(path: PathAccess) -> ssl.SSLContext:
    """Return the TLS settings of `path`.  Raises DialError for files that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the chain and the host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= dates.NO_CHECK_TIME  # `dates` does, by what is known of the time
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
        raise DialError(_unfit(path, error)) from error
    return context


def _unfit(path: PathAccess, error: Exception) -> Trouble:
    """Name certificate and key of ours that cannot be used together."""
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return Trouble(
            Cause.CREDENTIALS,
            f"{path.certificate} was not made for the key file {path.key}",
            "take both from one enrolment, or from one folder of the center",
        )
    return Trouble(
        Cause.CREDENTIALS,
        f"certificate {path.certificate} and key file {path.key} cannot be used ({error})",
        "look into both: each is PEM, and the key has no password",
    )


def _no_password() -> str:
    """An encrypted key is an error: OpenSSL would ask for its password on the terminal."""
    return ""


def _unusable(name: str, file: Path, error: Exception) -> Trouble:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return trouble.credentials(f"{name} file {file} cannot be used ({said})")


def _find(path: PathAccess, patience: Patience) -> list[Address]:
    try:
        return NAMES.resolve(path.host, path.port, patience.left_s())
    except TimeoutError as error:
        raise DialError(trouble.no_name(path.where)) from error


def reach(path: PathAccess, found: list[Address], patience: Patience) -> socket.socket:
    """Return a socket connected to one of the addresses in `found`.  Raises OSError, DialError."""
    failure: OSError | None = None
    for tried, (family, address) in enumerate(found):
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            _bind(plain, path.interface)
            plain.settimeout(patience.left_s() / min(len(found) - tried, 2))
            plain.connect(address)
        except OSError as error:
            plain.close()
            failure = error
        else:
            return plain
    assert failure is not None  # there is at least one address
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


def encrypt(
    plain: socket.socket, context: ssl.SSLContext, path: PathAccess, patience: Patience
) -> ssl.SSLSocket:
    """Return `plain` under TLS, non-blocking; it is the caller's to close where this raises.

    Raises OSError, DialError.
    """
    plain.settimeout(patience.left_s())  # of each read and write; the port has an end for all
    secure = context.wrap_socket(plain, server_hostname=path.host)
    try:
        dates.check_peer(secure, path.now(), path.where)
        if (listed := path.revoked).exists():
            from edge_agent.uplink import revoked  # noqa: PLC0415  where there is such a list

            revoked.check_peer(secure, listed, path.ca, path.where)
    except BaseException:
        secure.close()
        raise
    secure.setblocking(False)
    return secure
