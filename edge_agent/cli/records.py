"""`edge-agent events`: what the journal holds; and what other commands that read it share."""

import argparse
import contextlib
import json
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edge_agent.cli.lines import add_language
from edge_agent.cli.options import (
    Commands,
    UnreadableError,
    add_config,
    add_json,
    command,
    complain,
    names_of_zones,
)
from edge_agent.cli.period import Period, moment
from edge_agent.domain.event import EventType

if TYPE_CHECKING:
    from edge_agent.evidence.dating import Chronicle, Dated
    from edge_agent.evidence.envelope import Event
    from edge_agent.journal import Damage, Stored, Where
    from edge_agent.journal.footer import Footer

PROBLEMS_SHOWN_MAX = 100  # a journal damaged all over would fill the screen with the same
EXIT_USAGE = 2


def add(commands: Commands) -> None:
    """Register the command."""
    events = command(
        commands,
        "events",
        "list the events in the journal, also while the agent runs",
        "  edge-agent events --last 20\n"
        "  edge-agent events --type signal --panel p1 --json\n"
        "  edge-agent events --since 2h\n"
        "  edge-agent events --since 2026-11-26T20:00 --until 2026-11-27T06:00\n"
        "  edge-agent events --epoch 8b8cc5 --seq 17\n"
        "  edge-agent events --type verdict --lang zh\n"
        "  edge-agent events --journal /mnt/card/journal",
    )
    add_journal(events)
    add_showing(events)
    events.add_argument(
        "--last", type=_count, metavar="N", help="only the last N of those that match"
    )
    events.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="only events since then: 2026-11-27, 2026-11-27T22:00Z, or how long ago: 30m, 2h, 3d",
    )
    events.add_argument("--until", type=moment, metavar="TIME", help="only events until then")
    events.add_argument(
        "--epoch", type=hex_digits, metavar="HEX", help="only of the run that begins so"
    )
    events.add_argument(
        "--seq", type=numbers, metavar="N[-M]", help="only this number, or from N to M"
    )
    events.set_defaults(run=show)


def add_showing(parser: argparse.ArgumentParser) -> None:
    """Add which events are shown by what they are, and how, as `printer` shows them."""
    parser.add_argument(
        "--type",
        choices=[one.value for one in EventType],
        metavar="TYPE",
        help="only events of this type, such as signal or link",
    )
    parser.add_argument("--panel", help="only events of this panel")
    parser.add_argument("--utc", action="store_true", help="times in UTC instead of local time")
    add_language(parser)
    add_purpose(parser)
    add_json(parser)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of events: give 1 or more")
    return int(text)


def hex_digits(text: str) -> str:
    """Return the beginning of a run's name.  Raises ArgumentTypeError."""
    if not re.fullmatch(r"[0-9a-fA-F]{1,16}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no part of a run's name: 1 to 16 hex digits")
    return text.lower()


