"""`edge-agent diagnose --maintenance`: the list of what to see to at the next visit.

It hears the journal again, beside a running agent or without one, and needs none of its memory.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_agent.cli.period import Period
    from edge_agent.config import Loaded
    from edge_agent.diagnosis.board import Place
    from edge_agent.domain.event import Numbered
    from edge_agent.journal import Where

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2


def run(arguments: argparse.Namespace) -> int:
    """Print the list; exit 1 where anything wants a visit, 2 where the journal cannot be read."""
    from edge_agent import config, output
    from edge_agent.cli.options import UnreadableError
    from edge_agent.cli.period import Period
    from edge_agent.cli.reading import reading
    from edge_agent.cli.records import unreadable
    from edge_agent.daemon.diagnosing import site_zone
    from edge_agent.diagnosis.site import Site
    from edge_agent.language import language
    from edge_agent.phrases.book import Phrases
    from edge_agent.views import maintaining

    spoken = language(arguments.lang)
    loaded = config.load(arguments.config)
    premises = loaded.config.premises
    gateway, period = loaded.config.gateway.id, Period(arguments.since, None)
    try:
        with reading(arguments, "maintenance") as journal:
            events = heard_events(journal.where, gateway, period)
            found = maintaining.maintained(events, Site(premises, site_zone(premises)[1]))
    except UnreadableError as error:
        return unreadable(arguments, error)
    except OSError as error:
        why = f"edge-agent: the journal cannot be read: {error.strerror or error}"
        print(Phrases(spoken)(why), file=sys.stderr)
        return EXIT_USAGE
    names = _names(loaded)
    if arguments.json:
        print(json.dumps(maintaining.facts(found, names), ensure_ascii=False))
    else:
        say = maintaining.words(spoken)
        for line in maintaining.lines(found, names, say):
            output.show(line)
    return EXIT_FOUND_BAD if found.to_see_to else 0


def _names(loaded: "Loaded") -> "dict[Place, str]":
    from edge_agent.diagnosis.board import Place

    zones = loaded.config.premises.zones
    return {Place(one.panel, ("zone", one.zone)): one.name for one in zones if one.name}


def heard_events(where: "Where", gateway: str, period: "Period") -> "Iterator[Numbered]":
    """Yield the gateway's own events, each once, in their order.  Raises OSError."""
    from edge_agent.domain.event import Draft, EventType, Numbered
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.envelope import peek
    from edge_agent.journal import RecordKind, read

    last: tuple[bytes, int] | None = None
    for stored in read(where, lambda _: None, lambda footer: period.may_hold(footer.span)):
        if stored.record.kind is not RecordKind.ENVELOPE:
            continue
        try:
            event = peek(stored.record.data)[1]
        except Malformed:
            continue
        repeated = last is not None and event.epoch == last[0] and event.seq <= last[1]
        if event.gateway == gateway and isinstance(event.type, EventType) and not repeated:
            last = event.epoch, event.seq
            draft = Draft(event.type, event.lane, event.stamp, event.body)
            yield Numbered(event.epoch, event.seq, draft)
