"""`edge-agent check`: what is named is looked at, and each bad thing has a remedy."""

import json
import os
import re
from pathlib import Path

import pytest

from edge_agent.center.cli import main as center
from edge_agent.cli import main
from edge_agent.config import load
from edge_agent.daemon.charter import KEPT
from edge_agent.daemon.looking import files
from tests.evidence.test_charter import SIGNED

NOBODY = 65534


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Credentials as a center makes them, with a pty as serial port."""
    folder = tmp_path_factory.mktemp("check")
    assert center(["init", str(folder / "center"), "--gateway", "gw1"]) == 0
    return folder / "center" / "gateways" / "gw1"


@pytest.fixture
def config(made: Path, tmp_path: Path) -> Path:
    _, terminal = os.openpty()
    (tmp_path / "port").symlink_to(os.ttyname(terminal))
    for file in made.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
        (tmp_path / file.name).chmod(0o600)
    file = tmp_path / "gateway.toml"
    text = file.read_text().replace("[gateway]", '[gateway]\ndata_dir = "data"', 1)
    panel = f'\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = {{ port = "{tmp_path}/port" }}\n'
    file.write_text(text + panel)
    return file


def findings(config: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    capsys.readouterr()
    code = main(["check", "-c", str(config), "--json"])
    said = json.loads(capsys.readouterr().out)
    bad = {one["what"]: one["detail"] + " | " + one["remedy"] for one in said["findings"]}
    good = {one["what"] for one in said["findings"] if one["good"]}
    return code, {what: text for what, text in bad.items() if what not in good}


def test_all_good(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert findings(config, capsys) == (0, {})
    assert main(["check", "-c", str(config)]) == 0
    assert "0 to mend" in capsys.readouterr().out


def test_a_missing_port_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "port").unlink()
    code, bad = findings(config, capsys)
    assert code == 1
    assert "is not there" in bad["panel p1"]


def test_an_open_or_missing_identity_key_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "identity.key").chmod(0o644)
    assert "identity key" in findings(config, capsys)[1]
    (config.parent / "identity.key").unlink()
    assert "identity key" in findings(config, capsys)[1]


def test_a_key_that_does_not_fit_its_certificate_is_named(
    config: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "client.key").write_bytes((made.parent.parent / "server.key").read_bytes())
    assert "center center, TLS files" in findings(config, capsys)[1]


def test_a_receipt_key_of_another_center_is_named(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert center(["init", str(tmp_path / "other"), "--gateway", "gw1"]) == 0
    (config.parent / "receipt.pem").write_bytes((tmp_path / "other" / "receipt.pem").read_bytes())
    assert "center center, receipt key" in findings(config, capsys)[1]


def test_every_path_of_every_center_is_looked_at(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second center's files are not there; the first one's second path has no network."""
    text = config.read_text()
    spare = '[[center.path]]\nhost = "spare"\ninterface = "nosuch0"\n'
    police = '[[center]]\nname = "police"\nreceipt_certificate = "none.pem"\n'
    ways = '[[center.path]]\nhost = "p"\ninterface = "lo"\n'
    config.write_text(text.replace("[[panel]]", f"{spare}{police}{ways}[[panel]]", 1))
    code, bad = findings(config, capsys)
    assert code == 1
    assert "no network interface nosuch0; there are: " in bad["center center, path spare:8883"]
    assert "center police, receipt key" in bad
    assert "center police, path p:8883" not in bad


