"""Hold real panels to the driver contract: what a bench file names is examined, one by one.

The file says which panels are on which ports, what may be sent to them, and who trips a zone or
pulls a plug: a command (a relay board's), or a person, who is asked here and has some time for it.
Nothing but requests is sent to a panel unless its `allow` names it.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import structlog

from edge_agent.config import ConfigError
from edge_agent.domain.address import ListenAddress, SerialAddress, TcpAddress
from tests.hil.bench import checks, file
from tests.hil.bench.checks import Result, Verdict
from tests.hil.bench.file import Bench
from tests.hil.bench.hands import Hands

EXIT_CONFIG = 78
EXAMPLES = """\
examples:
  ./run hil --bench hil/bench.toml --plan     what would be done, without touching a port
  ./run hil --bench wall.toml                 all panels of the file
  ./run hil --bench wall.toml --panel hall --json result.json
exit code: 0 all good or left out, 1 a panel failed a check, 78 the file makes no sense,
130 interrupted
"""


def options() -> argparse.ArgumentParser:
    """Return what the command takes."""
    parser = argparse.ArgumentParser(
        prog="./run hil",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--bench", type=Path, required=True, metavar="FILE", help="see hil/bench.toml"
    )
    parser.add_argument("--panel", action="append", metavar="ID", help="only this; may be repeated")
    parser.add_argument(
        "--plan", action="store_true", help="say what would be done, and do nothing"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there as well")
    return parser


def plan(bench: Bench, panels: Sequence[str]) -> list[str]:
    """Return what would be done, a line each."""
    lines = []
    for fitted in bench.fitted:
        if fitted.panel.id not in panels:
            continue
        profile = fitted.setup.profile.name if fitted.setup.profile else "detected"
        allowed = ", ".join(sorted(fitted.setup.allow)) or "nothing"
        lines.append(
            f"{fitted.panel.id}: driver {fitted.driver.name}, profile {profile}, "
            f"{_place(bench, fitted.panel.id)}; beside requests it may be sent: {allowed}"
        )
        for hand in bench.hands:
            if hand.panel == fitted.panel.id:
                zone = f" zone {hand.zone}" if hand.zone else ""
                by = f"person: {hand.ask}" if hand.ask else f"command: {' '.join(hand.run or [])}"
                lines.append(f"  {hand.does}{zone} by {by} (within {bench.within_s(hand):.0f} s)")
    return lines


def _place(bench: Bench, panel: str) -> str:
    fitted = next(one for one in bench.fitted if one.panel.id == panel)
    bus = bench.bus_of(fitted)
    match fitted.panel.line or (bus.address if bus is not None else None):
        case SerialAddress(port=port, baud=baud, bits=bits, parity=parity, stop=stop):
            return f"{port} {baud} {bits}{parity}{stop}"
        case TcpAddress(host=host, port=port):
            return f"{host}:{port}"
        case ListenAddress(port=port, transport=transport):
            return f"our {transport} port {port}"
    raise AssertionError("checked with the file")


async def examine(bench: Bench, panels: Sequence[str]) -> list[Result]:
    """Examine the panels one after the other, telling each result as it comes."""
    results = []
    with Hands(lambda text: print(text, file=sys.stderr, flush=True)) as hands:
        for fitted in bench.fitted:
            if fitted.panel.id in panels:
                async for result in checks.examine(bench, fitted, hands):
                    results.append(result)
                    print(row(result), flush=True)
    return results


def row(result: Result) -> str:
    """Return one line of the report."""
    verdict = "BAD" if result.verdict is Verdict.BAD else result.verdict.value
    return (
        f"{result.panel:<16}{result.check:<16}{verdict:<10}{result.seconds:>7.1f} s  {result.said}"
    )


def report(bench: Bench, results: Sequence[Result]) -> dict[str, object]:
    """Return the report as plain values."""
    panels = {
        fitted.panel.id: {
            "driver": fitted.driver.name,
            "driver_version": fitted.driver.version,
            "profile": fitted.setup.profile.name if fitted.setup.profile else None,
            "place": _place(bench, fitted.panel.id),
        }
        for fitted in bench.fitted
    }
    return {
        "bench": bench.terms.name,
        "good": not any(result.verdict is Verdict.BAD for result in results),
        "panels": panels,
        "results": [asdict(result) | {"verdict": result.verdict.value} for result in results],
    }


def main(words: Sequence[str]) -> int:
    """Examine; return the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    chosen = options().parse_args(words)
    try:
        bench = file.load(chosen.bench)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    known = [fitted.panel.id for fitted in bench.fitted]
    if strange := set(chosen.panel or ()) - set(known):
        options().error(f"no panel {', '.join(strange)} in the file; there are: {', '.join(known)}")
    panels = chosen.panel or known
    if chosen.plan:
        print("\n".join(plan(bench, panels)))
        return 0
    try:
        results = asyncio.run(examine(bench, panels))
    except KeyboardInterrupt:
        return 130
    counts = {verdict: sum(one.verdict is verdict for one in results) for verdict in Verdict}
    print(
        f"\n{bench.terms.name}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
    )
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(report(bench, results), indent=1) + "\n")
    return 1 if counts[Verdict.BAD] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
