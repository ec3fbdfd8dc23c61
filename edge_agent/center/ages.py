"""How long ago something was, in one unit: what an operator reads at a glance."""

from edge_agent.language import Catalog

_UNITS: dict[str, tuple[str, str]] = {
    "d": ("{count} d", "{count} 天"),
    "h": ("{count} h", "{count} 小时"),
    "min": ("{count} min", "{count} 分钟"),
    "s": ("{count} s", "{count} 秒"),
}
_SIZES_S = {"d": 86_400, "h": 3_600, "min": 60}


def age(age_ms: int, language: str) -> str:
    """Return a duration in words, two of its unit at least; nothing is younger than now."""
    seconds = max(0, age_ms) // 1000
    say = Catalog(_UNITS, language)
    for unit, size_s in _SIZES_S.items():
        if seconds >= 2 * size_s:
            return say(unit, count=seconds // size_s)
    return say("s", count=seconds)
