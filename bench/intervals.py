"""Exact binomial intervals (Clopper and Pearson, 1934), without a statistics library.

The bounds are where the tail of the binomial distribution is half of what is left out; found by
bisection on the tail sum, which is exact enough at every size that a run has.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

CONFIDENCE = 0.95
STEPS = 50  # of a bisection: to 1e-15


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `total`, with the interval in which the true share lies."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share itself; of nothing, nan."""
        return self.hits / self.total if self.total else math.nan

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return interval(self.hits, self.total)[0]

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return interval(self.hits, self.total)[1]


@lru_cache(maxsize=4096)
def interval(hits: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the two-sided Clopper-Pearson interval of `hits` in `total`."""
    if not total:
        return 0.0, 1.0
    left_out = (1 - confidence) / 2
    low = 0.0 if not hits else _where(lambda p: 1 - at_most(hits - 1, total, p), left_out)
    high = 1.0 if hits == total else _where(lambda p: 1 - at_most(hits, total, p), 1 - left_out)
    return low, high


def _where(rising: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if rising(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def at_most(hits: int, total: int, p: float) -> float:
    """Return the chance of at most `hits` in `total` tries of chance `p`."""
    if hits < 0:
        return 0.0
    if p <= 0:
        return 1.0
    if p >= 1:
        return 1.0 if hits >= total else 0.0
    if hits > total // 2:  # the shorter tail
        return 1.0 - at_most(total - hits - 1, total, 1 - p)
    log_p, log_q = math.log(p), math.log1p(-p)
    log_term = total * log_q  # of 0 hits
    terms = [log_term]
    for k in range(1, hits + 1):
        log_term += math.log((total - k + 1) / k) + log_p - log_q
        terms.append(log_term)
    top = max(terms)
    return min(1.0, math.exp(top) * math.fsum(math.exp(term - top) for term in terms))
