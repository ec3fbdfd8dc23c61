"""Makes a center's directory, or adds gateways to one; never replaces a key.

Each step looks first at what is there, so a run that was cut off is finished by the next.  Files
are written whole (temporary name, fsync, link), 0600 in folders of 0700.
"""

import fcntl
import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from edge_agent import files
from edge_agent.center import broker_config, credentials, revocation, settings
from edge_agent.center.credentials import Authority, PrivateKey, Subject, Use
from edge_agent.center.layout import CENTER, CenterError, Layout, refused
from edge_agent.evidence.certificates import is_issued_by, name_of
from edge_agent.evidence.sealed import kid_of

ALWAYS_HOSTS = ("localhost", "127.0.0.1")
LOCK = ".init.lock"
PORT_DEFAULT = 8883  # MQTT over TLS as registered with IANA


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What `edge-center init` was asked for; `port` None keeps what is there.

    `renew`: the gateways are there, and get new certificates for the TLS keys that they have.
    `new_seal`: a new key that gateways seal to, in place of the present one.
    """

    gateways: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    port: int | None = None
    days: int = credentials.DAYS_DEFAULT
    renew: bool = False
    new_seal: bool = False


@dataclass(slots=True)
class Founding:
    """One run of init: where, when, and what it has done so far."""

    layout: Layout
    request: Request
    now: datetime
    done: list[str] = field(default_factory=list)

    def said(self, path: Path, what: str) -> None:
        """Note that `path` was made or changed."""
        self.done.append(f"{path.relative_to(self.layout.directory)}: {what}")


def init(layout: Layout, request: Request, now: datetime) -> list[str]:
    """Make what is missing; return what was made, one line each.

    Raises CenterError where what is there does not fit what was asked.
    """
    broker_config.check_directory(layout.directory)
    _refuse_foreign(layout)
    files.make_folder(layout.directory)
    with _alone(layout):
        founding = Founding(layout, request, now)
        port = _settings(founding)
        authority = _authority(founding)
        _center_credentials(founding, authority)
        _seal(founding, authority)
        _server(founding, authority)
        if revocation.ensure(layout, authority, now):
            founding.said(layout.revoked, "which certificates count no more: none yet")
        _broker_files(founding, port)
        for gateway in request.gateways:
            if request.renew:
                _renew(founding, authority, gateway)
                continue
            _gateway(founding, authority, gateway, port)
        return founding.done


def _refuse_foreign(layout: Layout) -> None:
    """Keys are not strewn among somebody else's files: a slip of the hand may name /etc."""
    ours = layout.settings.exists() or (layout.directory / LOCK).exists()
    if ours or not layout.directory.is_dir():
        return
    if any(one.name != "lost+found" for one in layout.directory.iterdir()):
        raise CenterError(
            f"{layout.directory}: not empty, and no center's directory; name an empty or a new one"
        )


# ---- the steps


def _settings(founding: Founding) -> int:
    """Return the broker's port, from the settings where there are some."""
    layout, port = founding.layout, founding.request.port
    if not layout.settings.exists():
        text = settings.text(CENTER, port or PORT_DEFAULT)
        files.write_new(layout.settings, text.encode())
        founding.said(layout.settings, "settings")
    there = settings.load(layout).broker.port
    if port not in (None, there):
        raise CenterError(
            f"{layout.settings}: this center's broker has port {there}, which its gateways know; "
            f"leave --port out, or make another center in another directory"
        )
    return there


def _authority(founding: Founding) -> Authority:
    layout, file = founding.layout, founding.layout.certificate("ca")
    if file.exists() and not layout.key("ca").exists():
        raise CenterError(
            f"{layout.key('ca')}: missing, so nothing more can be certified; restore it from where "
            f"it is kept offline, run this again, and take it away again"
        )
    key = _tls_key(founding, layout.key("ca"))
    if not file.exists():
        made = credentials.make_authority(key, founding.now).certificate
        files.write_new(file, credentials.certificate_pem(made))
        founding.said(file, f"authority, until {made.not_valid_after_utc:%Y-%m-%d}")
    authority = Authority(key, read_certificate(file))
    if authority.certificate.not_valid_after_utc <= founding.now:
        raise CenterError(
            f"{file}: expired on {authority.certificate.not_valid_after_utc:%Y-%m-%d}; set the "
            f"clock right, or make a new center and move the gateways to it"
        )
    return authority


