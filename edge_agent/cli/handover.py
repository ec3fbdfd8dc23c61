"""`edge-agent handover`: how this gateway passes to another enterprise, asked and done on site."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli.options import Commands, add_config, add_json, command, complain, no_agent
from edge_agent.language import LANGUAGES

if TYPE_CHECKING:
    from edge_agent.config import Loaded

EXIT_FOUND_BAD = 1
OFFER_S, ACCEPT_S = 60.0, 60.0  # a TPM may take 15 s for each signature
LOOK_S = 0.5


def add(commands: Commands) -> None:
    """Register the command."""
    made = command(
        commands,
        "handover",
        "pass this gateway on to another enterprise; the agent runs meanwhile",
        "  edge-agent handover status --wait 300\n"
        "  edge-agent handover offer gw1.offer        for the enterprise that takes the site\n"
        "  edge-agent handover accept gw1.handover    its answer, as root; its center can send it",
    )
    actions = made.add_subparsers(dest="action", metavar="ACTION", required=True)
    status = actions.add_parser("status", help="how far it is")
    offer = actions.add_parser("offer", help="write down what the other enterprise must know")
    accept = actions.add_parser("accept", help="take the other enterprise's answer")
    offer.add_argument("file", type=Path, metavar="FILE")
    accept.add_argument("file", type=Path, metavar="FILE")
    for one in (status, offer, accept):
        add_config(one)
        add_json(one)
    status.add_argument("--lang", choices=LANGUAGES, help="default: the environment's")
    status.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="S",
        help="wait until it is over, at most so long; the agent starts anew meanwhile",
    )
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; exit 1 where it cannot be done, or there is no handover to show."""
    from edge_agent import config

    loaded = config.load(arguments.config)
    path = Path(loaded.config.gateway.socket)
    try:
        return {"status": _status, "offer": _offer, "accept": _accept}[arguments.action](
            arguments, loaded, path
        )
    except ValueError as error:
        complain(arguments, f"edge-agent handover: {error}")
    except OSError as error:  # a socket's has no file
        file = f"edge-agent handover: {error.filename}: {error.strerror}"
        complain(arguments, file if error.filename else no_agent(path, error))
    return EXIT_FOUND_BAD


def _offer(arguments: argparse.Namespace, loaded: "Loaded", path: Path) -> int:
    from edge_agent import files
    from edge_agent.control.socket import ask

    data = bytes.fromhex(ask(path, "handover", OFFER_S, offer=True))
    files.replace(arguments.file, data)
    gateway = loaded.config.gateway.id
    if arguments.json:
        print(json.dumps({"gateway": gateway, "offer": str(arguments.file)}))
        return 0
    print(f"{arguments.file}: what {gateway} tells of itself; nothing is changed yet")
    print("next: give it to the enterprise that takes the site, which runs")
    name = arguments.file.name
    print(f"  edge-center handover DIR accept {name} --enterprise NAME --out {gateway}.charter")
    return 0


def _accept(arguments: argparse.Namespace, _loaded: "Loaded", path: Path) -> int:
    from edge_agent.control.socket import ask
    from edge_agent.evidence.handover import ANSWER_BYTES_MAX

    with arguments.file.open("rb") as opened:
        data = opened.read(ANSWER_BYTES_MAX + 1)
    try:
        said = ask(path, "handover", ACCEPT_S, bundle=data.hex())
    except ValueError as error:
        raise ValueError(f"{arguments.file}: refused: {error}") from error
    if arguments.json:
        print(json.dumps(ask(path, "handover")))
        return 0
    print(said)
    print("the agent starts anew for it; then: edge-agent handover status")
    return 0


def _status(arguments: argparse.Namespace, _loaded: "Loaded", path: Path) -> int:
    from edge_agent.language import Catalog, language
    from edge_agent.views import handover as handover_view

    facts = _awaited(path, arguments.wait)
    if arguments.json:
        print(json.dumps(facts))
    else:
        say = Catalog(handover_view.WORDS, language(arguments.lang))
        print("\n".join(handover_view.lines(facts, say)))
    over = facts is not None and (not arguments.wait or facts["phase"] == "moved")
    return 0 if over else EXIT_FOUND_BAD


def _awaited(path: Path, wait_s: float) -> dict[str, Any] | None:
    """Return how far it is, when it is over or the time is; an agent that starts anew is awaited.

    Raises OSError where none answers at the end of the time.
    """
    from threading import Event

    from edge_agent.clock import SystemClock
    from edge_agent.control.socket import ask

    clock, pause = SystemClock(), Event()
    until_ns = clock.boottime_ns() + round(wait_s * 1e9)
    while True:
        over = clock.boottime_ns() >= until_ns
        try:
            facts: dict[str, Any] | None = ask(path, "handover")
            if over or facts is None or facts["phase"] == "moved":
                return facts
        except OSError:
            if over:
                raise
        pause.wait(LOOK_S)
