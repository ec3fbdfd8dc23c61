"""An emulated panel on its stand: the machine, a line in each direction, the plans being played.

Still pure: the shell only carries bytes and wakes it.  A simulation can run many of these in
virtual time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hil.lines import PERFECT, Quality, Trick, Wire
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Delivered,
    Entry,
    Heard,
    Input,
    Machine,
    Muted,
    Note,
    Output,
    Plan,
    Plugged,
    Said,
    Say,
    Ticked,
    Unplugged,
)

FAULTS = (
    *("wrong", "cut", "lost", "double", "glue", "badtext", "repeat", "garbage", "silence", "noack"),
    *("clock", "flood", "unplug", "plug"),
)
"""What every panel can be told to suffer, by flag or by control line."""

PLANS_MAX = 8  # played at the same time; more is a script that starts itself
GARBAGE_MAX = 1 << 20
CONTROL = """\
faults, of every panel; also by flag: --fault 'NAME ...', --fault 'NAME ...@S' S seconds later:
  wrong|cut|lost|double [N]   the next N things said have a wrong byte, or are half, gone, twice
  glue [N]         the next N things said arrive with the one after them, in one piece
  badtext [N]      the next N with text have bytes in it that are no characters, and a good sum
  repeat           the last thing said, once more                 garbage [N] N random bytes now
  silence [S]      nothing that it says arrives for S seconds     noack [S]   it hears nothing
  clock +S|-S|TIME its clock jumps                                flood [R [S]]   R events a second
  unplug [S]       pull the plug (for S seconds)                  plug        put it back
control lines of every panel:
  plan NAME [key=value...]    play a plan;  stop  ends all plans;  quit"""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Write these bytes to this host."""

    data: bytes
    peer: int


@dataclass(frozen=True, slots=True)
class Noted:
    """Write this line into the ledger; `t_ns` is when its last byte is on the wire."""

    entry: Entry
    t_ns: int


@dataclass(frozen=True, slots=True)
class Plug:
    """Make the line appear, or disappear."""

    there: bool


@dataclass(frozen=True, slots=True)
class Quit:
    """Somebody said `quit`."""


StandOutput = Spoken | Noted | Plug | Quit


class Player:
    """Gives the lines of several plans when they are due."""

    def __init__(self) -> None:
        self._playing: list[tuple[int, str, Iterator[tuple[float, str]], int]] = []

    def start(self, plan: Plan, now_ns: int) -> None:
        """Play `plan` from now on; raises CommandError when too many play already."""
        if len(self._playing) >= PLANS_MAX:
            raise CommandError(f"{PLANS_MAX} plans play already; `stop` ends them")
        self._queue(iter(plan), now_ns)

    def stop(self) -> None:
        """End all plans."""
        self._playing.clear()

    def deadline_ns(self) -> int | None:
        """Return when the next line is due."""
        return min((due_ns for due_ns, *_ in self._playing), default=None)

    def due(self, now_ns: int) -> list[str]:
        """Return one due line of each plan."""
        ready = [playing for playing in self._playing if playing[0] <= now_ns]
        self._playing = [playing for playing in self._playing if playing[0] > now_ns]
        for _, _, rest, start_ns in ready:
            self._queue(rest, start_ns)
        return [line for _, line, _, _ in sorted(ready, key=lambda playing: playing[0])]

    def _queue(self, rest: Iterator[tuple[float, str]], start_ns: int) -> None:
        following = next(rest, None)
        if following is not None:
            seconds, line = following
            self._playing.append((start_ns + int(seconds * 1e9), line, rest, start_ns))


@dataclass(frozen=True, slots=True)
class StandSetup:
    """How the two directions of the line are, and which plans there are.

    `spoil_text` makes bad text of a frame's (None: of one without text); without it no frame of
    this panel has any.
    """

    out: Quality = PERFECT
    back: Quality = PERFECT
    seed: int = 0
    wrong_at: int | None = None
    plans: Mapping[str, Callable[[Mapping[str, str]], Plan]] | None = None
    has_clock: bool = True
    spoil_text: Callable[[bytes], bytes | None] | None = None


