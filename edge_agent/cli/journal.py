"""`edge-agent journal check` and `stat`: whether all that was stored reads back, and what it is."""

import argparse
import contextlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent import output
from edge_agent.cli.options import Commands, UnreadableError, add_json, command, complain
from edge_agent.cli.records import PROBLEMS_SHOWN_MAX, add_journal, folder_of

if TYPE_CHECKING:
    from edge_agent.journal import Disk
    from edge_agent.journal.chain import Damage
    from edge_agent.journal.survey import Epoch, Survey

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2
_S = 1_000_000_000


def add(commands: Commands) -> None:
    """Register the group."""
    group = command(
        commands,
        "journal",
        "look after the journal itself: read it through, count what it holds",
        "  edge-agent journal check\n  edge-agent journal stat --json",
    )
    actions = group.add_subparsers(dest="action", metavar="ACTION", required=True)
    checking = command(
        actions,
        "check",
        "read everything back: checksums, numbers, footers; signatures: 'edge-agent verify'",
        "  edge-agent journal check\n  edge-agent journal check --journal /mnt/card/journal --json",
    )
    counting = command(
        actions,
        "stat",
        "tell what is stored: segments, events by run and lane, what each center has not receipted",
        "  edge-agent journal stat\n  edge-agent journal stat --json | jq .owed",
    )
    for parser, run in ((checking, check), (counting, stat)):
        add_journal(parser)
        add_json(parser)
        parser.set_defaults(run=run)


@contextmanager
def _opened(folder: Path) -> "Iterator[Disk]":
    from edge_agent.journal import FolderDisk

    try:
        disk = FolderDisk(folder, locked=False)
    except OSError as error:
        raise UnreadableError(
            f"the journal in {folder} cannot be read: {error.strerror}\n"
            "name another with --journal, or read it as root or as the agent's own user"
        ) from error
    with contextlib.closing(disk):
        yield disk


def _on(arguments: argparse.Namespace, work: "Callable[[Path, Disk], int]") -> int:
    folder = folder_of(arguments)
    try:
        with _opened(folder) as disk:
            return work(folder, disk)
    except UnreadableError as error:
        complain(arguments, f"edge-agent: {error}")
        return EXIT_USAGE


# ---- check


def check(arguments: argparse.Namespace) -> int:
    """Read all of it; exit 1 where anything is wrong, 2 where it cannot be read."""
    from edge_agent.contents import Envelopes
    from edge_agent.journal import survey

    def work(folder: Path, disk: "Disk") -> int:
        found = survey.check(disk, Envelopes())
        if arguments.json:
            facts = {
                "journal": str(folder),
                "segments": found.segments,
                "sealed": found.sealed,
                "events": found.events,
                "problems": [_problem(damage, known) for damage, known in found.problems],
            }
            print(json.dumps(facts))
        else:
            for damage, known in found.problems[:PROBLEMS_SHOWN_MAX]:
                print(f"{damage}{' (named by an earlier event)' if known else ''}")
            count = len(found.problems)
            verdict = f"{count} problems" if count else "nothing wrong"
            print(
                f"{folder}: {found.segments} segments, {found.sealed} of them sealed,"
                f" {found.events} events, {verdict}"
            )
            if count:
                print("what is whole is served; copy the folder before the card is changed")
        return EXIT_FOUND_BAD if found.problems else 0

    return _on(arguments, work)


def _problem(damage: "Damage", known: bool) -> dict[str, Any]:
    return {
        "segment": damage.segment,
        "offset": damage.offset,
        "what": damage.what,
        "epoch": damage.epoch.hex() if damage.epoch else None,
        "first": damage.first,
        "last": damage.last,
        "known": known,
    }


# ---- stat


def stat(arguments: argparse.Namespace) -> int:
    """Count what is there; exit 1 where damage is known, 2 where it cannot be read."""
    from edge_agent.contents import Envelopes
    from edge_agent.journal.survey import survey

    def work(folder: Path, disk: "Disk") -> int:
        found = survey(disk, Envelopes())
        facts = _facts(folder, found)
        if arguments.json:
            print(json.dumps(facts))
        else:
            output.show(*_lines(facts))
        return EXIT_FOUND_BAD if found.damages else 0

    return _on(arguments, work)


def _facts(folder: Path, found: "Survey") -> dict[str, Any]:
    space = os.statvfs(folder)
    return {
        "journal": str(folder),
        "segments": found.segments,
        "sealed": found.sealed,
        "spare": found.spare,
        "events": found.events,
        "bytes": found.used_bytes,
        "free_bytes": space.f_bavail * space.f_frsize,
        "epochs": [_epoch(epoch) for epoch in found.epochs],
        "owed": {name: list(lanes) for name, lanes in found.owed.items()},
        "damages": [_problem(damage, known) for damage, known in found.damages],
    }


def _epoch(epoch: "Epoch") -> dict[str, Any]:
    return {
        "epoch": epoch.epoch.hex(),
        "segments": epoch.segments,
        "events": epoch.events,
        "first": epoch.first,
        "last": epoch.last,
        "lanes": epoch.lanes,
        "wall_first_ns": epoch.wall_first_ns,
        "wall_last_ns": epoch.wall_last_ns,
    }


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{facts['journal']}: {facts['events']} events in {facts['segments']} segments,"
        f" {facts['sealed']} of them sealed, {facts['spare']} ready for use"
    )
    yield f"{_mib(facts['bytes'])} MiB used, {_mib(facts['free_bytes'])} MiB free on its disk"
    yield f"{'run':8} {'events':8} {'numbers':16} {'from':20} {'to':20} by lane 0 to 6"
    for epoch in facts["epochs"]:
        numbers = "none" if epoch["first"] is None else f"{epoch['first']}..{epoch['last']}"
        times = f"{_time(epoch['wall_first_ns']):20} {_time(epoch['wall_last_ns']):20}"
        lanes = " ".join(map(str, epoch["lanes"]))
        yield f"{epoch['epoch'][:6]:8} {epoch['events']:<8} {numbers:16} {times} {lanes}"
    for name, lanes in facts["owed"].items():
        count = sum(lanes)
        rest = f", by lane {' '.join(map(str, lanes))}" if count else ""
        yield f"not receipted by {name}: {count}{rest}"
    for damage in facts["damages"]:
        known = "named by an event" if damage["known"] else "not yet named by an event"
        yield f"damage in segment {damage['segment']}: {damage['what']} ({known})"


def _mib(count: int) -> str:
    return f"{count / (1 << 20):.1f}"


def _time(wall_ns: int | None) -> str:
    if wall_ns is None:
        return "clock never set"
    return datetime.fromtimestamp(wall_ns // _S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
