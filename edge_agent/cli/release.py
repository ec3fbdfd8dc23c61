"""`edge-agent release`: make a release of the program and sign it, on the maker's side."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli.options import Commands, add_json, command

if TYPE_CHECKING:
    from edge_agent.evidence.manifest import Manifest

EXIT_FOUND_BAD = 1


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "release",
        "make a release of this program and sign it; gateways take it by 'edge-agent update'",
        "  edge-agent release key release.key          a new key, and release.pem for gateways\n"
        "  edge-agent release make --key release.key --wheels dist --minimum 1.2 --out DIR\n"
        "  edge-agent release show FILE --pem release.pem     what is in it, is it signed",
    )
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    _add_key(kinds)
    _add_make(kinds)
    _add_show(kinds)


def _add_key(kinds: Commands) -> None:
    key = command(
        kinds,
        "key",
        "make a release key, and beside it what gateways pin",
        "  edge-agent release key /media/safe/release.key",
    )
    key.add_argument("key", type=Path, metavar="FILE", help="the private key; keep it offline")
    key.set_defaults(run=run_key)


def _add_make(kinds: Commands) -> None:
    make = command(
        kinds,
        "make",
        "put wheels and lock into one signed file; the same files give the same bytes",
        "  edge-agent release make --key release.key --wheels dist --minimum 1.2 --out releases",
    )
    make.add_argument("--key", type=Path, required=True, metavar="FILE", help="the release key")
    make.add_argument(
        "--wheels",
        type=Path,
        required=True,
        metavar="DIR",
        help="this program's wheel and those of all that the lock names, for every machine and "
        "Python that gateways have",
    )
    make.add_argument(
        "--lock",
        type=Path,
        default=Path("requirements/runtime.txt"),
        metavar="FILE",
        help="the locked dependencies (default requirements/runtime.txt)",
    )
    make.add_argument("--sbom", type=Path, metavar="FILE", help="what 'edge-agent sbom' printed")
    make.add_argument(
        "--minimum",
        required=True,
        metavar="VERSION",
        help="once this release runs, nothing below may be installed any more",
    )
    make.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where its file goes (default .)"
    )
    make.set_defaults(run=run_make)


def _add_show(kinds: Commands) -> None:
    show = command(
        kinds,
        "show",
        "tell what is in a release; exit 1 where a byte is not as signed",
        "  edge-agent release show edge-agent-1.4.0.release --pem release.pem",
    )
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument("--pem", type=Path, required=True, metavar="FILE", help="the keys to believe")
    add_json(show)
    show.set_defaults(run=run_show)


def run_key(arguments: argparse.Namespace) -> int:
    """Make a key; an existing one is never replaced."""
    from edge_agent import files
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.evidence.signers import Ed25519Signer

    key: Path = arguments.key
    signer = Ed25519Signer.generate()
    try:
        signer.save(key)
        files.replace(key.with_suffix(".pem"), signer.public.to_pem(), 0o644)
    except (KeyFileError, OSError) as error:
        return _fail(str(error))
    print(f"{key}: keep it offline; whoever has it can run anything on every gateway")
    print(f"{key.with_suffix('.pem')}: goes to each gateway as /opt/edge-agent/release.pem")
    return 0


def run_make(arguments: argparse.Namespace) -> int:
    """Make a release; exit 1 where its parts do not fit together."""
    from edge_agent.evidence.key_file import KeyFileError
    from edge_agent.evidence.signers import load_signer
    from edge_agent.program.release import NoRelease, of_wheel
    from edge_agent.update.release_file import LOCK, OURS, SBOM, make

    files = {file.name: file for file in sorted(arguments.wheels.glob("*.whl"))}
    files[LOCK] = arguments.lock
    if arguments.sbom is not None:
        files[SBOM] = arguments.sbom
    try:
        signer = load_signer(arguments.key)
        ours = [file for name, file in files.items() if name.startswith(OURS)]
        version = of_wheel(ours[0])[0] if ours else "none"
        out = arguments.out / f"edge-agent-{version}.release"
        manifest = make(out, files, arguments.minimum, signer)
    except (KeyFileError, NoRelease, ValueError) as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}")
    print(out)
    _print(manifest)
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Verify every byte and tell; exit 1 where it is not to be used."""
    import tempfile

    from edge_agent.evidence.pinned import read_public_keys
    from edge_agent.program.release import NoRelease
    from edge_agent.update.release_file import open_release

    try:
        pins = read_public_keys(arguments.pem.read_bytes())
        with arguments.file.open("rb") as stream, tempfile.TemporaryDirectory() as spare:
            opened = open_release(stream, pins)
            opened.unpack(Path(spare) / "parts")
    except (NoRelease, ValueError) as error:
        return _fail(f"{arguments.file}: {error}")
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}")
    if arguments.json:
        print(json.dumps(_facts(opened.manifest)))
    else:
        _print(opened.manifest)
        for part in opened.manifest.parts:
            print(f"  {part.sha256.hex()}  {part.size:>9}  {part.name}")
    return 0


def _facts(manifest: "Manifest") -> dict[str, object]:
    parts = [
        {"name": part.name, "size": part.size, "sha256": part.sha256.hex()}
        for part in manifest.parts
    ]
    return {
        "version": manifest.version,
        "minimum": manifest.minimum,
        "digest": manifest.digest.hex(),
        "parts": parts,
    }


def _print(manifest: "Manifest") -> None:
    print(f"edge-agent {manifest.version}, nothing below {manifest.minimum} after it")
    print(f"digest  {manifest.digest.hex()}")
    print(f"{len(manifest.parts)} files, {manifest.size / 1e6:.1f} MB")


def _fail(message: str) -> int:
    print(f"edge-agent release: {message}", file=sys.stderr)
    return EXIT_FOUND_BAD
