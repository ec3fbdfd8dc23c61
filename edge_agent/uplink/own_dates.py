"""Watches the dates of our own certificates: brokers refuse them after their end.

What is told, from a month before the end, is an event and a line in the status with the remedy;
so is the end itself.  Files are read at each look, so a renewed one ends the complaint.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from edge_agent.clock import Now
from edge_agent.limits import CERTIFICATE_LOOK_S
from edge_agent.uplink.access import AccessError, read_certificate
from edge_agent.uplink.dates import Life, day, life_of, unix_ns

_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """The certificate that a center's brokers know us by."""

    center: str
    file: Path


Say = Callable[[str, bool, str], None]
"""Record of a center whether its certificate is still good for its brokers, and what to do."""


class OwnDates:
    """Complains of our own certificates before and after their end, once for each state."""

    def __init__(self, certificates: Iterable[OwnCertificate]) -> None:
        self._certificates = tuple(certificates)
        self._told: dict[str, Life] = {}
        self.standing: dict[str, str] = {}  # by center: what is wrong, in words; empty: nothing

    def look(self, now: Now, say: Say) -> None:
        """Judge all of them at `now`."""
        for own in self._certificates:
            try:
                certificate = read_certificate(own.file)
            except AccessError:  # told where the path is opened
                continue
            life = life_of(certificate, now)
            before = self._told.get(own.center, Life.GOOD)
            self._told[own.center] = life
            self.standing[own.center] = words = _own_words(certificate, life, own.file, now)
            if life is not before:
                say(own.center, life in (Life.GOOD, Life.SOON), words)

    async def watch(self, now: Callable[[], Now], say: Say) -> None:
        """Look for ever, every now and then."""
        while True:
            self.look(now(), say)
            await asyncio.sleep(CERTIFICATE_LOOK_S)


def _own_words(certificate: x509.Certificate, life: Life, file: Path, now: Now) -> str:
    end_ns = unix_ns(certificate.not_valid_after_utc)
    remedy = "have it renewed at the center (edge-center init --renew) and put it in its place"
    match life:
        case Life.SOON:
            days = max(0, end_ns - now.earliest_ns) // _DAY_NS
            return f"our certificate {file.name} ends on {day(end_ns)}, in {days} days; {remedy}"
        case Life.EXPIRED:
            return f"our certificate {file.name} ended on {day(end_ns)}; {remedy}"
        case Life.EARLY:
            begin = f"{certificate.not_valid_before_utc:%Y-%m-%d}"
            return f"our certificate {file.name} begins on {begin}; set the gateway's clock"
    return ""
