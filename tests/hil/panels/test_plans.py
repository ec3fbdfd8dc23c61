"""Plan files: what is read, what is refused."""

from pathlib import Path

import pytest

from hil.panels import plans


def test_a_plan_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_text("# a break-in\n0.5  alarm zone=3\n\n2 disarm user=4 # the owner\n")
    assert list(plans.read(path)) == [(0.5, "alarm zone=3"), (2.0, "disarm user=4")]


@pytest.mark.parametrize("text", ["alarm zone=3", "1", "2 quit\n1 quit", "nan quit"])
def test_a_plan_that_cannot_be_played_names_the_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan"
    path.write_text(text)
    with pytest.raises(plans.PlanError, match=f"{path}:[12]: "):
        plans.read(path)
