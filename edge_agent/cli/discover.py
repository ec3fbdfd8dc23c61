"""`edge-agent discover`: what hangs on the lines, how sure, and the configuration to paste."""

import argparse
import asyncio
import json
import re
import signal
import sys
from typing import TYPE_CHECKING

from edge_agent import output
from edge_agent.cli.lines import (
    EXIT_FOUND_BAD,
    EXIT_USAGE,
    add_language,
    complete,
    ports,
    seconds,
)
from edge_agent.cli.options import Commands, add_json, command, complain

if TYPE_CHECKING:
    from edge_agent.language import Catalog
    from edge_agent.linetools.discover import Outcome, Target, Wanted
    from edge_agent.linetools.recognise import Candidate
    from edge_agent.linetools.scan import Tell

LISTEN_S_DEFAULT = 35.0  # alarm receivers beat each 30 s
UNITS_DEFAULT = "1-16"
UNIT_MAX = 247
EXIT_INTERRUPTED = 130
_NETWORK = re.compile(r"[0-9.]+/\d+|[0-9a-fA-F:]+/\d+")


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "discover",
        "find out which panels hang on the lines, and print the configuration to paste",
        "  edge-agent discover                          all serial ports\n"
        "  edge-agent discover --listen-only            and not a byte is sent\n"
        "  edge-agent discover /dev/ttyUSB0 --at 9600-8N1 --units 1-32\n"
        "  edge-agent discover 10.0.0.7:4025 10.0.0.8   a line, and a host's usual ports\n"
        "  edge-agent discover 10.0.0.0/24              every host of a network\n"
        "  edge-agent discover listen:9000 udp:9000     who calls there\n"
        "  edge-agent discover --plan                   what may be sent, and why it is harmless\n"
        "\n"
        "It listens first, and asks only where nobody spoke. At a fire panel in service use\n"
        "--listen-only: some take any strange byte for a fault of the line.",
    )
    place = parser.add_argument(
        "places",
        nargs="*",
        metavar="PLACE",
        help="a serial port, HOST:PORT, HOST, NETWORK/BITS, listen:PORT or udp:PORT "
        "(default all serial ports)",
    )
    complete(place, ports)
    parser.add_argument(
        "--own-subnets", action="store_true", help="every host of the networks of this machine"
    )
    parser.add_argument(
        "--listen",
        type=seconds,
        default=LISTEN_S_DEFAULT,
        metavar="S",
        help=f"how long silence is listened to (default {LISTEN_S_DEFAULT:.0f})",
    )
    parser.add_argument("--listen-only", action="store_true", help="never send a byte")
    parser.add_argument(
        "--at",
        action="append",
        default=[],
        metavar="SETTINGS",
        help="only these settings of serial ports, such as 9600-8N1; may be repeated",
    )
    parser.add_argument(
        "--units",
        type=_units,
        default=_units(UNITS_DEFAULT),
        metavar="LIST",
        help=f"Modbus units to ask, such as 1-16,30, or none (default {UNITS_DEFAULT})",
    )
    parser.add_argument(
        "--bus",
        action="append",
        default=[],
        metavar="PLACE",
        help="nothing but Modbus is on this line: ask its units only, and all of them",
    )
    parser.add_argument("--plan", action="store_true", help="print what may be sent, and end")
    add_json(parser)
    add_language(parser)
    parser.set_defaults(run=run)


def _units(text: str) -> tuple[int, ...]:
    if text == "none":
        return ()
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise argparse.ArgumentTypeError(f"{text!r}: units are like 1-16,30")
        found += range(int(first), int(last or first) + 1)
    if not found or not all(1 <= unit <= UNIT_MAX for unit in found):
        raise argparse.ArgumentTypeError(f"{text!r}: units are 1 to {UNIT_MAX}")
    return tuple(dict.fromkeys(found))


def run(arguments: argparse.Namespace) -> int:
    """Find out; exit 0 where a panel was recognised, 1 where none was, 2 for usage."""
    from edge_agent.language import language
    from edge_agent.linetools.discover import candidates
    from edge_agent.linetools.words import words

    said = words(language(arguments.lang))
    there, wrong = candidates()
    for problem in wrong:
        print(f"edge-agent discover: {problem}", file=sys.stderr)
    if arguments.plan:
        return _print_plan(there, said, as_json=arguments.json)
    try:
        targets, wanted = _targets(arguments, there), _wanted(arguments)
    except (ValueError, OSError) as error:
        complain(arguments, f"edge-agent discover: {error}")
        return EXIT_USAGE
    if not targets:
        from edge_agent.linetools.places import FORMS

        print(said("no_ports", forms=FORMS), file=sys.stderr)
        return EXIT_FOUND_BAD
    return asyncio.run(_Discovering(arguments, there, said).run(targets, wanted))


def _wanted(arguments: argparse.Namespace) -> "Wanted":
    from edge_agent.linetools import places
    from edge_agent.linetools.discover import Wanted

    for settings in arguments.at:
        places.serial_address("/dev/null", settings)  # raises ValueError with what fits
    return Wanted(
        listen_s=arguments.listen,
        listen_only=arguments.listen_only,
        units=arguments.units,
        buses=frozenset(arguments.bus),
        settings=tuple(
            places.settings_text(places.serial_address("/dev/null", one)) for one in arguments.at
        ),
    )


