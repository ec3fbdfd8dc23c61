"""Imports that leave out what libraries load for a terminal's sake, where nobody looks at one."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without(
    *names: str, stand_ins: Mapping[str, Mapping[str, object]] | None = None
) -> Iterator[None]:
    """Bar modules that were not loaded yet: who can do without them does.

    Who cannot finds a stand-in that holds nothing but what is named for it.  Afterwards each can be
    imported as always.
    """
    barred: dict[str, ModuleType | None] = dict.fromkeys(names)  # None bars a name
    for name, holds in (stand_ins or {}).items():
        barred[name] = stand_in = ModuleType(name)
        vars(stand_in).update(holds)
    barred = {name: module for name, module in barred.items() if name not in sys.modules}
    sys.modules.update(barred)  # type: ignore[arg-type]  # the None
    try:
        yield
    finally:
        for name in barred:
            del sys.modules[name]