class Stand:
    """Joins a machine with its lines and plans; faults by control line are played here."""

    def __init__(self, machine: Machine, setup: StandSetup) -> None:
        self.machine = machine
        self.out = Wire(setup.out, setup.seed * 2, setup.wrong_at)
        self.back = Wire(setup.back, setup.seed * 2 + 1)
        self._setup = setup
        self._plans = setup.plans or {}
        self._bad_texts = 0  # frames with text that are yet to be spoiled
        self._last: Say | None = None
        self._player = Player()
        self._peers: list[int] = []
        self._replug_at_ns: int | None = None

    @property
    def has_host(self) -> bool:
        """Whether anybody hears what is said."""
        return bool(self._peers)

    def deadline_ns(self) -> int | None:
        """Return when something is due."""
        due = (
            self.machine.deadline_ns(),
            self.out.deadline_ns(),
            self.back.deadline_ns(),
            self._player.deadline_ns(),
            self._replug_at_ns,
        )
        return min((due_ns for due_ns in due if due_ns is not None), default=None)

    def handle(self, happened: Input, now_ns: int) -> list[StandOutput]:
        """Take one input; raises CommandError for a control line that makes no sense."""
        outputs: list[StandOutput] = []
        match happened:
            case Heard(data, peer):
                self.back.put(data, now_ns, peer)
            case Commanded(command):
                outputs = self._obey(command, now_ns)
            case Plugged(peer):
                self._peers.append(peer)
                outputs = self._tell(happened, now_ns)
            case Unplugged(peer):
                self._peers = [other for other in self._peers if other != peer]
                if not self._peers:
                    self.out.break_off(now_ns)
                    self.back.break_off(now_ns)
                outputs = self._tell(happened, now_ns)
            case Delivered() | Muted() | Ticked():
                pass
        return outputs + self._pump(now_ns)

    def play(self, plan: Plan, now_ns: int) -> None:
        """Play `plan` from now on."""
        self._player.start(plan, now_ns)

    def _pump(self, now_ns: int) -> list[StandOutput]:
        outputs: list[StandOutput] = []
        while (due_ns := self.deadline_ns()) is not None and due_ns <= now_ns:
            for peer, data in self.back.take(now_ns):
                outputs += self._tell(Heard(data, peer), now_ns)
            machine_ns = self.machine.deadline_ns()
            if machine_ns is not None and machine_ns <= now_ns:
                outputs += self._tell(Ticked(), now_ns)
            for line in self._player.due(now_ns):
                outputs += self._obey_planned(line, now_ns)
            if self._replug_at_ns is not None and self._replug_at_ns <= now_ns:
                self._replug_at_ns = None
                outputs.append(Plug(True))
            outputs += [Spoken(data, peer) for peer, data in self.out.take(now_ns)]
        return outputs

    def _tell(self, happened: Input, now_ns: int) -> list[StandOutput]:
        outputs: list[StandOutput] = []
        delivered: list[Delivered] = []
        for output in self.machine.handle(happened, now_ns):
            outputs += self._perform(output, now_ns, delivered)
        for one in delivered:  # what was said is in the ledger before what became of it
            outputs += self._tell(one, now_ns)
        return outputs

    def _perform(
        self, output: Output, now_ns: int, delivered: list[Delivered]
    ) -> list[StandOutput]:
        match output:
            case Say(data, peer, covers):
                self._last = output
                told = self._with_bad_text(data)
                unharmed = self.out.put(told, now_ns, peer) and told == data
                if covers and unharmed:
                    delivered.append(Delivered(covers, data))
                return []
            case Note(entry):
                on_wire = entry.state in {Said.SAID, Said.FOUND}
                return [Noted(entry, max(now_ns, self.out.busy_until_ns) if on_wire else now_ns)]

    def _obey_planned(self, line: str, now_ns: int) -> list[StandOutput]:
        """Do a plan's line; a plan for any panel goes on where one does not know a word of it."""
        try:
            return self._obey(Command.parse(line), now_ns)
        except CommandError:
            return [Noted(Entry(0, Said.UNTOLD, line=line), now_ns)]

    def _obey(self, command: Command, now_ns: int) -> list[StandOutput]:
        match command.name:
            case "silence":
                until_ns = now_ns + command.seconds_ns(0, 1e6)
                self.out.mute(until_ns)
                return self._tell(Muted(until_ns), now_ns)
            case "unplug":
                self._replug_at_ns = now_ns + command.seconds_ns(0, 0.0) if command.words else None
                return [Plug(False)]
            case "plug":
                self._replug_at_ns = None
                return [Plug(True)]
            case "plan" | "flood" | "stop":
                self._obey_plan(command, now_ns)
            case "quit":
                return [Quit()]
            case "badtext" if self._setup.spoil_text is None:
                return _untold(command, now_ns)
            case "clock" if not self._setup.has_clock:
                return _untold(command, now_ns)
            case _:
                return self._suffer(command, now_ns)
        return []

    def _suffer(self, command: Command, now_ns: int) -> list[StandOutput]:
        """Let the line do to what is said as told; anything else is the machine's."""
        match command.name:
            case "noack":
                self.back.mute(now_ns + command.seconds_ns(0, 1e6))
            case "wrong" | "cut" | "lost" | "double" | "glue":
                self.out.trick(Trick(command.name), _count(command, 1, 1000))
            case "badtext":
                self._bad_texts += _count(command, 1, 1000)
            case "repeat":
                if self._last is not None and self._last.peer in self._peers:
                    self.out.put(self._last.data, now_ns, self._last.peer)
            case "garbage":
                for peer in self._peers:
                    self.out.garbage(_count(command, 16, GARBAGE_MAX), now_ns, peer)
            case _:
                return self._tell(Commanded(command), now_ns)
        return []

    def _with_bad_text(self, data: bytes) -> bytes:
        if self._bad_texts and self._setup.spoil_text is not None:
            spoiled = self._setup.spoil_text(data)
            if spoiled is not None:
                self._bad_texts -= 1
                return spoiled
        return data

    def _obey_plan(self, command: Command, now_ns: int) -> None:
        if command.name == "stop":
            self._player.stop()
            return
        name, settings = command.word(0, ""), dict(command.settings)
        if command.name == "flood":
            name = "traffic"
            settings = {"rate": command.word(0, "100"), "seconds": command.word(1, "10")}
        if name not in self._plans:
            raise CommandError(f"no plan {name!r}; there are {', '.join(self._plans)}")
        self.play(self._plans[name](settings), now_ns)


def _untold(command: Command, now_ns: int) -> list[StandOutput]:
    """Note that the panel has nothing that this could happen to."""
    return [Noted(Entry(0, Said.UNTOLD, line=command.name), now_ns)]


def _count(command: Command, default: int, most: int) -> int:
    text = command.word(0, str(default))
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise CommandError(f"{command.name}: {text} is not a number 1..{most}")
    return int(text)
