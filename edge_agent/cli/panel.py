"""`edge-agent panel`: order something of a panel, through the running agent."""

import argparse
import getpass
import json
import sys
from typing import Any

from edge_agent import output
from edge_agent.cli.lines import add_language
from edge_agent.cli.options import (
    Commands,
    add_config,
    add_json,
    agent_socket,
    command,
    complain,
    no_agent,
)
from edge_agent.domain.command import ALLOWS, Act, Outcome

ZONED = {"bypass": "zone", "unbypass": "zone", "output_on": "output", "output_off": "output"}
ANSWER_S_MAX = 90.0  # longer than the agent itself waits for the panel


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "panel",
        "order something of a panel; only what its `allow` permits is given to it",
        "  edge-agent panel shop status               ask for its whole state anew\n"
        "  edge-agent panel shop clock                set its clock by the gateway's\n"
        "  edge-agent panel shop bypass 3\n"
        "  edge-agent panel shop arm_away --area 1 --code     asks for the user code",
    )
    parser.add_argument("panel", help="its `id` in the configuration")
    parser.add_argument("act", choices=[act.value for act in Act], metavar="ACT", help=_acts())
    parser.add_argument("number", nargs="?", type=int, help="of the zone or output")
    parser.add_argument("--area", type=int, metavar="N", help="which area to arm or disarm")
    parser.add_argument(
        "--code",
        action="store_true",
        help="with a user code: asked for, or read from standard input; it is recorded nowhere",
    )
    add_config(parser)
    add_language(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def _acts() -> str:
    named = [f"{act}{f' (needs {word!r})' if word else ''}" for act, word in ALLOWS.items()]
    return "what is wanted, with what it needs in the panel's `allow`: " + ", ".join(named)


def run(arguments: argparse.Namespace) -> int:
    """Give the order; exit 0 where the panel did it, else 1."""
    from edge_agent.control.socket import ask
    from edge_agent.language import language
    from edge_agent.phrases.book import Phrases

    wrong = _misuse(arguments)
    if wrong:
        complain(arguments, f"edge-agent panel: {wrong}")
        return 2
    path = agent_socket(arguments.config)
    wanted: dict[str, Any] = {"panel": arguments.panel, "act": arguments.act}
    wanted |= {"zone": arguments.number, "area": arguments.area}
    if arguments.code:
        wanted["code"] = _code()
    try:
        answer = ask(path, "order", ANSWER_S_MAX, **wanted)
    except ValueError as error:
        complain(arguments, f"edge-agent panel: {error}")
        return 1
    except TimeoutError:
        complain(
            arguments,
            f"edge-agent panel: the agent did not answer within {ANSWER_S_MAX:.0f} s; whether the "
            "panel did it, 'edge-agent events --type act' tells",
        )
        return 1
    except OSError as error:
        complain(arguments, no_agent(path, error))
        return 1
    if arguments.json:
        print(json.dumps(answer))
    else:
        say = Phrases(language(arguments.lang))
        output.show(*say(_told(arguments, answer)).splitlines())
    return 0 if answer["outcome"] == Outcome.DONE else 1


def _misuse(arguments: argparse.Namespace) -> str:
    """Say what is missing, or too much."""
    of = ZONED.get(arguments.act)
    if of is not None and arguments.number is None:
        return f"{arguments.act} needs the number of the {of}"
    if of is None and arguments.number is not None:
        return f"{arguments.act} takes no number; areas are named by --area"
    return ""


def _code() -> str:
    """Return a user code that stands in no process list and no shell history."""
    if sys.stdin.isatty():
        return getpass.getpass("user code: ").strip()
    return sys.stdin.readline().strip()


def _told(arguments: argparse.Namespace, answer: dict[str, Any]) -> str:
    """Return the outcome in words, with what helps."""
    number = f" {arguments.number}" if arguments.number is not None else ""
    detail = f": {answer['detail']}" if answer["detail"] else ""
    outcome = answer["outcome"].replace("_", " ")
    said = f"{arguments.panel}: {arguments.act}{number}: {outcome}{detail}"
    help_ = REMEDIES.get(answer["outcome"], "").format(word=ALLOWS[Act(arguments.act)])
    return f"{said}\n{help_}" if help_ else said


REMEDIES = {
    Outcome.FORBIDDEN: "whoever is responsible for the site may add {word!r} to `allow` of this "
    "panel in gateway.toml; a driver that only listens takes no orders",
    Outcome.UNANSWERED: "nobody knows whether the panel did it: look at it, or ask its status; "
    "an order is never given twice",
    Outcome.LOST: "look at its line with 'edge-agent status'; an order is never given twice",
    Outcome.CLOCK_UNSURE: "see to the gateway's own clock first: 'edge-agent status' tells",
    Outcome.UNSUPPORTED: "'edge-agent drivers' lists what each driver can do",
}
