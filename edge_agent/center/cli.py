"""The `edge-center` command."""

import argparse
import os
import sqlite3
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import edge_agent
from edge_agent import interrupts, logs, output
from edge_agent.center import (
    bundle_cli,
    charter_cli,
    clip_cli,
    command_cli,
    cosign_cli,
    countersign_cli,
    credentials,
    event_cli,
    export,
    fleet_cli,
    handover_cli,
    incident_cli,
    init,
    inviting,
    operator_cli,
    revoking_cli,
    verify_cli,
)
from edge_agent.center.layout import CenterError, Layout, check_gateway_id, refused
from edge_agent.clock import SystemClock
from edge_agent.witness import cli as witness_cli
from edge_agent.witness.folder import WitnessError

EXIT_FOUND_BAD, EXIT_CONFIG = 1, 78

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  argparse has no public name for it


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    output.prepare()
    top = parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete  # noqa: PLC0415  only when a shell asks for completions

        argcomplete.autocomplete(top)
    arguments = top.parse_args(argv)
    try:
        interrupts.raise_again()
        code: int = arguments.run(arguments)
        sys.stdout.flush()  # here, where a reader that has gone is still handled
    except (CenterError, WitnessError) as error:
        return _fail(str(error), EXIT_CONFIG)
    except sqlite3.DatabaseError as error:
        remedy = (
            "see to space and permissions; a damaged one is set aside and salvaged by"
            " `edge-center serve`"
        )
        return _fail(f"{Layout(arguments.dir).database}: {error}; {remedy}", EXIT_FOUND_BAD)
    except OSError as error:
        if (ended := output.ended(error)) is not None:
            return _fail(ended[1], ended[0]) if ended[0] else 0
        return _fail(f"{error.filename or arguments.dir}: {refused(error)}", EXIT_CONFIG)
    except KeyboardInterrupt:
        return interrupts.INTERRUPTED
    return code


def _fail(message: str, code: int) -> int:
    print(f"edge-center: {message}", file=sys.stderr)
    return code


def parser() -> argparse.ArgumentParser:
    """Return the whole command's parser."""
    top = argparse.ArgumentParser(
        prog="edge-center",
        description="Alarm center: receives, verifies, stores and receipts what gateways send.",
        epilog="Exit codes: 0 good, 1 found bad, 2 usage, 78 the center's directory or settings, "
        "130 Ctrl-C.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {edge_agent.__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (
        _add_init,
        _add_enrolment,
        _add_serve,
        _add_export,
    ):
        add(commands)
    make = partial(_command, commands)
    event_cli.add(make)
    fleet_cli.add(make, _gateway_id)
    operator_cli.add(make)
    charter_cli.add(make, _gateway_id)
    handover_cli.add(make, _gateway_id)
    revoking_cli.add(make, _gateway_id)
    incident_cli.add(make, _gateway_id, event_cli.since_ms)
    command_cli.add(make, _gateway_id)
    countersign_cli.add(make)
    bundle_cli.add(make, _gateway_id, event_cli.since_ms)
    clip_cli.add(make, _gateway_id)
    verify_cli.add(make)
    cosign_cli.add(make, _gateway_id)
    _add_witness(commands)
    return top


