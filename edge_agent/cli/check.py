"""`edge-agent check`: is the configuration usable, and is what it names really there?"""

import argparse
import json
from dataclasses import asdict

from edge_agent.cli.options import Commands, add_config, add_json, command


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "check",
        "check the configuration, and that the files and ports it names can be used",
        "  edge-agent check --config gateway.toml\n"
        "  edge-agent check --schema > gateway.schema.json      for editors",
    )
    add_config(parser)
    add_json(parser)
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema and end")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check; exit 78 for the file itself, 1 for what it names, 0 where all is good."""
    from edge_agent import config, fitting, looking

    if arguments.schema:
        print(config.json_schema())
        return 0
    loaded = config.load(arguments.config)
    fitting.fit(loaded)
    findings = list(looking.files(loaded))
    bad = [finding for finding in findings if not finding.good]
    if arguments.json:
        print(json.dumps({"good": not bad, "findings": [asdict(one) for one in findings]}))
    else:
        for finding in findings:
            mark = "good" if finding.good else "BAD "
            print(f"{mark}  {finding.what}: {finding.detail}")
            if finding.remedy:
                print(f"      {finding.remedy}")
        print(f"{arguments.config}: {len(findings)} things checked, {len(bad)} to mend")
    return 1 if bad else 0
