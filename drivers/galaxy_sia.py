"""Honeywell Galaxy alarm panels: SIA blocks over an RS-232 module, or called in over TCP.

The panel begins a conversation with its account, then says one event after the other, each in a
block of its own, at level 3 followed by a text in another, and ends it.  It waits 2.5 s for the ACK
of each block and says it four times in all.  The blocks and the sources are in `_galaxy_frames`;
what an ACK needs is decided in `edge_agent.domain.acknowledged`.

At level 4 it is asked and ordered on the same line, while it says nothing: `_galaxy_control` has
the exchanges, `_galaxy_state` what its answers prove.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from drivers._galaxy_control import COMMANDS, GalaxyControl
from drivers._galaxy_frames import (
    ACCOUNT,
    ANSWER_TYPES,
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
    framed,
)
from drivers._galaxy_orders import AREAS_MAX, INPUTS, RIOS
from drivers._galaxy_state import GalaxyState
from edge_agent.domain.acknowledged import (
    PEERS_MAX,
    AcknowledgedPanel,
    AcknowledgedSession,
    Manners,
    Part,
)
from edge_agent.domain.command import Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelClock
from edge_agent.domain.session import (
    Action,
    Called,
    ClockRead,
    Commanded,
    Driver,
    Frame,
    HungUp,
    Input,
    Link,
    Nature,
    Obeyed,
    Opened,
    Option,
    Received,
    Report,
    Setup,
)
from edge_agent.domain.settings import NO_ACK, count_of, seconds_ns
from edge_agent.domain.sia_block import clock_of
from edge_agent.domain.signal import TEXT_CHARS_MAX, Signal

DAY_S = 86_400.0
POLL_S = 60.0  # the whole state: some 1.2 kB both ways
ZONES, ZONES_MAX, AREAS = 16, 4 * RIOS * INPUTS, 1
MANNERS = Manners(
    repeat_s=2.5,
    tries_max=4,
    due_s=DAY_S,  # the slowest automatic test in use
    nak=framed(b"9"),
)
_ANSWER = framed(b"8")
_PARTS = {
    ACCOUNT: Part.BEGIN,
    EVENT: Part.EVENT,
    OLD_EVENT: Part.EVENT,
    TEXT: Part.MORE,
    END: Part.END,
    **dict.fromkeys(UNREAD, Part.EVENT),
    **dict.fromkeys(HOST_TYPES, Part.HOST),
    **dict.fromkeys(ANSWER_TYPES, Part.ANSWER),
}


class GalaxyPanel(AcknowledgedPanel):
    """What a Galaxy's blocks are, and how they are answered."""

    def __init__(self, setup: Setup, awaits: Callable[[Frame], bool]) -> None:
        self._setup = setup
        self._awaits = awaits
        self._clock = PanelClock(setup.zone)
        self._event: Frame | None = None
        self.answers: list[Frame] = []  # that the session has not taken yet

    def decoder(self) -> GalaxyDecoder:
        """See AcknowledgedPanel."""
        return GalaxyDecoder(self._setup)

    def part(self, frame: Frame) -> Part:
        """See AcknowledgedPanel; of level 4 what cannot be read is kept as an event."""
        is_unread = frame.fault is not None and frame.type in UNREAD
        return Part.EVENT if is_unread else _PARTS.get(frame.type or "", Part.ALIVE)

    def answered(self, frame: Frame) -> bool:
        """See AcknowledgedPanel; a state that another host asked for is one as well."""
        is_answer = "of" in frame.fields or self._awaits(frame)
        if is_answer:
            self.answers.append(frame)
        return is_answer

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


