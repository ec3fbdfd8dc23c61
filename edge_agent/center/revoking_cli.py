"""`edge-center revoke`: lets a gateway in no more, by any certificate that it was given."""

import argparse
import json
from collections.abc import Callable

from edge_agent.center import asking, credentials, revocation
from edge_agent.center.enrolment import Enrolments
from edge_agent.center.layout import Layout
from edge_agent.clock import now_ms


def add(make: asking.Make, gateway: Callable[[str], str]) -> None:
    """Register the command; `gateway` reads a gateway's name."""
    made = make(
        "revoke",
        "let a gateway in no more: stolen, handed over or taken out of service; needs ca.key",
        "  edge-center revoke /srv/center gw1\n"
        "  systemctl restart mosquitto               whoever is connected stays until then",
    )
    made.add_argument("gateway", type=gateway, metavar="GATEWAY")
    made.add_argument("--json", action="store_true", help="print JSON, for scripts")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do it.  Raises CenterError, OSError."""
    layout, gateway = Layout(arguments.dir), arguments.gateway
    authority = Enrolments(layout).authority
    now = credentials.utc(now_ms() * 1_000_000)
    new = revocation.revoke(layout, authority, gateway, now)
    changed = revocation.in_broker(layout)
    if arguments.json:
        serials = [f"{one:x}" for one in new]
        print(json.dumps({"gateway": gateway, "revoked": serials, "broker_changed": changed}))
        return 0
    print(f"{layout.revoked}: {len(new)} certificates of {gateway} more")
    print("restart the broker: it reads the list at its start, and drops whoever is connected")
    print(f"what {gateway} has signed stays evidence; a new invitation lets new keys in")
    return 0
