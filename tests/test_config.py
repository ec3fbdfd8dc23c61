"""The configuration: what is accepted, and that every error names key, found, allowed, nearest."""

import contextlib
import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.config import (
    Anchor,
    Bus,
    Center,
    CenterPath,
    ConfigError,
    Gateway,
    Panel,
    Sm2,
    json_schema,
    load,
    parse,
    parse_site,
)
from edge_agent.daemon.panels import fit
from edge_agent.domain.address import SerialAddress, TcpAddress
from edge_agent.domain.body import BodySettings, GpioInput
from edge_agent.domain.site import (
    AreaSettings,
    MaintenanceSettings,
    Near,
    ScheduleSettings,
    SiteSettings,
    Times,
    UserSettings,
    ZoneSettings,
    ZoneType,
)
from edge_agent.resources import data

FILE = Path("gateway.toml")
SITE_TYPES = (
    *(AreaSettings, MaintenanceSettings, ScheduleSettings, SiteSettings, UserSettings),
    ZoneSettings,
)
GOOD = """
[gateway]
id = "gw1"

[[center]]
name = "center"
[[center.path]]
host = "mqtt.example"

[[bus]]
id = "b1"
tcp = { host = "192.168.1.20", port = 502 }

[[panel]]
id = "p1"
driver = "surgard"
serial = { port = "/dev/serial/by-id/usb-x", baud = 19200, bits = 7, parity = "E" }

[[panel]]
id = "p2"
driver = "modbus_map"
profile = "generic_di8"
bus = "b1"
unit = 1
"""


def problems(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text.encode(), FILE)
    return str(caught.value)


def test_a_good_file_gives_typed_values() -> None:
    loaded = parse(GOOD.encode(), Path("/etc/x/gateway.toml"))
    config = loaded.config
    assert config.gateway.id == "gw1"
    assert config.center[0].path[0].port == 8883
    assert config.panel[0].line == SerialAddress(
        port="/dev/serial/by-id/usb-x", baud=19200, bits=7, parity="E"
    )
    assert config.panel[1].line is None
    assert config.bus[0].address == TcpAddress(host="192.168.1.20", port=502)
    assert loaded.path("ca.pem") == Path("/etc/x/ca.pem")
    assert len(loaded.digest) == 32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('driver = "surgard"', 'drvier = "surgard"'), ["panel[0].drvier", "'driver'", "allowed"]),
        (("baud = 19200", "buad = 19200"), ["panel[0].serial.buad", "'baud'"]),
        (("bits = 7", "bits = 9"), ["panel[0].serial.bits", "found 9", "7, 8"]),
        (("baud = 19200", "baud = 7"), ["panel[0].serial", "50 to 4000000"]),
        (('id = "gw1"', 'id = "GW 1"'), ["gateway.id", "'GW 1'", "a-z"]),
        (("unit = 1", "unit = 300"), ["panel[1].unit", "found 300", "247"]),
        (("unit = 1", ""), ["panel[1]", "bus and unit belong together"]),
        (('bus = "b1"', 'bus = "b9"'), ["panel[1].bus", "b9", "there are: b1"]),
        (('id = "p2"', 'id = "p1"'), ["panel[1].id", "p1", "another panel"]),
        (('host = "mqtt.example"', 'host = ""'), ["center[0].path[0].host", "''"]),
        (('host = "mqtt.example"', 'host = "mqtt..x"'), ["center[0].path[0]", "between two dots"]),
        (("192.168.1.20", "192.168..20"), ["bus[0].tcp", "between two dots"]),
        (("[gateway]", "[gateway"), ["not TOML", "line 2"]),
        (
            ("tcp = { host", 'serial = { port = "/dev/a" }\ntcp = { host'),
            ["bus[0]", "exactly one of serial, tcp"],
        ),
        (('driver = "modbus_map"', 'driver = "x"\ntcp = {host="h",port=1}'), ["exactly one of"]),
        (("unit = 1", 'unit = "1"'), ["panel[1].unit", "'1'", "whole number, without quotes"]),
        (("unit = 1", "unit = 0"), ["panel[1].unit", "whole number of at least 1"]),
        (('driver = "surgard"', "driver = 7"), ["panel[0].driver", "text, in quotes"]),
        (('driver = "surgard"', "driver = surgard"), ["not TOML", "text stands in quotes"]),
        (('driver = "surgard"', ""), ["panel[0]: `driver` is missing"]),
        (("[[bus]]", "[bus]"), ["bus: write [[bus]]", "two brackets"]),
        (("[gateway]", "[[gateway]]"), ["gateway: write [gateway]", "one bracket"]),
        (("[[center.path]]", "[center.path]"), ["center[0].path: write [[center.path]]"]),
        (('host = "mqtt.example"', 'host = "mqtts://mqtt.example"'), ["path[0]", "no scheme"]),
        (("192.168.1.20", "192.168.1.20:502"), ["bus[0].tcp", "no port behind it"]),
    ],
)
def test_an_error_names_file_key_found_and_allowed(
    change: tuple[str, str], words: list[str]
) -> None:
    assert change[0] in GOOD
    message = problems(GOOD.replace(*change, 1))
    assert message.startswith("gateway.toml: ")
    for word in words:
        assert word in message, message


