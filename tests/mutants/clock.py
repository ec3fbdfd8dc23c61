"""Planted bugs of time and of cards: a clock believed, a certificate's date, a copy not seen."""

from typing import Any

from edge_agent.center import lineage
from edge_agent.clock import ClockWatch, Told
from edge_agent.daemon.source import JournalSource
from edge_agent.daemon.timekeeping import CenterTime
from edge_agent.domain.stamp import Trust
from edge_agent.evidence import verify
from edge_agent.evidence.durable import Durable
from edge_agent.uplink import dates
from tests.mutants.mutant import Patch


def told_too_narrow(patch: Patch) -> None:
    """The center's time is taken for that of the receipt's arrival: the way is forgotten."""

    def receipted(self: Any, seqs: Any, time_ms: int, boottime_ns: int) -> Told | None:
        if not self.follows(seqs):
            return None
        self._followed = None
        return Told(boottime_ns, time_ms * 1_000_000, time_ms * 1_000_000 + 1_000_000)

    patch.setattr(CenterTime, "receipted", receipted)


def step_trusted(patch: Patch) -> None:
    """A clock that somebody stepped by hand is as good as before."""
    real = ClockWatch._judge

    def judge(self: Any, discipline: Any, *, stepped: bool, doubted: bool) -> Trust:
        del stepped
        return real(self, discipline, stepped=False, doubted=doubted)

    patch.setattr(ClockWatch, "_judge", judge)


def source_believed(patch: Patch) -> None:
    """Whatever disciplines the clock is right, even against the center."""
    patch.setattr(ClockWatch, "_doubt", lambda *_, **__: "")


def expired_taken(patch: Patch) -> None:
    """Nobody looks at the dates of the broker's certificate."""
    patch.setattr(dates, "check_peer", lambda *_: None)


def openssl_judges_dates(patch: Patch) -> None:
    """OpenSSL compares dates with a wall clock of 1970."""
    patch.setattr(dates, "NO_CHECK_TIME", 0)


def refusal_excuses_all(patch: Patch) -> None:
    """A card that was set back is taken for one that refused."""
    patch.setattr(Durable, "explains", lambda *_: True)


def honest_accused(patch: Patch) -> None:
    """What a gateway says of its refusing card is not listened to."""
    patch.setattr(Durable, "_feed_journal", lambda *_: None)


def arrival_is_order(patch: Patch) -> None:
    """The epoch that comes first began first."""
    for module in (verify, lineage):
        patch.setattr(module, "began_before", lambda *_: False)


def foreign_sent(patch: Patch) -> None:
    """Events of another gateway's card are sent under our name."""

    async def is_ours(self: Any, epoch: bytes) -> bool:
        del self, epoch
        return True

    patch.setattr(JournalSource, "_is_ours", is_ours)
