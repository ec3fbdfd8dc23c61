# PYTHON_ARGCOMPLETE_OK
"""Where the commands begin: loading one takes a moment, and Ctrl-C may come within it.

Importing this is the first thing that a command does.
"""

from collections.abc import Callable

from edge_agent.interrupts import INTERRUPTED, end_at_once

end_at_once()


def agent() -> int:
    """Be the `edge-agent` command; returns the exit code."""
    from edge_agent.cli import main  # noqa: PLC0415  what takes long is loaded behind the above

    return _run(main)


def center() -> int:
    """Be the `edge-center` command; returns the exit code."""
    from edge_agent.center.cli import main  # noqa: PLC0415  what takes long is loaded behind it

    return _run(main)


def _run(command: Callable[[], int]) -> int:
    try:
        return command()
    except KeyboardInterrupt:  # a second one, while the first was being seen to
        return INTERRUPTED
    finally:
        end_at_once()
