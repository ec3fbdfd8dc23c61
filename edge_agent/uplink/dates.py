"""Judges the dates of certificates by what the gateway knows of the time, which may be little.

OpenSSL compares them with the wall clock, and a gateway without a battery clock would reach nobody
until a time server answers.  So OpenSSL leaves them out, and they are judged here: by the trusted
clock where there is one, else by the center's last word, else by what is certain to be past (build
date, and what the journal has seen).  A certificate is refused where it is *certainly* outside its
dates; everything else about it was verified before.
"""

import _ssl
import ssl
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509

from edge_agent.clock import Now
from edge_agent.limits import CERTIFICATE_SOON_NS
from edge_agent.uplink.trouble import Cause, DialError, Trouble

NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h; Python has no name
_S = 1_000_000_000


class Life(StrEnum):
    """How a certificate stands to the present."""

    GOOD = "good"
    SOON = "soon"  # it ends within a month
    EXPIRED = "expired"
    EARLY = "early"  # not valid yet


def life_of(certificate: x509.Certificate, now: Now) -> Life:
    """Judge one certificate; what is not certain is good."""
    begin_ns = unix_ns(certificate.not_valid_before_utc)
    end_ns = unix_ns(certificate.not_valid_after_utc) + _S  # valid through that second
    if end_ns <= now.earliest_ns:
        return Life.EXPIRED
    if now.latest_ns is not None and now.latest_ns < begin_ns:
        return Life.EARLY
    return Life.SOON if end_ns - now.earliest_ns < CERTIFICATE_SOON_NS else Life.GOOD


def unix_ns(moment: datetime) -> int:
    """Return a certificate's date as Unix time."""
    return int(moment.timestamp()) * _S


def day(time_ns: int) -> str:
    """Return a Unix time as people read it in a certificate."""
    return f"{datetime.fromtimestamp(time_ns // _S, UTC):%Y-%m-%d}"


# ---- the broker's


def check_peer(connected: ssl.SSLSocket, now: Now, where: str) -> None:
    """Refuse a broker at `where` whose chain is outside its dates.  Raises DialError."""
    for der in verified_chain(connected):
        refusal = judge(x509.load_der_x509_certificate(der), now, where)
        if refusal is not None:
            raise DialError(refusal)


def judge(certificate: x509.Certificate, now: Now, where: str) -> Trouble | None:
    """Return why a certificate of the chain of the broker at `where` is refused, None if not."""
    match life_of(certificate, now):
        case Life.EXPIRED:
            end = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
            known = "here" if now.latest_ns is not None else "at least, by what was seen before"
            return Trouble(
                Cause.EXPIRED,
                f"the certificate of the broker at {where} has expired on {end}; "
                f"it is {day(now.earliest_ns)} {known}",
                "renew it at the center; if it has not, the gateway's clock is wrong",
            )
        case Life.EARLY:
            begin = f"{certificate.not_valid_before_utc:%Y-%m-%d}"
            assert now.latest_ns is not None, "else it cannot be certain"
            return Trouble(
                Cause.NOT_YET_VALID,
                f"the certificate of the broker at {where} is not valid before {begin}; "
                f"it is {day(now.latest_ns)} here",
                "set the gateway's clock, or that of the center which made it",
            )
    return None


def verified_chain(connected: ssl.SSLSocket) -> list[bytes]:
    """Return the chain that OpenSSL verified, each certificate in DER."""
    public = getattr(connected, "get_verified_chain", None)  # has this name since Python 3.13
    if public is not None:
        return list(public())
    inner = connected._sslobj  # type: ignore[attr-defined]  # noqa: SLF001  the same, before it had a name
    return [one.public_bytes(_ssl.ENCODING_DER) for one in inner.get_verified_chain()]
