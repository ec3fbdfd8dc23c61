"""`edge-agent diagnose`: probe the gateway and the way to its centers, part by part.

A running agent is asked to test itself: its lines are open there, and its own connections are what
counts.  Where none runs, everything is probed from here that can be.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent import output
from edge_agent.cli.lines import add_language
from edge_agent.cli.options import Commands, add_config, add_json, agent_socket, command
from edge_agent.cli.period import moment
from edge_agent.cli.records import add_purpose

if TYPE_CHECKING:
    from edge_agent.config import Loaded
    from edge_agent.diagnosis.probes import Probed
    from edge_agent.views.probe import ProbeView

EXIT_FOUND_BAD, EXIT_USAGE = 1, 2


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "diagnose",
        "probe the gateway: panels, lines, disk, clock, memory, name, network, TLS, broker, "
        "receipts, certificates",
        "  edge-agent diagnose --config gateway.toml\n"
        "  edge-agent diagnose --json | jq '.probes[] | select(.good == false)'\n"
        "  edge-agent diagnose --maintenance --lang zh     what to see to at the next visit\n"
        "  edge-agent diagnose --loopback /dev/ttyUSB0     with a plug that joins TX and RX\n"
        "A running agent tests itself and records it, never while an alarm is young; without one\n"
        "the rest is probed from here.  It asks nothing of any panel and changes nothing.",
    )
    parser.add_argument(
        "--maintenance",
        action="store_true",
        help="list every detector, line and supply with its score, what is wrong and what to do",
    )
    parser.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="of the maintenance list: hear the journal from then on, such as 35d (all of it)",
    )
    parser.add_argument(
        "--loopback",
        metavar="PORT",
        help="try a serial port that no panel hangs on: is it quiet, does it hear what it says",
    )
    parser.add_argument(
        "--at", default="9600-8N1", metavar="SETTINGS", help="of that port (default 9600-8N1)"
    )
    add_language(parser)
    add_purpose(parser)
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run, journal=None)


def run(arguments: argparse.Namespace) -> int:
    """Probe; exit 0 where all is good, 1 where something is to mend or an alarm forbids it."""
    from edge_agent.cli import maintenance

    if arguments.loopback is not None:
        return _loopback(arguments)
    if arguments.maintenance:
        return maintenance.run(arguments)
    agent, view = _Agent(agent_socket(arguments.config)), _view(arguments)
    try:
        probed = agent.probes() if agent.answers() else _from_here(arguments.config, agent.why_not)
        found = list(_shown(probed, view, quiet=arguments.json))
    except ValueError as refusal:
        print(view.say(f"edge-agent diagnose: {refusal}"), file=sys.stderr)
        return EXIT_FOUND_BAD
    bad = sum(one["good"] is False for one in found)
    left = sum(one["good"] is None for one in found)
    whole = not agent.broken
    if arguments.json:
        said = {"good": whole and not bad, "agent": agent.runs, "broken_off": agent.broken}
        print(json.dumps({**said, "probes": found}, ensure_ascii=False))
    else:
        rest = view.words("not_tried", left=left) if left else ""
        output.show(view.words("probed", count=len(found), bad=bad) + rest)
        if agent.broken:
            output.show(view.words("broken_off", why=view.say(agent.broken)))
    return 0 if whole and not bad else EXIT_FOUND_BAD


def _view(arguments: argparse.Namespace) -> "ProbeView":
    from edge_agent.language import language
    from edge_agent.views.probe import ProbeView

    return ProbeView(language(arguments.lang))


def _shown(
    probed: Iterable[dict[str, Any]], view: "ProbeView", *, quiet: bool
) -> Iterator[dict[str, Any]]:
    """Yield each, and print it as soon as it is known: some take seconds."""
    for one in probed:
        if not quiet:
            output.show(*view.lines(one))
            sys.stdout.flush()
        yield one


class _Agent:
    """The running agent, if there is one: it probes, we show."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._first: dict[str, Any] | None = None
        self.why_not = ""
        self.broken = ""

    @property
    def runs(self) -> bool:
        """Whether it probes."""
        return self._first is not None

    def answers(self) -> bool:
        """Ask it to begin; raises ValueError where it refuses."""
        from edge_agent.control.socket import ask

        try:
            self._first = ask(self._socket, "diagnose")
        except OSError as error:
            self.why_not = f"none answers at {self._socket} ({error.strerror or error})"
        return self.runs

    def probes(self) -> Iterator[dict[str, Any]]:
        """Yield what it found, as it comes."""
        from edge_agent.control.socket import ask

        answer, seen = self._first, 0
        assert answer is not None, "asked where it answers"
        number = answer["run"]
        while True:
            yield from answer["probes"]
            seen += len(answer["probes"])
            self.broken = answer["broken"]
            if answer["over"]:
                return
            try:
                answer = ask(self._socket, "diagnose", run=number, seen=seen)
            except OSError as error:
                self.broken = f"the agent ended ({error})"
                return


# ---- one port, with a plug in it


def _loopback(arguments: argparse.Namespace) -> int:
    """Try the port; exit 0 where it is sound, 1 where not, 2 for settings that make no sense."""
    import asyncio
    from dataclasses import asdict

    from edge_agent.clock import SystemClock
    from edge_agent.diagnosis.probes import Probe, Probed
    from edge_agent.linetools.loopback import try_loopback
    from edge_agent.linetools.places import serial_address
    from edge_agent.link.line import LineError

    view, what = _view(arguments), f"loopback at {arguments.loopback}, {arguments.at}"
    try:
        address = serial_address(arguments.loopback, arguments.at)
        echo = asyncio.run(try_loopback(address, SystemClock()))
        probed = Probed(Probe.LOOPBACK, what, echo.good, echo.detail, echo.remedy)
    except ValueError as error:
        print(view.say(f"edge-agent diagnose: {error}"), file=sys.stderr)
        return EXIT_USAGE
    except LineError as error:
        probed = Probed(Probe.LOOPBACK, what, False, error.cause, error.remedy)
    [found] = _shown([asdict(probed)], view, quiet=arguments.json)
    if arguments.json:
        print(json.dumps({"good": probed.good, "probes": [found]}, ensure_ascii=False))
    return 0 if probed.good else EXIT_FOUND_BAD


# ---- without an agent


def _from_here(file: Path, why_not: str) -> Iterator[dict[str, Any]]:
    from dataclasses import asdict

    from edge_agent import config

    yield from map(asdict, _looked(config.load(file), why_not))


def _looked(loaded: "Loaded", why_not: str) -> Iterator["Probed"]:
    """Yield what can be seen without the agent, then what cannot, and why."""
    from edge_agent.daemon import looking
    from edge_agent.diagnosis.probes import Probe, Probed

    yield from looking.machine(loaded)
    yield from looking.files(loaded)
    yield from looking.ways(loaded)
    remedy = "start it with 'systemctl start edge-agent', or ask as root or as its own user"
    yield Probed(Probe.AGENT, "agent", False, why_not, remedy)
    for panel in loaded.config.panel:
        # who listens without answering may take a signal that its panel holds for delivered
        detail = "not tried: only the agent may listen to it, since it answers what it hears"
        yield Probed(Probe.PANEL, f"panel {panel.id}", None, detail)
    for center in loaded.config.center:
        detail = "not tried: only the running agent has events to be receipted"
        yield Probed(Probe.RECEIPT, f"center {center.name}, receipts", None, detail)
