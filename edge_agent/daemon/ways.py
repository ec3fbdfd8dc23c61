"""The ways to a center, as the configuration gives them."""

from collections.abc import Callable

from edge_agent.clock import Now
from edge_agent.config import Center, Loaded
from edge_agent.uplink.dial import PathAccess


def ways_to(loaded: Loaded, center: Center, now: Callable[[], Now]) -> tuple[PathAccess, ...]:
    """Return each path of a center with what opens it, the preferred one first."""
    path = loaded.path
    return tuple(
        PathAccess(
            host=way.host,
            port=way.port,
            ca=path(center.ca),
            certificate=path(center.certificate),
            key=path(center.key),
            interface=way.interface,
            now=now,
        )
        for way in center.path
    )
