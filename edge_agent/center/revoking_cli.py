"""`edge-center revoke`: lets a gateway in no more, by any certificate that it was given; has the
broker's key count no more, if that was lost."""

import argparse
import json
from collections.abc import Callable
from datetime import datetime

from edge_agent.center import asking, broker_keys, broker_process, credentials, revocation
from edge_agent.center.credentials import Authority
from edge_agent.center.enrolment import Enrolments
from edge_agent.center.layout import Layout
from edge_agent.clock import now_ms

RELOAD, RESTART = "systemctl reload mosquitto", "systemctl restart mosquitto"


def add(make: asking.Make, gateway: Callable[[str], str]) -> None:
    """Register the command; `gateway` reads a gateway's name."""
    made = make(
        "revoke",
        "let a gateway in no more: stolen, handed over or taken out of service; or give the broker "
        "another key, because its own was lost; needs ca.key",
        "  edge-center revoke /srv/center gw1        a broker on this machine is told at once\n"
        f"  {RELOAD}               where it says so: the broker is elsewhere, or another's\n"
        "  edge-center revoke /srv/center --broker   it gets a new key, for its own was lost\n"
        "  edge-center command /srv/center gw1 revoked --key wang.key\n"
        "                                            has that gateway refuse the lost one",
    )
    whom = made.add_mutually_exclusive_group(required=True)
    whom.add_argument("gateway", type=gateway, metavar="GATEWAY", nargs="?")
    whom.add_argument("--broker", action="store_true", help="its key, instead of a gateway")
    made.add_argument("--json", action="store_true", help="print JSON, for scripts")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do it.  Raises CenterError, OSError."""
    layout = Layout(arguments.dir)
    authority = Enrolments(layout).authority
    now = credentials.utc(now_ms() * 1_000_000)
    if arguments.broker:
        return _broker(layout, authority, now, as_json=arguments.json)
    return _gateway(layout, authority, now, arguments)


def _broker(layout: Layout, authority: Authority, now: datetime, *, as_json: bool) -> int:
    listed = broker_keys.replace(layout, authority, now)
    told = broker_process.read_again(layout)
    if as_json:
        print(json.dumps({"list": listed.number, "keys": len(listed.keys), "broker_told": told}))
        return 0
    print(f"{layout.revoked_keys}: list {listed.number}, {len(listed.keys)} keys of the broker")
    print("the broker shows its new key from now on" if told else f"at the broker: {RELOAD}")
    print("restart `enrolment serve` if it runs; have each gateway refuse the old key, with")
    print(f"  edge-center command {layout.directory} GATEWAY revoked --key YOUR.key")
    return 0


def _gateway(
    layout: Layout, authority: Authority, now: datetime, arguments: argparse.Namespace
) -> int:
    gateway = arguments.gateway
    new = revocation.revoke(layout, authority, gateway, now)
    changed = revocation.in_broker(layout)
    told = not changed and broker_process.read_again(layout)
    if arguments.json:
        said = {"gateway": gateway, "revoked": [f"{one:x}" for one in new]}
        print(json.dumps({**said, "broker_changed": changed, "broker_told": told}))
        return 0
    print(f"{layout.revoked}: {len(new)} certificates of {gateway} more")
    print(_remedy(gateway, told=told, changed=changed))
    print(f"what {gateway} has signed stays evidence; a new invitation lets new keys in")
    return 0


def _remedy(gateway: str, *, told: bool, changed: bool) -> str:
    """Say what the broker knows of it, and what is to be done."""
    if told:
        return (
            f"the broker was told: {gateway} is let in no more, and a connection that it has "
            f"says and hears nothing; it ends with: {RESTART}"
        )
    if changed:
        return f"the broker's configuration was changed for it, so restart the broker: {RESTART}"
    return (
        f"no broker of this directory was found here that this account may tell; until it reads "
        f"acl and crl.pem again {gateway} goes on.  At the broker: {RELOAD}, or kill -HUP its "
        "process"
    )
