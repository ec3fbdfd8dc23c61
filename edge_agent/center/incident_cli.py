"""`edge-center incidents` and `disposition`: what alarms are worth, and what people say of them."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC

from edge_agent import language
from edge_agent.center import desk_rows, incidents, live_desk, schema, settings
from edge_agent.center.asking import (
    EXIT_FOUND_BAD,
    EXIT_USAGE,
    WAIT_S_DEFAULT,
    Make,
    add_person,
    awaited,
    fail,
    open_database,
    signer_of,
)
from edge_agent.center.init import read_certificate
from edge_agent.center.layout import Layout
from edge_agent.center.wishes import asked_by
from edge_agent.clock import now_ms
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence.command import DISPOSITION, DISPOSITION_SIGNED
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.disposition import CAUSES, Disposition, Said, sign_disposition

LIMIT_DEFAULT = 20


def add(make: Make, gateway: Callable[[str], str], since: Callable[[str, int], int]) -> None:
    """Register the two; `gateway` reads a gateway's name, `since` a time."""
    _add_incidents(make, since)
    _add_disposition(make, gateway)


# ---- incidents


def _add_incidents(make: Make, since: Callable[[str, int], int]) -> None:
    made = make(
        "incidents",
        "show what alarms are worth, why, and what was said of them",
        "  edge-center incidents /srv/center --since 24h\n"
        "  edge-center incidents /srv/center --gateway gw1 --open --lang zh\n"
        "  edge-center incidents /srv/center --zones     whose alarms are false too often\n"
        "  edge-center incidents /srv/center --follow    a live desk, on a terminal or in a pipe",
    )
    made.add_argument("--gateway", metavar="ID", help="only of this gateway")
    made.add_argument("--since", metavar="WHEN", help="90s, 15min, 2h, 3d, or a time")
    made.add_argument("--open", action="store_true", help="only those that nobody has judged")
    shown = made.add_mutually_exclusive_group()
    shown.add_argument("--zones", action="store_true", help="count by zone instead")
    shown.add_argument(
        "--follow", action="store_true", help="show what is open, and each change as it comes"
    )
    made.add_argument(
        "--no-bell", action="store_true", help="no bell for tiers 3 and 4 and fire, with --follow"
    )
    made.add_argument(
        "--limit",
        type=int,
        default=LIMIT_DEFAULT,
        help=f"the newest so many, 0 for all (default {LIMIT_DEFAULT}); life and fire all, "
        "with --follow",
    )
    made.add_argument("--utc", action="store_true", help="times in UTC instead of local time")
    made.add_argument("--lang", choices=language.LANGUAGES, help="default: the environment's")
    made.add_argument("--json", action="store_true", help="one JSON object a line")
    made.set_defaults(run=lambda arguments: _incidents(arguments, since))


def _incidents(arguments: argparse.Namespace, since: Callable[[str, int], int]) -> int:
    layout = Layout(arguments.dir)
    try:
        since_ms = None if arguments.since is None else since(arguments.since, now_ms())
    except ValueError as error:
        return fail(str(error), EXIT_USAGE)
    if arguments.follow:
        live_desk.follow(arguments, _command_key(layout), since_ms)
    with closing(schema.open_for_reading(layout.database)) as connection:
        found = incidents.incidents(connection, _command_key(layout), arguments.gateway, since_ms)
    say = language.Catalog(incidents.WORDS, language.language(arguments.lang))
    if arguments.zones:
        return _zones(found, say, as_json=arguments.json)
    if arguments.open:
        found = [one for one in found if one.is_open]
    zone = UTC if arguments.utc else None
    for one in found[-arguments.limit :] if arguments.limit > 0 else found:
        if arguments.json:
            print(json.dumps(incidents.as_json(one), ensure_ascii=True))
        else:
            print("\n".join(incidents.lines(one, zone, say)))
    if not found and not arguments.json:
        print(say("no_incidents"))
    return 0


