"""`edge-agent watch`: the events of the running agent, each as it is recorded."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event as Pause
from typing import TYPE_CHECKING

from edge_agent import output
from edge_agent.cli import records
from edge_agent.cli.options import (
    Commands,
    UnreadableError,
    add_config,
    agent_socket,
    command,
    complain,
    no_agent,
)
from edge_agent.cli.period import Period

if TYPE_CHECKING:
    from edge_agent.evidence.dating import Chronicle
    from edge_agent.evidence.envelope import Event
    from edge_agent.journal import Where
    from edge_agent.journal.footer import Footer

EXIT_FOUND_BAD = 1
LOOK_S = 0.5
LAST = 10


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "watch",
        "show the events of the running agent, each as it is recorded; Ctrl-C ends it",
        "  edge-agent watch\n"
        "  edge-agent watch --panel shop --lang zh\n"
        "  edge-agent watch --type finding --last 0 --json",
    )
    add_config(parser)
    records.add_showing(parser)
    parser.add_argument(
        "--last",
        type=_count,
        default=LAST,
        metavar="N",
        help=f"begin with the last N of this run (default {LAST})",
    )
    parser.set_defaults(run=run, journal=None)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of events: give 0 or more")
    return int(text)


class Follower:
    """Which events of a journal that is read again and again are new (pure).

    Of the run that goes on those from `first` on; of runs before it none; of runs after it all.
    """

    def __init__(self, epoch: bytes, first: int) -> None:
        self._shown = {epoch: first - 1}
        self._before: set[bytes] = set()

    def passes_over(self, epoch: bytes) -> None:
        """Take a run that was there when the watch began."""
        if epoch not in self._shown:
            self._before.add(epoch)

    def may_hold(self, footer: "Footer") -> bool:
        """Whether a sealed segment must be read."""
        shown = self._shown.get(footer.epoch, -1)
        return footer.epoch not in self._before and any(last > shown for _, last in footer.runs)

    def is_new(self, event: "Event") -> bool:
        """Whether an event is to be shown now; it is not again."""
        if event.epoch in self._before or event.seq <= self._shown.get(event.epoch, -1):
            return False
        self._shown[event.epoch] = event.seq
        return True


def run(arguments: argparse.Namespace) -> int:
    """Watch until Ctrl-C; exit 0 then, 1 where no agent runs, 2 where the journal is not read."""
    from edge_agent.cli.reading import reading
    from edge_agent.evidence.dating import Chronicle

    socket = agent_socket(arguments.config)
    try:
        epoch, next_seq = _progress(socket)
    except OSError as error:
        complain(arguments, no_agent(socket, error))
        return EXIT_FOUND_BAD
    follower = Follower(epoch, max(0, next_seq - arguments.last))
    chronicle = Chronicle()
    show = _shower(arguments, chronicle)
    try:
        with reading(arguments, "watch") as journal:
            _pass_over(journal.where, follower, chronicle)
            say = partial(complain, arguments)
            for event in _follow(journal.where, follower, lambda: _progress(socket), say):
                show(event)
    except UnreadableError as error:
        return records.unreadable(arguments, error)
    except KeyboardInterrupt:
        return 0
    return 0


def _progress(socket: Path) -> tuple[bytes, int]:
    """Return which run goes on and its next number.  Raises OSError where no agent answers."""
    from edge_agent.control.socket import ask

    told = ask(socket, "status")
    return bytes.fromhex(told["epoch"]), int(told["next_seq"])


def _pass_over(where: "Where", follower: Follower, chronicle: "Chronicle") -> None:
    """Take all runs that there are: of sealed segments the footer tells, of others each event.

    What is told there of the time dates what is shown.
    """

    def footer_only(footer: "Footer") -> bool:
        follower.passes_over(footer.epoch)
        return False

    for event in _read(where, footer_only):
        follower.passes_over(event.epoch)
        chronicle.learn(event)


def _follow(
    where: "Where",
    follower: Follower,
    progress: Callable[[], tuple[bytes, int]],
    say: Callable[[str], None],
) -> Iterator["Event"]:
    """Yield what is new; the journal is read only where the agent has gone on."""
    from edge_agent.cli.reading import AgentGoneError

    pause, known, told = Pause(), None, False
    while True:
        now = None
        try:
            now = progress()
            told = False
        except OSError:
            if not told:
                say("edge-agent watch: the agent stopped; waiting for it")
            told = True
        if now is not None and now != known:
            with contextlib.suppress(AgentGoneError):  # meanwhile: it is waited for
                yield from filter(follower.is_new, _read(where, follower.may_hold))
                known = now
        pause.wait(LOOK_S)
        output.still_read()


def _read(where: "Where", wanted: "Callable[[Footer], bool]") -> Iterator["Event"]:
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.envelope import peek

    for stored in records.envelopes(where, lambda _: None, wanted):
        with contextlib.suppress(Malformed):  # `edge-agent verify` tells of it
            yield peek(stored.record.data)[1]


def _shower(arguments: argparse.Namespace, chronicle: "Chronicle") -> "Callable[[Event], None]":
    """Return what prints an event that is asked for; a clock that is set dates those after it."""
    tell = records.printer(arguments)
    choice = records.Choice(Period(None, None), type=arguments.type, panel=arguments.panel)

    def show(event: "Event") -> None:
        chronicle.learn(event)
        dated = chronicle.date(event.stamp)
        if choice.is_met(event, dated):
            tell(event, dated)
            sys.stdout.flush()

    return show
