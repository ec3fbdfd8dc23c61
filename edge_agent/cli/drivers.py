"""`edge-agent drivers`: which panels can be read, and how."""

import argparse
import json
from typing import Any

from edge_agent.cli.options import Commands, add_json, command, complain


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "drivers",
        "list the panel protocols, their options and profiles",
        "  edge-agent drivers\n  edge-agent drivers --json | jq '.[].name'",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List every driver; exit 1 where one does not load."""
    from edge_agent import resources

    found: list[dict[str, Any]] = []
    code = 0
    profiles = resources.profiles()
    for load in resources.drivers().values():
        try:
            driver = load()
        except resources.DriverError as error:
            complain(arguments, f"edge-agent drivers: {error}")
            code = 1
        else:
            own = [profile for profile in profiles.values() if profile.driver == driver.name]
            found.append(resources.describe(driver, own))
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print("\n\n".join(_text(driver) for driver in found))
    return code


def _text(driver: dict[str, Any]) -> str:
    bauds = ", ".join(map(str, driver["bauds"]))
    ack = "only when durable" if driver["acknowledges"] else "the protocol has none"
    lines = [
        f"{driver['name']}  {driver['title']}",
        f"  panels     {'; '.join(driver['panels'])}",
        f"  lines      {', '.join(driver['lines'])}{f' at {bauds} baud' if bauds else ''}",
        f"  abilities  {', '.join(driver['abilities'])}",
        f"  ACK        {ack}",
        f"  commands   {', '.join(driver['commands']) or 'none'}",
        f"  quality    {driver['quality']}",
    ]
    lines += [f"  option     {_option(option)}" for option in driver["options"]]
    for found in driver["profiles"]:
        lines.append(f"  profile    {found['name']}: {found['title']}")
        lines += [f"    unproven {fact}" for fact in found["unproven"]]
    return "\n".join(lines)


def _option(option: dict[str, Any]) -> str:
    default = "" if option["default"] is None else f" (default {json.dumps(option['default'])})"
    return f"{option['name']}: {option['help']}{default}"