def _center_credentials(founding: Founding, authority: Authority) -> None:
    layout = founding.layout
    client = _tls_key(founding, layout.key("center"))
    _certificate(
        founding, authority, layout.certificate("center"), client, Subject(CENTER, Use.CLIENT)
    )
    for name in ("receipt", "command"):
        key = _signing_key(founding, layout.key(name))
        subject = Subject(f"{CENTER} {name}s", Use.SIGNING)
        _certificate(founding, authority, layout.certificate(name), key, subject)


def _seal(founding: Founding, authority: Authority) -> None:
    """Make the key that gateways seal to; a new one in its place where that was asked for."""
    layout = founding.layout
    file, certificate = layout.key("seal"), layout.certificate("seal")
    if founding.request.new_seal and file.exists():
        old = _sealing_key(founding, file)
        files.make_folder(layout.seals)
        files.copy(file, layout.seals / f"{kid_of(old.public_key()).hex()}.key")
        file.unlink()
        certificate.unlink(missing_ok=True)
        founding.said(certificate, "renewed: hand it to the gateways, and restart the center")
    key = _sealing_key(founding, file)
    _certificate(founding, authority, certificate, key, Subject(f"{CENTER} seal", Use.SEALING))


def _server(founding: Founding, authority: Authority) -> None:
    """Certify the broker for the hosts asked for and those it already had."""
    layout, file = founding.layout, founding.layout.certificate("server")
    key = _tls_key(founding, layout.key("server"))
    before = credentials.hosts_of(read_certificate(file)) if file.exists() else ALWAYS_HOSTS
    hosts = tuple(dict.fromkeys((*before, *founding.request.hosts)))
    if file.exists() and hosts == before:
        return
    # the first host is also the name: some tools show only that
    subject = Subject(hosts[0], Use.SERVER, hosts)
    days = founding.request.days
    made = credentials.certify(authority, key.public_key(), subject, founding.now, days)
    files.replace(file, credentials.certificate_pem(made))
    founding.said(
        file, f"broker's certificate for {', '.join(hosts)}; restart the broker if it ran"
    )


def _broker_files(founding: Founding, port: int) -> None:
    layout = founding.layout
    user = pwd.getpwuid(layout.directory.stat().st_uid).pw_name
    config = broker_config.mosquitto_conf(layout, port, user)
    for file, text in (
        (layout.broker_config, config),
        (layout.access_list, broker_config.access_list()),
    ):
        if not file.exists():
            files.write_new(file, text.encode())
            founding.said(file, "for mosquitto")


def _gateway(founding: Founding, authority: Authority, gateway: str, port: int) -> None:
    layout, folder = founding.layout, founding.layout.gateway(gateway)
    registered = layout.identity(gateway)
    if registered.exists() and not folder.exists():
        founding.done.append(
            f"gateway {gateway}: known already, its folder was moved away; nothing done "
            f"(for new keys choose a new name)"
        )
        return
    fresh = not (folder / "gateway.toml").exists()
    for one in (layout.identities, folder.parent, folder):
        files.make_folder(one)
    client = _tls_key(founding, folder / "client.key")
    _certificate(founding, authority, folder / "client.pem", client, Subject(gateway, Use.CLIENT))
    if not layout.issued(gateway).exists():
        revocation.note(layout, gateway, read_certificate(folder / "client.pem"))
    identity = _signing_key(founding, folder / "identity.key")
    subject = Subject(gateway, Use.SIGNING)
    _certificate(founding, authority, folder / "identity.pem", identity, subject)
    for name in ("ca.pem", "receipt.pem", "command.pem", "seal.pem"):
        files.copy(layout.directory / name, folder / name)
    if not registered.exists():
        files.copy(folder / "identity.pem", registered)
    if fresh:
        host = next(iter(founding.request.hosts), ALWAYS_HOSTS[0])
        files.write_new(folder / "gateway.toml", gateway_toml(gateway, host, port).encode())
    done = f"made; hand gateways/{gateway}/ to it" if fresh else "already there"
    founding.done.append(f"gateway {gateway}: {done}")


