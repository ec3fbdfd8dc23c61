"""Chinese fire panels on a serial line: one engine, every dialect a profile.

What frames look like and mean is read in `drivers/_cn_fire_*.py` from the tables of the profile.
The session only listens, but for the keep-alive of a card that raises a fault without one.  Nothing
is acknowledged and nothing can be asked for: what stands at link-up is heard when the panel says it
again.

Sources: captures and tables of two open gateways' firmware; an installer's page on a printer.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from drivers._cn_fire_dialect import GAP_S, QUIET_S, Dialect
from drivers._cn_fire_reading import PieceDecoder, decoder_among, decoder_of, dialects_of
from edge_agent.domain.command import Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.noise import Noise
from edge_agent.domain.panel_clock import PanelClock, PanelTime
from edge_agent.domain.plain import TIME_OF_DAY
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Input,
    Link,
    Nature,
    Obeyed,
    Opened,
    Option,
    Received,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal
from edge_agent.domain.standing import Standing

REPEATS_MAX = 64  # frames that are remembered: a panel repeats its newest, one after another
BURST_BYTES_MAX = 96  # held until a silence: more than any panel says in one go
ENDED_BY_RESET = frozenset(
    {Kind.FIRE, Kind.FIRE_SUPERVISORY, Kind.ZONE_TROUBLE, Kind.SYSTEM_TROUBLE}
)
_DAMAGE = frozenset({FaultKind.CHECKSUM, FaultKind.LENGTH, FaultKind.SHAPE})


class Repeats:
    """Tells the same frame again, said by the panel or doubled by the line; its first copy counts.

    A frame of unknown age is nobody's first copy.
    """

    def __init__(self) -> None:
        self._first_ns: dict[bytes, int] = {}

    def open(self, opened: Opened, now_ns: int) -> None:
        """Know what was recorded before the line came up."""
        known = (*opened.recent, *((opened.waiting,) if opened.waiting else ()))
        for recent in known:
            if recent.age_ns is not None:
                self._first_ns[recent.frame] = now_ns - recent.age_ns  # the newest of them

    def has(self, frame: Frame, within_ns: int, now_ns: int) -> bool:
        """Tell whether this frame was said a moment ago; if not, it is the first."""
        first_ns = self._first_ns.get(frame.raw)
        if first_ns is not None and now_ns - first_ns <= within_ns:
            return True
        self._first_ns.pop(frame.raw, None)
        self._first_ns[frame.raw] = now_ns
        while len(self._first_ns) > REPEATS_MAX:
            self._first_ns.pop(next(iter(self._first_ns)))
        return False


class Bursts:
    """Reads a dialect without sums, whose frames are told by the silence around them.

    What begins after a silence is a frame at once.  Anything else is one when it is said twice, or
    when a silence follows and all that was heard before it are whole frames: a gateway that was
    busy reads two as one piece, and none of them may be lost.
    """

    def __init__(self, decoder: PieceDecoder, gap_ns: int, size: int) -> None:
        self._decoder = decoder
        self._gap_ns, self._size = gap_ns, size
        self._noise = Noise()
        self._burst = bytearray()
        self.open(0)

    def open(self, now_ns: int) -> None:
        """The line came up, perhaps in the middle of a frame."""
        self._noise.flush()
        self._burst.clear()
        self._last = b""  # the frame before, where the next one would follow at once
        self._is_begun = False  # by a silence: here a frame begins
        self._is_aligned = True  # no byte was left out since the last silence
        self._byte_ns = now_ns

    @property
    def is_waiting(self) -> bool:
        """Whether bytes are held that may become a frame."""
        return bool(self._burst or self._noise)

    def feed(self, data: bytes, now_ns: int) -> list[Frame]:
        """Take bytes heard at `now_ns`."""
        frames: list[Frame] = []
        if now_ns - self._byte_ns >= self._gap_ns:
            frames = self.finish()
            self._is_begun = self._is_aligned = True
        self._byte_ns = now_ns
        self._burst += data
        while len(self._burst) >= self._size:
            if self._is_proven():
                frames += self._take()
            elif len(self._burst) > BURST_BYTES_MAX:
                frames += self._drop()
            else:
                break
        return frames

    def finish(self) -> list[Frame]:
        """A silence: judge what is left."""
        frames: list[Frame] = []
        while self._burst:
            is_whole = self._is_begun or self._is_proven() or self._is_all_frames()
            frames += self._take() if is_whole and len(self._burst) >= self._size else self._drop()
        return [*frames, *self._noise.flush()]

    def _is_proven(self) -> bool:
        piece = bytes(self._burst[: self._size])
        is_twice = self._burst.startswith(piece, self._size)
        return self._is_begun or piece == self._last or is_twice

    def _is_all_frames(self) -> bool:
        """Tell whether everything that is held are whole frames of known kinds."""
        if not self._is_aligned or len(self._burst) % self._size:
            return False
        return all(frame.fault is None for frame in self._decoder.packet(bytes(self._burst)))

    def _take(self) -> list[Frame]:
        self._is_begun = False
        piece = bytes(self._burst[: self._size])
        read = self._decoder.packet(piece)
        if any(frame.fault is not None for frame in read):
            return self._drop()
        self._last = piece
        del self._burst[: self._size]
        return [*self._noise.flush(), *read]

    def _drop(self) -> list[Frame]:
        """Leave out a byte that begins no frame."""
        self._last, self._is_begun, self._is_aligned = b"", False, False
        dropped = bytes(self._burst[:1])
        del self._burst[:1]
        return self._noise.take(dropped)


class FireSession:
    """Listens, says the keep-alive that a card needs, finds silence."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._spoken = dialects_of(setup)
        only = self._spoken[0] if len(self._spoken) == 1 else None
        self._dialects = {one.name: one for one in self._spoken}
        self._bursts = _bursts(setup, only)
        self._gap_ns = _ns(only.gap_s if only else GAP_S)
        self._is_detecting = only is None and setup.options.get("silence_s") is None
        self._silence_ns = seconds_ns(setup, "silence_s", only.silence_s if only else QUIET_S)
        self._reset_ends = setup.options.get("reset_ends") is True
        is_listening = setup.options.get("listen_only") is True
        self._keep_alive = only.keep_alive if only and not is_listening else None
        self._clock = PanelClock(setup.zone)
        self._quality = LineQuality()
        self._tokens = count(1)
        self._open(Opened(), 0)

    def _open(self, opened: Opened, now_ns: int) -> None:
        self._decoder = decoder_among(self._setup, self._spoken)
        if self._bursts is not None:
            self._bursts.open(now_ns)
        self._repeats = Repeats()
        self._repeats.open(opened, now_ns)
        self._standing = Standing()
        for event in opened.standing:
            self._standing.take(event)
        self._online: bool | None = None
        self._byte_ns = now_ns  # when bytes came last
        self._heard_ns = now_ns  # and when a good frame did
        self._beat_at_ns = now_ns

    @property
    def _is_waiting(self) -> bool:
        return (self._bursts or self._decoder).is_waiting

    def deadline_ns(self) -> int | None:
        """Return when to say the keep-alive, to give up a frame, or to call it silence."""
        due = []
        if self._keep_alive is not None:
            due.append(self._beat_at_ns)
        if self._is_waiting:
            due.append(self._byte_ns + self._gap_ns)
        if self._online is not False:
            due.append(self._heard_ns + self._silence_ns)
        return min(due, default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        actions: list[Action] = []
        match happened:
            case Opened():
                self._open(happened, now_ns)
            case ClockRead():
                self._clock.read(happened)
            case Received(data):
                actions += self._hear(data, now_ns)
            case Commanded(number):
                return [Obeyed(number, Outcome.UNSUPPORTED, "the panel takes no commands here")]
            case Ticked():
                if self._is_waiting and now_ns >= self._byte_ns + self._gap_ns:
                    actions += self._give_up(now_ns)
                actions += self._beat(now_ns)
                actions += self._fall_silent(now_ns)
            case _:
                pass  # nothing is acknowledged, and there is one peer and no register
        return actions

    def _hear(self, data: bytes, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        if self._bursts is not None:
            frames = self._bursts.feed(data, now_ns)
        else:
            if self._is_waiting and now_ns >= self._byte_ns + self._gap_ns:
                actions += self._give_up(now_ns)  # the tick for it comes too late
            frames = self._decoder.feed(data)
        self._byte_ns = now_ns
        return actions + self._take(frames, now_ns)

    def _give_up(self, now_ns: int) -> list[Action]:
        """The panel paused within what looked like a frame: the rest of it does not come."""
        return self._take((self._bursts or self._decoder).finish(), now_ns)

    def _beat(self, now_ns: int) -> list[Action]:
        if self._keep_alive is None or now_ns < self._beat_at_ns:
            return []
        self._beat_at_ns = now_ns + _ns(self._keep_alive.every_s)
        return [Send(self._keep_alive.send)]

    def _fall_silent(self, now_ns: int) -> list[Action]:
        if self._online is False or now_ns < self._heard_ns + self._silence_ns:
            return []
        self._online = False
        reason = "nothing was heard"
        return [Fault(FaultKind.SILENCE, reason), Link(online=False, reason=reason)]

    def _take(self, frames: Sequence[Frame], now_ns: int) -> list[Action]:
        actions: list[Action] = []
        findings: list[Finding] = []
        for frame in frames:
            said, found = self._on_frame(frame, now_ns)
            actions += said
            findings += found
        return [*actions, *findings]

    def _on_frame(self, frame: Frame, now_ns: int) -> tuple[list[Action], list[Finding]]:
        if frame.fault is not None:
            bad = self._quality.bad() if frame.fault in _DAMAGE else []
            return [Fault(frame.fault, "", frame.raw[:FRAME_BYTES_MAX])], bad
        spoken = self._dialects[str(frame.fields["dialect"])]
        if spoken.is_of_host(frame.type):
            return [], []  # another host's, or ours heard back: the panel need not be there
        good = self._quality.good()
        self._heard_ns = now_ns
        if self._is_detecting:
            self._silence_ns = _ns(spoken.silence_s)
        actions: list[Action] = [] if self._online else [Link(online=True)]
        self._online = True
        if not frame.signals:
            return actions, good
        if self._repeats.has(frame, _ns(spoken.repeat_s), now_ns):
            return [*actions, Fault(FaultKind.REPEAT, "", frame.raw[:FRAME_BYTES_MAX])], good
        off = self._compared(frame, now_ns)
        signals = self._worded(frame, spoken)
        for signal in signals:
            self._standing.take(signal)
        return [*actions, Report(next(self._tokens), signals)], [*good, *off]

    def _compared(self, frame: Frame, now_ns: int) -> list[Finding]:
        if told := [one.panel_time for one in frame.signals if one.panel_time]:
            return self._clock.compare(PanelTime(told[-1]).local, now_ns)
        of_day = str(frame.fields.get(TIME_OF_DAY) or "")
        if not of_day:
            return []
        hour, minute, second = (int(of_day[at : at + 2]) for at in (0, 2, 4))
        return self._clock.compare_time_of_day((hour, minute, second), now_ns)

    def _worded(self, frame: Frame, spoken: Dialect) -> tuple[Signal, ...]:
        """Return a frame's signals; of what is only logged its name says what it was.

        With `reset_ends` a reset brings the end of what stood.
        """
        meaning = frame.fields.get("meaning")
        signals = tuple(
            replace(one, text=str(meaning))
            if meaning and one.kind is Kind.LOG and one.text is None
            else one
            for one in frame.signals
        )
        is_reset = spoken.resets(meaning) and all(one.zone is None for one in signals)
        if not (self._reset_ends and is_reset):
            return signals
        ended = [one for one in self._standing.signals if one.kind in ENDED_BY_RESET]
        return (
            *signals,
            *(replace(one, state=State.RESTORED, frame=signals[0].frame) for one in ended),
        )


def _ns(seconds: float) -> int:
    return int(seconds * NS_PER_S)


def _bursts(setup: Setup, only: Dialect | None) -> Bursts | None:
    if only is None or not only.is_gap_bounded:
        return None
    decoder = PieceDecoder(setup, (only,))
    return Bursts(decoder, _ns(only.gap_s), only.shapes[0].length or 1)


DRIVER = Driver(
    name="cn_fire",
    version="1",
    title="Chinese fire panels: network card, graphic display and printer ports",
    nature=Nature.STREAM,
    session=FireSession,
    decoder=decoder_of,
    panels=(
        "GST 100 to 9000, network card and printers",
        "GST 500 card",
        "Jade Bird JBF-11S family and JBF-193K card",
        "Songjiang 3208",
        "Fushian FS5101W",
        "Leader LD128E",
        "Simplex 4100",
        "printers of other fire panels",
    ),
    lines=("serial", "tcp"),
    bauds=(2400, 9600),
    abilities=(
        *("events", "restores", "outputs", "bypass", "troubles", "panel_time", "supervision"),
        "listen_only",
    ),
    acknowledges=False,
    quality="emulated",
    recognition="drivers._recognition:CN_FIRE",
    dialects_are_profiles=True,
    options=(
        Option("listen_only", bool, False, "never send a byte, not even a card's keep-alive"),
        Option(
            "silence_s",
            float,
            None,
            "so long without a word is silence (profile, else a day)",
            minimum=1,
            maximum=QUIET_S,
        ),
        Option(
            "zones_per_loop",
            int,
            0,
            "number the points of all loops through: zone = loop x this + point; 0: do not",
            minimum=0,
            maximum=100_000,
        ),
        Option(
            "reset_ends",
            bool,
            False,
            "the panel is alone on its line: its reset ends the fires and faults that stood",
        ),
        Option("charset", str, "", "Python codec of the panel's text (profile, else gb18030)"),
    ),
)
