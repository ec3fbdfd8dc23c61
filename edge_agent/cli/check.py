"""`edge-agent check`: is the configuration usable, and is what it names really there?"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent import output
from edge_agent.cli.lines import add_language
from edge_agent.cli.options import Commands, add_config, add_json, command

if TYPE_CHECKING:
    from edge_agent.config import Loaded
    from edge_agent.evidence.charter import Charter


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "check",
        "check the configuration, and that the files and ports it names can be used",
        "  edge-agent check --config gateway.toml\n"
        "  edge-agent check --schema > gateway.schema.json      for editors\n"
        "  edge-agent check --config new.toml --replacing gateway.toml --for-center main\n"
        "                                        may that center's command put it in its place?",
    )
    add_config(parser)
    add_language(parser)
    add_json(parser)
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema and end")
    parser.add_argument(
        "--replacing",
        type=Path,
        metavar="FILE",
        help="tell only what speaks against it in the place of this configuration",
    )
    parser.add_argument(
        "--for-center", metavar="NAME", help="by a command of this center, which may not change all"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check; exit 78 for the file itself, 1 for what it names, 0 where all is good."""
    from edge_agent import config
    from edge_agent.daemon import looking, panels
    from edge_agent.language import language
    from edge_agent.views.probe import ProbeView

    if arguments.schema:
        print(config.json_schema())
        return 0
    if arguments.replacing is not None:
        return _tell_problems(arguments)
    loaded = config.load(arguments.config)
    panels.fit(loaded)
    findings = list(looking.files(loaded))
    bad = [finding for finding in findings if not finding.good]
    if arguments.json:
        print(json.dumps({"good": not bad, "findings": [asdict(one) for one in findings]}))
    else:
        view = ProbeView(language(arguments.lang))
        for finding in findings:
            output.show(*view.lines(asdict(finding)))
        count = len(findings)
        output.show(view.words("checked", file=arguments.config, count=count, bad=len(bad)))
    return 1 if bad else 0


# ---- in the place of another


def _tell_problems(arguments: argparse.Namespace) -> int:
    from edge_agent.language import language
    from edge_agent.views.probe import ProbeView

    problems = list(_problems(arguments.replacing, arguments.config, arguments.for_center))
    if arguments.json:
        print(json.dumps({"good": not problems, "problems": problems}))
    else:
        view = ProbeView(language(arguments.lang))
        for problem in problems:
            output.show(f"{view.mark('bad')}  {view.say(problem)}")
        verdict = "against" if problems else "nothing_against"
        files = {"file": arguments.config, "old": arguments.replacing}
        output.show(view.words(verdict, **files, count=len(problems)))
    return 1 if problems else 0


def _charter(loaded: "Loaded") -> "Charter | None":
    """Return the charter as the running agent keeps it, None where there is none."""
    from edge_agent.daemon.charter import KEPT
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.charter import read_signed

    try:
        data = (loaded.path(loaded.config.gateway.data_dir) / KEPT).read_bytes()
        return read_signed(data).charter
    except (OSError, Malformed):  # without one nothing is outside of it
        return None


def _problems(file: Path, wanted_file: Path, center: str | None) -> Iterator[str]:
    """Yield what speaks against a configuration in the place of another, by a center's command;
    None: by whoever may change all of it.

    What is bad already, a port that is unplugged, does not speak against a new one.
    """
    from edge_agent import config
    from edge_agent.daemon import looking, panels, restraint

    try:
        installed, wanted = config.load(file), config.load(wanted_file)
        panels.fit(wanted)
    except config.ConfigError as error:
        yield from map(str, error.problems)
        return
    if center is not None:
        yield from map(str, restraint.problems(installed.config, wanted.config, center))
        if (charter := _charter(installed)) is not None:
            yield from map(str, restraint.beyond(installed.config, wanted.config, charter))
    known = {one.what for one in looking.files(installed) if one.good is False}
    for one in looking.files(wanted):
        if one.good is False and one.what not in known:
            yield f"{one.what}: {one.detail}"
