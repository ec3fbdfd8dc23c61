"""Names what can be wrong between here and the broker: cause and remedy in plain sentences.

OpenSSL's verification codes are those of x509_vfy.h; alerts are named as in RFC 8446, 6.2.
"""

import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum

_EXPIRED_CODES = {10, 14}  # has expired; malformed notAfter
_NOT_YET_CODES = {9, 13}
_HOST_CODES = {62, 64}  # host name, IP address mismatch
_ALERTS_EXPIRED = ("certificate expired", "certificate_expired")
_ALERTS_CERTIFICATE = (
    "unknown ca",
    "bad certificate",
    "certificate required",
    "certificate unknown",
    "certificate revoked",
    "handshake failure",
    "decrypt error",
)


class Cause(StrEnum):
    """What kind of thing went wrong: stable words for logs, events and status."""

    CREDENTIALS = "credentials"  # a file of ours cannot be read or used
    INTERFACE = "interface"
    NAME = "name"  # DNS
    REFUSED = "refused"  # nobody listens
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    WRONG_CA = "wrong_ca"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_HOST = "wrong_host"
    REVOKED = "revoked"
    TLS = "tls"
    CLIENT_CERTIFICATE = "client_certificate"  # the broker does not take ours
    BROKER_REFUSED = "broker_refused"
    BROKEN = "broken"  # the connection ended
    PROTOCOL = "protocol"  # the broker sent what MQTT does not allow
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that went wrong; `str()` is what an operator reads."""

    cause: Cause
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.text}; {self.remedy}"


class DialError(Exception):
    """A connection could not be made."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


def of_error(error: OSError, where: str) -> Trouble:
    """Name what an attempt to reach the broker at `where` (host:port) failed with."""
    match error:
        case ssl.SSLCertVerificationError():
            return _of_verification(error, where)
        case ssl.SSLError():
            return _of_tls(error.reason or str(error), where)
        case ConnectionResetError() | BrokenPipeError():
            return _of_tls("closed in the handshake", where)
        case socket.gaierror():
            return Trouble(
                Cause.NAME,
                f"the name of broker {where} cannot be resolved ({error.strerror})",
                "check `host` and the gateway's DNS",
            )
        case ConnectionRefusedError():
            return Trouble(
                Cause.REFUSED,
                f"nobody listens at {where}",
                "check that the broker runs, and `port`",
            )
        case TimeoutError():
            return Trouble(
                Cause.TIMEOUT,
                f"no answer from {where} in time",
                "check network and firewall between here and the broker",
            )
    return Trouble(
        Cause.UNREACHABLE,
        f"{where} cannot be reached ({error.strerror or error})",
        "check the gateway's network",
    )


def _of_verification(error: ssl.SSLCertVerificationError, where: str) -> Trouble:
    if error.verify_code in _EXPIRED_CODES:
        return Trouble(
            Cause.EXPIRED,
            f"the certificate of the broker at {where} has expired",
            "renew it at the center; if it has not, the gateway's clock is wrong",
        )
    if error.verify_code in _NOT_YET_CODES:
        return Trouble(
            Cause.NOT_YET_VALID,
            f"the certificate of the broker at {where} is not valid yet",
            "set the gateway's clock",
        )
    if error.verify_code in _HOST_CODES:
        return Trouble(
            Cause.WRONG_HOST,
            f"the broker at {where} shows a certificate for another host",
            "write `host` as it stands in the certificate, or have one issued for this host",
        )
    return Trouble(
        Cause.WRONG_CA,
        f"the certificate of the broker at {where} is not of our CA ({error.verify_message})",
        "check that `ca` is the center's; if it is, somebody stands between",
    )


def _of_tls(reason: str, where: str) -> Trouble:
    said = reason.lower().replace("_", " ")
    if any(alert in said for alert in _ALERTS_EXPIRED):
        return Trouble(
            Cause.CLIENT_CERTIFICATE,
            f"the broker at {where} says that our certificate has expired",
            "renew the gateway's `certificate`",
        )
    if any(alert in said for alert in _ALERTS_CERTIFICATE):
        return Trouble(
            Cause.CLIENT_CERTIFICATE,
            f"the broker at {where} does not take our certificate ({said})",
            "check `certificate` and `key`: they must be of the center's CA",
        )
    return Trouble(
        Cause.TLS,
        f"no TLS with {where} ({said})",
        "check that `port` is the broker's TLS port and that it offers TLS 1.2 or 1.3",
    )


def of_loss(error: OSError, where: str) -> Trouble:
    """Name what a connection that stood ended with."""
    match error:
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return broken(where)
        case ssl.SSLError():
            return _of_tls(
                error.reason or str(error), where
            )  # with TLS 1.3 the broker judges our certificate late
    return broken(where, error.strerror or "")


def no_name(where: str) -> Trouble:
    """Name a lookup that does not come to an end."""
    return Trouble(
        Cause.NAME,
        f"the name of broker {where} is not resolved in time",
        "check the gateway's DNS; an address as `host` needs none, if the broker's certificate "
        "names it",
    )


def broken(where: str, detail: str = "") -> Trouble:
    """Name the end of a connection that stood."""
    said = f" ({detail})" if detail else ""
    remedy = "nothing to do if it returns; else check the broker and the network"
    return Trouble(Cause.BROKEN, f"the connection to {where} broke{said}", remedy)


def turned_away(where: str) -> Trouble:
    """Name the end of a connection before the broker's CONNACK."""
    return Trouble(
        Cause.BROKER_REFUSED,
        f"the broker at {where} closed the connection before it accepted us",
        "check that it takes our `certificate`, knows this gateway's id and offers MQTT 5",
    )


def broker_refused(where: str, reason: str) -> Trouble:
    """Name the refusal that the broker's CONNACK or DISCONNECT gave."""
    return Trouble(
        Cause.BROKER_REFUSED,
        f"the broker at {where} refused: {reason}",
        "check that it knows this gateway's id and offers MQTT 5",
    )


def protocol(where: str, detail: str) -> Trouble:
    """Name bytes that are no MQTT of ours."""
    return Trouble(
        Cause.PROTOCOL,
        f"the broker at {where} sent what MQTT does not allow ({detail})",
        "check what stands between here and the broker",
    )


def credentials(text: str) -> Trouble:
    """Name a file of ours that cannot be used."""
    return Trouble(
        Cause.CREDENTIALS,
        text,
        "check that the file exists, is readable for this user, and holds what its name says",
    )
