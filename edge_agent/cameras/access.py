"""Makes ready what a camera is asked with: the password, and whom to trust over TLS.

Files are read at each clip, so a renewed one is used without a restart.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.cameras.digest import Login
from edge_agent.cameras.trouble import CameraError, Cause
from edge_agent.domain.camera import CameraSettings
from edge_agent.evidence.key_file import is_exposed

PASSWORD_BYTES_MAX = 256
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL


@dataclass(frozen=True, slots=True)
class Access:
    """What opens a camera; `context` None: plain http, `login` None: nobody logs in."""

    context: ssl.SSLContext | None
    login: Login | None


def access_of(camera: CameraSettings, path: Callable[[str], Path], *, clock_good: bool) -> Access:
    """Read what `camera` needs; blocking.  Raises CameraError.

    Without a clock that can be trusted a certificate's dates are not looked at: most cameras have
    certificates of many years, and an alarm after a power cut needs its pictures.
    """
    login = None
    if camera.user is not None and camera.password_file is not None:
        login = Login(camera.user, _password(path(camera.password_file)))
    context = None
    if camera.ca is not None:
        context = _context(path(camera.ca))
        if not clock_good:
            context.verify_flags |= _NO_CHECK_TIME
    return Access(context, login)


def _password(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            if is_exposed(file, opened.fileno()):
                raise CameraError(Cause.FILES, f"{file}: others can read it; run chmod 600")
            data = opened.read(PASSWORD_BYTES_MAX + 1)
    except OSError as error:
        raise CameraError(Cause.FILES, f"{file}: {error.strerror}") from error
    try:
        text = data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or len(data) > PASSWORD_BYTES_MAX or not text.isprintable():
        raise CameraError(Cause.FILES, f"{file}: no password of one line and 256 bytes at most")
    return text


def _context(ca: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the chain and the name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN  # a camera's own certificate
    try:
        context.load_verify_locations(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        said = error.strerror or "it holds no certificate"
        raise CameraError(Cause.FILES, f"{ca}: {said}") from error
    return context