def _zones(found: list[incidents.Incident], say: language.Catalog, *, as_json: bool) -> int:
    counted = incidents.rates(found)
    for gateway, counts in sorted(counted.items()):
        for zone, count in counts.items():
            if as_json:
                print(json.dumps(incidents.zone_json(gateway, zone, count), ensure_ascii=True))
            else:
                print("\n".join(incidents.zone_lines(gateway, zone, count, say)))
    if not any(counted.values()) and not as_json:
        print(say("no_zones"))
    return 0


def _command_key(layout: Layout) -> PublicKey:
    """Return the key that dispositions are checked with.  Raises CenterError."""
    return PublicKey.of(read_certificate(layout.certificate("command")).public_key())


# ---- disposition


def _add_disposition(make: Make, gateway: Callable[[str], str]) -> None:
    made = make(
        "disposition",
        "say what an incident was, or what was done about it; signed, and kept at the gateway too",
        "  edge-center disposition /srv/center gw1 3f9a/1042 false --cause animal --by 'Li Na'\n"
        "  edge-center disposition /srv/center gw1 3f9a/1042 sent --by 'Li Na' "
        "--qualification 310115-0042",
    )
    made.add_argument("gateway", type=gateway, metavar="GATEWAY")
    made.add_argument(
        "incident", metavar="INCIDENT", help="as `incidents` lists it; its first digits will do"
    )
    made.add_argument(
        "word",
        choices=[one.value for one in Said],
        metavar="WORD",
        help="genuine, false (needs --cause), test; sent, arrived, confirmed (a guard), police",
    )
    made.add_argument("--cause", choices=CAUSES, help="why it was false: " + ", ".join(CAUSES))
    made.add_argument("--note", default="", help="a sentence more")
    add_person(made, Role.OPERATOR)
    made.add_argument("--qualification", metavar="NO", help="qualification number of that person")
    made.set_defaults(run=_disposition)


def _disposition(arguments: argparse.Namespace) -> int:
    layout = Layout(arguments.dir)
    if (arguments.word == Said.FALSE) is (arguments.cause is None):
        return fail("--cause goes with 'false', and 'false' with it", EXIT_USAGE)
    signer, who, at_ms = signer_of(layout), asked_by(arguments), now_ms()
    with closing(open_database(layout)) as connection:
        known = incidents.incidents(connection, signer.public, arguments.gateway)
        try:
            one = incidents.find(known, arguments.gateway, arguments.incident)
            said = Disposition(
                gateway=arguments.gateway,
                center=settings.load(layout).name,
                incident=one.place,
                said=Said(arguments.word),
                cause=arguments.cause,
                by=who.name,
                qualification=who.qualification or arguments.qualification,
                time_ms=at_ms,
                panel=one.verdict.panel,
                zones=one.verdict.zones[:64],
                note=arguments.note,
            )
        except ValueError as error:
            return fail(str(error), EXIT_USAGE)
        signed = sign_disposition(said, signer)
        body: dict[int, BodyValue] = {DISPOSITION_SIGNED: signed}
        who.check(DISPOSITION, body)
        warrants = who.warrants(said.gateway, DISPOSITION, body, at_ms, None)
        number = desk_rows.dispose(connection, said, signed, who.role, warrants)
        wait_s = WAIT_S_DEFAULT if arguments.wait is None else arguments.wait
        told = awaited(connection, number, wait_s)
    return _tell_disposition(told, said, as_json=arguments.json)


def _tell_disposition(told: desk_rows.Outcome, said: Disposition, *, as_json: bool) -> int:
    journaled = told.outcome == desk_rows.DONE
    if as_json:
        facts = {
            "incident": str(said.incident),
            "said": said.said.value,
            "journaled": journaled,
            "outcome": told.outcome,
            "detail": told.detail,
        }
        print(json.dumps(facts))
    elif journaled:
        print(f"{said.incident}: {said.words}: in the gateway's journal")
    elif told.outcome is None:
        print(f"{said.incident}: {said.words}: kept here; sent when the gateway is there")
    else:
        print(f"{said.incident}: {said.words}: {told.outcome}: {told.detail}")
    return 0 if told.outcome in (None, desk_rows.DONE) else EXIT_FOUND_BAD