def test_a_short_life_of_the_certificate_is_named(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert center(["init", str(tmp_path / "short"), "--gateway", "gw1", "--days", "3"]) == 0
    for name in ("ca.pem", "client.pem", "client.key", "receipt.pem"):
        made = tmp_path / "short" / "gateways" / "gw1" / name
        (config.parent / name).write_bytes(made.read_bytes())
    code, bad = findings(config, capsys)
    assert code == 1
    assert "expires soon" in bad["center center, certificate"]


def test_a_folder_that_this_user_may_not_enter_is_a_finding(config: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    text = config.read_text().replace('data_dir = "data"', f'data_dir = "{closed}/a/b"')
    config.write_text(text.replace(f"{tmp_path}/port", f"{closed}/port"))
    loaded = load(config)
    list(files(loaded))  # loads what this user could not
    user = os.getuid()
    someone = NOBODY if user == 0 else user
    os.setresuid(someone, someone, user)
    try:
        bad = {finding.what for finding in files(loaded) if not finding.good}
    finally:
        os.setresuid(user, user, user)
    assert {"data folder", "panel p1"} <= bad


def test_a_configuration_error_is_78(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text().replace("surgard", "surgrad"))
    assert main(["check", "-c", str(config)]) == 78
    assert "surgard" in capsys.readouterr().err


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "edge-agent gateway.toml"


def test_cameras_are_looked_at_without_asking_them(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sees = 'sees = [{ panel = "p1" }]'
    config.write_text(
        f"""{config.read_text()}
[[camera]]
id = "front"
{sees}
snapshot_url = "http://10.0.0.1/picture"
consent = ["image"]
user = "gateway"
password_file = "front.password"
[[camera]]
id = "yard"
{sees}
snapshot_url = "https://cam.example/"
ca = "ca.pem"
"""
    )
    code, bad = findings(config, capsys)
    assert (code, set(bad)) == (1, {"camera front"})
    assert "front.password" in bad["camera front"]
    secret = config.parent / "front.password"
    secret.write_text("x")
    secret.chmod(0o600)
    assert main(["check", "-c", str(config)]) == 0
    said = capsys.readouterr().out
    assert "10.0.0.1:80, by plain http" in said
    assert "put others there" in said
    assert "cam.example:443, no consent" in said


def against(
    config: Path, text: str, capsys: pytest.CaptureFixture[str], center: str = "center"
) -> list[str]:
    """What speaks against a configuration in the place of the one that is there."""
    wanted = config.with_name("wanted.toml")
    wanted.write_text(text)
    words = ["check", "--replacing", str(config), "--for-center", center]
    capsys.readouterr()
    code = main([*words, "-c", str(wanted), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert code == (0 if said["good"] else 1)
    assert (main([*words, "-c", str(wanted)]) == 0) is said["good"]
    problems: list[str] = said["problems"]
    return problems


def test_what_speaks_against_one_in_the_place_of_another_is_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text()
    assert against(config, text, capsys) == []
    assert against(config, text.replace("8883", "8884"), capsys) == []
    assert "changed on site only" in against(config, text.replace("8883", "8884"), capsys, "x")[0]
    assert "unknown key" in against(config, text + "nonsense = 1\n", capsys)[0]
    assert "nonsense" in against(config, text.replace('"surgard"', '"nonsense"'), capsys)[0]
    port = str(config.parent / "port")
    [gone] = against(config, text.replace(port, f"{port}2"), capsys)
    assert "is not there" in gone


def test_a_zone_outside_of_the_charter_speaks_against_one(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = config.read_text() + '\n[[zone]]\npanel = "p1"\nzone = 4\n'
    kept = config.parent / "data" / KEPT
    kept.parent.mkdir()
    kept.write_bytes(b"damaged")
    assert against(config, text, capsys) == []
    kept.write_bytes(SIGNED.data)
    [problem] = against(config, text, capsys)
    assert problem.startswith("zone[0] (found zone 4 of p1): charter 1 does not name it")


def test_what_is_bad_already_does_not_speak_against_a_new_one(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "port").unlink()
    assert against(config, config.read_text().replace("8883", "8884"), capsys) == []


def test_files_that_are_not_what_their_names_say_are_named(
    config: Path, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a hand mixes up: certificates, keys and modes."""
    folder, tls = config.parent, "center center, TLS files"
    texts = {name: (folder / name).read_bytes() for name in ("client.pem", "receipt.pem")}

    def said(what: str) -> str:
        return findings(config, capsys)[1][what]

    (folder / "receipt.pem").write_bytes(texts["client.pem"])
    assert "no signing key's | name the center's receipt.pem" in said("center center, receipt key")
    (folder / "receipt.pem").write_text("junk")
    assert "https" not in said("center center, receipt key")
    (folder / "client.pem").write_text("")
    assert "and key file" in said(tls)
    assert "look into both" in said(tls)
    assert center(["init", str(made.parent.parent), "--gateway", "gw2"]) == 0
    (folder / "client.pem").write_bytes((made.parent / "gw2" / "client.pem").read_bytes())
    assert "was not made for the key file" in said(tls)
    (folder / "client.pem").write_bytes(texts["client.pem"])
    (folder / "client.key").chmod(0o644)
    assert "others can use it (mode 0644) | Run: chmod 600" in said(tls)
    (folder / "client.key").chmod(0o600)
    config.write_text(config.read_text().replace('id = "gw1"', 'id = "gw2"'))
    assert "is made for gw1, and `id` of [gateway] is gw2" in said(tls)


def test_a_port_that_is_a_file_is_no_serial_port(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "port").unlink()
    (config.parent / "port").write_text("")
    assert "is no serial port" in findings(config, capsys)[1]["panel p1"]


def test_everything_is_said_in_chinese(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "port").unlink()
    capsys.readouterr()
    assert main(["check", "-c", str(config), "--lang", "zh"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert f"异常  主机 p1：{tmp_path}/port 不存在" in said
    assert "正常  接警中心 center，回执密钥：由接警中心的 CA 签发" in said
    assert said[-1] == f"{config}：检查 7 项，需处理 1 项"
    english = [line for line in said if not re.search("[\u4e00-\u9fff]", line)]
    assert not english
    wanted = tmp_path / "wanted.toml"
    wanted.write_text(config.read_text().replace("[gateway]", "[gateway]\ntpm = 3", 1))
    words = ["check", "-c", str(wanted), "--replacing", str(config), "--lang", "zh"]
    assert main(words) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "异常  gateway.tpm（现为 3）：请填写文字，加引号"
    assert told[-1].endswith("1 项不允许")
    assert main(["check", "-c", str(wanted), "--lang", "zh"]) == 78
    refused = capsys.readouterr().err.splitlines()
    assert refused == [
        "edge-agent：配置不可用",
        f"{wanted}：gateway.tpm（现为 3）：请填写文字，加引号",
    ]