def test_a_token_is_named_by_the_key_file_and_no_pin_is_repeated() -> None:
    uri = "pkcs11:token=a?pin-value=1234"
    message = problems(GOOD.replace("[gateway]", f'[gateway]\nidentity_key = "{uri}"', 1))
    assert "gateway: identity_key is a file; its first line may be a URI" in message
    assert "1234" not in message


POLICE = """
[[center]]
name = "police"
receipt_certificate = "police.pem"
path = [{ host = "p", interface = "wwan0" }, { host = "p" }]
"""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"police"', '"center"'), ["center[1].name", "another center has this name"]),
        (('"police.pem"', '"receipt.pem"'), ["center[1].receipt_certificate", "one of its own"]),
        (
            ('"police"', '"police"\ncommand_certificate = "police.pem"'),
            ["center[1].command_certificate", "each key has one of its own"],
        ),
        ((', interface = "wwan0"', ""), ["center[1].path[1]", "there already"]),
        (('name = "police"', 'name = "police"\nrequired = "no"'), ["center[1].required"]),
    ],
)
def test_several_centers_have_names_files_and_paths_of_their_own(
    change: tuple[str, str], words: list[str]
) -> None:
    both = parse((GOOD + POLICE).encode(), FILE).config
    assert [center.required for center in both.center] == [True, True]
    message = problems(GOOD + POLICE.replace(*change, 1))
    for word in words:
        assert word in message, message


def test_one_center_at_least_is_required() -> None:
    none = GOOD.replace("[[center]]\n", "[[center]]\nrequired = false\n")
    assert "at least one center must be required" in problems(none)
    one = none + POLICE
    assert not parse(one.encode(), FILE).config.center[0].required


def test_all_unknown_keys_are_named_at_once() -> None:
    message = problems(GOOD.replace("unit = 1", "unit = 1\nfoo = 1\nbar = 2"))
    assert "panel[1].foo" in message
    assert "panel[1].bar" in message


def test_two_panels_cannot_share_a_port_or_a_unit() -> None:
    twice = GOOD + '\n[[panel]]\nid="p3"\ndriver="modbus_map"\nbus="b1"\nunit=1\n'
    assert "panel 'p2' has this very line or unit already" in problems(twice)


def test_a_bus_shares_its_port_with_nobody() -> None:
    bus = '\n[[bus]]\nid="{}"\nserial={{port="/dev/serial/by-id/usb-x"}}\n'
    assert "panel[0] (found p1): bus 'b2' has this" in problems(GOOD + bus.format("b2"))
    two = GOOD.replace("usb-x", "usb-y") + bus.format("b2") + bus.format("b3")
    assert "bus[2] (found b3): bus 'b2' has this port" in problems(two)


BODY = """
[body]
tamper = { line = 17, active = "low", bias = "pull_up" }
power_fail = { chip = "pinctrl-rp1", line = 4 }
gasp_after_s = 8
"""


