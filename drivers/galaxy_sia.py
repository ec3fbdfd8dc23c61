"""Honeywell Galaxy alarm panels: SIA blocks over an RS-232 module, or called in over TCP.

The panel begins a conversation with its account, then says one event after the other, each in a
block of its own, at level 3 followed by a text in another, and ends it.  It waits 2.5 s for the ACK
of each block and says it four times in all.  The blocks and the sources are in `_galaxy_frames`;
what an ACK needs is decided in `edge_agent.domain.acknowledged`.
"""

from datetime import datetime, timedelta

from drivers._galaxy_frames import (
    ACCOUNT,
    END,
    EVENT,
    HEAD_BYTES,
    HOST_TYPES,
    OLD_EVENT,
    PLACE,
    SHORT_MAX,
    TEXT,
    UNREAD,
    WANTS_ACK,
    GalaxyDecoder,
    bare,
)
from edge_agent.domain.acknowledged import (
    PEERS_MAX,
    AcknowledgedPanel,
    AcknowledgedSession,
    Manners,
    Part,
)
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelClock
from edge_agent.domain.session import ClockRead, Driver, Frame, Nature, Option, Session, Setup
from edge_agent.domain.sia_block import clock_of
from edge_agent.domain.signal import TEXT_CHARS_MAX, Signal

DAY_S = 86_400.0
MANNERS = Manners(
    repeat_s=2.5,
    tries_max=4,
    due_s=DAY_S,  # the slowest automatic test in use
    nak=bare(b"9"),
)
_ANSWER = bare(b"8")
_PARTS = {
    ACCOUNT: Part.BEGIN,
    EVENT: Part.EVENT,
    OLD_EVENT: Part.EVENT,
    TEXT: Part.MORE,
    END: Part.END,
    **dict.fromkeys(UNREAD, Part.EVENT),
    **dict.fromkeys(HOST_TYPES, Part.HOST),
}


class GalaxyPanel(AcknowledgedPanel):
    """What a Galaxy's blocks are, and how they are answered."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._clock = PanelClock(setup.zone)
        self._event: Frame | None = None

    def decoder(self) -> GalaxyDecoder:
        """See AcknowledgedPanel."""
        return GalaxyDecoder(self._setup)

    def part(self, frame: Frame) -> Part:
        """See AcknowledgedPanel."""
        return _PARTS.get(frame.type or "", Part.ALIVE)

    def ack(self, frame: Frame) -> bytes:
        """Return the ACK of what wants one: by its header, which of a long block says nothing."""
        is_long = len(frame.raw) > SHORT_MAX + HEAD_BYTES + 1
        if frame.type in ("wait", "abort") or not (is_long or frame.raw[0] & WANTS_ACK):
            return b""
        return _ANSWER

    def identity(self, frame: Frame) -> bytes:
        """Return what is said, whether as new or as old: header and parity aside."""
        kind = b"A" if frame.type == TEXT else b"N"
        return kind + frame.raw[HEAD_BYTES:-1]

    def signals(self, frame: Frame) -> tuple[Signal, ...]:
        """Return a text as an entry of the log: its event is recorded before the text is said."""
        if frame.type != TEXT:
            return super().signals(frame)
        told = frame.fields
        area, zone, user = (told.get(name) for name in PLACE)
        entry = Signal(
            kind=Kind.LOG,
            state=State.STATUS,
            area=area if isinstance(area, int) else None,
            zone=zone if isinstance(zone, int) else None,
            user=user if isinstance(user, int) else None,
            account=str(told["account"]) if "account" in told else None,
            text=str(told["text"]).strip()[:TEXT_CHARS_MAX] or None,
            frame=frame.raw,
        )
        return (entry,)

    def is_dated(self, frame: Frame) -> bool:
        """See AcknowledgedPanel."""
        return _time_of(frame) is not None

    def hear(self, frame: Frame, ours: ClockRead, now_ns: int) -> list[Finding]:
        """Compare clocks by the newest event of a conversation: those before it may have waited."""
        if frame.type == EVENT:
            self._event = frame
        if frame.type != END or self._event is None:
            return []
        event, self._event = self._event, None
        self._clock.read(ours)
        now, time = self._clock.now(now_ns), _time_of(event)
        if now is None or time is None:
            return []
        hour, minute, second = time
        told = now.replace(
            hour=hour, minute=minute, second=now.second if second is None else second
        )
        return self._clock.compare(_nearest(told, now), now_ns)


def _time_of(frame: Frame) -> tuple[int, int, int | None] | None:
    events = frame.fields.get("events")
    newest = events[-1] if isinstance(events, list) and events else None
    return clock_of(str(newest.get("ti", ""))) if isinstance(newest, dict) else None


def _nearest(told: datetime, now: datetime) -> datetime:
    """Return a time of day on the day that brings it nearest to `now`: blocks tell no date."""
    days = (told + timedelta(days=days) for days in (-1, 0, 1))
    return min(days, key=lambda day: abs(day - now))


def _session(setup: Setup) -> Session:
    return AcknowledgedSession(setup, MANNERS, GalaxyPanel(setup))


DRIVER = Driver(
    name="galaxy_sia",
    version="1",
    title="Honeywell Galaxy alarm panels, SIA blocks over RS-232 or TCP",
    nature=Nature.STREAM,
    session=_session,
    decoder=GalaxyDecoder,
    panels=(
        "Honeywell Galaxy Classic",
        "Galaxy G2",
        "Galaxy G3",
        "Galaxy Dimension",
        "Galaxy Flex",
    ),
    lines=("serial", "tcp", "listen"),
    bauds=(38400, 19200, 9600, 57600),
    abilities=(
        *("events", "restores", "open_close", "bypass", "troubles", "panel_time", "supervision"),
        "listen_only",
    ),
    acknowledges=True,
    quality="emulated",
    recognition="drivers._recognition:GALAXY_SIA",
    peers_max=PEERS_MAX,
    options=(
        Option(
            "due_s",
            float,
            None,
            "the panel says something at least this often: its test (profile, else a day)",
            minimum=10,
            maximum=8 * DAY_S,
        ),
        Option(
            "repeat_after_s",
            float,
            None,
            "how long the panel waits for an ACK before it repeats (profile, else 2.5)",
            minimum=0.5,
            maximum=120,
        ),
        Option("listen_only", bool, False, "never send a byte, not even an ACK"),
        Option("charset", str, "cp850", "Python codec of texts"),
    ),
)
