"""Lets a planted bug be caught."""

import os
import re
import subprocess
import sys

import pytest

from edge_agent.config import Loaded
from tests.mutants.mutant import Mutant, Tests, Worlds
from tests.mutants.plugin import NAME
from tests.simulation.world import play

TESTS_S_MAX = 300


def catch(mutant: Mutant, site: Loaded) -> str | None:
    """Plant it; return what caught it, None where nothing did."""
    if isinstance(mutant.found_by, Worlds):
        return by_worlds(mutant, mutant.found_by, site)
    return by_tests(mutant, mutant.found_by)


def by_worlds(mutant: Mutant, where: Worlds, site: Loaded) -> str | None:
    """Play worlds with the bug until a law is broken."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.plant(patch)
        for seed in range(where.first, where.first + where.most):
            outcome = play(seed, site)
            if outcome.broken is not None:
                return f"seed {seed}: {outcome.broken}"
    return None


def by_tests(mutant: Mutant, where: Tests) -> str | None:
    """Run the named tests with the bug: each must fail, and none for want of being there."""
    words = [sys.executable, "-m", "pytest", "-p", "tests.mutants.plugin", "-p", "no:cacheprovider"]
    words += ["-q", "--no-header", "--tb=no", "--color=no", "-n0", *where.nodes]
    done = subprocess.run(
        words,
        env=os.environ | {NAME: mutant.name},
        capture_output=True,
        text=True,
        check=False,
        timeout=TESTS_S_MAX,
    )
    failed = re.findall(r"(?m)^FAILED (\S+)", done.stdout)
    if done.returncode != 1:
        return None
    lived = [node for node in where.nodes if not any(one.startswith(node) for one in failed)]
    return None if lived else ", ".join(failed)
