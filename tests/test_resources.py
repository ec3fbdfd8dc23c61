"""What is found by name: data, profiles, drivers, options; and the words when it is not there."""

import importlib
import importlib.metadata
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent import resources
from edge_agent.domain.recognition import UNDECLARED
from edge_agent.domain.session import Driver, Nature, Option, Profile, Setup
from edge_agent.resources import (
    BrokenDriverError,
    DriverError,
    OptionError,
    ProfileError,
    check_options,
    data,
    describe,
    drivers,
    load_codes,
    load_driver,
    load_profile,
    parse_option,
    profiles,
    recognition_of,
)

ROOT = Path(__file__).resolve().parent.parent
BUILT_IN = tuple(sorted(path.stem for path in (ROOT / "drivers").glob("[a-z]*.py")))


def driver(*options: Option) -> Driver:
    surgard = load_driver("surgard")
    return Driver(
        name="probe",
        version="1",
        title="Probe",
        nature=Nature.STREAM,
        session=surgard.session,
        decoder=surgard.decoder,
        panels=(),
        lines=(),
        options=options,
    )


# ---- data


def test_data_is_there_and_what_is_not_is_named() -> None:
    assert data("config", "codes", "contact_id.csv").is_file()
    with pytest.raises(FileNotFoundError, match="installation of edge-agent is incomplete"):
        data("config", "nothing")


def test_a_wheel_carries_the_same_below_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_data" / "config").mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    assert data("config") == tmp_path / "_data" / "config"


def test_codes_are_read_once() -> None:
    assert load_codes() is load_codes()
    assert load_codes().contact_id_rows["110"].chinese == "火灾报警"


# ---- profiles


def test_every_shipped_profile_fits_its_driver() -> None:
    found = profiles()
    assert list(found) == sorted(found)
    for name, profile in found.items():
        assert load_profile(name) == profile
        assert profile.driver in BUILT_IN


def test_a_profile_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'driver = "surgard"\nversion = "2"\ntitle = "Mine"\n[surgard]\nheartbeat_s = 10\n'
    )
    mine = Profile("mine", "2", "surgard", "Mine", {"heartbeat_s": 10})
    assert load_profile(str(path)) == mine
    assert load_profile("mine.toml", folder=tmp_path) == mine


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("driver = ", "Invalid value"),
        ("", "'driver' is missing"),
        ('driver = "surgard"\nversion = 1', "'version' is missing or is not text"),
        ('driver = "surgard"\nversion = "1"\ntitle = "T"', r"section \[surgard\] is missing"),
        (
            'driver = "surgard"\nversion = "1"\ntitle = "T"\nversoin = "V"\n[surgard]',
            "unknown key 'versoin'; did you mean 'version'",
        ),
    ],
)
def test_a_wrong_profile_is_named_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=f"mine.toml: .*{reason}"):
        load_profile(str(path))


def test_profiles_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="did you mean 'generic_di8'"):
        load_profile("generic_di9")
    with pytest.raises(ProfileError, match=r"did you mean 'ness_d16x'.*known: ness_d16x, [^v]*$"):
        load_profile("ness_d16", "ness")
    with pytest.raises(ProfileError, match="cannot be read: No such file"):
        load_profile(str(tmp_path / "none.toml"))
    path = tmp_path / "Bad Name.toml"
    path.write_text("")
    with pytest.raises(ProfileError, match="not made of"):
        load_profile(str(path))
    path = tmp_path / "large.toml"
    path.write_bytes(b"#" * (resources.PROFILE_BYTES_MAX + 1))
    with pytest.raises(ProfileError, match="larger than"):
        load_profile(str(path))


# ---- drivers


def test_every_built_in_driver_loads_by_its_name() -> None:
    for name, load in drivers().items():
        assert load().name == name == load_driver(name).name
    assert set(BUILT_IN) <= set(drivers())


def test_a_driver_is_found_by_its_file_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_shared", "Upper", "fresh_one"):
        (tmp_path / f"{name}.py").write_text("")
    package = importlib.import_module("drivers")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    assert list(drivers()) == sorted(["fresh_one", *BUILT_IN])
    with pytest.raises(DriverError, match="'fresh_one' does not define"):
        load_driver("fresh_one")


def test_a_driver_whose_dialects_are_profiles_is_given_them_where_none_is_named() -> None:
    driver = load_driver("cn_fire")
    assert driver.decoder.__module__.startswith("drivers.")
    frame = bytes.fromhex("FE02000100000C00FF")  # of one dialect, and of no other
    [read] = driver.decoder(Setup(load_codes())).feed(frame)
    assert read.fields["dialect"] == "songjiang_3208"
    named = Setup(load_codes(), load_profile("gst_crt"))
    assert not driver.decoder(named).feed(frame)


def test_loading_one_driver_imports_no_other() -> None:
    code = (
        "import sys; from edge_agent.resources import load_driver; load_driver('surgard');"
        "print(sorted(name for name in sys.modules if name.startswith('drivers.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "['drivers._surgard_frames', 'drivers.surgard']"


@pytest.mark.parametrize("name", ["surgrd", "../surgard", "", "surgard.x", "__init__"])
def test_an_unknown_driver_is_refused(name: str) -> None:
    with pytest.raises(DriverError, match=f"known: {', '.join(BUILT_IN)}") as refused:
        load_driver(name)
    assert not isinstance(refused.value, BrokenDriverError), "the configuration is wrong"


def announce(monkeypatch: pytest.MonkeyPatch, name: str, value: str, **more: str) -> None:
    group = resources.ENTRY_POINTS
    entries = [importlib.metadata.EntryPoint(*one, group) for one in {name: value, **more}.items()]
    found = importlib.metadata.EntryPoints(entries)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: found)


