"""Says in Chinese what other parts put together in English: findings, remedies, refusals.

Those parts speak English, whoever listens: their words go into signed events, logs and JSON, which
must read the same everywhere, and the daemon has no language.  Who shows them to a person finds the
sentence again here by its English pattern, whoever said it and however long ago, and says it in
Chinese with the same values.  What no pattern knows is shown as it stands.

In a pattern `{what}`, `{why}`, `{said}` and `{also}` are sentences, said in Chinese in their turn.
All else is never changed: a name that begins with `n_` is a number, one that ends in `s` a list or
what others wrote, and any other holds no comma, colon or semicolon before a blank.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from edge_agent.cameras.trouble import MEANINGS
from edge_agent.diagnosis.health_rules import RULES
from edge_agent.phrases.commands import COMMANDS
from edge_agent.phrases.configuration import CONFIGURATION
from edge_agent.phrases.evidence import EVIDENCE
from edge_agent.phrases.findings import FINDINGS
from edge_agent.phrases.keys import KEYS
from edge_agent.phrases.lines import LINES
from edge_agent.phrases.probing import PROBING
from edge_agent.phrases.system import SYSTEM
from edge_agent.phrases.ways import WAYS

PHRASES: Mapping[str, str] = {
    **{rule.remedy: rule.remedy_zh for rule in RULES.values()},
    **{meaning.remedy: meaning.chinese for meaning in MEANINGS.values()},
    **SYSTEM,
    **COMMANDS,
    **CONFIGURATION,
    **EVIDENCE,
    **FINDINGS,
    **KEYS,
    **LINES,
    **PROBING,
    **WAYS,
}
"""English patterns and their Chinese."""

LINE_CHARS_MAX = 1000  # what is longer is no sentence of ours, and would take long to match

_FIELD = re.compile(r"\{(\w+)\}")
_SENTENCES = frozenset({"what", "why", "said", "also"})
_JOINTS = (("; ", "；"), (": ", "："))
"""Between sentences that each have a pattern of their own."""

REMEMBERED_MAX = 1024  # a journal that is verified or listed says the same again and again


class Phrases:
    """Says sentences in one language."""

    def __init__(self, language: str) -> None:
        self._chinese = language == "zh"

    def __call__(self, said: str) -> str:
        """Return `said` in the language, as far as it is known; each line by itself."""
        return "\n".join(map(_line, said.split("\n"))) if self._chinese else said


def _line(said: str) -> str:
    """Return a line in Chinese; as it stands where it is none of ours, by its length or its parts
    without end."""
    if len(said) > LINE_CHARS_MAX:
        return said
    try:
        return _chinese(said)
    except RecursionError:
        return said


@lru_cache(REMEMBERED_MAX)
def _chinese(said: str) -> str:
    """Return a line in Chinese; where it can be parted in several ways, by that which says more of
    it: Chinese is shorter.
    """
    found = _matched(said)
    if found is not None:
        return found
    ways = [said]
    for joint, chinese in _JOINTS:
        first, between, rest = said.partition(joint)
        told = (_chinese(first), _chinese(rest)) if between else (first, rest)
        if told != (first, rest):
            ways.append(chinese.join(told))
    return min(ways, key=len)


def _matched(said: str) -> str | None:
    if (whole := PHRASES.get(said)) is not None:
        return whole
    for pattern, pieces in _patterns():
        if all(piece in said for piece in pieces):
            fits = _compiled(pattern).fullmatch(said)
            if fits is not None:
                return PHRASES[pattern].format(
                    **{
                        name: _chinese(value) if name in _SENTENCES else value
                        for name, value in fits.groupdict().items()
                    }
                )
    return None


@cache
def _patterns() -> list[tuple[str, list[str]]]:
    """Return the patterns with fields and their fixed pieces; what fixes more goes first."""
    found = [(pattern, _FIELD.split(pattern)[::2]) for pattern in PHRASES if "{" in pattern]
    return sorted(found, key=lambda one: -sum(map(len, one[1])))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    text, *rest = _FIELD.split(pattern)
    shape, named = re.escape(text), set[str]()
    for name, fixed in zip(rest[::2], rest[1::2], strict=True):
        shape += f"(?P={name})" if name in named else f"(?P<{name}>{_value(name)})"
        shape += re.escape(fixed)
        named.add(name)
    return re.compile(shape)


def _value(name: str) -> str:
    if name.startswith("n_"):
        return r"[-+]?[\d.]+%?"
    return ".+?" if name in _SENTENCES or name.endswith("s") else r"(?:(?![,:;] ).)+?"
