"""Panels are fitted with drivers, or the operator is told which key is wrong."""

import importlib.metadata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.config import ConfigError, parse
from edge_agent.daemon import panels
from edge_agent.daemon.panels import fit
from edge_agent.domain.session import Profile, Session, Setup
from edge_agent.resources import ENTRY_POINTS, load_driver

HEAD = '[gateway]\nid = "gw1"\n[[center]]\nname = "c"\n[[center.path]]\nhost = "h"\n'
BUS = '[[bus]]\nid = "b1"\ntcp = { host = "h", port = 502 }\n'
SURGARD = '[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = { port = "/dev/x" }\n'
NESS = SURGARD.replace("surgard", "ness")
MODBUS = (
    '[[panel]]\nid = "p2"\ndriver = "modbus_map"\nprofile = "generic_di8"\nbus = "b1"\nunit = 1\n'
)


def problems(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        fit(parse((HEAD + text).encode(), Path("g.toml")))
    return str(caught.value)


def test_each_panel_gets_its_driver_profile_and_source() -> None:
    surgard, modbus = fit(parse((HEAD + BUS + SURGARD + MODBUS).encode(), Path("g.toml")))
    assert surgard.source.acknowledges
    assert surgard.source.profile is None
    assert (modbus.source.driver, modbus.source.profile) == ("modbus_map", "generic_di8")
    assert surgard.session() is not surgard.session()


def test_a_profile_of_ones_own_lies_beside_the_configuration(tmp_path: Path) -> None:
    mine = 'driver = "ness"\nversion = "1"\ntitle = "Mine"\n[ness]\n'
    (tmp_path / "mine.toml").write_text(mine)
    text = HEAD + NESS + 'profile = "mine.toml"\n'
    (panel,) = fit(parse(text.encode(), tmp_path / "gateway.toml"))
    assert panel.source.profile == "mine"


def test_a_profile_says_whose_silence_means_nothing() -> None:
    (ness,) = fit(parse((HEAD + NESS).encode(), Path("g.toml")))
    assert ness.is_supervised
    for facts, supervised in (({}, True), ({"supervised": False}, False)):
        profile = Profile("p", "1", "ness", "A panel", facts)
        setup = replace(ness.setup, profile=profile)
        assert replace(ness, setup=setup).is_supervised is supervised


def test_the_site_says_what_its_panels_clocks_show_and_what_is_allowed() -> None:
    site = '[site]\ntimezone = "Asia/Shanghai"\n'
    (panel,) = fit(parse((HEAD + site + NESS + 'allow = ["bypass"]\n').encode(), Path("g.toml")))
    assert str(panel.setup.zone) == "Asia/Shanghai"
    assert panel.setup.allow == {"bypass"}
    (panel,) = fit(parse((HEAD + NESS).encode(), Path("g.toml")))
    assert not panel.setup.allow


def test_without_a_name_the_time_zone_is_the_systems_or_utc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "SYSTEM_ZONE", tmp_path / "localtime")
    assert panels.time_zone(None) is UTC
    (tmp_path / "localtime").write_bytes(b"rubbish")
    assert panels.time_zone(None) is UTC
    shanghai = Path("/usr/share/zoneinfo/Asia/Shanghai")
    (tmp_path / "localtime").write_bytes(shanghai.read_bytes())
    there = datetime(2026, 11, 23, tzinfo=panels.time_zone(None))
    assert there.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SURGARD.replace("surgard", "surgrad"), ["panel[0] (p1)", "surgrad", "surgard"]),
        (SURGARD + 'profile = "generic_di8"\n', ["generic_di8", "modbus_map"]),
        (SURGARD + 'profile = "surgard_mlr3"\n', ["surgard_mlr3", "surgard_mlr2"]),
        (SURGARD + "options = { heartbeats = 3 }\n", ["heartbeats"]),
        (MODBUS.replace('bus = "b1"\nunit = 1', "tcp = { host = 'h', port = 1 }"), ["modbus_tcp"]),
        (
            SURGARD.replace("serial", "listen").replace('"/dev/x"', "9, transport = 'udp'"),
            ["reached over: serial, tcp, listen"],
        ),
        (NESS + 'allow = ["clock"]\n', ["cannot do 'clock'", "allow"]),
        ('[site]\ntimezone = "Asia/Shangai"\n' + SURGARD, ["site.timezone", "Asia/Shangai"]),
        (BUS + SURGARD.replace('serial = { port = "/dev/x" }', 'bus = "b1"\nunit = 2'), ["serial"]),
    ],
)
def test_what_does_not_fit_is_named(text: str, words: list[str]) -> None:
    message = problems(text)
    for word in words:
        assert word in message, message


def test_a_start_goes_on_without_a_driver_that_does_not_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = importlib.metadata.EntryPoint("acme", "tests.driver_that_raises:D", ENTRY_POINTS)
    found = importlib.metadata.EntryPoints([entry])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: found)
    broken = NESS.replace("ness", "acme").replace("p1", "p9").replace("/dev/x", "/dev/y")
    both = parse((HEAD + broken + NESS).encode(), Path("g.toml"))
    acme, ness = fit(both, anyway=True)
    assert "does not load: ZeroDivisionError" in acme.broken
    assert acme.source.broken == acme.broken
    assert not acme.driver.commands
    with pytest.raises(ValueError, match="does not load"):
        acme.session()
    assert not ness.broken
    assert ness.session()
    with pytest.raises(ConfigError, match=r"\(p9\).*does not load"):
        fit(both)
    typed_wrong = (HEAD + broken + NESS.replace("ness", "nes")).encode()
    with pytest.raises(ConfigError, match="'nes'") as refused:
        fit(parse(typed_wrong, Path("g.toml")), anyway=True)
    assert "p9" not in str(refused.value)


def test_a_driver_of_others_that_starts_no_session_does_not_load_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Setup) -> Session:
        raise TypeError("2468")

    failing = replace(load_driver("ness"), name="acme", session=fail)
    monkeypatch.setattr("edge_agent.resources.load_driver", lambda _: failing)
    [acme] = fit(parse((HEAD + NESS.replace("ness", "acme")).encode(), Path("g.toml")), anyway=True)
    assert acme.broken.startswith("driver 'acme' starts no session: TypeError in test_panels.py:")


def test_all_panels_that_do_not_fit_are_named_at_once() -> None:
    wrong = SURGARD.replace("surgard", "nope")
    message = problems(wrong + wrong.replace("p1", "p9").replace("/dev/x", "/dev/y"))
    assert "(p1)" in message
    assert "(p9)" in message