def _targets(arguments: argparse.Namespace, there: "list[Candidate]") -> "list[Target]":
    """Return what is to be found out.  Raises ValueError, OSError."""
    from edge_agent.domain.address import TcpAddress
    from edge_agent.linetools import hosts, places
    from edge_agent.linetools.discover import Target, named, serial_targets
    from edge_agent.linetools.ports import serial_ports

    known = serial_ports()
    typed = [*arguments.places, *arguments.bus]
    if not typed and not arguments.own_subnets:
        return serial_targets(known)
    networks = [one for one in typed if _NETWORK.fullmatch(one)]
    networks += hosts.own_networks() if arguments.own_subnets else []
    found, callable_hosts = [], [host for one in networks for host in hosts.hosts_of(one)]
    for one in typed:
        if one in networks:
            continue
        if one.startswith(("/", ".")) or ":" in one:
            found.append(named(Target(places.parse(one)), known))
        else:
            callable_hosts.append(one)
    usual = [port for one in there for port in one.recognition.tcp_ports]
    found += [
        Target(TcpAddress(host=host, port=port), is_called=True)
        for host, port in hosts.calls(callable_hosts, usual)
    ]
    return list({target.name: target for target in found}.values())


class _Discovering:
    """Shows each line as it is found out, and at the end what to paste."""

    def __init__(
        self, arguments: argparse.Namespace, there: "list[Candidate]", words: "Catalog"
    ) -> None:
        from edge_agent.linetools.report import Report

        self._json = arguments.json
        self._there = there
        self._words = words
        self._report = Report(there, words)
        self._found: dict[str, Outcome] = {}
        self._running: asyncio.Future[None] | None = None
        self._is_unread = False  # who read the output is gone

    async def run(self, targets: "list[Target]", wanted: "Wanted") -> int:
        """Return the exit code; Ctrl-C ends it with what was found so far."""
        from edge_agent.clock import SystemClock
        from edge_agent.linetools.discover import Discovery

        discovery = Discovery(self._there, wanted, SystemClock(), self._tell)
        running = asyncio.ensure_future(discovery.run(targets, self._done))
        self._running = running
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, running.cancel)
        await asyncio.wait([running])
        outcomes = [self._found[one.name] for one in targets if one.name in self._found]
        self._end(outcomes)
        if running.cancelled():
            return EXIT_INTERRUPTED
        running.result()
        return 0 if any(map(_is_found, outcomes)) else EXIT_FOUND_BAD

    def _tell(self, target: "Target", step: "Tell") -> None:
        words = self._words
        settings = f" {words('at_settings', settings=step.settings)}" if step.settings else ""
        said = words(
            "progress",
            place=target.name,
            phase=words(f"phase.{step.phase.value}"),
            what=f" {step.what}" if step.what else "",
            settings=settings,
            at=step.at,
            of=step.of,
            seconds=step.for_ns / 1e9,
        )
        print(f"# {said}", file=sys.stderr, flush=True)

    def _done(self, outcome: "Outcome") -> None:
        self._found[outcome.target.name] = outcome
        if self._json or self._is_unread:
            return
        try:
            output.show(*self._report.lines(outcome))
            sys.stdout.flush()
        except BrokenPipeError:  # `edge-agent discover | head`
            self._is_unread = True
            if self._running is not None:
                self._running.cancel()

    def _end(self, outcomes: "list[Outcome]") -> None:
        config = self._report.config(outcomes)
        if self._json:
            told = {"lines": [self._report.values(one) for one in outcomes], "config": config}
            print(json.dumps(told, ensure_ascii=False))
        elif config:
            print(f"\n# {self._words('paste')}\n\n{config}", end="")
        if not self._json and not any(map(_is_found, outcomes)):
            print(self._words("nothing_found"))


def _is_found(outcome: "Outcome") -> bool:
    """Whether a panel is there that is more than possible."""
    from edge_agent.domain.recognition import Sureness

    likely = [one for one in outcome.result.likenesses if one.sureness >= Sureness.LIKELY]
    return bool(likely or outcome.result.units)


def _print_plan(there: "list[Candidate]", words: "Catalog", *, as_json: bool) -> int:
    if as_json:
        plan = [
            {
                "driver": one.driver.name,
                "probes": [
                    {"name": probe.name, "hex": probe.data.hex(), "why": probe.why}
                    for probe in one.recognition.probes
                ],
                "only_listens": one.recognition.only_listens or None,
                "tcp_ports": list(one.recognition.tcp_ports),
            }
            for one in there
        ]
        print(json.dumps(plan, ensure_ascii=False))
        return 0
    from edge_agent.linetools.masking import readable

    print(words("plan_title"))
    for one in there:
        for probe in one.recognition.probes:
            why = words.choose(probe.why, probe.why_zh)
            print(f"  {one.driver.name}: {readable(probe.data)}  {why}")
    print(f"  {words('plan_units')}")
    for one in there:
        if one.recognition.only_listens and one.recognition.reads is None:
            why = words.choose(one.recognition.only_listens, one.recognition.only_listens_zh)
            print(f"  {words('only_listened', driver=one.driver.name, why=why)}")
    return 0
