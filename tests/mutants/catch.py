"""Lets a planted bug be caught."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.config import Loaded
from tests.mutants.mutant import Mutant, Tests, Worlds
from tests.simulation.world import play

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "tests" / "mutants" / "site"
TESTS_S_MAX = 300


def catch(mutant: Mutant, site: Loaded) -> str | None:
    """Plant it; return what caught it, None where anything of what should did not."""
    caught = []
    for hunter in mutant.found_by:
        if isinstance(hunter, Worlds):
            caught.append(by_worlds(mutant, hunter, site))
        else:
            caught.append(by_tests(mutant, hunter))
    said = [one for one in caught if one is not None]
    return "; ".join(said) if len(said) == len(caught) else None


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
    words = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=no", "--color=no"]
    done = subprocess.run(
        [*words, "-p", "no:cacheprovider", *where.nodes],
        env=os.environ | {"EDGE_MUTANT": mutant.name, "PYTHONPATH": f"{SITE}:{ROOT}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TESTS_S_MAX,
    )
    failed = re.findall(r"(?m)^FAILED (\S+)", done.stdout)
    if done.returncode != 1:
        return None
    lived = [node for node in where.nodes if not any(one.startswith(node) for one in failed)]
    return None if lived else f"{failed[0]}{' and more' * (len(failed) > 1)}"
