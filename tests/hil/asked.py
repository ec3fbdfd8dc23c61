"""A command that does what it is told, and remembers in memory how often it was."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

import tests.hil


def main() -> None:
    """Do one thing, and end by itself unless that was it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("tell", "exit", "raise", "die", "hang"))
    parser.add_argument("number", type=int, nargs="?", default=0)
    asked = parser.parse_args()
    times = getattr(tests.hil, "TIMES", 0) + 1
    setattr(tests.hil, "TIMES", times)  # noqa: B010  only here: a module that others share
    facts = {"process": os.getpid(), "parent": os.getppid(), "times": times, "words": sys.argv[1:]}
    print(json.dumps(facts | {"folder": str(Path.cwd()), "told": os.environ.get("ASKED")}))
    print("on its way", file=sys.stderr)
    match asked.what:
        case "exit":
            sys.exit(asked.number)
        case "raise":
            raise LookupError(asked.number)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            signal.pause()


if __name__ == "__main__":
    main()
