"""Planted bugs of recorder, epoch and uplink: who may say that an event is done with."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.surgard import ReceiverSession
from edge_agent.daemon import epoch, source
from edge_agent.daemon.centers import Supply
from edge_agent.daemon.recorder import Pending, Recorder
from edge_agent.domain.event import EventType
from edge_agent.domain.noise import Noise
from edge_agent.domain.owed_ack import OwedAck
from edge_agent.domain.presence import Presence
from edge_agent.domain.session import Action
from edge_agent.evidence import cose, receipt
from edge_agent.link.reports import Reports
from edge_agent.uplink.flights import Flights, Verdict
from edge_agent.uplink.messages import Publish
from edge_agent.uplink.outbox import Outbox
from edge_agent.uplink.paths import Joined, Paths
from edge_agent.uplink.pulse import Pulse
from edge_agent.uplink.supervision import Supervision, _Stall
from edge_agent.uplink.uplink import Portion, Uplink
from edge_agent.uplink.watch import Watch
from edge_agent.uplink.window import Urgency, Window
from tests.mutants.mutant import Patch


def ack_before_commit(patch: Patch) -> None:
    """The promise to the panel is settled when its event is signed."""
    real = Recorder._on_sealed

    def on_sealed(self: Recorder, pairs: Any) -> None:
        real(self, pairs)
        for pending, _ in pairs:
            assert isinstance(pending, Pending)
            if pending.ticket is not None:
                pending.ticket.settle_one()

    patch.setattr(Recorder, "_on_sealed", on_sealed)


def receipt_unverified(patch: Patch) -> None:
    """Whoever signed a receipt is believed."""
    trusting = SimpleNamespace(
        parse=cose.parse, sign1=cose.sign1, verify=lambda *_: None, Domain=cose.Domain
    )
    patch.setattr(receipt, "cose", trusting)


def let_go_when_sent(patch: Patch) -> None:
    """What was handed to the broker is let go: what a PUBACK tempts one to."""
    real = Uplink._perform

    def perform(self: Any, action: Any, receipt: bytes) -> None:
        real(self, action, receipt)
        if isinstance(action, Publish):
            for event in action.events:
                self._source.release(event.epoch, (event.seq,), b"puback")

    patch.setattr(Uplink, "_perform", perform)


def let_go_too_much(patch: Patch) -> None:
    """A receipt is taken for all numbers up to its last."""
    real = source.JournalSource.release

    def release(self: Any, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        real(self, epoch, tuple(range(max(seqs) + 1)), receipt)

    patch.setattr(source.JournalSource, "release", release)


def cursor_moved_early(patch: Patch) -> None:
    """A read of the backlog goes on behind one event more than it returned."""
    real = source.JournalSource.fetch

    async def short(self: Any, *where: Any) -> Portion:
        portion = await real(self, *where)
        return replace(portion, events=portion.events[:-1])

    patch.setattr(source.JournalSource, "fetch", short)


def numbers_reused(patch: Patch) -> None:
    """Starts take turns with two epoch ids."""
    real, starts = epoch.begin, [0]

    def begin(*given: Any) -> Any:
        starts[0] += 1
        name = bytes([starts[0] % 2]) * 8
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(epoch, "os", SimpleNamespace(urandom=lambda size: name))
            return real(*given)

    patch.setattr(epoch, "begin", begin)


def sent_before_durable(patch: Patch) -> None:
    """Every event is sent when it is signed, whatever the card says."""
    real = Recorder._on_sealed

    def on_sealed(self: Any, pairs: Any) -> None:
        real(self, pairs)
        for _, record in pairs:
            self._send(record)

    patch.setattr(Recorder, "_on_sealed", on_sealed)


def refused_and_kept_back(patch: Patch) -> None:
    """What the card refuses is not sent until the card takes it."""
    patch.setattr(Recorder, "_send", lambda self, record: None)


def last_frames_forgotten(patch: Patch) -> None:
    """A start does not remember what the panels said last: a copy is a new event."""
    patch.setattr(Recorder, "recent", lambda self, panel: ())


def repeats_unrecognised(patch: Patch) -> None:
    """A copy of a frame is a new event, however soon it comes."""
    patch.setattr(ReceiverSession, "_is_repeat", lambda *given: False)


def waiting_forgotten(patch: Patch) -> None:
    """What was not durable when its line was lost is unknown when the line is back."""
    real = Reports.renew

    def renew(self: Reports) -> None:
        self._told = True
        real(self)

    patch.setattr(Reports, "renew", renew)


def not_sent_again(patch: Patch) -> None:
    """What a lost connection took along is taken for sent."""
    patch.setattr(Outbox, "_send_all_again", lambda self, *given: None)


def digest_ignored(patch: Patch) -> None:
    """A receipt is believed whatever bytes it says that the center holds."""
    real = Flights.judge

    def judge(self: Flights, *given: Any) -> Verdict:
        verdict = real(self, *given)
        return Verdict.HELD if verdict is Verdict.MISMATCH else verdict

    patch.setattr(Flights, "judge", judge)


def window_without_bound(patch: Patch) -> None:
    """Everything goes out at once, as much as there is."""
    patch.setattr(Window, "room_bytes", lambda self, now_ns, urgency: 1 << 30)


def alarms_wait_for_the_window(patch: Patch) -> None:
    """No room is kept for alarms beside a backlog."""
    real = Window.room_bytes

    def room(self: Window, now_ns: int, urgency: Urgency) -> int:
        del urgency
        return real(self, now_ns, Urgency.NONE)

    patch.setattr(Window, "room_bytes", room)


def first_path_only(patch: Patch) -> None:
    """The second path is never tried."""
    real = Paths._dial
    patch.setattr(Paths, "_dial", lambda self, path: real(self, 0))


def silence_not_noticed(patch: Patch) -> None:
    """A connection over which the broker no longer answers is kept."""
    patch.setattr(Pulse, "is_silent", lambda self, now_ns: False)


def stall_not_noticed(patch: Patch) -> None:
    """A path over which the broker answers and nothing is receipted is kept."""
    patch.setattr(_Stall, "is_due", lambda self, silent_ns, now_ns: False)


def driver_acknowledges_at_once(patch: Patch) -> None:
    """The driver answers the panel without waiting for the journal."""
    real = OwedAck.due

    def due(self: OwedAck, now_ns: int) -> bytes:
        self._undurable.tokens.clear()
        return real(self, now_ns)

    patch.setattr(OwedAck, "due", due)


def fire_waits_for_the_card(patch: Patch) -> None:
    """A life or fire event is not sent before its commit, however long that takes."""
    patch.setattr(Recorder, "_send_uncommitted", lambda self, seq: None)


def backlog_before_live(patch: Patch) -> None:
    """Within a lane what is old goes out before what is new."""

    real = Outbox._next_batch

    def next_batch(self: Any, actions: Any, now_ns: int) -> Any:
        for lane in self.lanes:
            if lane.live and lane.backlog:
                lane.live, lane.backlog = lane.backlog, lane.live
                try:
                    return real(self, actions, now_ns)
                finally:
                    lane.live, lane.backlog = lane.backlog, lane.live
        return real(self, actions, now_ns)

    patch.setattr(Outbox, "_next_batch", next_batch)


def silence_of_a_panel_unsaid(patch: Patch) -> None:
    """A panel that says nothing is taken for well."""
    real = Presence.missed

    def missed(self: Presence, now_ns: int) -> list[Action]:
        real(self, now_ns)
        return []

    patch.setattr(Presence, "missed", missed)


def refusal_unsaid(patch: Patch) -> None:
    """The card refuses and no event says so."""
    real = Recorder.note

    def note(self: Any, type_: Any, lane: Any, body: Any) -> None:
        if type_ is not EventType.JOURNAL:
            real(self, type_, lane, body)

    patch.setattr(Recorder, "note", note)


def path_fault_unsaid(patch: Patch) -> None:
    """A path is lost and nobody told."""
    patch.setattr(Paths, "tell_fault", lambda self, *given: [])


def return_doubles(patch: Patch) -> None:
    """At the return to a preferred path, what is under way is sent again over the new one."""
    real = Paths._won

    def won(self: Any, *given: Any) -> tuple[Joined, list[Any]]:
        _, actions = real(self, *given)
        return Joined.ANEW, actions

    patch.setattr(Paths, "_won", won)


def return_without_rest(patch: Patch) -> None:
    """The way back is taken with something under way, which one broker behind both paths drops."""
    real = Supervision.return_if_quiet

    def back(self: Any, *, nothing_out: bool, now_ns: int) -> Any:
        del nothing_out
        return real(self, nothing_out=True, now_ns=now_ns)

    patch.setattr(Supervision, "return_if_quiet", back)


def return_at_once(patch: Patch) -> None:
    """A path that comes and goes is returned to each time that it comes."""
    real = Watch.failed_in_use

    def failed(self: Any, path: int, now_ns: int) -> None:
        real(self, path, now_ns)
        self._paths[path].hold_ns = 0

    patch.setattr(Watch, "failed_in_use", failed)


def centers_wait_for_each_other(patch: Patch) -> None:
    """No center is supplied before the files of all can be used."""

    async def all_of(self: Any) -> None:
        for supplied in self._centers:
            await self._access(supplied)
        await asyncio.gather(*map(self._run, self._centers))

    patch.setattr(Supply, "works", lambda self: [all_of(self)])


def noise_raises(patch: Patch) -> None:
    """Rubbish on a panel's line ends its session."""

    def take(self: Noise, noise: bytes) -> Any:
        raise ValueError(noise)

    patch.setattr(Noise, "take", take)
