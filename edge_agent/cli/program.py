"""`edge-agent program` and `edge-agent sbom`: is what runs what was released, and what is it?"""

import argparse
import json

from edge_agent.cli.options import Commands, add_json, command

SENSE = {
    "altered": "is not the file that was released",
    "missing": "was released and is not there",
    "added": "was not released; Python may run it",
    "bytecode": "is not what its source compiles to",
    "unsigned": "is of another program, or not signed by a key that is pinned here",
}


def add(commands: Commands) -> None:
    """Register the commands."""
    program = command(
        commands,
        "program",
        "compare every installed file with what was released",
        "  edge-agent program             what differs, and this program's digest\n"
        "  edge-agent program --json      the same for scripts; exit 1 where something differs",
    )
    add_json(program)
    program.set_defaults(run=run)
    parts = command(
        commands,
        "sbom",
        "print what the program is made of (CycloneDX 1.6, JSON)",
        "  edge-agent sbom > edge-agent.cdx.json",
    )
    parts.set_defaults(run=run_sbom)


def run(arguments: argparse.Namespace) -> int:
    """Inspect; exit 1 where a file differs."""
    from edge_agent.program.inspection import inspect

    seen = inspect()
    if arguments.json:
        print(
            json.dumps(
                {
                    "version": seen.version,
                    "released": seen.released,
                    "signed": seen.signed,
                    "digest": seen.digest.hex(),
                    "dependencies": seen.dependencies.hex(),
                    "files": seen.files,
                    "differences": [
                        {"path": one.path, "what": one.what} for one in seen.differences
                    ],
                }
            )
        )
        return 1 if seen.differences else 0
    kind = "as released" if seen.released else "a checkout: there is no list to compare it with"
    kind += ", signed by its maker" if seen.signed else ""
    print(f"edge-agent {seen.version}, {kind}")
    print(f"digest        {seen.digest.hex()}")
    print(f"dependencies  {seen.dependencies.hex()}")
    for one in seen.differences:
        print(f"BAD  {one.path}: {SENSE[one.what]}")
    print(f"{seen.files} files read, {len(seen.differences)} differ")
    if seen.differences:
        print("     install the release again; if nobody changed it on purpose, tell the center")
    return 1 if seen.differences else 0


def run_sbom(_arguments: argparse.Namespace) -> int:
    """Print the document."""
    from edge_agent.program.sbom import document

    print(json.dumps(document(), indent=2, ensure_ascii=False))
    return 0
