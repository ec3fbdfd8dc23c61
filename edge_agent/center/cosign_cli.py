"""`edge-center cosign`: has the witness cosign what is stored, now."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing

from edge_agent.center import cosigning, settings
from edge_agent.center.asking import EXIT_FOUND_BAD, Make, open_database
from edge_agent.center.cosigning import Access, AwayError, Cosigning, Told, Witness
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.roster import Roster
from edge_agent.center.turns import Turns
from edge_agent.clock import now_ms


def add(make: Make, gateway: Callable[[str], str]) -> None:
    """Register the command; `gateway` reads a gateway's name."""
    made = make(
        "cosign",
        "have the witness of [witness] cosign what is stored; a running center does it every day",
        "  edge-center cosign /srv/center\n  edge-center cosign /srv/center --gateway gw1 --json",
    )
    made.add_argument("--gateway", type=gateway, metavar="ID", help="only of this gateway")
    made.add_argument("--json", action="store_true", help="one JSON object a run and line")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask; exit 1 where the witness is away or refuses.  Raises CenterError, sqlite3.Error."""
    layout = Layout(arguments.dir)
    access = Access.of(layout, settings.load(layout))
    if access is None:
        raise CenterError(f"{layout.settings}: no [witness]; name its host there")
    gateways = [arguments.gateway] if arguments.gateway else Roster(layout).gateways()
    bad, asked = False, 0
    with closing(open_database(layout)) as connection, closing(Witness(access)) as witness:
        try:
            for gateway in gateways:
                one = Cosigning(connection, layout, gateway, Turns())
                for told in one.bring(witness, due_ms=now_ms()):
                    asked, bad = asked + 1, bad or told.no is not None
                    print(json.dumps(cosigning.facts(told)) if arguments.json else _line(told))
        except AwayError as error:
            raise CenterError(
                f"the witness at {access.host}:{access.port} is away: {error}; is the address "
                "right, is witness.pem the one that it hands out, does `edge-center witness DIR "
                "serve` run there?"
            ) from error
    if not asked and not arguments.json:
        print("nothing is stored that was not cosigned")
    return EXIT_FOUND_BAD if bad else 0


def _line(told: Told) -> str:
    run = f"{told.gateway}: {told.size} events of run {told.epoch.hex()}"
    if told.no is None:
        return f"{run} cosigned"
    return f"{run} NOT cosigned: {told.no.why} {told.no.detail}; {remedy(told.no.why)}".rstrip()


def remedy(why: str) -> str:
    """Say what to do about a refusal."""
    return {
        "untrusted": "the witness has to trust this center's ca.pem",
        "smaller": "the witness has seen more than is stored here: was this store set back?",
        "behind": "what is stored is not whole; see `edge-center fleet`",
        "unavailable": "it is asked again later",
    }.get(why, "ask the witness: `edge-center witness DIR conflicts` shows both signed messages")
