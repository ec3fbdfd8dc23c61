"""Starts a command of the product in which nothing judges: what `bench/judging.py` compares with.

`python bench/unjudged.py PYTHON -m edge_agent run ...`: the words that would start it go behind.
"""

import asyncio
import sys

from edge_agent.cli import main
from edge_agent.daemon import diagnosing
from edge_agent.domain.event import Numbered

MODULE_WORDS = 3  # the interpreter, -m, the module


async def _never(_self: diagnosing.Diagnosing) -> None:
    await asyncio.Event().wait()


def _deaf(_self: diagnosing.Diagnosing, _event: Numbered) -> None:
    """Hear nothing."""


if __name__ == "__main__":
    for name, stub in (("run", _never), ("_hear", _deaf)):
        setattr(diagnosing.Diagnosing, name, stub)
    del sys.argv[1 : 1 + MODULE_WORDS]
    sys.exit(main())
