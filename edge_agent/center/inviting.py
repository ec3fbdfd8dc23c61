"""`edge-center enrolment`: invites gateways, lets them in, and shows who was invited."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent import logs
from edge_agent.center import credentials, revocation
from edge_agent.center.layout import CenterError, Layout
from edge_agent.clock import SystemClock
from edge_agent.evidence.enrolment import Way
from edge_agent.evidence.invitation import PORT_DEFAULT, NoInvitation, host_and_port

if TYPE_CHECKING:
    from edge_agent.center.enrolment import Record

EXIT_FOUND_BAD = 1
HOURS_DEFAULT, HOURS_MAX = 72, 24 * 31  # of an invitation
QR_BORDER = 2  # light modules around; four by the standard, phones need less on a dark screen


def add(made: argparse.ArgumentParser, gateway: Callable[[str], str]) -> None:
    """Give the command its options; `gateway` reads a gateway's name."""
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True)
    new = actions.add_parser("new", help="invite a gateway: prints a QR code and a code to type")
    new.add_argument("gateway", type=gateway, metavar="ID")
    new.add_argument(
        "--at",
        metavar="HOST[:PORT]",
        help=f"where gateways reach `enrolment serve` (default: the broker's first host, port "
        f"{PORT_DEFAULT})",
    )
    new.add_argument(
        "--hours",
        type=_hours,
        default=HOURS_DEFAULT,
        help=f"how long it is good (default {HOURS_DEFAULT})",
    )
    new.add_argument("--json", action="store_true", help="print JSON, for scripts")
    listed = actions.add_parser("list", help="show all invitations")
    listed.add_argument("--json", action="store_true", help="print JSON, for scripts")
    revoke = actions.add_parser("revoke", help="make an invitation void")
    revoke.add_argument("gateway", type=gateway, metavar="ID")
    serve = actions.add_parser("serve", help="let invited gateways in and renew certificates (EST)")
    serve.add_argument("--listen", default="0.0.0.0", help="address to listen on (default: all)")  # noqa: S104  gateways come from anywhere
    serve.add_argument("--port", type=int, default=PORT_DEFAULT, help=f"default {PORT_DEFAULT}")
    answer = actions.add_parser("answer", help="answer a request that was brought by file")
    answer.add_argument("request", type=Path, metavar="FILE")
    answer.add_argument("--out", type=Path, required=True, metavar="FILE")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.  Raises CenterError, OSError."""
    layout = Layout(arguments.dir)
    return {
        "new": _new,
        "list": _list,
        "revoke": _revoke,
        "serve": _serve,
        "answer": _answer,
    }[arguments.action](layout, arguments)


def _now() -> datetime:
    return credentials.utc(SystemClock().stamp().wall_ns or 0)


def _new(layout: Layout, arguments: argparse.Namespace) -> int:
    from edge_agent.center.enrolment import Enrolments

    place = place_of(layout, arguments.at)
    if revocation.is_silenced(layout, arguments.gateway):
        print(
            f"{arguments.gateway} was revoked: restart the broker if it was not since, so that "
            "nothing is left of an old connection (systemctl restart mosquitto)",
            file=sys.stderr,
        )
    elif layout.identity(arguments.gateway).exists():
        name, folder = arguments.gateway, layout.directory
        print(
            f"{name} is known here already: this code gives a second machine its name. For new keys"
            f" revoke the old ones first: edge-center revoke {folder} {name}. Where the name is"
            f" wrong: edge-center enrolment {folder} revoke {name}",
            file=sys.stderr,
        )
    invitation = Enrolments(layout).invite(arguments.gateway, place, _now(), arguments.hours)
    if arguments.json:
        said = {
            "gateway": invitation.gateway,
            "at": invitation.place,
            "code": invitation.code,
            "text": invitation.text,
            "hours": arguments.hours,
        }
        print(json.dumps(said))
        return 0
    print(_picture(invitation.text))
    print(f"gateway {invitation.gateway}, good once, for {arguments.hours} h.  On the gateway:\n")
    print(f"  edge-agent enrol {invitation.gateway} {invitation.place} {invitation.code}\n")
    print(f"or with the QR code's text:\n\n  edge-agent enrol '{invitation.text}'\n")
    print("It is a key: give it to the installer of this gateway and to nobody else.")
    return 0


def _picture(text: str) -> str:
    import io

    import segno

    drawn = io.StringIO()
    segno.make_qr(text, error="m").terminal(drawn, border=QR_BORDER, compact=True)
    return drawn.getvalue()


def place_of(layout: Layout, at: str | None) -> Way:
    """Return where gateways reach `enrolment serve`; the broker has the same host.

    Raises CenterError where the broker's certificate does not name the host.
    """
    from edge_agent.center.init import read_certificate

    hosts = credentials.hosts_of(read_certificate(layout.certificate("server")))
    if at is None:
        outside = [host for host in hosts if host not in {"localhost", "127.0.0.1"}]
        return Way((outside or hosts)[0], PORT_DEFAULT)
    try:
        host, port = host_and_port(at)
    except NoInvitation as error:
        raise CenterError(f"--at {at}: {error}") from error
    if host.strip("[]") not in hosts:
        raise CenterError(
            f"{layout.certificate('server')}: is good for {', '.join(hosts)}, not for {host}; "
            f"add it: edge-center init {layout.directory} --host {host}"
        )
    return Way(host, port)


def _list(layout: Layout, arguments: argparse.Namespace) -> int:
    from edge_agent.center.enrolment import Enrolments

    now_ms = int(_now().timestamp() * 1000)
    for record in Enrolments(layout).records():
        state = "over" if record.until_ms < now_ms and record.state == "open" else record.state
        if arguments.json:
            print(json.dumps(_plain(record, state)))
            continue
        until = datetime.fromtimestamp(record.until_ms / 1000, UTC).astimezone()
        wrong = f", {record.wrong} wrong tries" if record.wrong else ""
        print(f"{record.gateway}: {state}, until {until:%Y-%m-%d %H:%M}{wrong}")
    return 0


def _plain(record: "Record", state: str) -> dict[str, str | int]:
    return {
        "gateway": record.gateway,
        "state": state,
        "at": f"{record.host}:{record.port}",
        "until_ms": record.until_ms,
        "wrong": record.wrong,
    }


def _revoke(layout: Layout, arguments: argparse.Namespace) -> int:
    from edge_agent.center.enrolment import Enrolments

    if Enrolments(layout).revoke(arguments.gateway):
        print(f"{arguments.gateway}: its invitation is void; what was certified stays certified")
        return 0
    print(f"{arguments.gateway}: has no invitation")
    return EXIT_FOUND_BAD


def _serve(layout: Layout, arguments: argparse.Namespace) -> int:
    import structlog

    from edge_agent.center.est import Door

    logs.configure(SystemClock(), "info")
    log = structlog.get_logger("center")
    door = Door((arguments.listen, arguments.port), layout, _now)
    # shutdown waits for the loop that a handler has interrupted: another thread must ask for it
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: threading.Thread(target=door.shutdown).start())
    log.info("enrolment.ready", port=door.server_address[1])
    with door:
        door.serve_forever()
    return 0


def _answer(layout: Layout, arguments: argparse.Namespace) -> int:
    from edge_agent.center.enrolment import Enrolments, Refused

    with arguments.request.open("rb") as file:
        request = file.read(65_536)
    try:
        gateway, bundle = Enrolments(layout).answer(request, _now())
    except Refused as error:
        raise CenterError(f"{arguments.request}: {error}") from error
    arguments.out.write_bytes(bundle)
    print(f"{arguments.out}: bring it back to {gateway}")
    return 0


def _hours(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HOURS_MAX:
        raise argparse.ArgumentTypeError(f"1 to {HOURS_MAX} hours")
    return int(text)
