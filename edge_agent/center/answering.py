"""`edge-center incidents`, `disposition`, `command` and `config`: what people see and say there."""

import argparse
import hashlib
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC
from pathlib import Path
from threading import Event
from typing import Any

from edge_agent import language, rendering
from edge_agent.center import desk_rows, incidents, schema, settings
from edge_agent.center.desk import LIFE_MS, command_signer
from edge_agent.center.init import read_certificate
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.roster import Roster
from edge_agent.center.wishes import asked_by, wish_of
from edge_agent.clock import SystemClock, now_ms
from edge_agent.config import ConfigError, parse
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence.command import (
    CLOCK,
    CONFIG,
    DIAGNOSE,
    DISPOSITION,
    DISPOSITION_SIGNED,
    ORDER,
    ORDER_ACT,
    ORDER_AREA,
    ORDER_PANEL,
    ORDER_ZONE,
    RENEW,
    RESYNC,
    STATE,
    WALK_AREA,
    WALK_MINUTES,
    WALK_MINUTES_MAX,
    WALK_PANEL,
    WALK_TEST,
)
from edge_agent.evidence.configuration import (
    WITHIN_S_DEFAULT,
    WITHIN_S_MAX,
    WITHIN_S_MIN,
    Wanted,
)
from edge_agent.evidence.cose import PublicKey, Signer
from edge_agent.evidence.disposition import CAUSES, Disposition, Said, sign_disposition
from edge_agent.evidence.reply import peek_reply

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2
LIMIT_DEFAULT = 20
LOOK_S = 0.2
WAIT_S_DEFAULT = 60.0
ACTS = (
    *("status", "clock", "bypass", "unbypass", "output_on", "output_off"),
    *("arm_away", "arm_stay", "disarm"),
)
WALK_MINUTES_DEFAULT = 30
PLAIN = (STATE, RESYNC, CLOCK, DIAGNOSE, RENEW)
"""What is asked by its word alone."""

MORE = (
    "walktest PANEL begin [MINUTES]; walktest PANEL end; panel PANEL ACT [NUMBER], with ACT one of "
    + ", ".join(ACTS)
)
LONGER_S = {DIAGNOSE: 240.0, RENEW: 150.0}
"""How long those are waited for that take the gateway longer than a panel takes for an order."""

NUMBERED = frozenset({"bypass", "unbypass", "output_on", "output_off"})

Make = Callable[[str, str, str], argparse.ArgumentParser]
"""Registers a command: name, what it says, examples."""


def add(make: Make, gateway: Callable[[str], str], since: Callable[[str, int], int]) -> None:
    """Register the four; `gateway` reads a gateway's name, `since` a time."""
    _add_incidents(make, since)
    _add_disposition(make, gateway)
    _add_command(make, gateway)
    _add_config(make, gateway)


# ---- incidents


