"""Inputs that once showed a defect are played again; Hypothesis makes rows of spoiled frames."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import parsers, played, target
from tests.fuzz.fuzzing import CORPUS, name_of
from tests.fuzz.target import HEAD, Way

SAVED = sorted(path for path in CORPUS.rglob("*") if path.is_file())
SPOILS = st.sampled_from([b"", b"\r", b"\n", b"\x00", b"\x14", b"?", b"@@", b"#", b"[", b"|", b"^"])


@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_saved_input_shows_no_defect(path: Path) -> None:
    data = path.read_bytes()
    assert path.name == name_of(data), "a saved input is named after its content"
    played.player(path.parent.name)(data, True)


@cache
def frames(driver: str) -> Sequence[bytes]:
    """The bodies of all seeds: golden frames, alone and together."""
    return [data[HEAD:] for data in target.seeds(driver) if data[0] == Way.RAW]


@pytest.mark.parametrize("driver", target.names())
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_rows_of_good_and_spoiled_frames_show_no_defect(driver: str, data: st.DataObject) -> None:
    parts = st.sampled_from(frames(driver)) | st.binary(max_size=20) | SPOILS
    body = b""
    for part in data.draw(st.lists(parts, max_size=6)):
        keep = data.draw(st.integers(0, len(part))) if data.draw(st.booleans()) else len(part)
        body += part[:keep] + data.draw(SPOILS)
    head = bytes(data.draw(st.tuples(st.sampled_from(Way), st.integers(0, 255), st.integers(0, 9))))
    target.check(target.target(driver), head + body, thoroughly=False)


@pytest.mark.parametrize("driver", target.names())
def test_golden_frames_without_end_take_bounded_memory_and_linear_time(driver: str) -> None:
    one = target.target(driver)
    target.check_growth(one.driver, one.setups[0], frames(driver)[0])


@pytest.mark.parametrize("kind", parsers.KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_spoiled_evidence_shows_no_defect(kind: str, data: st.DataObject) -> None:
    known = [seed for seed in parsers.seeds() if seed[0] == parsers.made(kind, b"")[0]]
    seed = data.draw(st.sampled_from(known) if known else st.just(parsers.made(kind, b"")))
    body = bytearray(seed[parsers.HEAD :])
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)))):
        body[at % (len(body) + 1) : at % (len(body) + 1) + 1] = bytes((byte,))
    parsers.check(seed[: parsers.HEAD] + bytes(body) + data.draw(st.binary(max_size=8)))
