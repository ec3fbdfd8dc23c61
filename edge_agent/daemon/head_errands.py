"""Which errands are run about the newest event, by the configuration; loaded where asked for."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from edge_agent.config import Loaded
from edge_agent.daemon.heads import Errand, Head, watch_heads
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane


def works(
    loaded: Loaded,
    second_kid: bytes | None,
    note: Callable[[EventType, Lane, Body], None],
    newest: Callable[[], Head | None],
) -> Iterator[Coroutine[Any, Any, None]]:
    """Yield what the configuration wants; `second_kid` is of the second key in the genesis."""
    yield from (watch_heads(errand, note, newest) for errand in _errands(loaded, second_kid))


def _errands(loaded: Loaded, second_kid: bytes | None) -> Iterator[Errand]:
    if loaded.config.anchor is not None:
        from edge_agent.daemon.anchoring import anchoring  # noqa: PLC0415  loaded where it is used

        yield anchoring(loaded.file)
    if loaded.config.sm2 is not None:
        from edge_agent.daemon.second_signing import second_signing  # noqa: PLC0415  as above

        yield second_signing(loaded, loaded.config.sm2, second_kid)
