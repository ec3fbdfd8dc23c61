"""The packages that the program runs on, as their own lists of requirements say."""

import importlib.metadata
import re

NAME = "edge-agent"

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_FOR_AN_EXTRA = re.compile(r";.*\bextra\b")


def closure() -> dict[str, importlib.metadata.Distribution]:
    """Return this program and every package that it needs, by normal name.

    Raises PackageNotFoundError where the program itself is not installed.
    """
    found = {NAME: importlib.metadata.distribution(NAME)}
    waiting = [NAME]
    while waiting:
        for needed in needs(found[waiting.pop()]):
            if needed in found:
                continue
            try:
                found[needed] = importlib.metadata.distribution(needed)
            except importlib.metadata.PackageNotFoundError:
                continue  # needed on another system or Python only
            waiting.append(needed)
    return found


def needs(package: importlib.metadata.Distribution) -> list[str]:
    """Return the normal names of what a package itself requires, without its extras."""
    named = (text for text in package.requires or () if not _FOR_AN_EXTRA.search(text))
    return sorted({normal(found[1]) for text in named if (found := _REQUIREMENT.match(text))})


def normal(name: str) -> str:
    """Return a package's name in its normal form (the packaging specification's)."""
    return re.sub(r"[-_.]+", "-", name).lower()
