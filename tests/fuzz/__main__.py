"""Fuzz drivers and parsers for a while: atheris follows what inputs reach, and each must hold.

No exception, bounded memory, linear time, the same frames in any split, and every byte accounted
for: frames and noise together are the input.  What reached something new is kept in .fuzz/ for the
next run.  The input of a defect is saved in tests/fuzz/corpus/NAME, and every `./run test` plays
it from then on.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.fuzz import played
from tests.fuzz.fuzzing import KEPT, Found, Order, each, missing, row

MINUTES = 8.0
EXAMPLES = """\
examples:
  ./run fuzz                               everything, eight minutes in all
  ./run fuzz --minutes 480                 a night; it goes on where the last one ended
  ./run fuzz --only dc09 --minutes 30      one driver alone
  ./run fuzz --only parsers                evidence, orders, enrolment, answers of a TPM
exit code: 0 no defect found, 1 a defect or one that did not run, 130 interrupted
"""


def options() -> argparse.ArgumentParser:
    """Return what the command takes."""
    parser = argparse.ArgumentParser(
        prog="./run fuzz",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=_minutes, default=MINUTES, metavar="M", help="in all (8)")
    parser.add_argument(
        "--only",
        action="append",
        choices=played.names(),
        metavar="NAME",
        help="this one only; may be repeated",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="0: by chance (0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    return parser


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 100_000:
        raise argparse.ArgumentTypeError("more than 0")
    return minutes


def share_s(minutes: float, drivers: int, workers: int) -> float:
    """Return the seconds of each driver: `minutes` go by for all of them together."""
    rounds = -(-drivers // workers)
    return minutes * 60 / rounds


def main(words: Sequence[str]) -> int:
    """Fuzz; return the exit code."""
    chosen = options().parse_args(words)
    if why := missing():
        print(
            f"./run fuzz: {why}; the tests of tests/fuzz without it run everywhere", file=sys.stderr
        )
        return 1
    names = sorted(set(chosen.only or played.names()))
    workers = min(len(names), os.cpu_count() or 1)
    order = Order(share_s(chosen.minutes, len(names), workers), chosen.seed, KEPT)
    print(f"{len(names)} to fuzz, {order.seconds:.0f} s each, {workers} at a time", file=sys.stderr)
    print(f"{'name':<12}{'executions':>12}{'edges':>8}{'inputs':>8}  result", flush=True)
    all_found: list[Found] = []
    try:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            for found in each(names, order, Path(folder), workers):
                all_found.append(found)
                print(row(found), flush=True)
                if not found.good:
                    print("\n".join(found.said), file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    finally:
        if chosen.json is not None:
            chosen.json.write_text(json.dumps(_plain(all_found), indent=1) + "\n")
    return 0 if all(found.good for found in all_found) else 1


def _plain(all_found: list[Found]) -> list[dict[str, object]]:
    return [
        asdict(found) | {"defect": str(found.defect or "") or None, "good": found.good}
        for found in all_found
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
