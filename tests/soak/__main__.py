"""The long run: worlds, kills, power cuts, contract seeds and planted bugs, in any number.

Without options: 10,000 worlds of the simulation, 1,000 kills of real processes, 1,000 power-cut
images.  With options: only the parts that are named.  An interrupt (Ctrl-C) ends the run with a
summary of what was done so far.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tests.mutants.listing import MUTANTS
from tests.soak import contract, images, kills, mutants, worlds
from tests.soak.part import Ending, Result, Watch, table, verdict

ROOT = Path(__file__).resolve().parent.parent.parent
AGAIN_S = 0.5  # sooner, it is the same interrupt: a terminal's and a wrapper's
LINE_EVERY_S = 15.0  # of progress, where it is not a terminal
Run = Callable[[Result, Watch, int, Path], None]
PARTS: dict[str, tuple[Run, int | None, str]] = {
    # part: what runs it, how many normally, what is counted
    "worlds": (worlds.run, 10_000, "seeds of the simulation"),
    "kills": (kills.run, 1_000, "kills of agent, center and broker, real processes"),
    "images": (images.run, 1_000, "power-cut images of the journal"),
    "contract": (contract.run, 200, "seeds of the driver contract, each driver and profile"),
    "mutants": (mutants.run, None, "planted bugs, each of which must be caught"),
}
ALWAYS = ("worlds", "kills", "images")
EXAMPLES = """\
examples:
  ./run soak                              the whole of it: about an hour on two cores
  ./run soak --worlds 1 --seed 84         one world again
  ./run soak --minutes 480 --seed 100000  a night, with seeds that nobody has played yet
  ./run soak --mutants                    is every planted bug still caught?
exit code: 0 all is good, 1 something failed, 130 interrupted and good so far
"""


def options() -> argparse.ArgumentParser:
    """Return what the command takes."""
    parser = argparse.ArgumentParser(
        prog="./run soak",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ALWAYS:
        _, normally, counted = PARTS[name]
        parser.add_argument(
            f"--{name}", type=_number, nargs="?", const=normally, metavar="N", help=counted
        )
    parser.add_argument(
        "--contract-seeds",
        dest="contract",
        type=_number,
        nargs="?",
        const=PARTS["contract"][1],
        metavar="N",
        help=PARTS["contract"][2],
    )
    parser.add_argument("--mutants", action="store_true", help=PARTS["mutants"][2])
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the first seed (0)")
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="M",
        help="end after this time, shared among the parts; a part without a number uses all of it",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    return parser


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return number


def asked(chosen: argparse.Namespace) -> list[Result]:
    """Return the parts to run, not yet begun."""
    named = [name for name in PARTS if getattr(chosen, name)]
    parts = []
    for name in named or ALWAYS:
        number = getattr(chosen, name)
        if name == "mutants":
            number = len(MUTANTS)
        elif number is None and chosen.minutes is None:
            number = PARTS[name][1]
        parts.append(Result(name, number))
    return parts


class Screen:
    """Progress: one line that is written again on a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next_s = 0.0

    def show(self, text: str) -> None:
        """Show progress; a text of whole lines stays."""
        if text.endswith("\n"):
            sys.stderr.write(f"\r\x1b[K{text}" if self._terminal else text)
        elif self._terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
        elif time.perf_counter() >= self._next_s:
            self._next_s = time.perf_counter() + LINE_EVERY_S
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def run_parts(parts: list[Result], chosen: argparse.Namespace, screen: Screen) -> None:
    """Run one part after the other; an interrupt ends them all."""
    end_s = None if chosen.minutes is None else time.perf_counter() + chosen.minutes * 60
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        for number, result in enumerate(parts):
            share_s = None
            if end_s is not None:
                share_s = max(0.0, end_s - time.perf_counter()) / (len(parts) - number)
            watch = Watch(result, time.perf_counter, screen.show, share_s)
            top = Path(name, result.name)
            top.mkdir()
            with _interrupting(watch, screen):
                PARTS[result.name][0](result, watch, chosen.seed, top)
            watch.look()
            screen.show(f"{result.name}: {result.ending}\n")
            if result.ending is Ending.INTERRUPTED:
                for rest in parts[number:]:
                    rest.ending = Ending.INTERRUPTED
                return


@contextmanager
def _interrupting(watch: Watch, screen: Screen) -> Iterator[None]:
    """Let the first interrupt end the run in order, and the second at once."""

    asked_s: list[float] = []

    def end(number: int, frame: FrameType | None) -> None:
        if not asked_s:
            screen.show("ends with what has begun; again: at once\n")
            watch.interrupt()
        elif time.perf_counter() - asked_s[0] > AGAIN_S:
            raise KeyboardInterrupt
        asked_s.append(time.perf_counter())

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def report(parts: list[Result], chosen: argparse.Namespace, begun: dict[str, str]) -> None:
    """Print the summary, and write the file that was asked for."""
    told = begun | {
        "first_seed": chosen.seed,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "exit_code": verdict(parts),
        "parts": [part.plain() for part in parts],
    }
    for part in parts:
        for note in part.notes:
            print(f"\n{note}")
    print(f"\n{table(parts)}")
    for part in parts:
        for failure in part.failures:
            print(f"FAILED {part.name}: {failure.what}\n  again: {failure.again}")
    print(f"{told['command']}  at {told['commit']}, {told['date']}, {told['machine']}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(told, indent=1) + "\n")


def _commit() -> str:
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no commit"


def main(words: Sequence[str]) -> int:
    """Run what is asked; return the exit code."""
    chosen = options().parse_args(words)
    parts = asked(chosen)
    begun = {  # what it was when its code was loaded
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": _commit(),
        "command": " ".join(["./run soak", *words]),
    }
    try:
        run_parts(parts, chosen, Screen())
    except KeyboardInterrupt:
        for part in parts:
            if part.asked is None or part.done < part.asked:
                part.ending = Ending.INTERRUPTED
    report(parts, chosen, begun)
    return verdict(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
