"""The bench of decoders: every driver has traffic, and each limit can be broken."""

import json

import pytest

from bench import decode
from bench.report import Report
from edge_agent import resources
from edge_agent.domain.session import Frame

GOOD = {"bare": 0.01, "ours": 0.5, "twice": 1.0, "rubbish": 0.2, "rubbish twice": 0.4}


def bad(**slower: float) -> list[str]:
    report = Report("decode", quiet=True)
    took_s = GOOD | {name.replace("_", " "): value for name, value in slower.items()}
    decode.judge(report, "x", took_s, (1 << 16, 3000))
    return [check.name for check in report.checks if not check.good]


def test_the_usual_is_good_and_each_excess_is_named() -> None:
    assert bad() == []
    assert bad(bare=0.003) == ["x: to a bare script"]
    assert bad(twice=1.5) == ["x: twice the frames"]
    assert bad(rubbish_twice=0.8) == ["x: twice the rubbish"]
    assert bad(rubbish=0.7, rubbish_twice=1.4) == ["x: share of a core for one line"]


def test_every_driver_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert decode.main(["--driver", "ness", "--bytes", "2000", "--turns", "1", "--json"]) in (0, 1)
    told = json.loads(capsys.readouterr().out)
    assert [check["name"] for check in told["checks"] if "held" in check["name"]] == [
        "ness: held more for four times as much"
    ]
    for name in resources.drivers():
        assert len(decode.traffic(name).sizes) >= 3


def test_the_bare_script_sees_each_byte() -> None:
    said = decode.Traffic(b"\x01\x02\x03", (1, 2))
    assert decode.bare(said) == 6 + 6
    assert decode.bare(said.times(7)) == 3 * 12


def test_memory_that_grows_is_seen() -> None:
    class Keeps:
        def __init__(self) -> None:
            self.kept: list[bytes] = []

        def feed(self, data: bytes) -> list[Frame]:
            self.kept.append(bytes(bytearray(data)))
            return []

        def finish(self) -> list[Frame]:
            return []

    few, many = (decode.held_bytes(Keeps, bytes(decode.HELD_BYTES) * n) for n in (1, 4))
    assert many - few > decode.GROWTH_BYTES_MAX
