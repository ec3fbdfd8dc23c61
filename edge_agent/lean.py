"""Imports that leave out what libraries load for a terminal's sake, where nobody looks at one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Bar modules that were not loaded yet: who can do without them does.

    Afterwards each can be imported as always.
    """
    barred = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(barred))  # type: ignore[arg-type]  # None bars a name
    try:
        yield
    finally:
        for name in barred:
            del sys.modules[name]
