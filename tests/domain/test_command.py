"""Commands: codes stay out of sight, and each act has its word or needs none."""

import pytest

from edge_agent.domain.command import ALLOWABLE, ALLOWS, Act, Command


def test_a_code_is_not_shown() -> None:
    command = Command(act=Act.DISARM, area=1, code="2468")
    assert "2468" not in repr(command)
    assert "2468" not in str(command)


def test_every_act_is_decided() -> None:
    assert set(ALLOWS) == set(Act)
    assert ALLOWABLE == ("arm", "bypass", "clock", "disarm", "output")
    assert Command(act=Act.STATUS).allowed_by is None
    assert Command(act=Act.ARM_STAY).allowed_by == "arm"


@pytest.mark.parametrize("wrong", [{"area": 0}, {"zone": 10**9}, {"code": "12a4"}, {"code": ""}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"outside|digits"):
        Command(act=Act.BYPASS, **wrong)  # type: ignore[arg-type]


def test_a_code_of_other_digits_is_no_code() -> None:
    with pytest.raises(ValueError, match="digits"):
        Command(act=Act.DISARM, code="٢٤٦٨")