class GalaxySession:
    """Hears the panel out, and asks it when it is at rest, if the site has a remote code."""

    def __init__(self, setup: Setup) -> None:
        self._listen_only = setup.options.get("listen_only") is True
        code = "" if self._listen_only else str(setup.options.get("remote_code") or "")
        self._control = GalaxyControl(code, seconds_ns(setup, "poll_s", POLL_S))
        self._state = GalaxyState(
            count_of(setup, "zones", ZONES, ZONES_MAX), count_of(setup, "areas", AREAS, AREAS_MAX)
        )
        self._panel = GalaxyPanel(setup, self._control.awaits)
        self._talk = AcknowledgedSession(setup, MANNERS, self._panel)

    def deadline_ns(self) -> int | None:
        """Return when the panel is silent for too long, or can be asked."""
        # what is not durable yet comes back as an input of its own
        rests_at_ns = self._talk.rests_at_ns() if self._talk.owes_nothing else None
        due = (self._talk.deadline_ns(), self._control.deadline_ns(rests_at_ns))
        return min((at_ns for at_ns in due if at_ns is not None), default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        actions = self._before(happened, now_ns)
        if isinstance(happened, Commanded):
            actions += self._command(happened, now_ns)
        else:
            actions += self._heard(self._talk.handle(happened, now_ns), now_ns)
        at_rest = self._talk.owes_nothing and now_ns >= self._talk.rests_at_ns()
        actions += self._control.act(now_ns, at_rest=at_rest)
        if self._talk.online and self._control.is_unheard:
            actions += self._talk.lost("it is asked and does not answer")
        return actions

    def _before(self, happened: Input, now_ns: int) -> list[Action]:
        """Know on which line the panel is."""
        match happened:
            case Opened(standing=standing):
                self._control.open(now_ns)
                self._state.forget(standing)
            case Called(peer) | Received(peer=peer):
                return self._control.heard(now_ns, peer)
            case HungUp(peer) if peer == self._control.peer:
                self._state.absent()
                return self._control.gone(now_ns)
            case _:
                pass
        return []

    def _command(self, wanted: Commanded, now_ns: int) -> list[Action]:
        if self._listen_only:
            return [Obeyed(wanted.id, Outcome.FORBIDDEN, "this driver only listens")]
        is_there = self._talk.online
        return self._control.command(wanted.id, wanted.command, now_ns, is_there=is_there)

    def _heard(self, actions: list[Action], now_ns: int) -> list[Action]:
        """Take what the panel said by itself, then what it answered."""
        for action in actions:
            match action:
                case Report(signals=signals):
                    self._state.heard(signals)
                case Link(online=True):
                    self._state.absent()
                    self._control.look(now_ns)
        answers, self._panel.answers = self._panel.answers, []
        told: list[Action] = []
        for frame in answers:
            if self._control.awaits(frame):  # not if it was doubled by the line
                told += self._control.take(frame, now_ns)
            told += self._talk.report(self._state.told(frame))
        return actions + told


DRIVER = Driver(
    name="galaxy_sia",
    version="1",
    title="Honeywell Galaxy alarm panels, SIA blocks over RS-232 or TCP",
    nature=Nature.STREAM,
    session=GalaxySession,
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
        *("events", "restores", "open_close", "zones", "areas", "bypass", "troubles", "at_start"),
        *("panel_time", "arm", "supervision", "listen_only"),
    ),
    acknowledges=True,
    quality="emulated",
    recognition="drivers._recognition:GALAXY_SIA",
    peers_max=PEERS_MAX,
    commands=COMMANDS,
    options=(
        Option(
            "remote_code",
            str,
            None,
            "level 4: the code by which it is asked (none: not asked)",
            secret=True,
        ),
        Option(
            "poll_s",
            float,
            None,
            "level 4: so often the whole state is asked for (profile, else 60)",
            minimum=10,
            maximum=DAY_S,
        ),
        Option(
            "zones",
            int,
            None,
            "level 4: zones told of from the start, from 1001 on (else 16)",
            minimum=1,
            maximum=ZONES_MAX,
        ),
        Option(
            "areas",
            int,
            None,
            "level 4: areas told of from the start (else 1)",
            minimum=1,
            maximum=AREAS_MAX,
        ),
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
        NO_ACK,
        Option("charset", str, "cp850", "Python codec of texts"),
    ),
)