@pytest.mark.parametrize(
    "place", ["no_such_module:X", "drivers._recognition:NO", "drivers.ness:DRIVER", "", "drivers"]
)
def test_a_recognition_that_is_not_there_is_named(place: str) -> None:
    with pytest.raises(DriverError, match="driver 'acme': "):
        recognition_of(replace(ACME, recognition=place))


def test_a_driver_without_a_recognition_is_known_by_its_good_frames() -> None:
    assert recognition_of(ACME) is UNDECLARED
    assert recognition_of(load_driver("ness")).probes


def test_a_third_party_adds_a_driver_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, "acme", "tests.test_resources:ACME")
    assert load_driver("acme") is ACME
    assert "surgard" in drivers()


@pytest.mark.parametrize(
    "value",
    [
        *("tests.no_such_module:D", "tests.test_resources:NONE", "tests.driver_that_raises:D"),
        "tests.driver_that_exits:D",
    ],
)
def test_a_third_party_driver_that_does_not_load(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    announce(monkeypatch, "acme", value)
    with pytest.raises(BrokenDriverError, match=r"'acme' .* does not load"):
        load_driver("acme")


def test_a_third_party_driver_with_a_name_that_no_configuration_can_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    announce(monkeypatch, "Acme-A1", "tests.test_resources:ACME")
    with pytest.raises(DriverError, match="a name is of a-z, 0-9 and _"):
        drivers()["Acme-A1"]()


def test_a_third_party_driver_of_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, "other", "tests.test_resources:ACME")
    with pytest.raises(BrokenDriverError, match="'other' does not define"):
        load_driver("other")


def test_a_third_party_never_replaces_a_built_in_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, "surgard", "tests.test_resources:ACME")
    assert load_driver("surgard").name == drivers()["surgard"]().name == "surgard"


# ---- options

OPTIONS = driver(
    Option("listen_only", bool, False, ""),
    Option("heartbeat_s", float, None, "", minimum=1, maximum=60),
    Option("tries", int, 3, "", minimum=1),
    Option("mode", str, "a", "", allowed=("alpha", "beta")),
    Option("key", str, None, "", allowed=("k1",), secret=True),
)


def test_defaults_are_filled_in() -> None:
    assert check_options(OPTIONS, {"tries": 5, "heartbeat_s": 20}) == {
        "listen_only": False,
        "heartbeat_s": 20,
        "tries": 5,
        "mode": "a",
        "key": None,
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"listen_onl": True}, "no option 'listen_onl'; did you mean 'listen_only'"),
        ({"listen_only": 1}, "'listen_only' is 1; allowed: true or false"),
        ({"heartbeat_s": True}, "'heartbeat_s' is True; allowed: a number from 1 up to 60"),
        ({"heartbeat_s": float("nan")}, "'heartbeat_s' is nan"),
        ({"heartbeat_s": 61}, "'heartbeat_s' is 61; allowed: a number from 1 up to 60"),
        ({"tries": 0}, "'tries' is 0; allowed: a whole number from 1"),
        ({"tries": 1.5}, "'tries' is 1.5; allowed: a whole number"),
        ({"mode": "alpah"}, "'mode' is 'alpah'; did you mean 'alpha'"),
        ({"mode": 7}, "'mode' is 7; allowed: text"),
    ],
)
def test_a_wrong_option_is_named_with_what_fits(given: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check_options(OPTIONS, given)


def test_a_secret_is_never_repeated() -> None:
    with pytest.raises(OptionError) as caught:
        check_options(OPTIONS, {"key": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("listen_only=true", True),
        ("listen_only=maybe", "maybe"),
        ("heartbeat_s=2.5", 2.5),
        ("tries=7", 7),
        ("tries=seven", "seven"),
        ("mode=a=b", "a=b"),
        ("nothing=1", "1"),
    ],
)
def test_options_as_typed(text: str, value: object) -> None:
    assert parse_option(OPTIONS, text) == (text.partition("=")[0], value)


def test_an_option_needs_an_equals_sign() -> None:
    with pytest.raises(OptionError, match="NAME=VALUE"):
        parse_option(OPTIONS, "listen_only")


def test_what_a_driver_can_do_is_plain_values() -> None:
    own = [profile for profile in profiles().values() if profile.driver == "surgard"]
    told = describe(load_driver("surgard"), own)
    assert told["acknowledges"] is True
    assert told["commands"] == []
    ness = describe(load_driver("ness"), [])
    assert ness["probes"] == [b"8300360S17E1?\r\n".hex()]
    assert isinstance(ness["commands"], list)
    assert {"arm_away", "bypass", "status"} <= set(map(str, ness["commands"]))
    assert isinstance(told["profiles"], list)
    assert {"baud": 19200, "bits": 7, "parity": "E"} in [
        profile["line"] for profile in told["profiles"] if isinstance(profile, dict)
    ]


ACME = Driver(
    name="acme",
    version="1",
    title="Acme",
    nature=Nature.STREAM,
    session=load_driver("surgard").session,
    decoder=load_driver("surgard").decoder,
    panels=(),
    lines=(),
)
