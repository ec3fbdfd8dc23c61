"""What was told of something that is looked at again and again: only news are told, and ends."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from edge_agent.evidence.bodies import FindingBody


class Told:
    """The findings that hold, as they were told; one is known by its subject and cause."""

    def __init__(self) -> None:
        self._told: dict[tuple[object, ...], FindingBody] = {}

    def take(self, found: Iterable[FindingBody]) -> Iterator[FindingBody]:
        """Yield the ends of what holds no more, then what is new.

        A finding whose details alone have changed was told.
        """
        now = {(one.panel, one.part, one.cause): one for one in found}
        for known, before in self._told.items():
            if known not in now:
                yield replace(before, over=True, detail="")
        yield from (one for known, one in now.items() if known not in self._told)
        self._told = {known: self._told.get(known, one) for known, one in now.items()}