def _add_incidents(make: Make, since: Callable[[str, int], int]) -> None:
    made = make(
        "incidents",
        "show what alarms are worth, why, and what was said of them",
        "  edge-center incidents /srv/center --since 24h\n"
        "  edge-center incidents /srv/center --gateway gw1 --open --lang zh\n"
        "  edge-center incidents /srv/center --zones     whose alarms are false too often",
    )
    made.add_argument("--gateway", metavar="ID", help="only of this gateway")
    made.add_argument("--since", metavar="WHEN", help="90s, 15min, 2h, 3d, or a time")
    made.add_argument("--open", action="store_true", help="only those that nobody has judged")
    made.add_argument("--zones", action="store_true", help="count by zone instead")
    made.add_argument(
        "--limit", type=int, default=LIMIT_DEFAULT, help="the newest so many, 0 for all"
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
    with closing(schema.open_for_reading(layout.database)) as connection:
        found = incidents.incidents(connection, command_key(layout), arguments.gateway, since_ms)
    say = language.Catalog(incidents.WORDS, language.language(arguments.lang))
    if arguments.zones:
        return _zones(found, say, as_json=arguments.json)
    if arguments.open:
        found = [one for one in found if one.decided is None]
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
    signer, who, at_ms = _signer(layout), asked_by(arguments), now_ms()
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


# ---- command


def _add_command(make: Make, gateway: Callable[[str], str]) -> None:
    made = make(
        "command",
        "have a gateway do something now: signed, for this run of it, answered with its signature",
        "  edge-center command /srv/center gw1 state --by 'Li Na'\n"
        "  edge-center command /srv/center gw1 resync --by 'Li Na'\n"
        "  edge-center command /srv/center gw1 walktest shop begin --by 'Wang' --role technician\n"
        "  edge-center command /srv/center gw1 diagnose --by 'Wang' --role technician\n"
        "  edge-center command /srv/center gw1 panel shop bypass 3 --by 'Wang' --role technician",
    )
    made.add_argument("gateway", type=gateway, metavar="GATEWAY")
    made.add_argument(
        "words",
        nargs="+",
        metavar="WHAT",
        help="state; resync, clock (all panels); diagnose; renew (certificates); " + MORE,
    )
    made.add_argument("--area", type=int, metavar="N", help="which area to arm or to walk")
    add_person(made, Role.OPERATOR)
    made.set_defaults(run=_command)


def _command(arguments: argparse.Namespace) -> int:
    try:
        what, body = wanted(arguments.words, arguments.area)
    except ValueError as error:
        return fail(str(error), EXIT_USAGE)
    wait_s = LONGER_S.get(what, WAIT_S_DEFAULT) if arguments.wait is None else arguments.wait
    try:
        told = give(arguments, what, body, wait_s)
    except ValueError as error:
        return fail(str(error), EXIT_USAGE)
    return tell_command(told, as_json=arguments.json)


def give(
    arguments: argparse.Namespace,
    what: str,
    body: dict[int, BodyValue],
    wait_s: float,
    progress: Callable[[desk_rows.Outcome], None] = lambda _told: None,
) -> desk_rows.Outcome:
    """Enter a command and wait for what becomes of it.  Raises ValueError, CenterError."""
    layout = Layout(arguments.dir)
    if arguments.gateway not in Roster(layout).gateways():
        raise ValueError(f"no gateway {arguments.gateway} was made here")
    _signer(layout)  # else it would wait for a key that is not there
    wait_ms = min(round(wait_s * 1000), LIFE_MS) or LIFE_MS
    wish = wish_of(arguments, what, body, wait_ms)
    with closing(open_database(layout)) as connection:
        number = desk_rows.wish(connection, wish)
        if wish.countersign_ms is not None:
            minutes = (wish.countersign_ms - wish.made_ms) // 60_000
            print(
                f"a second operator is wanted within {minutes} min:\n"
                f"  edge-center countersign {layout.directory} {number} --key THEIR.key",
                file=sys.stderr,
                flush=True,
            )
        return awaited(connection, number, wait_s, progress)


def wanted(words: list[str], area: int | None) -> tuple[str, dict[int, BodyValue]]:
    """Return what a command's words ask for, as the command carries it.  Raises ValueError."""
    match words:
        case [what] if what in PLAIN:
            return what, {}
        case ["walktest", panel, "begin", *rest] if len(rest) <= 1:
            minutes = int(rest[0]) if rest else WALK_MINUTES_DEFAULT
            if not 1 <= minutes <= WALK_MINUTES_MAX:
                raise ValueError(f"a walk test takes 1 to {WALK_MINUTES_MAX} minutes")
            begin: dict[int, BodyValue] = {WALK_PANEL: panel, WALK_MINUTES: minutes}
            return WALK_TEST, begin | ({} if area is None else {WALK_AREA: area})
        case ["walktest", panel, "end"]:
            return WALK_TEST, {WALK_PANEL: panel}
        case ["panel", panel, act, *rest] if act in ACTS and len(rest) <= 1:
            if (act in NUMBERED) is not bool(rest):
                raise ValueError(f"{act} {'needs a' if act in NUMBERED else 'takes no'} number")
            body: dict[int, BodyValue] = {ORDER_PANEL: panel, ORDER_ACT: act}
            if rest:
                body[ORDER_ZONE] = int(rest[0])
            if area is not None:
                body[ORDER_AREA] = area
            return ORDER, body
    raise ValueError(f"WHAT is: {', '.join(PLAIN)}; {MORE}")


def tell_command(told: desk_rows.Outcome, *, as_json: bool) -> int:
    """Print what became of a command; return the exit code."""
    facts = facts_told(told.reply)
    if as_json:
        print(json.dumps({"outcome": told.outcome, "detail": told.detail, "facts": facts}))
    else:
        detail = f": {told.detail}" if told.detail else ""
        print(rendering.safe(f"{told.outcome or 'not answered yet'}{detail}"))
        if facts:
            print(json.dumps(facts, indent=1, ensure_ascii=True))
    return 0 if told.outcome in (desk_rows.DONE, desk_rows.KEPT) else EXIT_FOUND_BAD


def facts_told(reply: bytes | None) -> Any:
    """Return what a reply tells, None where there is none."""
    if reply is None:
        return None
    facts = peek_reply(reply)[1].facts  # it was verified before it was stored
    try:
        return json.loads(facts) if facts else None
    except (ValueError, RecursionError):
        return facts.hex()


# ---- config


def _add_config(make: Make, gateway: Callable[[str], str]) -> None:
    made = make(
        "config",
        "have a gateway run a new configuration; it keeps it only if it still reaches the center",
        "  edge-center config /srv/center gw1 gw1.toml --by 'Wang' --role installer\n"
        "  edge-center config /srv/center gw1 new.toml --replaces old.toml --by 'Wang' "
        "--role installer\n"
        "                          only if old.toml is what it runs now",
    )
    made.add_argument("gateway", type=gateway, metavar="GATEWAY")
    made.add_argument("file", type=Path, metavar="FILE", help="the whole gateway.toml")
    made.add_argument(
        "--replaces", type=Path, metavar="FILE", help="refuse if the gateway runs another than this"
    )
    made.add_argument(
        "--within",
        type=int,
        default=WITHIN_S_DEFAULT,
        metavar="S",
        help="how long the gateway tries to reach the center under it before it goes back "
        f"(default {WITHIN_S_DEFAULT}, {WITHIN_S_MIN} to {WITHIN_S_MAX})",
    )
    add_person(made, Role.INSTALLER)
    made.set_defaults(run=_config)


def _config(arguments: argparse.Namespace) -> int:
    try:
        body = _wanted_config(arguments).to_body()
        spare_s = 4 * WAIT_S_DEFAULT  # to be checked, and to come back after a trial in vain
        wait_s = arguments.within + spare_s if arguments.wait is None else arguments.wait
        told = give(arguments, CONFIG, body, wait_s, _quiet if arguments.json else _tell_progress)
    except (ConfigError, ValueError) as error:
        return fail(str(error), EXIT_USAGE)
    return tell_command(told, as_json=arguments.json)


def _wanted_config(arguments: argparse.Namespace) -> Wanted:
    """Read what is to be sent; what is certainly wrong is told before anybody is bothered.

    Raises ConfigError, ValueError, OSError.
    """
    data = arguments.file.read_bytes()
    parse(data, arguments.file)
    replaces = None
    if arguments.replaces is not None:
        replaces = hashlib.sha256(arguments.replaces.read_bytes()).digest()
    return Wanted(data, arguments.within, replaces)


def _tell_progress(told: desk_rows.Outcome) -> None:
    if told.outcome is None:
        said = told.detail or ("sent" if told.tries else "waits for the gateway")
        print(rendering.safe(said), flush=True)


def _quiet(_told: desk_rows.Outcome) -> None:
    """Scripts are told the end."""


# ---- common


def add_person(made: argparse.ArgumentParser, role: Role) -> None:
    """Add who says so, what they are, and how long they wait."""
    made.add_argument("--by", metavar="NAME", help="who says so, where no operator is entered")
    made.add_argument(
        "--key", type=Path, metavar="FILE", help="your own key, as `edge-center operator` has it"
    )
    made.add_argument(
        "--role",
        choices=[one.value for one in Role],
        default=role.value,
        help=f"what they are, where no operator is entered (default {role})",
    )
    made.add_argument(
        "--wait",
        type=float,
        metavar="S",
        help=f"how long to wait for the gateway (default {WAIT_S_DEFAULT:.0f}, longer for what "
        "takes it longer); 0: not at all",
    )
    made.add_argument("--json", action="store_true", help="print JSON, for scripts")


def open_database(layout: Layout) -> sqlite3.Connection:
    """Open the database to enter something: `serve` sends it, and must have made it."""
    schema.open_for_reading(layout.database).close()
    return schema.open_for_writing(layout.database)


def _signer(layout: Layout) -> Signer:
    signer = command_signer(layout)
    if signer is None:
        raise CenterError(
            f"{layout.key('command')}: no usable key; run edge-center init {layout.directory} "
            f"again, hand command.pem to the gateways, name it there as command_certificate"
        )
    return signer


def command_key(layout: Layout) -> PublicKey:
    """Return the key that dispositions are checked with.  Raises CenterError."""
    return PublicKey.of(read_certificate(layout.certificate("command")).public_key())


def awaited(
    connection: sqlite3.Connection,
    number: int,
    wait_s: float,
    progress: Callable[[desk_rows.Outcome], None] = lambda _told: None,
) -> desk_rows.Outcome:
    """Wait for the outcome of a command as long as asked; `progress` is told of each change."""
    clock, pause = SystemClock(), Event()
    until_ns = clock.boottime_ns() + round(wait_s * 1e9)
    before = None
    while True:
        told = desk_rows.outcome_of(connection, number)
        if (told.tries > 0, told.detail) != before:
            before = told.tries > 0, told.detail
            progress(told)
        if told.outcome is not None or clock.boottime_ns() >= until_ns:
            return told
        pause.wait(LOOK_S)


def fail(message: str, code: int) -> int:
    """Say what is wrong; return the exit code."""
    print(f"edge-center: {message}", file=sys.stderr)
    return code