def _renew(founding: Founding, authority: Authority, gateway: str) -> None:
    """Certify the gateway's TLS key again; its old certificate is enough, the key stays there.

    Whoever holds the old certificate alone gains nothing: it is of use to the key's holder only.
    """
    layout, file = founding.layout, founding.layout.gateway(gateway) / "client.pem"
    if not layout.identity(gateway).exists():
        raise CenterError(f"no gateway {gateway} was made here; leave --renew out to make it")
    if not file.exists():
        raise CenterError(f"{file}: not there; copy the gateway's own client.pem to it")
    old = read_certificate(file)
    if not is_issued_by(old, [authority.certificate]):
        raise CenterError(f"{file}: not made by this center; copy the gateway's own")
    subject, key = Subject(gateway, Use.CLIENT), old.public_key()
    if name_of(old) != gateway or not isinstance(key, ec.EllipticCurvePublicKey):
        raise CenterError(f"{file}: it is {name_of(old)}'s; copy {gateway}'s own")
    made = credentials.certify(authority, key, subject, founding.now, founding.request.days)
    revocation.note(layout, gateway, made)
    files.replace(file, credentials.certificate_pem(made))
    founding.said(
        file, f"renewed until {made.not_valid_after_utc:%Y-%m-%d}; copy it to the gateway"
    )


def gateway_toml(gateway: str, host: str, port: int) -> str:
    """Return the part of a gateway's configuration that its center decides."""
    return f"""\
# Made by `edge-center init`; add the panels below.
[gateway]
id = "{gateway}"
identity_key = "identity.key"

[[center]]
name = "{CENTER}"
ca = "ca.pem"
certificate = "client.pem"
key = "client.key"
receipt_certificate = "receipt.pem"
command_certificate = "command.pem"
# seal_certificate = "seal.pem"       # so that the broker cannot read what it passes on

[[center.path]]
host = "{host}"
port = {port}
"""


# ---- keys and certificates


def _tls_key(founding: Founding, file: Path) -> ec.EllipticCurvePrivateKey:
    key = _key(founding, file, credentials.new_tls_key)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CenterError(f"{file}: not a P-256 key; put the right file back")
    return key


def _signing_key(founding: Founding, file: Path) -> ed25519.Ed25519PrivateKey:
    key = _key(founding, file, credentials.new_signing_key)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise CenterError(f"{file}: not an Ed25519 key; put the right file back")
    return key


def _sealing_key(founding: Founding, file: Path) -> x25519.X25519PrivateKey:
    key = _key(founding, file, credentials.new_sealing_key)
    if not isinstance(key, x25519.X25519PrivateKey):
        raise CenterError(f"{file}: not an X25519 key; put the right file back")
    return key


def _key(founding: Founding, file: Path, make: Callable[[], PrivateKey]) -> PrivateKey:
    if not file.exists():
        made = make()
        files.write_new(file, credentials.key_pem(made))
        founding.said(file, "new key")
        return made
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise CenterError(f"{file}: no usable private key ({error}); put it back") from error
    if not isinstance(key, PrivateKey):
        raise CenterError(f"{file}: no key of ours; put the right file back")
    return key


def _certificate(
    founding: Founding, authority: Authority, file: Path, key: PrivateKey, subject: Subject
) -> None:
    if file.exists():
        return
    days = founding.request.days
    made = credentials.certify(authority, key.public_key(), subject, founding.now, days)
    files.write_new(file, credentials.certificate_pem(made))


def read_certificate(file: Path) -> x509.Certificate:
    """Read a PEM certificate, the first of a file; raise CenterError naming the file."""
    return read_certificates(file)[0]


def read_certificates(file: Path) -> list[x509.Certificate]:
    """Read the PEM certificates of a file, one or more; raise CenterError naming the file."""
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        said = refused(error, "put it back or run init again")
        raise CenterError(f"{file}: {said}") from error
    except ValueError as error:
        raise CenterError(f"{file}: no usable certificate ({error}); put it back") from error


# ---- files


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Keep a second init out: two of them could make two keys for one name."""
    descriptor = os.open(layout.directory / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CenterError(
                f"{layout.directory}: another edge-center init is at work; wait for it to end"
            ) from error
        yield
    finally:
        os.close(descriptor)
