"""Problems of a configuration in words; the whole file's are in tests/test_config.py."""

from typing import Any

import msgspec
import pytest

from edge_agent.config_words import Problem, explain, type_of, unknown_keys
from edge_agent.domain.camera import CameraSettings


class Part(msgspec.Struct):
    """A part of a configuration, with what others nest in theirs."""

    camera: list[CameraSettings] = []
    port: int = 1


@pytest.mark.parametrize(
    ("raw", "key", "says"),
    [
        ({"prot": 1}, "prot", "did you mean 'port'"),
        ({"camera": [{"id": "a"}, {"sees": [{"zone": 1}]}]}, "camera[1].sees[0].zone", "'zones'"),
        ({"zzz": 1}, "zzz", "allowed here: camera, port"),
    ],
)
def test_unknown_keys_are_found_however_deep(raw: dict[str, Any], key: str, says: str) -> None:
    (problem,) = unknown_keys(raw, type_of(Part))
    assert problem.key == key
    assert says in problem.remedy


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({"port": "x"}, "port (found 'x'): Expected `int`, got `str`"),
        (
            {"camera": [{"id": "a", "sees": [], "consent": ["video"]}]},
            "camera[0].consent[0] (found 'video'): allowed here: 'image', 'sound'",
        ),
    ],
)
def test_what_is_wrong_says_what_is_allowed(raw: dict[str, Any], text: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(raw, Part)
    assert str(explain(str(caught.value), raw, Part)) == text


def test_a_problem_of_nothing_found_names_the_key_alone() -> None:
    assert str(Problem("file", "", "save it")) == "file: save it"
