"""`edge-center bundle`: has a gateway make and send an evidence bundle, and checks it."""

import argparse
import hashlib
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from edge_agent import files
from edge_agent.center import desk_rows
from edge_agent.center.asking import (
    EXIT_FOUND_BAD,
    EXIT_USAGE,
    Make,
    add_person,
    fail,
    give,
    standing,
)
from edge_agent.center.layout import Layout
from edge_agent.center.spool import await_files, part_file
from edge_agent.clock import now_ms
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence import command as words
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.reply import peek_reply
from edge_agent.views import rendering
from edge_agent.views.bundle import Files, verify_file

WAIT_S = 600.0  # a bundle is made in minutes, and 16 MiB take some over 1 Mbit/s; events go first


def add(make: Make, gateway: Callable[[str], str], since: Callable[[str, int], int]) -> None:
    """Register the command; `gateway` reads a gateway's name, `since` a time."""
    made = make(
        "bundle",
        "have a gateway make an evidence bundle of its own journal, fetch it and check it",
        "  edge-center bundle /srv/center gw1 --out case17.bundle --purpose 'case 17' \\\n"
        "      --since 2h --by 'Wang' --role installer\n"
        "  edge-center bundle /srv/center gw1 --out i.bundle --purpose 'case 17' \\\n"
        "      --incident 3f9a0c11d2e4b5a6/1042 --by 'Zhou' --role inspector",
    )
    made.add_argument("gateway", type=gateway, metavar="GATEWAY")
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="the new file")
    made.add_argument("--purpose", required=True, metavar="TEXT", help="what for; it is recorded")
    made.add_argument("--since", metavar="WHEN", help="90s, 15min, 2h, 3d, or a time")
    made.add_argument("--until", metavar="WHEN", help="the same")
    made.add_argument("--panel", metavar="ID", help="with --area: what was said of one area")
    made.add_argument("--area", type=int, metavar="N")
    made.add_argument("--incident", metavar="EPOCH/N", help="its verdicts and what they rest on")
    add_person(made, Role.INSTALLER)
    made.set_defaults(run=lambda arguments: _bundle(arguments, since))


def _bundle(arguments: argparse.Namespace, since: Callable[[str, int], int]) -> int:
    if arguments.out.exists():
        return fail(f"{arguments.out} is there already; name a new file", EXIT_USAGE)
    try:
        body = _asked(arguments, since)
        told = give(
            arguments, words.BUNDLE, body, WAIT_S if arguments.wait is None else arguments.wait
        )
    except ValueError as error:
        return fail(str(error), EXIT_USAGE)
    if told.outcome != desk_rows.DONE or told.reply is None:
        return fail(rendering.safe(standing(told)), EXIT_FOUND_BAD)
    layout = Layout(arguments.dir)
    spooled = part_file(layout.spool, arguments.gateway, str(body[words.BUNDLE_NAME]), 0)
    try:
        size, digest = offered(told.reply)
        await_files([spooled], [size])
        keep(spooled, digest, arguments.out)
    except (ValueError, Malformed) as error:
        return fail(f"{arguments.out} was not written: {error}", EXIT_FOUND_BAD)
    finally:
        spooled.unlink(missing_ok=True)
    code, said = verify_file(
        arguments.out, Files(ca=layout.certificate("ca")), as_json=arguments.json
    )
    print(said if arguments.json else f"{arguments.out}: {told.detail}\n{said}")
    return code


def _asked(arguments: argparse.Namespace, since: Callable[[str, int], int]) -> dict[int, BodyValue]:
    """Return what the command carries.  Raises ValueError."""
    if (arguments.panel is None) is not (arguments.area is None):
        raise ValueError("--panel and --area go together")
    if not 0 < len(arguments.purpose.strip()) <= words.PURPOSE_CHARS_MAX:
        raise ValueError(f"--purpose has 1 to {words.PURPOSE_CHARS_MAX} characters")
    at_ms = now_ms()
    times = {
        key: since(text, at_ms)
        for key, text in (
            (words.BUNDLE_SINCE, arguments.since),
            (words.BUNDLE_UNTIL, arguments.until),
        )
        if text is not None
    }
    asked: dict[int, BodyValue] = {
        words.BUNDLE_NAME: f"bundle-{secrets.token_hex(6)}",
        words.BUNDLE_PURPOSE: arguments.purpose,
        **times,
        words.BUNDLE_PANEL: arguments.panel,
        words.BUNDLE_AREA: arguments.area,
        words.BUNDLE_INCIDENT: arguments.incident,
    }
    return fields.without_none(asked)


def offered(reply: bytes) -> tuple[int, bytes]:
    """Return size and SHA-256 of what the gateway's signed reply says that it sent.

    Raises Malformed.
    """
    try:
        facts = json.loads(peek_reply(reply)[1].facts)  # verified before it was stored
        size, digest = facts["bytes"], bytes.fromhex(facts["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed("the reply tells of no bundle") from error
    if isinstance(size, bool) or not isinstance(size, int) or size <= 0:
        raise Malformed("the reply tells of no bundle")
    return size, digest


def keep(spooled: Path, digest: bytes, out: Path) -> None:
    """Write what came to `out`, if it is what was sent.  Raises ValueError, OSError."""
    data = spooled.read_bytes() if spooled.exists() else b""
    if hashlib.sha256(data).digest() != digest:
        raise ValueError(f"{len(data)} bytes came, and they are not what was sent: ask again")
    files.write_new(out, data)
