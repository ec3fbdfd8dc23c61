"""Whom the site trusts in the name of each center: the authorities in its `ca` file."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from edge_agent.config import Loaded
from edge_agent.uplink.access import AccessError, Authorities, load_authorities


def authorities_of(loaded: Loaded) -> Callable[[], Mapping[str, Authorities]]:
    """Return what reads them, by center; one whose file cannot be read is left out.

    The files are read anew each time: a handover brings new ones, and it is asked seldom.
    """

    def read() -> dict[str, Authorities]:
        found = {}
        for center in loaded.config.center:
            with suppress(AccessError):  # whoever connects by them says so
                found[center.name] = load_authorities(loaded.path(center.ca))
        return found

    return read
