"""`python -m hil.sites`: write a site, its timeline and its labels."""

import argparse
import sys
from pathlib import Path

from hil.sites.mixes import MIXES, SEEDS
from hil.sites.timeline import simulate

EXAMPLES = f"""\
examples:
  python -m hil.sites --seed 7 --out world
  python -m hil.sites --seed 7 --mix equipment --sites 20 --out worlds
  edge-agent judge world/SITE.toml world/TIMELINE.jsonl

It writes SITE.toml, TIMELINE.jsonl (what `edge-agent judge` reads) and LABELS.jsonl (what really
happened: one episode a line).  With --sites N: folders named by seed, from --seed on.

mixes:
{chr(10).join(f"  {mix.name:12} {mix.says}" for mix in MIXES.values())}

seeds {SEEDS["dev"].start} to {SEEDS["dev"].stop - 1} are for work; from {SEEDS["blind"].start} to \
{SEEDS["blind"].stop - 1} they are blind: not for tuning.
"""


def main() -> int:
    """Write the files; exit 0, or 2 for arguments that make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m hil.sites",
        description="A ground-truth simulator of sites and their alarm panels.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, required=True, help="everything is drawn from it")
    parser.add_argument("--mix", choices=MIXES, default="standard")
    parser.add_argument("--days", type=int, default=14, help="length of the timeline (14)")
    parser.add_argument("--sites", type=int, default=1, help="so many sites, seed after seed (1)")
    parser.add_argument("--out", type=Path, required=True, help="folder; made where missing")
    arguments = parser.parse_args()
    if not 1 <= arguments.days <= 366 or arguments.sites < 1 or arguments.seed < 0:
        parser.error("--days is 1 to 366, --sites 1 or more, --seed 0 or more")
    for seed in range(arguments.seed, arguments.seed + arguments.sites):
        folder = arguments.out if arguments.sites == 1 else arguments.out / str(seed)
        try:
            simulate(seed, MIXES[arguments.mix], arguments.days).save(folder)
        except OSError as error:
            print(f"hil.sites: {error}", file=sys.stderr)  # noqa: T201  a command line speaks
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
