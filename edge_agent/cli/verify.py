"""`edge-agent verify`: whether the journal is whole, or an evidence bundle."""

import argparse
import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent import output
from edge_agent.cli import records
from edge_agent.cli.lines import add_language
from edge_agent.cli.options import Commands, UnreadableError, add_json, command, complain
from edge_agent.config import ConfigError

if TYPE_CHECKING:
    from edge_agent.audit import Countersigned, JournalAudit
    from edge_agent.cli.reading import Reading
    from edge_agent.config import Loaded
    from edge_agent.evidence.anchored import Anchored
    from edge_agent.evidence.certificates import Certificate
    from edge_agent.evidence.cose import PublicKey
    from edge_agent.evidence.receipt import Receipt
    from edge_agent.evidence.sm2 import Sm2Key
    from edge_agent.evidence.verify import Problem
    from edge_agent.journal import Damage
    from edge_agent.phrases.book import Phrases
    from edge_agent.trusted import Trusted

EXIT_USAGE = 2


def add(commands: Commands) -> None:
    """Register the command."""
    verify = command(
        commands,
        "verify",
        "check every signature, number and root in the journal, or in an evidence bundle",
        "  edge-agent verify                                   the gateway's own journal\n"
        "  edge-agent verify --journal DIR --identity identity.pem --json\n"
        "  edge-agent verify case17.bundle --ca ca.pem         a bundle of anybody's, offline",
    )
    verify.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="an evidence bundle (default: journal)"
    )
    verify.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="of a bundle: the authority that you trust (default: the one inside, and its"
        " fingerprint is shown to be compared)",
    )
    records.add_journal(verify)
    verify.add_argument(
        "--identity",
        type=Path,
        metavar="FILE",
        help="certificate or key of the gateway's identity (default: of the configuration)",
    )
    verify.add_argument(
        "--tsa",
        type=Path,
        metavar="FILE",
        help="the timestamp authority that you trust (default: of the configuration; of a bundle:"
        " the one inside, and its fingerprint is shown to be compared)",
    )
    witness = "of a bundle: the witness.pem of the witness that must have cosigned it"
    verify.add_argument("--witness", type=Path, metavar="FILE", help=witness)
    sm2 = "the SM2 key or certificate (PEM) by which it must be signed a second time"
    verify.add_argument("--sm2", type=Path, metavar="FILE", help=sm2)
    records.add_purpose(verify)
    verify.add_argument("--gateway", help="the gateway's id (default: of the configuration)")
    add_language(verify)
    add_json(verify)
    verify.set_defaults(run=check)


def check(arguments: argparse.Namespace) -> int:
    """Verify the journal; exit 1 where something is wrong, naming the first bad number.

    Exit 2 where journal or identity cannot be read: nothing was verified then.
    """
    from edge_agent.cli.reading import reading
    from edge_agent.language import language
    from edge_agent.phrases.book import Phrases

    say = Phrases(language(arguments.lang))
    if arguments.file is not None:
        from edge_agent.views.bundle import Files, verify_file

        names = (one.name for one in dataclasses.fields(Files))
        files = Files(**{name: getattr(arguments, name) for name in names})
        code, said = verify_file(arguments.file, files, as_json=arguments.json)
        if code == EXIT_USAGE:
            complain(arguments, said)
        elif arguments.json:
            print(said)
        else:
            output.show(*say(said).splitlines())
        return code
    try:
        with reading(arguments, "verify") as journal:
            audit, countersigned, found = _audited(arguments, journal, say)
    except UnreadableError as error:
        return records.unreadable(arguments, error)
    leaf_of = audit.verifier.leaf
    timestamps = [
        _anchored(one, countersigned.by(one.place, leaf_of)) for one in audit.anchors.anchored
    ]
    if arguments.json:
        _print_facts(audit, found, timestamps)
    else:
        for line in _lines(audit, found, timestamps):
            output.show(say(line))
    return 1 if found else 0


def _audited(
    arguments: argparse.Namespace, journal: "Reading", say: "Phrases"
) -> "tuple[JournalAudit, Countersigned, list[dict[str, Any]]]":
    """Return a journal that was read, and what is wrong with it.  Raises UnreadableError."""
    from edge_agent.audit import Countersigned, JournalAudit, Removals
    from edge_agent.evidence.seconded import SecondCheck
    from edge_agent.journal import heads
    from edge_agent.trusted import Trusted

    where, trusted, loaded = journal.where, journal.trusted, _configured(arguments)
    gateway, key = _identity(arguments, None if isinstance(where, Path) else trusted)
    trusted = trusted or (Trusted.of(loaded) if loaded else None)
    removals = Removals()
    countersigned = Countersigned(trusted.receipt_keys() if trusted else ())
    seconds = SecondCheck(_sm2_key(arguments.sm2))
    for stored in records.stored_in(where, lambda _: None):
        removals.take(stored.record)
        countersigned.expect(stored.record)
        seconds.expect(stored.record.data)
    known = lambda kid: key if kid == key.kid else None  # noqa: E731  one expression
    stampers = _stampers(arguments.tsa, loaded, say)
    audit = JournalAudit(gateway, known, removals, heads(where), stampers, seconds)
    found: list[dict[str, Any]] = []
    damages: list[Damage] = []
    for stored in records.stored_in(where, damages.append):
        found.extend(map(_problem, audit.feed(stored.record)))
        countersigned.take(stored.record)
    found += map(_problem, audit.finish())
    found += map(_damage, damages)
    return audit, countersigned, found