def test_the_gateways_own_body_may_be_told_or_left_out() -> None:
    assert parse(GOOD.encode(), FILE).config.body == BodySettings()
    body = parse((GOOD + BODY).encode(), FILE).config.body
    assert body.tamper == GpioInput(line=17, active="low", bias="pull_up")
    assert (body.gasp_after_s, body.ups) == (8, None)
    jsonschema.Draft202012Validator(json.loads(json_schema())).validate(tomllib.loads(GOOD + BODY))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('active = "low"', 'active = "open"'), ["body.tamper.active", "'open'", "'high', 'low'"]),
        (("bias", "baise"), ["body.tamper.baise", "did you mean 'bias'"]),
        (("line = 17", "line = 2000"), ["body.tamper", "line is 0 to 1023"]),
        (("power_fail", "#"), ["body", "gasp_after_s needs power_fail or ups"]),
        (("gasp_after_s", "gasp_s"), ["body.gasp_s", "did you mean 'gasp_after_s'"]),
    ],
)
def test_an_error_in_the_body_names_key_and_remedy(
    change: tuple[str, str], words: list[str]
) -> None:
    message = problems((GOOD + BODY).replace(*change, 1))
    for word in words:
        assert word in message, message


def test_a_table_that_is_there_twice_says_how_several_are_written() -> None:
    assert "two brackets" in problems(GOOD.replace("[[panel]]", "[panel]"))
    assert "there already" in problems(GOOD.replace("unit = 1", "unit = 1\nunit = 2"))


def test_a_file_saved_by_a_windows_editor_is_read() -> None:
    text = "\ufeff" + GOOD.replace("\n", "\r\n")
    assert parse(text.encode(), FILE).config == parse(GOOD.encode(), FILE).config


def test_an_address_of_ipv6_is_a_host() -> None:
    text = GOOD.replace("192.168.1.20", "fd00::20")
    assert parse(text.encode(), FILE).config.bus[0].address == TcpAddress(host="fd00::20", port=502)


def test_a_bus_that_is_nowhere_is_asked_for() -> None:
    without = GOOD[: GOOD.index("[[bus]]")] + GOOD[GOOD.index("[[panel]]") :]
    assert "no such bus; add a [[bus]] with this id" in problems(without)


def test_a_missing_or_unreadable_or_huge_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config"):
        load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(tmp_path / "bad.toml")
    (tmp_path / "huge.toml").write_bytes(b"#" * (2 << 20))
    with pytest.raises(ConfigError, match="at most"):
        load(tmp_path / "huge.toml")


def test_the_schema_accepts_what_the_reader_accepts_and_refuses_unknown_keys() -> None:
    schema = json.loads(json_schema())
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(tomllib.loads(GOOD))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(tomllib.loads(GOOD.replace('driver = "surgard"', 'drvier = "s"')))


@given(st.text(max_size=200))
@settings(max_examples=30)
def test_no_text_does_worse_than_a_config_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        parse(text.encode("utf-8", "surrogatepass"), FILE)


@given(st.sampled_from(GOOD.split("\n")), st.text(max_size=20))
def test_no_damaged_line_does_worse_than_a_config_error(line: str, junk: str) -> None:
    with contextlib.suppress(ConfigError):
        parse(GOOD.replace(line, junk).encode("utf-8", "replace"), FILE)


def test_the_commented_example_is_right() -> None:
    """Every key that a configuration can have stands in it."""
    file = data("config", "gateway.toml")
    config = load(file).config
    assert fit(load(file))
    text = file.read_text()
    for kind in (Gateway, Anchor, Sm2, Center, CenterPath, Bus, Panel):
        for name in kind.__struct_fields__:
            if name not in {"tcp", "listen"}:  # named in comments
                assert re.search(rf"\b{name}( =|\]\])", text), name
    assert config.center[0].path[1].interface == "wwan0"
    for table in (*SITE_TYPES, Times, Near):
        for field in fields(table):
            assert re.search(rf"\b{field.name} =", text), field.name


SITE = """
[site]
name = "Shop 12"
timezone = "Asia/Shanghai"

[[area]]
panel = "p1"
area = 1
entry_delay_s = 45

[[zone]]
panel = "p1"
zone = 1
area = 1
type = "24h"
technology = "contact"
near = [{ zone = 2, walk_s = 3 }]
overlaps = [4]

[[schedule]]
area = 1
days = "Mon-Fri"
open = "08:00"
close = "18:30"

[[user]]
panel = "p1"
user = 3
role = "cleaner"
"""


