"""What a command may not change: who the gateway is, its files, other centers, who may disarm."""

from pathlib import Path

import pytest

from edge_agent.config import Config, parse_as
from edge_agent.daemon.restraint import beyond, problems
from tests.evidence.test_charter import CHARTER

INSTALLED = """
[gateway]
id = "gw1"
data_dir = "data"
journal_keep_days = 365

[access]
technician = ["wang", "@field"]

[anchor]
url = "http://tsa/"

[[center]]
name = "main"
enrolment = "a:8443"
[[center.path]]
host = "a"

[[center]]
name = "police"
receipt_certificate = "police-receipt.pem"
required = false
[[center.path]]
host = "p"

[[panel]]
id = "p1"
driver = "surgard"
allow = ["bypass", "clock"]
serial = { port = "/dev/ttyUSB0" }

[[camera]]
id = "yard"
sees = [{ panel = "p1" }]
snapshot_url = "http://192.168.1.40/"
user = "u"
password_file = "yard.password"
"""


NEW_PANEL = """
[[panel]]
id = "p0"
driver = "ness"
allow = ["bypass"]
serial = { port = "/dev/ttyUSB9" }
"""


def config(text: str) -> Config:
    return parse_as(text.encode(), Path("gateway.toml"), Config)


def found(before: str, after: str, center: str = "main") -> list[str]:
    assert before in INSTALLED
    wanted = config(INSTALLED.replace(before, after, 1))
    return [problem.key for problem in problems(config(INSTALLED), wanted, center)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[gateway]", '[site]\nname = "Shop"\n\n[gateway]'),
        ('data_dir = "data"', 'data_dir = "data"\nreporting_time_s = 20'),
        ('host = "a"', 'host = "b"'),
        ('host = "a"', 'host = "b"\n[[center.path]]\nhost = "c"'),
        ("/dev/ttyUSB0", "/dev/ttyUSB1"),
        ('allow = ["bypass", "clock"]', 'allow = ["clock"]'),
        ("journal_keep_days = 365", "journal_keep_days = 366"),
        ('technician = ["wang", "@field"]', 'technician = ["wang"]'),
        ('driver = "surgard"', 'driver = "modbus_map"\nprofile = "generic_di8"'),
        (INSTALLED[INSTALLED.index("[[camera]]") :], ""),
    ],
)
def test_what_a_center_decides_is_free(before: str, after: str) -> None:
    assert found(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ('id = "gw1"', 'id = "gw2"', "gateway.id"),
        ('data_dir = "data"', 'data_dir = "/tmp"', "gateway.data_dir"),
        ("[gateway]", '[gateway]\nidentity_key = "client.key"', "gateway.identity_key"),
        ("[gateway]", '[gateway]\ntpm = "/dev/tpmrm1"', "gateway.tpm"),
        ("[gateway]", '[gateway]\nsocket = "/tmp/s"', "gateway.socket"),
        ('name = "main"', 'name = "main"\nca = "other.pem"', "center[0].ca"),
        ('name = "main"', 'name = "main"\nkey = "identity.key"', "center[0].key"),
        ('name = "main"', 'name = "main"\ncertificate = "x"', "center[0].certificate"),
        *(
            ('name = "main"', f'name = "main"\n{name} = "x.pem"', f"center[0].{name}")
            for name in ("receipt_certificate", "command_certificate", "seal_certificate")
        ),
        ('"a:8443"', '"b:8443"', "center[0].enrolment"),
        ('name = "main"', 'name = "main"\nrequired = false', "center[0].required"),
        ('host = "p"', 'host = "b"', "center[1].path"),
        ("required = false", "required = true", "center[1].required"),
        ('driver = "surgard"', 'driver = "surgard"\nprofile = "x.toml"', "panel[0].profile"),
        ('driver = "surgard"', 'driver = "surgard"\nprofile = "/etc/x"', "panel[0].profile"),
        *(
            ('allow = ["bypass", "clock"]', f'allow = ["{word}"]', "panel[0].allow")
            for word in ("disarm", "arm", "output")
        ),
        ('[[panel]]', f"{NEW_PANEL}\n[[panel]]", "panel[0].allow"),
        ('technician = ["wang"', 'technician = ["wang", "li"', "access.technician"),
        ('[access]', '[access]\ninspector = ["wang"]', "access.inspector"),
        ("journal_keep_days = 365", "journal_keep_days = 364", "gateway.journal_keep_days"),
        ("journal_keep_days = 365", "", "gateway.journal_keep_days"),
        ('id = "gw1"', 'id = "gw1"\njournal_bytes_max = 99999999', "gateway.journal_bytes_max"),
        ("[access]", "[clips]\nkeep_days = 31\n\n[access]", "clips.keep_days"),
        ("http://tsa/", "http://other/", "anchor"),
        ("http://tsa/", 'http://tsa/"\ncertificate = "ca.pem', "anchor"),
        ('[anchor]\nurl = "http://tsa/"', "", "anchor"),
        ("[access]", "[sm2]\nevery_h = 1\n\n[access]", "sm2"),
        ("http://192.168.1.40/", "http://192.168.1.41/", "camera[0]"),
        ('"yard.password"', '"client.key"', "camera[0]"),
        ('snapshot_url', 'consent = ["image"]\nsnapshot_url', "camera[0]"),
    ],
)  # fmt: skip
def test_what_only_hands_on_site_may_change_is_named(before: str, after: str, key: str) -> None:
    assert found(before, after) == [key]


