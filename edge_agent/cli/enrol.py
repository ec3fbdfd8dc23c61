"""`edge-agent enrol`, `identity`, `renew`: how a gateway becomes known to its center, and stays."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli.lines import add_language
from edge_agent.cli.options import Commands, add_config, add_json, command, complain
from edge_agent.config import DEFAULT_PATH
from edge_agent.domain.address import TPM_DEVICE

if TYPE_CHECKING:
    from edge_agent.config import Center, Loaded
    from edge_agent.evidence.invitation import Invitation
    from edge_agent.identity.enrolment import Done
    from edge_agent.identity.keys import Keeper

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2


def add(commands: Commands) -> None:
    """Register the commands."""
    enrol = command(
        commands,
        "enrol",
        "make this gateway known to its center, with the code that the enterprise gave",
        "  edge-agent enrol gw1 center.example.org:8443 7K3MV-...      as typed\n"
        "  edge-agent enrol 'gw1@center.example.org:8443/7K3MV...'    as the QR code says\n"
        "  edge-agent enrol 'gw1@...' --request /media/usb/gw1.request   without a network: this\n"
        "  edge-agent enrol 'gw1@...' --answer /media/usb/gw1.answer     goes, this comes back\n"
        "  edge-agent enrol gw1 center.example.org:8443 7K3MV-... --tpm   its key made in the TPM\n"
        "  edge-agent enrol gw1 center.example.org:8443 7K3MV-... \\\n"
        "    --pkcs11 'pkcs11:token=NAME?module-path=/usr/lib/LIBRARY.so&pin-source=file:/etc/PIN'",
    )
    enrol.add_argument(
        "code",
        nargs="+",
        metavar="CODE",
        help="the QR code's text, or gateway, host:port and digits",
    )
    enrol.add_argument(
        "--folder",
        type=Path,
        default=DEFAULT_PATH.parent,
        help=f"where keys, certificates and configuration go (default {DEFAULT_PATH.parent})",
    )
    way = enrol.add_mutually_exclusive_group()
    way.add_argument("--request", type=Path, metavar="FILE", help="write a request for the center")
    way.add_argument("--answer", type=Path, metavar="FILE", help="take in the center's answer")
    _add_keepers(enrol)
    enrol.set_defaults(run=run)

    identity = command(
        commands,
        "identity",
        "show who this gateway is: its keys and certificates",
        "  edge-agent identity\n  edge-agent identity --json\n  edge-agent identity --lang zh",
    )
    add_config(identity)
    add_json(identity)
    add_language(identity)
    identity.set_defaults(run=run_identity)

    renew = command(
        commands,
        "renew",
        "renew the certificates that are due; a running agent does so by itself, every day",
        "  edge-agent renew\n  edge-agent renew --now       also what is not due yet",
    )
    add_config(renew)
    add_json(renew)
    renew.add_argument("--now", action="store_true", help="also what is not due yet")
    renew.set_defaults(run=run_renew)


def _add_keepers(enrol: argparse.ArgumentParser) -> None:
    keepers = enrol.add_mutually_exclusive_group()
    keepers.add_argument(
        "--tpm",
        nargs="?",
        type=Path,
        const=Path(TPM_DEVICE),
        metavar="DEVICE",
        help=f"the identity key is made in this TPM 2.0 and stays there (default: {TPM_DEVICE})",
    )
    keepers.add_argument(
        "--pkcs11",
        metavar="URI",
        help="the identity key is made in this PKCS #11 token and stays there (RFC 7512)",
    )


# ---- enrol


def run(arguments: argparse.Namespace) -> int:
    """Enrol; exit 2 for a code that is none, 1 where it could not be done."""
    from edge_agent.evidence.invitation import Invitation, NoInvitation
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.evidence.pkcs11_uri import NoUri
    from edge_agent.identity.est import EstError

    words = arguments.code
    try:
        invitation = Invitation.read_words(words)
        keeper = _keeper(arguments, invitation.gateway)
    except (NoInvitation, NoUri) as error:
        complain(arguments, f"edge-agent: {error}")
        return EXIT_USAGE
    try:
        return _enrol(arguments, invitation, keeper)
    except (EstError, KeyFileError) as error:
        complain(arguments, f"edge-agent: {error}")
    except OSError as error:
        print(
            f"edge-agent: {error.filename}: {error.strerror}; run this as root, or name a folder "
            "of yours with --folder",
            file=sys.stderr,
        )
    return EXIT_FOUND_BAD


def _keeper(arguments: argparse.Namespace, gateway: str) -> "Keeper | None":
    """Return what is to make and keep the identity key.  Raises NoUri."""
    from edge_agent.evidence.pkcs11_uri import KeyUri

    if arguments.pkcs11 is not None:
        return KeyUri.read(arguments.pkcs11).named(f"edge-agent {gateway}")
    tpm: Path | None = arguments.tpm
    return tpm


def _enrol(arguments: argparse.Namespace, invitation: "Invitation", keeper: "Keeper | None") -> int:
    from edge_agent.identity import decommissioning, enrolment
    from edge_agent.identity.est import EstError

    folder: Path = arguments.folder
    if (ended := decommissioning.found(folder / enrolment.CONFIGURATION)) is not None:
        raise EstError(
            f"{folder}: of gateway {ended.gateway}, which was taken out of service: name a new "
            "folder with --folder"
        )
    if arguments.request is not None:
        arguments.request.write_bytes(enrolment.request_by_file(invitation, folder, keeper))
        print(
            f"{arguments.request}: carry it to the center, and there run\n"
            f"  edge-center enrolment DIR answer {arguments.request.name} --out "
            f"{invitation.gateway}.answer\n"
            "then bring the answer back, and here run\n"
            f"  edge-agent enrol '{invitation.gateway}@...' --answer {invitation.gateway}.answer"
        )
        return 0
    if arguments.answer is not None:
        data = arguments.answer.read_bytes()[: enrolment.BUNDLE_BYTES_MAX + 1]
        done = enrolment.install(data, invitation, folder, keeper)
    else:
        done = enrolment.enrol(invitation, folder, lambda step: print(f"  {step}"), keeper)
    _tell(done, folder)
    return 0


def _tell(done: "Done", folder: Path) -> None:
    print(f"enrolled: {', '.join(done.written)} in {folder}")
    if done.left:
        print(f"next: {done.left}")
    print(f"then: edge-agent check --config {folder / 'gateway.toml'}")


# ---- identity


def run_identity(arguments: argparse.Namespace) -> int:
    """Show; exit 1 where a key or certificate cannot be used."""
    from edge_agent import config

    loaded = config.load(arguments.config)
    facts = _facts(loaded)
    if arguments.json:
        print(json.dumps(facts))
    else:
        from edge_agent.language import Catalog, language
        from edge_agent.views import identity as identity_view

        words = Catalog(identity_view.WORDS, language(arguments.lang))
        print(*identity_view.lines(facts, words), sep="\n")
    others = [*facts["centers"], *([facts["second_key"]] if facts["second_key"] else [])]
    bad = facts["trouble"] or any(one["trouble"] for one in others)
    return EXIT_FOUND_BAD if bad else 0


def _facts(loaded: "Loaded") -> dict[str, Any]:
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.evidence.signers import load_signer, prove

    gateway = loaded.config.gateway
    said: dict[str, Any] = dict.fromkeys(("key_id", "algorithm", "where", "trouble"))
    try:
        signer = load_signer(loaded.path(gateway.identity_key), loaded.path(gateway.tpm))
        said["key_id"] = signer.public.kid.hex()
        said["algorithm"] = signer.public.algorithm.name.lower()
        said["where"] = signer.where
        prove(signer)
    except KeyFileError as error:
        said["trouble"] = str(error)
    return {
        "gateway": gateway.id,
        **said,
        "second_key": _second_key(loaded),
        "centers": [_of_center(loaded, center) for center in loaded.config.center],
    }


def _second_key(loaded: "Loaded") -> dict[str, Any] | None:
    """Return the key of the second signature, None where none is configured."""
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.identity import sm2_signing

    if (sm2 := loaded.config.sm2) is None:
        return None
    path = loaded.path(sm2.key)
    said: dict[str, Any] = {"algorithm": "sm2", "key_id": None, "file": str(path), "trouble": None}
    try:
        return said | {"key_id": sm2_signing.public_key(path).kid.hex()}
    except KeyFileError as error:
        return said | {"trouble": f"{error}; then: edge-agent sm2 --make"}


def _of_center(loaded: "Loaded", center: "Center") -> dict[str, Any]:
    from edge_agent.identity.renewal import due
    from edge_agent.uplink.access import AccessError, read_certificate

    until, when, trouble = None, None, None
    try:
        certificate = read_certificate(loaded.path(center.certificate))
        until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        if center.enrolment is not None:
            when = f"{due(certificate, loaded.config.gateway.id):%Y-%m-%d}"
    except AccessError as error:
        trouble = str(error)
    return {"center": center.name, "until": until, "due": when, "trouble": trouble}


# ---- renew


def run_renew(arguments: argparse.Namespace) -> int:
    """Renew what is due; exit 1 where that failed."""
    from edge_agent import config

    loaded = config.load(arguments.config)
    results = [
        _renewed(loaded, center, now=arguments.now)
        for center in loaded.config.center
        if center.enrolment is not None
    ]
    if arguments.json:
        print(json.dumps({"centers": results}))
    else:
        for one in results:
            print(f"center {one['center']}: {one['trouble'] or one['what']}")
        if not results:
            print("nothing to renew: no center has `enrolment` in the configuration")
    return EXIT_FOUND_BAD if any(one["trouble"] for one in results) else 0


def _renewed(loaded: "Loaded", center: "Center", *, now: bool) -> dict[str, Any]:
    from edge_agent.clock import SystemClock
    from edge_agent.evidence.invitation import host_and_port
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.evidence.signers import load_signer
    from edge_agent.identity import renewal
    from edge_agent.identity.est import EstError
    from edge_agent.uplink.access import AccessError, read_certificate

    gateway = loaded.config.gateway
    wall_s = (SystemClock().stamp().wall_ns or 0) / 1e9
    moment = datetime.fromtimestamp(wall_s, UTC)
    said = {"center": center.name, "what": "", "until": None, "trouble": None}
    client = loaded.path(center.certificate)
    try:
        with renewal.alone(client.parent):
            from_when = renewal.due(read_certificate(client), gateway.id)
            if moment < from_when and not now:
                return said | {"what": f"not due before {from_when:%Y-%m-%d}"}
            ca, key = loaded.path(center.ca), loaded.path(center.key)
            place = renewal.Place(*host_and_port(center.enrolment or ""), ca, client, key)
            identity = load_signer(loaded.path(gateway.identity_key), loaded.path(gateway.tpm))
            until = f"{renewal.renew(place, gateway.id, identity, moment):%Y-%m-%d}"
    except (EstError, KeyFileError, AccessError, ValueError) as error:
        return said | {"trouble": str(error)}
    except OSError as error:
        return said | {"trouble": f"{error.filename}: {error.strerror}"}
    return said | {"what": f"renewed until {until}", "until": until}
