"""`edge-center verify`: everything that is stored, or an evidence bundle."""

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path

from edge_agent.center import export, init, schema, verify
from edge_agent.center.asking import EXIT_FOUND_BAD, EXIT_USAGE, Make, fail
from edge_agent.center.layout import Layout
from edge_agent.center.roster import Roster
from edge_agent.evidence.cose import PublicKey
from edge_agent.views import rendering
from edge_agent.views.bundle import Files, verify_file


def add(make: Make) -> None:
    """Register the command."""
    made = make(
        "verify",
        "check everything stored, or an evidence bundle, without a network",
        "  edge-center verify /srv/center                       the store in that directory\n"
        "  edge-center verify /srv/center --gateway gw1 --json\n"
        "  edge-center verify case17.bundle --ca ca.pem         a bundle: the name is a file's",
    )
    made.add_argument("--ca", type=Path, metavar="FILE", help="of a bundle: the trusted authority")
    tsa = "the timestamp authority that is trusted (default: any, whose certificate is in it)"
    made.add_argument("--tsa", type=Path, metavar="FILE", help=tsa)
    witness = "of a bundle: the witness.pem of the witness that must have cosigned it"
    made.add_argument("--witness", type=Path, metavar="FILE", help=witness)
    sm2 = "of a bundle: the SM2 key or certificate by which it must be signed a second time"
    made.add_argument("--sm2", type=Path, metavar="FILE", help=sm2)
    made.add_argument("--gateway", metavar="ID", help="only of this gateway")
    made.add_argument("--json", action="store_true", help="one JSON object a gateway and line")
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Verify a store or a bundle; return the exit code.  Raises CenterError, sqlite3.Error."""
    if arguments.dir.is_file():
        names = ("ca", "tsa", "witness", "sm2")
        files = Files(**{name: getattr(arguments, name) for name in names})
        code, said = verify_file(arguments.dir, files, as_json=arguments.json)
        print(said, file=sys.stderr if code == EXIT_USAGE else sys.stdout)
        return code
    if not arguments.dir.exists():
        said = f"{arguments.dir}: not there; name a center's directory, or the file of a bundle"
        return fail(said, EXIT_USAGE)
    layout = Layout(arguments.dir)
    roster = Roster(layout, complain=lambda trouble: print(trouble, file=sys.stderr))
    receipt = init.read_certificate(layout.certificate("receipt"))
    receipt_key = PublicKey.of(receipt.public_key())
    stampers = [init.read_certificate(arguments.tsa)] if arguments.tsa else []
    bad = False
    with closing(schema.open_for_reading(layout.database)) as connection:
        for problem in verify.check_file(connection):
            bad = True
            print(f"{layout.database}: {problem}", file=sys.stderr)
        for missing in export.check_register(connection, receipt_key):
            bad = True
            print(f"export {missing.number}: {missing.detail}", file=sys.stderr)
        stored = verify.gateways(connection)
        if arguments.gateway is not None and arguments.gateway not in {*stored, *roster.gateways()}:
            known = ", ".join(roster.gateways()) or "none"
            return fail(f"no gateway {arguments.gateway!r}; there are: {known}", EXIT_USAGE)
        if not stored and not arguments.json:
            print("no event of any gateway is stored")
        if arguments.gateway is None:
            verify.sort_receipts(connection)
        for gateway in stored if arguments.gateway is None else [arguments.gateway]:
            identities = roster.identities(gateway) or ()
            report = verify.check(connection, gateway, identities, receipt_key, stampers)
            bad = bad or bool(report.problems)
            _print_report(report, as_json=arguments.json)
    return EXIT_FOUND_BAD if bad else 0


def _print_report(report: verify.Report, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=True))
        return
    verdict = "good" if not report.problems else "BAD"
    print(
        f"{report.gateway}: {verdict}; {report.events} events, {report.proved} proved by a later "
        f"root, {report.receipts} receipts, {report.timestamps} timestamps"
    )
    for words in report.seconds.words():
        print(f"  {words}")
    for one in report.problems:
        place = f"{(one.epoch or '?')[:6]}/{'?' if one.seq is None else one.seq}"
        print(rendering.safe(f"  {one.what} at {place}: {one.detail}"))
    if report.more:
        print(f"  and {report.more} more")