FREE = {
    *("site", "area", "zone", "schedule", "user", "maintenance", "device", "body", "diagnose"),
    "bus",
}
HELD = {"gateway", "access", "anchor", "sm2", "clips", "center", "panel", "camera"}


def test_of_every_part_of_a_configuration_it_is_decided_whether_a_center_may_change_it() -> None:
    """A part that is new names files or gives rights, or does not: then it is free."""
    assert set(Config.__struct_fields__) == FREE | HELD


def test_no_center_comes_or_goes_and_their_order_stays() -> None:
    police = INSTALLED[
        INSTALLED.index('[[center]]\nname = "police"') : INSTALLED.index("[[panel]]")
    ]
    assert found(police, "") == ["center"]
    third = police.replace("police", "third")
    assert found(police, police + third) == ["center"]
    main = INSTALLED[INSTALLED.index('[[center]]\nname = "main"') : INSTALLED.index(police)]
    assert found(main + police, police + main) == ["center"]


def test_another_center_changes_only_its_own_ways() -> None:
    assert found('host = "p"', 'host = "q"', "police") == []
    assert found('host = "a"', 'host = "q"', "police") == ["center[0].path"]


def test_a_new_panel_or_zone_is_one_that_the_charter_names() -> None:
    """The charter names zones 1 to 8 and 12 of `shop`, and all of `vault`; here runs `p1`."""

    def found(*zones: tuple[str, int], panels: tuple[str, ...] = ()) -> list[str]:
        new = "".join(NEW_PANEL.replace("p0", one).replace("USB9", one) for one in panels)
        told = "".join(f'\n[[zone]]\npanel = "{panel}"\nzone = {zone}\n' for panel, zone in zones)
        return [one.key for one in beyond(INSIDE, config(OLD_ZONE + new + told), CHARTER)]

    assert found() == [], "what is there already stays"
    assert found(("vault", 99), ("shop", 12), panels=("vault", "shop")) == []
    assert found(panels=("vault", "barn")) == ["panel[2]"]
    assert found(("shop", 9), ("p1", 4), panels=("shop",)) == ["zone[1]", "zone[2]"]


OLD_ZONE = f'{INSTALLED}\n[[zone]]\npanel = "p1"\nzone = 3\n'
INSIDE = config(OLD_ZONE)
