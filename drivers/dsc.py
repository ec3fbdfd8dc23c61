"""DSC PowerSeries panels: IT-100 or PC5401 on a serial line, TPI (Envisalink) over TCP.

The frames are read in `drivers/_dsc_frames.py`, those of TPI's Honeywell flavour (VISTA panels) in
`drivers/_dsc_honeywell.py`.  A module over TCP wants a password first.  The whole state is asked
for at link-up, every two minutes, and when something may have been missed; events come by
themselves and are not acknowledged.

Sources: open clients and mock servers of both ports; threads about their oddities.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from drivers._dsc_frames import (
    STANDING_TROUBLES,
    ZONES_MAX,
    DscDecoder,
    dsc_line,
    is_host,
    time_of,
)
from drivers._dsc_honeywell import KEYS, pressed
from edge_agent.domain.asking import Asking, Pace
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import POINTS, Kind, Origin, State
from edge_agent.domain.panel_clock import PanelClock
from edge_agent.domain.polled import BYPASSES
from edge_agent.domain.proven import Proven
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.reports import Reports
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Close,
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
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import LISTEN_ONLY, NS_PER_S, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

POLL_S = 30.0  # the shortest interval that modules are asked in the field
STATE_S = 120.0  # how often the whole state is asked for
ANSWER_NS = 5 * NS_PER_S  # a command is answered within this
UNANSWERED_MAX = 2  # given up in a row, each asked twice: 20 s of silence
PROBE_NS = 10 * NS_PER_S  # how often an absent panel is asked whether it is there
PROMPT_NS = 3 * NS_PER_S  # a module that wants a password says so at once
MISSED_NS = 2 * NS_PER_S  # after damage the state is asked for again, when the line is quiet
TOLD_NS = 3 * NS_PER_S  # how long the answer to the status request flows
BYPASS_ZONES_MAX = 99  # of two digits behind *1
SETTLE_NS = 2 * NS_PER_S  # arming takes effect within this, before it is asked whether it did
DONE_NS = 12 * NS_PER_S  # what has no effect by then has none
QUIET_DAY_NS = 86_400 * NS_PER_S  # listening only: a day without a word
MINUTE_HALF = timedelta(seconds=30)  # the time broadcast has no seconds
RETRY_ERRORS = frozenset({"001", "002", "010"})  # overruns: the same may be asked again

_ASKED = ("000", "001", "008", "010", "030", "031", "033", "040", "056", "071", "^00", "^02", "^03")
_ENDS_COVERED = frozenset({"301", "302", "351", "354", "380", "383", "626"})


@dataclass(slots=True)
class _Doing:
    """A command under way: by which request, and from when on it is looked for its effect."""

    id: int
    command: Command
    name: str
    look_ns: int | None = None
    until_ns: int | None = None


class DscSession:
    """Logs in where it is asked to, polls, follows what the panel says."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._listen_only = bool(setup.options.get("listen_only", False))
        self._password = str(setup.options.get("password") or "")
        self._poll_ns = seconds_ns(setup, "poll_s", POLL_S)
        self._state_ns = seconds_ns(setup, "state_s", STATE_S)
        port = setup.profile.facts.get("port") if setup.profile is not None else None
        if port not in (None, "it100", "tpi", "honeywell"):
            raise ValueError(f"port is {port!r}; allowed: it100, tpi, honeywell")
        self._port_known = str(port) if port else None
        self._clock = PanelClock(setup.zone)
        self._asking = Asking(Pace(ANSWER_NS, tries=2))
        self._proven = Proven()
        self._quality = LineQuality()
        self._reports = Reports()
        self._begin(0)

    def _begin(self, now_ns: int) -> None:
        self._decoder = DscDecoder(self._setup)
        self._port = self._port_known
        self._online: bool | None = None
        self._heard_ns = now_ns
        # the module speaks first; one that is logged in already, or has no password, never does
        self._speak_ns = now_ns + (0 if self._port == "it100" else PROMPT_NS)
        self._poll_at_ns = self._state_at_ns = self._speak_ns
        self._told_until_ns = now_ns  # what comes before it belongs to a status answer
        self._reports.clear()
        self._bypassed: frozenset[int] | None = None  # not known
        self._doing: _Doing | None = None
        self._is_clock_due = "clock" in self._setup.allow
        self._proven.forget()
        self._asking.clear()

    def deadline_ns(self) -> int | None:
        """Return when to ask, to repeat, or to give up."""
        if self._listen_only:
            return None if self._online is False else self._heard_ns + QUIET_DAY_NS
        due: list[int | None] = [self._poll_at_ns, self._state_at_ns]
        if (asked_ns := self._asking.deadline_ns()) is not None:
            due.append(max(asked_ns, self._speak_ns))
        if self._doing is not None:
            due += [self._doing.look_ns, self._doing.until_ns]
        return min(at_ns for at_ns in due if at_ns is not None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        actions: list[Action] = []
        match happened:
            case Opened(standing=standing):
                self._begin(now_ns)
                self._proven.forget(standing)
            case ClockRead():
                self._clock.read(happened)
            case Received(data):
                for frame in self._decoder.feed(data):
                    actions += self._on_frame(frame, now_ns)
            case Commanded(number, command):
                actions += self._command(number, command, now_ns)
            case Ticked():
                actions += self._wake(now_ns)
            case _:
                pass  # nothing is acknowledged, and there is one peer and no register
        return actions if self._listen_only else actions + self._ask(now_ns)

    # ---- asking

    def _wake(self, now_ns: int) -> list[Action]:
        if self._listen_only:
            is_quiet = now_ns - self._heard_ns >= QUIET_DAY_NS
            return self._lost("nothing was heard") if is_quiet else []
        absent = self._online is False
        if now_ns >= self._poll_at_ns:
            self._poll_at_ns = now_ns + (PROBE_NS if absent else self._poll_ns)
            self._want("000")
        if now_ns >= self._state_at_ns:
            self._state_at_ns = now_ns + self._state_ns
            if not absent:
                self._want_state()
        return self._look(now_ns)

    def _look(self, now_ns: int) -> list[Action]:
        """Look whether the command under way had its effect."""
        doing = self._doing
        if doing is None:
            return []
        if doing.look_ns is not None and now_ns >= doing.look_ns:
            doing.look_ns = None
            self._want("001")
        if doing.until_ns is not None and now_ns >= doing.until_ns:
            return [self._done(Outcome.REFUSED, "no change")]
        return []

    def _want_state(self) -> None:
        self._want("001")
        if self._port == "tpi":
            self._want("008")
        if self._port in ("it100", "tpi"):
            self._want("056", "1")  # the panel's time now and then

    def _want(self, name: str, data: str = "") -> None:
        if self._port == "honeywell":
            name = {"000": "^00", "001": "^02"}.get(name, name)
        line = f"{name},$\r\n".encode() if name[0] == "^" else dsc_line(name, data)
        self._asking.ask(name, line)

    def _ask(self, now_ns: int) -> list[Action]:
        if now_ns < self._speak_ns:
            return []
        if self._online and self._is_clock_due and self._port in ("it100", "tpi"):
            self._is_clock_due = not self._set_clock(now_ns)
        actions = self._asking.due(now_ns)
        for name in self._asking.given_up:
            if self._doing is not None and self._doing.name == name:
                actions.append(self._done(Outcome.UNANSWERED, "no answer"))
        self._asking.given_up.clear()
        if self._asking.unanswered >= UNANSWERED_MAX:
            actions = [a for a in actions if not isinstance(a, Send)]
            actions += self._lost("no answer")
            self._asking.clear()
            self._poll_at_ns = now_ns + PROBE_NS
        return actions

    def _set_clock(self, now_ns: int) -> bool:
        ours = self._clock.now(now_ns)
        if ours is None or not 2000 <= ours.year < 2100:
            return False
        self._want("010", f"{ours:%H%M%m%d%y}")
        return True

    def _lost(self, reason: str) -> list[Action]:
        actions: list[Action] = []
        if self._doing is not None:
            actions.append(self._done(Outcome.UNANSWERED, reason))
        if self._online is False:
            return actions
        self._online = False
        return [*actions, Fault(FaultKind.SILENCE, reason), Link(online=False, reason=reason)]

    # ---- hearing

    def _on_frame(self, frame: Frame, now_ns: int) -> list[Action]:
        if frame.fault is FaultKind.NOISE:
            return [Fault(FaultKind.NOISE, "", frame.raw[:FRAME_BYTES_MAX])]
        if frame.fault is not None:
            self._refresh(now_ns)  # perhaps an event was lost
            # it may be a duress with its code: the frame is left out
            return [Fault(frame.fault), *self._quality.bad()]
        if is_host(frame):
            return []  # our own, heard along, or those of another host
        actions = self._alive(now_ns)  # before it says anything, what was proven before is void
        if frame.signals or frame.type in _MAPS:
            actions += self._on_signals(frame, now_ns)
        return [*actions, *self._on_answer(frame, now_ns), *self._quality.good()]

    def _alive(self, now_ns: int) -> list[Action]:
        self._heard_ns = now_ns
        if self._online:
            return []
        if self._online is False:  # it was away: nothing that was proven holds
            self._proven.forget(self._proven.standing)
            self._bypassed = None
            self._asking.clear()
            self._state_at_ns = now_ns
            self._want_state()
        self._online = True
        return [Link(online=True)]

    def _refresh(self, now_ns: int) -> None:
        """Ask for the state soon: something may have been missed."""
        if self._online is not False:
            self._state_at_ns = min(self._state_at_ns, now_ns + MISSED_NS)

    def _on_answer(self, frame: Frame, now_ns: int) -> list[Action]:
        fields = frame.fields
        match frame.type:
            case "acknowledge":
                self._speak_ns = min(self._speak_ns, now_ns)
                self._port = self._port or "it100"
                return self._acknowledged(str(fields["acknowledged"]), now_ns)
            case "answer" if fields["answer"] not in ("ok", "busy", "overflow"):
                return self._refused(str(fields["answer"]), now_ns)
            case "answer" if fields["answer"] == "ok":
                return self._acknowledged(f"^{fields['command']}", now_ns)
            case "login":
                return self._login(frame, now_ns)
            case "system_error" if str(fields["error"]) not in RETRY_ERRORS:
                return self._refused(f"error {fields['error']}", now_ns)
            case "invalid_code" | "arming_failed" if self._doing is not None:
                return [self._done(Outcome.REFUSED, str(frame.type).replace("_", " "))]
            case "time":
                return self._compare(str(fields["time"]), now_ns)
            case "leds" if "bypass" not in str(fields["bits"]):
                if self._bypassed:
                    self._want("001")  # how their contacts are
                self._bypassed = frozenset()  # the lamp is out: nothing is bypassed any more
        return []

    def _acknowledged(self, name: str, now_ns: int) -> list[Action]:
        was_asked = self._asking.answered(name, now_ns)
        if name in ("001", "^02"):
            self._told_until_ns = now_ns + TOLD_NS
        doing = self._doing
        if doing is None or doing.name != name or not was_asked:
            return []
        if doing.command.act is Act.CLOCK:
            return [self._done(Outcome.DONE, "")]
        doing.until_ns = now_ns + DONE_NS
        if doing.command.act not in BYPASSES:  # the module says by itself what is out
            doing.look_ns = now_ns + SETTLE_NS
        return []

    def _refused(self, why: str, now_ns: int) -> list[Action]:
        """The panel will not do what was asked last; it does not say what that was."""
        name = next((one for one in _ASKED if self._asking.answered(one, now_ns)), None)
        actions: list[Action] = [Fault(FaultKind.REFUSED, f"{name or 'nothing asked'}: {why}")]
        if self._doing is not None and self._doing.name == name:
            actions.append(self._done(Outcome.REFUSED, why))
        return actions

    def _login(self, frame: Frame, now_ns: int) -> list[Action]:
        if self._listen_only:
            return []
        is_dsc = frame.raw[:3] == b"505"
        match str(frame.fields["login"]):
            case "3":
                self._port = "tpi" if is_dsc else "honeywell"
                self._speak_ns = now_ns + PROMPT_NS
                self._asking.clear()  # what was asked before is not answered
                plain = f"{self._password}\r\n".encode()
                return [Send(dsc_line("005", self._password) if is_dsc else plain)]
            case "1":
                self._speak_ns = now_ns
                self._poll_at_ns = now_ns + self._poll_ns
                self._state_at_ns = now_ns + self._state_ns
                self._want_state()
                return []
            case "0":
                return [Fault(FaultKind.REFUSED, "password"), Close("the password is refused")]
        return [Close("the login took too long")]

    def _compare(self, told: str, now_ns: int) -> list[Action]:
        found: list[Action] = []
        for one in self._clock.compare(time_of(told).local + MINUTE_HALF, now_ns):
            found.append(one)
            if isinstance(one, Finding) and one.active:
                self._is_clock_due = "clock" in self._setup.allow
        return found

    # ---- what it says

    def _on_signals(self, frame: Frame, now_ns: int) -> list[Action]:
        command = str(frame.fields["command"])
        if command == "616" or (frame.signals and frame.signals[0].kind in POINTS):
            return self._on_points(frame)
        if command in ("510", "849"):
            return self._reports.of(self._shown(command, frame.signals, frame.raw))
        if command in STANDING_TROUBLES and now_ns < self._told_until_ns:
            return self._reports.of(self._told(frame.signals))
        if self._reports.is_doubled(frame, now_ns):
            return [Fault(FaultKind.REPEAT)]
        return self._reports.of(self._proven.heard(frame.signals))

    def _on_points(self, frame: Frame) -> list[Action]:
        """Take what states points; a keypad line of the Honeywell flavour has events beside."""
        signals = tuple(s for s in frame.signals if s.kind is not Kind.ZONE or self._is_shown(s))
        command = str(frame.fields["command"])
        which = (frame.fields.get(name) for name in ("zone", "area", "partition"))
        name = f"{command}/{next((one for one in which if one is not None), '')}"
        ended = frame.type == "zone_restored"
        is_fire = any(s.kind is Kind.FIRE for s in signals)

        def covers(standing: Signal) -> bool:
            """Tell whether this ends an alarm that stood before the link came up."""
            if frame.type == "keypad" and standing.code == "110":
                return standing.zone is None and not is_fire
            is_alarm = standing.kind is Kind.BURGLARY and standing.code == "130"
            return ended and is_alarm and standing.zone == frame.signals[0].zone

        actions = self._reports.of(self._proven.map(name, signals, frame.raw, covers))
        if command == "616":
            actions += self._bypass_map(frame)
        doing = self._doing
        if doing is not None and doing.until_ns is not None:
            wanted = _WANTED.get(doing.command.act, frozenset())
            area = doing.command.area or 1
            if any(s.kind is Kind.AREA and s.area == area and s.state in wanted for s in signals):
                actions.append(self._done(Outcome.DONE, ""))
        return actions

    def _is_shown(self, signal: Signal) -> bool:
        """Whether the contact counts: a bypass hides it."""
        is_out = signal.zone in (self._bypassed or ())
        return not is_out or signal.state is State.BYPASSED

    def _bypass_map(self, frame: Frame) -> list[Action]:
        now = frozenset(s.zone for s in frame.signals if s.zone and s.zone <= ZONES_MAX)
        if (self._bypassed or frozenset()) - now:
            self._want("001")  # how their contacts are
        self._bypassed = now
        doing = self._doing
        if doing is None or doing.command.act not in BYPASSES:
            return []
        if (doing.command.zone in now) is not (doing.command.act is Act.BYPASS):
            return []
        return [self._done(Outcome.DONE, "")]

    def _shown(self, command: str, signals: tuple[Signal, ...], raw: bytes) -> tuple[Signal, ...]:
        """Take lamps or trouble bits: what they sum up is no news where its zone is known."""
        known = {(s.kind, s.code) for s in self._proven.standing if s.zone is not None}
        news = tuple(s for s in signals if self._proven.stands(s) or (s.kind, s.code) not in known)

        def covers(standing: Signal) -> bool:
            if command == "510":
                return standing.code == "110" and standing.zone is None
            shown = {(s.kind, s.code) for s in signals}
            at = standing.kind, standing.code
            return command == "849" and at not in shown and standing.code in _ENDS_COVERED

        return self._proven.map(command, news, raw, covers)

    def _told(self, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """Take troubles said along with the whole state: what is known already is no news."""
        news = [s for s in signals if self._proven.stands(s) is (s.state is State.RESTORED)]
        dated = (
            s if s.state is State.RESTORED else replace(s, origin=Origin.AT_START) for s in news
        )
        return self._proven.heard(dated)

    # ---- commands

    def _command(self, number: int, command: Command, now_ns: int) -> list[Action]:
        if self._listen_only:
            return [Obeyed(number, Outcome.FORBIDDEN, "this driver only listens")]
        if command.act not in DRIVER.commands:
            return [Obeyed(number, Outcome.UNSUPPORTED, f"no words for {command.act}")]
        if self._doing is not None or not self._online:
            why = "another command is under way" if self._doing else "the panel is not there"
            return [Obeyed(number, Outcome.REFUSED, why)]
        if command.act is Act.STATUS:
            self._want_state()
            return [Obeyed(number, Outcome.DONE, "asked")]
        if command.act in _NOT_AT.get(self._port or "", ()):
            return [Obeyed(number, Outcome.UNSUPPORTED, f"no {command.act} at this port")]
        if command.act is Act.CLOCK and self._clock.now(now_ns) is None:
            return [Obeyed(number, Outcome.CLOCK_UNSURE)]
        if command.act in BYPASSES and (no := self._not_to_bypass(command)):
            return [Obeyed(number, *no)]
        name, data = self._words(command, now_ns)
        if not name:
            return [Obeyed(number, Outcome.REFUSED, "a number or the user code is missing")]
        line = data.encode() if name == KEYS else dsc_line(name, data)
        if not self._asking.ask(name, line, tries=1, first=True):
            return [Obeyed(number, Outcome.REFUSED, "too much is asked of the panel just now")]
        self._doing = _Doing(number, command, name)
        return []

    def _not_to_bypass(self, command: Command) -> tuple[Outcome, str] | None:
        """Say why no key is pressed: the same keys take a zone out and in."""
        if self._bypassed is None:
            return Outcome.REFUSED, "which zones are bypassed is not known yet"
        if (command.zone in self._bypassed) is (command.act is Act.BYPASS):
            return Outcome.DONE, "it was so already"
        return None

    def _words(self, command: Command, now_ns: int) -> tuple[str, str]:
        """Return command and data; "" where something is missing."""
        area, code = command.area or 1, command.code or ""
        if area > 8 or (code and not 4 <= len(code) <= 6):
            return "", ""
        if self._port == "honeywell":
            return (KEYS, pressed(area, code + _LAST_KEY[command.act])) if code else ("", "")
        match command.act:
            case Act.CLOCK:
                ours = self._clock.now(now_ns)
                return ("010", f"{ours:%H%M%m%d%y}") if ours else ("", "")
            case Act.BYPASS | Act.UNBYPASS:
                zone = command.zone or 0
                good = 1 <= zone <= BYPASS_ZONES_MAX
                return ("071", f"{area}*1{zone:02d}#") if good else ("", "")
            case Act.ARM_STAY:
                return "031", str(area)
            case Act.ARM_AWAY if not code:
                return "030", str(area)
            case Act.ARM_AWAY:
                return "033", f"{area}{code:0<6}"
        return ("040", f"{area}{code:0<6}") if code else ("", "")

    def _done(self, outcome: Outcome, detail: str) -> Action:
        assert self._doing is not None, "something was under way"
        number, self._doing = self._doing.id, None
        return Obeyed(number, outcome, detail)


_NOT_AT = {"it100": BYPASSES, "honeywell": (*BYPASSES, Act.CLOCK)}
_LAST_KEY = {Act.DISARM: "1", Act.ARM_AWAY: "2", Act.ARM_STAY: "3"}  # behind the code


_WANTED = {
    Act.ARM_AWAY: frozenset({State.EXIT_DELAY, State.ARMED_AWAY}),
    Act.ARM_STAY: frozenset({State.EXIT_DELAY, State.ARMED_STAY}),
    Act.DISARM: frozenset({State.DISARMED}),
}


_MAPS = ("leds", "trouble_bits", "bypassed_zones")  # an empty one says that all of it is over


DRIVER = Driver(
    name="dsc",
    version="1",
    title="DSC PowerSeries: IT-100 serial, TPI over TCP; VISTA through TPI",
    nature=Nature.STREAM,
    session=DscSession,
    decoder=DscDecoder,
    panels=("DSC PowerSeries with IT-100 or PC5401", "DSC PowerSeries with an Envisalink"),
    lines=("serial", "tcp"),
    bauds=(9600, 19200, 38400, 57600, 115200),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "bypass", "troubles", "at_start"),
        *("arm", "clock", "supervision", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:DSC",
    commands=frozenset({Act.STATUS, Act.CLOCK, *BYPASSES, Act.ARM_AWAY, Act.ARM_STAY, Act.DISARM}),
    options=(
        Option("password", str, "user", "the module's password, for TPI", secret=True),
        Option("poll_s", float, None, "how often the panel is polled", minimum=10, maximum=60),
        Option("state_s", float, None, "how often all state is asked", minimum=30, maximum=3600),
        Option("charset", str, None, "codec of labels and display text"),
        LISTEN_ONLY,
    ),
)
