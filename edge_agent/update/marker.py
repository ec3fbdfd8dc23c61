"""An update under way as it is written down, for whoever goes on with it (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from edge_agent.evidence.manifest import order_of

WORDS_CHARS_MAX = 1000


class Phase(StrEnum):
    """How far an update has come, as it is written down."""

    FILLING = "filling"
    READY = "ready"
    TRIAL = "trial"
    KEPT = "kept"
    BACK = "back"


class Word(StrEnum):
    """What is recorded of an update."""

    BEGUN = "begun"
    CONFIRMED = "confirmed"
    SWITCHED_BACK = "switched_back"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Marker:
    """An update as it is written down.

    `bad` is what the self-test found before the switch; `blind`: no agent ran then.  `untold` is
    what no agent has recorded yet, `digest` that of the program, in hex.
    """

    phase: Phase
    version: str
    before: str
    minimum: str
    digest: str
    actor: str
    bad: tuple[str, ...] = ()
    blind: bool = False
    untold: tuple[tuple[str, str], ...] = ()  # of Word and a sentence
    resumed: int = 0
    why: str = ""

    @classmethod
    def unreadable(cls, version: str, good: str) -> Self:
        """Return the marker in place of one that cannot be read: back to what is good."""
        why = "what was written down of the update cannot be read"
        told = ((Word.SWITCHED_BACK, f"from {version} to {good}: {why}"),)
        return cls(Phase.BACK, version, good, "0", "", "agent", untold=told, why=why)

    @classmethod
    def read(cls, value: Any) -> Self:
        """Return what was written down.  Raises ValueError."""
        try:
            marker = cls(
                phase=Phase(value["phase"]),
                **{name: _text(value[name]) for name in _TEXTS},
                bad=tuple(_text(one) for one in value["bad"]),
                blind=value["blind"] is True,
                untold=tuple((Word(word), _text(detail)) for word, detail in value["untold"]),
                resumed=int(value["resumed"]),
            )
            for version in (marker.version, marker.before, marker.minimum):
                order_of(version)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no update: {error}") from error
        return marker


_TEXTS = ("version", "before", "minimum", "digest", "actor", "why")


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > WORDS_CHARS_MAX:
        raise ValueError("no text")
    return value


def facts(marker: Marker | None) -> Mapping[str, Any] | None:
    """Return an update as it is told to people and programs."""
    if marker is None:
        return None
    return {
        "phase": str(marker.phase),
        "version": marker.version,
        "before": marker.before,
        "actor": marker.actor,
        "why": marker.why,
    }
