"""What holds for every test: how Hypothesis searches, and that no test leaves logging changed.

Hypothesis tries the same examples in every run, unless asked to look further.

The other Pythons are given fewer of them ("brief"): what an example finds is seldom theirs alone.
`./run test --hypothesis-profile=search TESTS` looks for new counterexamples; one that is found
becomes a named example in its test.
"""

import gc
import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings

# No deadline: on a loaded machine one slow example says nothing about the code.
# No database: a run must not depend on what an earlier one found.
settings.register_profile(
    "steady",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    # Shrinking is worth its time, explaining (which runs the test under a tracer) is not.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow,),
)
settings.register_profile("brief", settings.get_profile("steady"), max_examples=15)
settings.register_profile(
    "search",
    settings.get_profile("steady"),
    max_examples=5_000,
    derandomize=False,
)
settings.load_profile("steady")

NAMED_BYTES_MAX = 40

# What a shell begins in the background ignores Ctrl-C, and so would all that tests begin and press.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Thousands of tests stay in memory to the end: looking through them for garbage, again and again,
# was a third of the time of collecting them.
gc.set_threshold(50_000, 20, 50)


def pytest_collection_finish() -> None:
    """What is there now stays."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Long bytes name no test: those of a fresh key differ from worker to worker."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > NAMED_BYTES_MAX else None


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that was run in this process has set logging up for a stream that is gone now."""
    yield
    structlog.reset_defaults()
