"""Every failure has a stable word, a sentence that names the place, and a remedy."""

import socket
import ssl

import pytest

from edge_agent.uplink import trouble
from edge_agent.uplink.trouble import Cause, DialError

WHERE = "broker.example:8883"


def verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_code, error.verify_message = code, "said OpenSSL"
    return error


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "failed")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (verification(10), Cause.EXPIRED),
        (verification(9), Cause.NOT_YET_VALID),
        (verification(62), Cause.WRONG_HOST),
        (verification(64), Cause.WRONG_HOST),
        (verification(20), Cause.WRONG_CA),
        (verification(18), Cause.WRONG_CA),
        (tls("TLSV1_ALERT_UNKNOWN_CA"), Cause.CLIENT_CERTIFICATE),
        (tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), Cause.CLIENT_CERTIFICATE),
        (tls("SSLV3_ALERT_CERTIFICATE_EXPIRED"), Cause.CLIENT_CERTIFICATE),
        (tls("WRONG_VERSION_NUMBER"), Cause.TLS),
        (ConnectionResetError(104, "reset"), Cause.TLS),
        (socket.gaierror(-2, "Name or service not known"), Cause.NAME),
        (ConnectionRefusedError(111, "refused"), Cause.REFUSED),
        (TimeoutError("timed out"), Cause.TIMEOUT),
        (OSError(101, "Network is unreachable"), Cause.UNREACHABLE),
    ],
)
def test_what_an_attempt_failed_with_is_named(error: OSError, cause: Cause) -> None:
    found = trouble.of_error(error, WHERE)
    assert found.cause is cause
    assert WHERE in found.text
    assert str(found) == f"{found.text}; {found.remedy}"
    assert str(DialError(found)) == str(found)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ssl.SSLEOFError(8, "EOF"), Cause.BROKEN),
        (ssl.SSLZeroReturnError(6, "closed"), Cause.BROKEN),
        (tls("TLSV1_ALERT_UNKNOWN_CA"), Cause.CLIENT_CERTIFICATE),
        (ConnectionResetError(104, "reset"), Cause.BROKEN),
    ],
)
def test_what_ended_a_connection_is_named(error: OSError, cause: Cause) -> None:
    assert trouble.of_loss(error, WHERE).cause is cause
