"""Problems of a configuration in words; the whole file's are in tests/test_config.py."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest

from edge_agent.config_words import Problem, explain, type_of, unknown_keys
from edge_agent.domain.camera import CameraSettings


class Kind(StrEnum):
    """A list of words."""

    DOOR = "door"
    HALL = "hall"


class Part(msgspec.Struct):
    """A part of a configuration, with what others nest in theirs."""

    camera: list[CameraSettings] = []
    port: int = 1
    kind: Kind = Kind.DOOR
    name: Annotated[str, msgspec.Meta(min_length=2)] = "ab"
    names: Annotated[list[str], msgspec.Meta(max_length=2)] = []
    on: bool = True
    wait_s: float | None = None
    odd: Annotated[int, msgspec.Meta(multiple_of=3)] = 3
    shape: Annotated[str, msgspec.Meta(pattern="^x$")] = "x"


@pytest.mark.parametrize(
    ("raw", "key", "says"),
    [
        ({"prot": 1}, "prot", "did you mean 'port'"),
        ({"camera": [{"id": "a"}, {"sees": [{"zone": 1}]}]}, "camera[1].sees[0].zone", "'zones'"),
        (
            {"zzz": 1},
            "zzz",
            "allowed here: camera, kind, name, names, odd, on, port, shape, wait_s",
        ),
    ],
)
def test_unknown_keys_are_found_however_deep(raw: dict[str, Any], key: str, says: str) -> None:
    (problem,) = unknown_keys(raw, type_of(Part))
    assert problem.key == key
    assert says in problem.remedy


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({"port": "x"}, "port (found 'x'): write a whole number, without quotes"),
        ({"port": 1.5}, "port (found 1.5): write a whole number"),
        ({"on": "yes"}, "on (found 'yes'): write true or false, without quotes"),
        ({"wait_s": "5"}, "wait_s (found '5'): write a number, without quotes"),
        ({"name": 5}, "name (found 5): write text, in quotes"),
        ({"name": "x"}, "name (found 'x'): write at least 2 character(s)"),
        ({"names": "x"}, 'names (found \'x\'): write a list, in brackets: ["...", "..."]'),
        ({"names": ["x"] * 3}, "names: write at most 2 entries"),
        ({"camera": ["x"]}, "camera[0] (found 'x'): write a table: camera[0] = { ... }"),
        ({"kind": "dor"}, "kind (found 'dor'): allowed here: 'door', 'hall'"),
        ({"odd": 4}, "odd (found 4): Expected `int` that's a multiple of 3"),
        ({"shape": "y"}, "shape (found 'y'): Expected `str` matching regex '^x$'"),
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