def numbers(text: str) -> tuple[int, int]:
    """Return first and last number of a stretch.  Raises ArgumentTypeError."""
    match = re.fullmatch(r"(\d{1,18})(?:-(\d{1,18}))?", text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of an event: give 17 or 17-30")
    return int(match[1]), int(match[2] or match[1])


def add_journal(parser: argparse.ArgumentParser) -> None:
    """Add what says which journal is meant."""
    add_config(parser)
    parser.add_argument(
        "--journal",
        type=Path,
        metavar="DIR",
        help="the journal's folder (default: of the configuration)",
    )


def add_purpose(parser: argparse.ArgumentParser) -> None:
    """Add why the records are read."""
    parser.add_argument(
        "--purpose",
        default="",
        metavar="TEXT",
        help="why, for the record: a running agent records who reads its journal",
    )


def folder_of(arguments: argparse.Namespace) -> Path:
    """Return the folder of the journal that is meant."""
    from edge_agent import config

    if arguments.journal:
        folder: Path = arguments.journal
        return folder
    loaded = config.load(arguments.config)
    return loaded.path(loaded.config.gateway.data_dir) / "journal"


# ---- events


def show(arguments: argparse.Namespace) -> int:
    """Print the events that match; exit 2 where the journal cannot be read."""
    from edge_agent.cli.reading import reading

    choice = Choice.of(arguments)
    try:
        with reading(arguments, choice.words) as journal:
            events = _events(journal.where, choice, _chronicle(journal.where, choice))
            tell = printer(arguments)
            chosen = events if arguments.last is None else deque(events, maxlen=arguments.last)
            found = False
            for event, dated in chosen:
                found = True
                tell(event, dated)
            if not found:
                said = f"edge-agent events: no event of this kind in {journal.where}"
                complain(arguments, said)
    except UnreadableError as error:
        return unreadable(arguments, error)
    return 0


def printer(arguments: argparse.Namespace) -> "Callable[[Event, Dated], None]":
    """Return what prints one event, as the command line asks for it."""
    from edge_agent import output
    from edge_agent.language import language
    from edge_agent.views import rendering
    from edge_agent.views.judged_words import Judged
    from edge_agent.views.zone_names import NO_NAMES

    zone, spoken = UTC if arguments.utc else None, language(arguments.lang)
    gateway, named = names_of_zones(arguments.config, spoken)
    known, strange = Judged(spoken, named), Judged(spoken)

    def tell(event: "Event", dated: "Dated") -> None:
        ours = event.gateway == gateway  # a card in a reader may be another gateway's
        if arguments.json:
            facts = {**rendering.facts(event), "time": rendering.when_facts(dated)}
            names = named if ours else NO_NAMES
            print(
                json.dumps(facts | rendering.zones_named(facts["body"], names), ensure_ascii=False)
            )
        else:
            judged = known if ours else strange
            output.show(rendering.line(event, zone, dated=dated, judged=judged))

    return tell


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events are asked for; whole segments are skipped by what their footers say."""

    period: Period
    epoch: str = ""
    seqs: tuple[int, int] | None = None
    type: str | None = None
    panel: str | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """Return what the command line asks for."""
        period = Period(arguments.since, arguments.until)
        return cls(period, arguments.epoch or "", arguments.seq, arguments.type, arguments.panel)

    @property
    def words(self) -> str:
        """Say what is asked for."""
        parts = {"type": self.type, "panel": self.panel, "epoch": self.epoch, "seq": self.seqs}
        return " ".join(["events", *(f"{name} {part}" for name, part in parts.items() if part)])

    def may_be_in(self, footer: "Footer") -> bool:
        """Tell whether a sealed segment must be read."""
        if not footer.epoch.hex().startswith(self.epoch):
            return False
        if self.seqs is not None:
            low, high = self.seqs
            if not any(first <= high and low <= last for first, last in footer.runs):
                return False
        return self.period.may_hold(footer.span)

    def is_met(self, event: "Event", dated: "Dated") -> bool:
        """Tell whether an event is asked for."""
        from edge_agent.views import rendering

        if self.seqs is not None and not self.seqs[0] <= event.seq <= self.seqs[1]:
            return False
        if not event.epoch.hex().startswith(self.epoch) or self.type not in {None, event.type}:
            return False
        if self.panel not in {None, rendering.body_facts(event).get("panel")}:
            return False
        return self.period.holds(dated)


def events_of(where: "Where", type_: str) -> Iterator[tuple["Event", "Dated"]]:
    """Yield all events of one type with their corrected times.  Raises UnreadableError."""
    choice = Choice(Period(None, None), type=type_)
    yield from _events(where, choice, _chronicle(where, choice))


def events_in(where: "Where", choice: Choice) -> Iterator["Event"]:
    """Yield the events that are asked for, in the journal's order.  Raises UnreadableError."""
    for event, _ in _events(where, choice, _chronicle(where, choice)):
        yield event


def _chronicle(where: "Where", choice: Choice) -> "Chronicle":
    """Read the journal for what dates its events: a clock set later dates those before it.

    Segments that are not asked for are not needed for it, but for a segment none of whose events
    has a clock that anybody set.
    """
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.dating import Chronicle
    from edge_agent.evidence.envelope import peek

    lost: list[bytes] = []

    def is_needed(footer: "Footer") -> bool:
        chosen = choice.may_be_in(footer)
        if chosen and footer.events and footer.span.wall_first_ns is None:
            lost.append(footer.epoch)
        return chosen

    def learn(wanted: "Callable[[Footer], bool] | None") -> "Chronicle":
        chronicle = Chronicle()
        for stored in envelopes(where, lambda _: None, wanted):  # the second reading tells of it
            with contextlib.suppress(Malformed):
                chronicle.learn(peek(stored.record.data)[1])
        return chronicle

    chronicle = learn(is_needed)
    return learn(None) if lost else chronicle


def _events(
    where: "Where", choice: Choice, chronicle: "Chronicle"
) -> Iterator[tuple["Event", "Dated"]]:
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.envelope import peek

    for stored in envelopes(where, _tell, choice.may_be_in):
        try:
            _, event = peek(stored.record.data)
        except Malformed as error:
            print(f"edge-agent: an envelope cannot be read: {error}", file=sys.stderr)
            continue
        dated = chronicle.date(event.stamp)
        if choice.is_met(event, dated):
            yield event, dated


def _tell(damage: "Damage") -> None:
    print(f"edge-agent: damage in the journal: {damage}", file=sys.stderr)


def envelopes(
    where: "Where",
    damaged: Callable[["Damage"], None],
    wanted: "Callable[[Footer], bool] | None" = None,
) -> Iterator["Stored"]:
    """Yield the envelopes of wanted segments, and of those not sealed.  Raises UnreadableError."""
    from edge_agent.journal import RecordKind

    for stored in stored_in(where, damaged, wanted):
        if stored.record.kind is RecordKind.ENVELOPE:
            yield stored


def stored_in(
    where: "Where",
    damaged: Callable[["Damage"], None],
    wanted: "Callable[[Footer], bool] | None" = None,
) -> Iterator["Stored"]:
    """Yield what the journal in `where` holds.  Raises UnreadableError."""
    from edge_agent.journal import read

    try:
        yield from read(where, damaged, wanted)
    except OSError as error:  # of reading only: what the caller does with each is not caught here
        raise UnreadableError(
            f"the journal in {where} cannot be read: {error.strerror}\n"
            "name another with --journal, or read it as root or as the agent's own user"
        ) from error


def unreadable(arguments: argparse.Namespace, error: UnreadableError) -> int:
    """Say what cannot be read; return the exit code."""
    complain(arguments, f"edge-agent: {error}")
    return EXIT_USAGE
