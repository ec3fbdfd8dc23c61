"""What discovery found, in words, as values, and as configuration that `check` accepts."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from edge_agent import config
from edge_agent.daemon import panels
from edge_agent.domain.address import ListenAddress, SerialAddress, TcpAddress
from edge_agent.domain.recognition import Sureness
from edge_agent.domain.session import Profile
from edge_agent.linetools.discover import Outcome, Target
from edge_agent.linetools.ports import SerialPort
from edge_agent.linetools.recognise import Likeness
from edge_agent.linetools.report import Report
from edge_agent.linetools.scan import Result, Verdict
from edge_agent.linetools.settings import Look
from edge_agent.linetools.units import UnitFound
from edge_agent.linetools.words import words
from tests.linetools.bench import candidates

HEAD = """\
[gateway]
id = "gw1"

[[center]]
name = "c1"

[[center.path]]
host = "center"

"""
PORT = "/dev/serial/by-id/usb-FTDI-if00"
SERIAL = Target(SerialAddress(port=PORT), SerialPort(PORT, "/dev/ttyUSB0", {"product": "FT232R"}))


def like(driver: str, sureness: Sureness = Sureness.CERTAIN, **more: object) -> Likeness:
    given = {
        "driver": driver,
        "sureness": sureness,
        "good": 2,
        "damaged": 0,
        "share": 0.97,
        "types": (("event", 2),),
        "models": None,
    }
    return Likeness(**{**given, **more})  # type: ignore[arg-type]


def recognised(target: Target, settings: str | None, *found: Likeness) -> Outcome:
    return Outcome(target, Result(Verdict.RECOGNISED, settings, found))


OUTCOMES = [
    recognised(SERIAL, "9600-8N1", like("ness"), like("vista", Sureness.LIKELY)),
    recognised(Target(SerialAddress(port="/dev/ttyS0")), "19200-7E1", like("surgard")),
    recognised(Target(TcpAddress(host="10.0.0.7", port=4025)), None, like("dsc", models=("tpi",))),
    recognised(Target(ListenAddress(port=9000)), None, like("dc09")),
    recognised(Target(ListenAddress(port=9001, transport="udp")), None, like("gb26875")),
    Outcome(
        Target(SerialAddress(port="/dev/ttyS1")),
        Result(
            Verdict.UNITS,
            "9600-8E1",
            units=(UnitFound(1, ("generic_di8",)), UnitFound(3, ())),
            units_left_out=(6, 21),
        ),
    ),
    Outcome(
        Target(TcpAddress(host="10.0.0.8", port=502)),
        Result(Verdict.UNITS, units=(UnitFound(2, ("generic_di8",)),)),
    ),
    recognised(
        Target(SerialAddress(port="/dev/ttyS2")), "9600-8N1", like("surgard", Sureness.POSSIBLE)
    ),
]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_configuration_is_one_that_check_accepts(language: str) -> None:
    text = Report(candidates(), words(language)).config(OUTCOMES)
    loaded = config.parse((HEAD + text).encode(), Path("gateway.toml"))
    fitted = panels.fit(loaded)
    assert [(one.panel.id, one.driver.name) for one in fitted] == [
        ("p1", "ness"),
        ("p2", "surgard"),
        ("p3", "dsc"),
        ("p4", "dc09"),
        ("p5", "gb26875"),
        ("p6", "modbus_map"),
        ("p8", "modbus_map"),
    ]
    assert [one.setup.profile.name for one in fitted if one.setup.profile] == [
        "ness_d16x",
        "surgard_mlr2",
        "tpi",
        "heng_bo",
        "gb26875_generic",
        "generic_di8",
        "generic_di8",
    ]
    ports = [bus.serial and bus.serial.parity for bus in loaded.config.bus]
    assert ports == ["E", None]
    assert '# driver = "vista"' in text, "a second one that fits is there to be taken"
    assert "# serial = { port" in text, "what is only possible is commented out"


def test_what_was_recognised_is_told_with_how_sure_and_why() -> None:
    report = Report(candidates(), words("en"))
    text = "\n".join(report.lines(OUTCOMES[0]))
    for part in (
        f"{PORT}  9600-8N1",
        "adapter: FT232R",
        "certain: ness (Ness",
        "good frames: 2, 97% of all bytes (2 event)",
        "profiles that fit: ness_d16x, ness_d32x, ness_d8x",
        "likely: vista",
        "more than one driver fits",
    ):
        assert part in text
    units = "\n".join(report.lines(OUTCOMES[5]))
    assert "unit 1: answers the reads of generic_di8" in units
    assert "unit 3: there, and answers the reads of no profile" in units
    assert "units 6, 21 were not asked" in units


@pytest.mark.parametrize(
    ("result", "control_lines", "parts"),
    [
        (
            Result(Verdict.UNKNOWN, "2400-8N1", sample=b"code 2468", seen=Look.TEXT),
            None,
            (
                "it was asked nothing",
                "code ****",
                "capture /dev/x --at 2400-8N1 --out",
                "it is text",
            ),
        ),
        (Result(Verdict.UNKNOWN, seen=None, sample=b"\xff\x00"), None, ("ff 00", "garbage")),
        (Result(Verdict.UNKNOWN, probed=True), None, ("nothing more was asked",)),
        (
            Result(Verdict.SILENT),
            (),
            ("nothing was asked", "no control line is on", "--listen 130"),
        ),
        (Result(Verdict.SILENT, probed=True), ("CTS", "DSR"), ("nobody answered", "on: CTS, DSR")),
        (Result(Verdict.ECHO), None, ("only what was sent came back",)),
        (Result(Verdict.UNUSABLE, cause="in use by x", remedy="stop it"), None, ("in use", "stop")),
    ],
)
def test_what_was_not_recognised_is_told_with_what_to_do(
    result: Result, control_lines: tuple[str, ...] | None, parts: tuple[str, ...]
) -> None:
    outcome = Outcome(Target(SerialAddress(port="/dev/x")), result, control_lines)
    for language in ("en", "zh"):
        report = Report(candidates(), words(language))
        assert report.config([outcome]) == ""
        lines = report.lines(outcome)
        assert all(line.isprintable() for line in lines)
        if language == "en":
            assert all(part in "\n".join(lines) for part in parts)


def test_a_panel_that_nobody_recognises_is_named_where_nobody_is_recognised() -> None:
    [ness] = [one for one in candidates() if one.driver.name == "ness"]
    facts = MappingProxyType({"detected": False})
    profiles = (
        Profile("bare", "1", "ness", "Bare panel", facts),
        Profile("other", "1", "ness", "Other panel", MappingProxyType({})),
    )
    report = Report([replace(ness, profiles=profiles)], words("en"))
    place = Target(SerialAddress(port="/dev/x"))
    lines = report.lines(Outcome(place, Result(Verdict.UNKNOWN, "2400-8N1", sample=b"\x01\x14")))
    assert lines[-1].strip() == (
        "no program recognises a Bare panel; if it is one, see:"
        " edge-agent capture /dev/x --at 2400-8N1 --driver ness --profile bare"
    )
    assert "Bare" not in " ".join(report.lines(Outcome(place, Result(Verdict.SILENT))))


def test_a_damaged_or_sealed_likeness_says_so() -> None:
    outcome = recognised(
        SERIAL, None, like("dc09", Sureness.POSSIBLE, good=0, damaged=3, has_key=False)
    )
    text = "\n".join(Report(candidates(), words("en")).lines(outcome))
    assert "frames of its shape: 3, none with a good check" in text
    assert "give the key" in text


def test_as_values_everything_is_there() -> None:
    report = Report(candidates(), words("en"))
    told = json.loads(json.dumps([report.values(one) for one in OUTCOMES]))
    first = told[0]
    assert first["place"] == PORT
    assert first["usb"] == {"product": "FT232R"}
    assert [one["sureness"] for one in first["candidates"]] == ["certain", "likely"]
    assert first["candidates"][0]["profiles"][0] == "ness_d16x"
    assert told[5]["units"][0] == {"unit": 1, "profiles": ["generic_di8"], "detail": ""}
    assert told[5]["units_left_out"] == [6, 21]
