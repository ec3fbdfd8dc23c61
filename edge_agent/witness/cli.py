"""`edge-center witness`: cosign the heads of other people's gateways, on a machine of one's own."""

import argparse
import json
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_agent.clock import now_ms
from edge_agent.evidence import certificates
from edge_agent.witness.folder import Folder, WitnessError, found, trust
from edge_agent.witness.store import StoreError, WitnessStore, opened

EXIT_FOUND_BAD = 1
PORT_DEFAULT = 8444


def add(made: argparse.ArgumentParser) -> None:
    """Give the command its options; `dir` is the witness's own folder."""
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = actions.add_parser("init", help="make the witness: its keys, and the file to hand out")
    init.add_argument("--name", required=True, help="as it stands in cosignatures")
    init.add_argument(
        "--host",
        action="append",
        required=True,
        metavar="NAME_OR_IP",
        help="what centers call this machine (repeatable)",
    )
    added = actions.add_parser("trust", help="cosign for an enterprise's gateways")
    added.add_argument("authority", type=Path, metavar="FILE", help="the enterprise's ca.pem")
    added.add_argument("--name", required=True, help="of the enterprise, for your own list")
    serve = actions.add_parser("serve", help="cosign what comes, until stopped by SIGTERM")
    serve.add_argument("--listen", default="0.0.0.0", help="address to listen on (default: all)")  # noqa: S104  centers come from anywhere
    serve.add_argument("--port", type=int, default=PORT_DEFAULT, help=f"default {PORT_DEFAULT}")
    listed = actions.add_parser("list", help="show every gateway: how far it was cosigned, when")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    conflicts = actions.add_parser("conflicts", help="show what contradicts what was cosigned")
    conflicts.add_argument("--json", action="store_true", help="one JSON object a line")
    conflicts.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write both signed messages of each there"
    )
    accept = actions.add_parser("accept", help="let a stopped gateway's history begin anew")
    accept.add_argument("gateway", metavar="ID")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked.  Raises WitnessError, OSError."""
    folder = Folder(arguments.dir)
    try:
        return {
            "init": _init,
            "trust": _trust,
            "serve": _serve,
            "list": _list,
            "conflicts": _conflicts,
            "accept": _accept,
        }[arguments.action](folder, arguments)
    except StoreError as error:
        raise WitnessError(str(error)) from error


def _init(folder: Folder, arguments: argparse.Namespace) -> int:
    found(folder, arguments.name, tuple(arguments.host), now_ms())
    WitnessStore(folder.database).close()
    print(f"{folder.public}: hand it to the centers, and to everybody who verifies bundles")
    print(f"next: edge-center witness {folder.path} trust ca.pem --name ENTERPRISE")
    return 0


def _trust(folder: Folder, arguments: argparse.Namespace) -> int:
    for one in trust(folder, arguments.name, arguments.authority.read_bytes()):
        known = certificates.fingerprint(one)
        print(f"{arguments.name}: COMPARE with the enterprise: SHA-256 {known}")
    return 0


def _serve(folder: Folder, arguments: argparse.Namespace) -> int:
    import structlog

    from edge_agent import logs
    from edge_agent.clock import SystemClock
    from edge_agent.evidence.signers import load_signer
    from edge_agent.tls_door import tls_context
    from edge_agent.witness.door import Door, Office

    folder.check()
    clock = SystemClock()
    logs.configure(clock, "info")
    with opened(folder.database) as store:
        office = Office(
            folder.name,
            load_signer(folder.cosigning_key),
            store,
            folder.trusted,
            now_ms,
            clock.boottime_ns,
        )
        context = tls_context(folder.public, folder.server_key)
        door = Door((arguments.listen, arguments.port), context, office)
        # shutdown waits for the loop that a handler has interrupted: another thread asks for it
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda *_: threading.Thread(target=door.shutdown).start())
        trusted = len(folder.trusted())
        structlog.get_logger("witness").info(
            "witness.ready", port=door.server_address[1], enterprises=trusted
        )
        with door:
            door.serve_forever(poll_interval=0.1)
    return 0


def _list(folder: Folder, arguments: argparse.Namespace) -> int:
    bad = False
    with opened(folder.database) as store:
        for one in store.seen():
            told, newest = {"gateway": one.gateway, "authority": one.authority.hex()}, one.newest
            bad = bad or one.stopped
            if arguments.json:
                facts = {"run": newest.epoch.hex(), "size": newest.size, "time_ms": newest.time_ms}
                print(json.dumps(told | facts | {"breaks": one.breaks, "stopped": one.stopped}))
                continue
            state = ", STOPPED: see `conflicts`" if one.stopped else ""
            broke = f", broke off {one.breaks} times" if one.breaks else ""
            print(
                f"{one.gateway} (of {one.authority.hex()[:16]}): {newest.size} events of run "
                f"{newest.epoch.hex()}, cosigned {_time(newest.time_ms)}{broke}{state}"
            )
    return EXIT_FOUND_BAD if bad else 0


def _conflicts(folder: Folder, arguments: argparse.Namespace) -> int:
    with opened(folder.database) as store:
        found_ = store.conflicts()
    for one in found_:
        if arguments.out is not None:
            arguments.out.mkdir(parents=True, exist_ok=True)
            for name, data in (("seen", one.seen), ("shown", one.shown)):
                (arguments.out / f"{one.number}-{name}.cose").write_bytes(data)
        if arguments.json:
            print(json.dumps(_facts(one)))
            continue
        more = f" ({one.times} times)" if one.times > 1 else ""
        print(
            f"{one.number}: {one.what} of {one.gateway}, run {one.epoch.hex()}, "
            f"{_time(one.time_ms)}: {one.detail}{more}"
        )
    return EXIT_FOUND_BAD if found_ else 0


def _facts(one: Any) -> dict[str, Any]:
    return {
        "number": one.number,
        "what": one.what,
        "gateway": one.gateway,
        "authority": one.authority.hex(),
        "run": one.epoch.hex(),
        "detail": one.detail,
        "seen": one.seen.hex(),
        "shown": one.shown.hex(),
        "times": one.times,
        "time_ms": one.time_ms,
    }


def _accept(folder: Folder, arguments: argparse.Namespace) -> int:
    with opened(folder.database) as store:
        count = store.accept(arguments.gateway)
    if not count:
        raise WitnessError(f"{arguments.gateway}: nothing of it is stopped")
    print(
        f"{arguments.gateway}: its next run may begin anew; its cosignatures tell that it broke off"
    )
    return 0


def _time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone():%Y-%m-%d %H:%M}"