def _command(
    commands: Commands, name: str, says: str, examples: str, of: str = "center"
) -> argparse.ArgumentParser:
    made = commands.add_parser(
        name,
        help=says,
        description=says[0].upper() + says[1:] + ".",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("dir", type=_directory, metavar="DIR", help=f"the {of}'s directory")
    return made


# ---- init


def _add_init(commands: Commands) -> None:
    made = _command(
        commands,
        "init",
        "make a center's directory, or add gateways to one; never replaces a key",
        "  edge-center init /srv/center --gateway gw1 --gateway gw2 --host mqtt.example.com\n"
        "  edge-center init /srv/center --gateway gw3\n"
        "  edge-center init /srv/center --gateway gw3 --renew",
    )
    made.add_argument(
        "--gateway",
        action="append",
        default=[],
        type=_gateway_id,
        metavar="ID",
        help="make credentials for this gateway (repeatable)",
    )
    made.add_argument(
        "--host",
        action="append",
        default=[],
        type=_host,
        metavar="NAME_OR_IP",
        help="what gateways call the broker (repeatable); the first goes into their configuration",
    )
    made.add_argument(
        "--days",
        type=_days,
        default=credentials.DAYS_DEFAULT,
        help=f"validity of certificates made now (default {credentials.DAYS_DEFAULT})",
    )
    made.add_argument(
        "--renew",
        action="store_true",
        help="give the gateways named new certificates for the TLS keys they have",
    )
    made.add_argument(
        "--new-seal",
        action="store_true",
        help="make a new key for gateways to seal to; the old one is kept to open with",
    )
    made.add_argument("--port", type=_port, help=f"of the broker (default {init.PORT_DEFAULT})")
    made.set_defaults(run=_init)


def _init(arguments: argparse.Namespace) -> int:
    now = credentials.utc(SystemClock().stamp().wall_ns or 0)
    request = init.Request(
        gateways=tuple(dict.fromkeys(arguments.gateway)),
        hosts=tuple(dict.fromkeys(arguments.host)),
        port=arguments.port,
        days=arguments.days,
        renew=arguments.renew,
        new_seal=arguments.new_seal,
    )
    done = init.init(Layout(arguments.dir), request, now)
    print("\n".join(done) or "nothing to do")
    return 0


# ---- enrolment


def _add_enrolment(commands: Commands) -> None:
    made = _command(
        commands,
        "enrolment",
        "invite gateways, and let them in",
        "  edge-center enrolment /srv/center new gw4\n"
        "  edge-center enrolment /srv/center serve\n"
        "  edge-center enrolment /srv/center list\n"
        "  edge-center enrolment /srv/center answer gw4.request --out gw4.answer",
    )
    inviting.add(made, _gateway_id)


# ---- serve


def _add_serve(commands: Commands) -> None:
    made = _command(
        commands,
        "serve",
        "receive, verify, store and receipt, until stopped by SIGTERM",
        "  edge-center serve /srv/center\n"
        "  edge-center serve /srv/center --host mqtt.example.com --port 8883",
    )
    made.add_argument("--host", type=_host, help="broker, in place of the settings")
    made.add_argument("--port", type=_port, help="broker's port, in place of the settings")
    made.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    made.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    from edge_agent.center.serve import Overrides, serve  # noqa: PLC0415  paho only where needed

    clock = SystemClock()
    logs.configure(clock, arguments.log_level)
    overrides = Overrides(host=arguments.host, port=arguments.port)
    return serve(Layout(arguments.dir), clock, overrides)


# ---- export


def _add_export(commands: Commands) -> None:
    made = _command(
        commands,
        "export",
        "write an evidence bundle that anybody can verify; it is recorded first",
        "  edge-center export /srv/center --gateway gw1 --out case17.bundle --purpose 'case 17'\n"
        "  edge-center export /srv/center --gateway gw1 --out s.bundle --purpose inspection \\\n"
        "      --sample 50 --nonce 9f3c5be2a1d0774816c2fa03be7715d9",
    )
    export.add(made, _gateway_id)


# ---- witness


def _add_witness(commands: Commands) -> None:
    made = _command(
        commands,
        "witness",
        "be a third holder: cosign the heads of other people's gateways; needs no center",
        "  edge-center witness /srv/witness init --name south --host witness.example.org\n"
        "  edge-center witness /srv/witness trust ca.pem --name red-security\n"
        "  edge-center witness /srv/witness serve\n"
        "  edge-center witness /srv/witness list\n"
        "  edge-center witness /srv/witness conflicts --out evidence\n"
        "  edge-center witness /srv/witness accept gw1",
        of="witness",
    )
    witness_cli.add(made)


# ---- values


def _directory(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _gateway_id(text: str) -> str:
    try:
        return check_gateway_id(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _host(text: str) -> str:
    try:
        credentials.general_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _days(text: str) -> int:
    return _number(text, "days", credentials.DAYS_MAX)


def _port(text: str) -> int:
    return _number(text, "a port", 65_535)


def _number(text: str, what: str, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}: 1 to {high}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