def test_the_site_part_is_read_alone_and_in_a_whole_file() -> None:
    site, passed = parse_site(SITE.encode(), FILE)
    assert not passed
    assert site.premises.zones[0].type is ZoneType.ALWAYS
    assert site.premises.zones[0].near == (Near(zone=2, walk_s=3.0),)
    whole = GOOD + SITE.replace('timezone = "Asia/Shanghai"\n', "")
    assert parse_site(whole.encode(), FILE)[0].premises.zones == site.premises.zones
    assert parse(whole.encode(), FILE).config.premises.users == site.premises.users
    assert parse_site(b"", FILE)[0].premises.zones == ()


def test_a_site_alone_passes_over_what_nobody_knows_and_a_gateway_does_not() -> None:
    text = SITE.replace("overlaps = [4]", "overlaps = [4]\nsoundproof = true") + "[future]\na = 1\n"
    site, passed = parse_site(text.encode(), FILE)
    assert [problem.key for problem in passed] == ["zone[0].soundproof", "future"]
    assert site.premises.zones[0].overlaps == (4,)
    assert "zone[0].soundproof" in problems(GOOD + text)


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ("entry_delay_s = 45", "entry_delay_s = -1", "entry_delay_s is 0 to"),
        ('type = "24h"', 'type = "24"', "zone[0].type"),
        ('days = "Mon-Fri"', 'days = "Mo-Fr"', "days are such as Mon-Fri"),
        ('open = "08:00"', 'open = "8 a.m."', "a time is such as 08:00"),
        ("user = 3", "user = 0", "user is 1 to"),
        ('panel = "p1"\nuser', 'panel = "p9"\nuser', "user[0].panel (found 'p9'): no such panel"),
        ("zone = 1\n", 'zone = 1\n[[zone]]\npanel = "p1"\nzone = 1\n', "another zone has this"),
    ],
)
def test_what_a_site_cannot_mean_is_named(good: str, bad: str, says: str) -> None:
    assert good in SITE
    assert says in problems(GOOD + SITE.replace(good, bad, 1))


CAMERA = """
[[camera]]
id = "front"
sees = [{ panel = "p1", zones = [1] }]
snapshot_url = "http://10.0.0.1/"
consent = ["image"]
"""


@pytest.mark.parametrize(
    ("good", "bad", "key", "says"),
    [
        ('panel = "p1"', 'panel = "p9"', "camera[0].sees[0].panel", "no such panel"),
        ('snapshot_url = "http://10.0.0.1/"', "", "camera[0]", "give snapshot_url"),
        ('["image"]', '["video"]', "camera[0].consent[0]", "allowed here: 'image', 'sound'"),
        ("http://10.0.0.1/", "http://admin:s3cret@10.0.0.1/", "camera[0]", "password_file"),
        ("http://10.0.0.1/", "http://8.8.8.8/", "camera[0]", "site's own network"),
        ("sees", "zones", "camera[0].zones", "unknown key"),
        ("zones", "zone", "camera[0].sees[0].zone", "did you mean 'zones'"),
        (CAMERA, CAMERA * 2, "camera[1].id", "another camera has this id"),
    ],
)
def test_what_a_camera_cannot_mean_is_named(good: str, bad: str, key: str, says: str) -> None:
    assert parse((GOOD + CAMERA).encode(), FILE).config.camera[0].takes_pictures
    with pytest.raises(ConfigError) as caught:
        parse((GOOD + CAMERA.replace(good, bad)).encode(), FILE)
    assert key in {problem.key for problem in caught.value.problems}
    said = str(caught.value)
    assert says in said
    assert "s3cret" not in said


def test_judging_is_told_no_address_of_a_camera() -> None:
    loaded = parse((GOOD + CAMERA).encode(), FILE)
    (camera,) = loaded.config.premises.cameras
    assert (camera.id, camera.consent, camera.addresses) == ("front", ("image",), ())
    site, passed = parse_site(b'[[camera]]\nid = "a"\nsees = [{ panel = "p1" }]', FILE)
    assert (passed, site.premises.cameras[0].gives) == ([], frozenset())
