"""`edge-center command` and `config`: has a gateway do something, or run a new configuration."""

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

from edge_agent.center import desk_rows
from edge_agent.center.asking import (
    EXIT_USAGE,
    WAIT_S_DEFAULT,
    Make,
    add_person,
    fail,
    give,
    tell_command,
)
from edge_agent.center.layout import Layout
from edge_agent.config import ConfigError, parse
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence.command import (
    CLOCK,
    CONFIG,
    DIAGNOSE,
    ORDER,
    ORDER_ACT,
    ORDER_AREA,
    ORDER_PANEL,
    ORDER_ZONE,
    RENEW,
    RESYNC,
    REVOKED,
    REVOKED_SIGNED,
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
from edge_agent.views import rendering

ACTS = (
    *("status", "clock", "bypass", "unbypass", "output_on", "output_off"),
    *("arm_away", "arm_stay", "disarm"),
)
WALK_MINUTES_DEFAULT = 30
PLAIN = (STATE, RESYNC, CLOCK, DIAGNOSE, RENEW, REVOKED)
"""What is asked by its word alone."""

MORE = (
    "walktest PANEL begin [MINUTES]; walktest PANEL end; panel PANEL ACT [NUMBER], with ACT one of "
    + ", ".join(ACTS)
)
LONGER_S = {DIAGNOSE: 240.0, RENEW: 150.0}
"""How long those are waited for that take the gateway longer than a panel takes for an order."""

CONFIG_SPARE_S = 240.0
"""Beside its trial: to be checked, and to come back after a trial in vain."""

NUMBERED = frozenset({"bypass", "unbypass", "output_on", "output_off"})


def add(make: Make, gateway: Callable[[str], str]) -> None:
    """Register the two; `gateway` reads a gateway's name."""
    _add_command(make, gateway)
    _add_config(make, gateway)


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
        help="state; resync, clock (all panels); diagnose; renew (certificates); "
        "revoked (which keys of the broker count no more); " + MORE,
    )
    made.add_argument("--area", type=int, metavar="N", help="which area to arm or to walk")
    add_person(made, Role.OPERATOR)
    made.set_defaults(run=_command)


def _command(arguments: argparse.Namespace) -> int:
    try:
        what, body = wanted(arguments.words, arguments.area)
        if what == REVOKED:
            body = {REVOKED_SIGNED: _revoked_keys(Layout(arguments.dir))}
    except ValueError as error:
        return fail(str(error), EXIT_USAGE)
    wait_s = LONGER_S.get(what, WAIT_S_DEFAULT) if arguments.wait is None else arguments.wait
    try:
        told = give(arguments, what, body, wait_s)
    except ValueError as error:
        return fail(str(error), EXIT_USAGE)
    return tell_command(told, as_json=arguments.json)


def _revoked_keys(layout: Layout) -> bytes:
    """Return the signed list.  Raises ValueError where there is none."""
    if not layout.revoked_keys.exists():
        raise ValueError("no key of the broker was revoked (edge-center revoke DIR --broker)")
    return layout.revoked_keys.read_bytes()


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
        wait_s = arguments.within + CONFIG_SPARE_S if arguments.wait is None else arguments.wait
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