def _print_facts(
    audit: "JournalAudit", found: list[dict[str, Any]], timestamps: list[dict[str, Any]]
) -> None:
    gateway, verified = audit.verifier.gateway, audit.verifier.verified
    bound = audit.receipts.bound
    facts = {"gateway": gateway, "verified": verified, "receipts": bound, "problems": found}
    also = {"timestamps": timestamps, "second_signatures": audit.seconds.facts()}
    print(json.dumps(facts | also))


def _lines(
    audit: "JournalAudit", found: list[dict[str, Any]], timestamps: list[dict[str, Any]]
) -> Iterator[str]:
    gateway, verified = audit.verifier.gateway, audit.verifier.verified
    for line in found[: records.PROBLEMS_SHOWN_MAX]:
        place = f" at {line['epoch'][:6]}/{line['seq']}" if line["epoch"] else ""
        yield f"{line['what']}{place}: {line['detail']}"
    good = "nothing wrong" if not found else f"{len(found)} problems"
    bound = audit.receipts.bound
    yield f"gateway {gateway}: {verified} events and {bound} receipts verified, {good}"
    if timestamps:
        yield _anchored_words(timestamps)
    yield from audit.seconds.words()


def _anchored(one: "Anchored", receipt: "Receipt | None") -> dict[str, Any]:
    return {
        "event": str(one.place),
        "held": one.held,
        **dataclasses.asdict(one.stamped),
        "receipted_by": None if receipt is None else receipt.center,
        "receipted_ms": None if receipt is None else receipt.time_ms,
    }


def _anchored_words(all_: list[dict[str, Any]]) -> str:
    from edge_agent.evidence.timestamp import time_text

    newest = all_[-1]
    why = "trusted" if newest["trusted"] else f"COMPARE its SHA-256 {newest['fingerprint']}"
    center, time_ms = newest["receipted_by"], newest["receipted_ms"]
    also = f"; {center} countersigned it {time_text(time_ms * 10**6)}" if center else ""
    return (
        f"{len(all_)} timestamps good; the newest, of {newest['event']} and all before it in that "
        f"run, is of {time_text(newest['time_ns'])} by {newest['by']!r} ({why}){also}"
    )


def _sm2_key(named: Path | None) -> "Sm2Key | None":
    """Return the key that must have signed a second time, None where none is given."""
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.sm2 import Sm2Key

    try:
        return None if named is None else Sm2Key.from_pem(named.read_bytes())
    except OSError as error:
        raise UnreadableError(f"{named}: {error.strerror}") from error
    except Malformed as error:
        raise UnreadableError(f"{named}: {error}") from error


def _stampers(named: Path | None, loaded: "Loaded | None", say: "Phrases") -> "list[Certificate]":
    """Return the timestamp authorities that are trusted: named, or else configured."""
    from edge_agent.daemon.timestamping import TimestampError, read_authorities

    anchor = loaded and loaded.config.anchor
    try:
        if named is not None:
            return read_authorities(named)
        return read_authorities(loaded.path(anchor.certificate)) if loaded and anchor else []
    except TimestampError as error:
        if named is not None:
            raise UnreadableError(str(error)) from error
        print(say(f"edge-agent: {error}; timestamps are not held to it"), file=sys.stderr)
        return []


def _configured(arguments: argparse.Namespace) -> "Loaded | None":
    from edge_agent import config

    with contextlib.suppress(ConfigError):  # a card in a reader has no configuration
        return config.load(arguments.config)
    return None


def _problem(problem: "Problem") -> dict[str, Any]:
    return {
        "what": str(problem.what),
        "epoch": problem.epoch.hex() if problem.epoch else None,
        "seq": problem.seq,
        "last": problem.last,
        "detail": problem.detail,
    }


def _damage(damage: "Damage") -> dict[str, Any]:
    return {"what": "damage", "epoch": None, "seq": None, "last": None, "detail": str(damage)}


def _identity(arguments: argparse.Namespace, handed: "Trusted | None") -> tuple[str, "PublicKey"]:
    """Return whose journal this is and the public key of its identity.

    Of what was handed over the agent says so, unless it is named here.
    """
    from edge_agent import config
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.cose import PublicKey
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.evidence.signers import load_signer

    gateway, identity = arguments.gateway, arguments.identity
    if handed is not None:
        gateway = gateway or handed.gateway
        if not identity:
            said = next(filter(None, handed.identities.values()), "")
            try:
                return gateway, PublicKey.from_certificate_pem(said.encode())
            except Malformed as error:
                raise UnreadableError(f"the gateway's certificate: {error}") from error
    if not (gateway and identity):
        loaded = config.load(arguments.config)
        gateway = gateway or loaded.config.gateway.id
        identity = identity or loaded.path(loaded.config.gateway.identity_key)
    try:
        pem = Path(identity).read_bytes()
        if b"CERTIFICATE" in pem:
            return gateway, PublicKey.from_certificate_pem(pem)
        return gateway, load_signer(Path(identity)).public
    except OSError as error:
        cause = f"{identity}: {error.strerror}; name the certificate or the key with --identity"
        raise UnreadableError(cause) from error
    except Malformed as error:
        raise UnreadableError(f"{identity}: {error}") from error
    except KeyFileError as error:
        raise UnreadableError(str(error)) from error
