"""The product installed as the pages say, on a machine with a systemd of its own.

Agent, center and broker are services; one is killed and comes back; the identity key moves into a
systemd credential; a release is put into service, whoever does it is killed, and the unit goes on.

Seen to fail: with `Restart=` left out of the agent's unit, and with another program in the unit
that goes on with an update.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.cli.update import ROOT_DEFAULT
from hil.rig import wait_until
from tests.system.booted import Machine, booted
from tests.system.test_docs import BLOCK, ROOT, blocks
from tests.update.releases import KEY
from tests.update.whole_release import release

BIN = ROOT_DEFAULT / "current" / "bin"
HOST = "mqtt.example.com"  # as docs/center.md calls the broker
PANEL = """
[[panel]]
id = "p1"
driver = "surgard"
serial = { port = "/dev/null" }
"""

S_MAX = 400.0
"""Far above what an installation takes, also on a machine that is busy with all other tests."""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with booted(tmp_path) as made:
        made.run(f"echo 127.0.0.1 {HOST} >> /etc/hosts", Path("/"))
        yield made


def page(name: str, kind: str) -> list[str]:
    return blocks(ROOT / "docs" / name, kind)


def connected(machine: Machine) -> bool:
    said = machine.run(f"{BIN}/edge-agent status --json || true", Path("/"))
    return '"connected": true' in said


@pytest.mark.timeout(3 * S_MAX)
def test_it_is_installed_killed_moved_and_updated(machine: Machine, tmp_path: Path) -> None:
    install(machine, tmp_path)
    wait_until(lambda: connected(machine), machine.journal, S_MAX)
    assert "modbus_map" in machine.run(f"{BIN}/edge-agent drivers", Path("/"))

    machine.run("kill -KILL $(systemctl show -p MainPID --value edge-agent)", Path("/"))
    again = "systemctl show -p NRestarts -p ActiveState edge-agent"
    wait_until(lambda: "=1\nActiveState=active" in machine.run(again, Path("/")), machine.journal)

    keep_the_key_as_a_credential(machine)
    wait_until(lambda: connected(machine), machine.journal, S_MAX)

    update(machine, tmp_path)
    assert "gw1: good" in center(machine, "verify /var/lib/edge-center")
    told = center(machine, "events /var/lib/edge-center --type act --json")
    for word in ("begun", "confirmed"):
        assert word in told


def center(machine: Machine, words: str) -> str:
    return machine.run(f"setpriv {AS_CENTER} {BIN}/edge-center {words}", Path("/"))


AS_CENTER = "--reuid=edge-center --regid=edge-center --clear-groups"


def install(machine: Machine, folder: Path) -> None:
    """Do what docs/operations.md and docs/center.md say, gateway and center on one machine."""
    gateway, _ = page("operations.md", "sh root")
    (of_center,) = page("center.md", "sh root")
    python = ROOT / ".venv" / "bin" / "python"
    machine.run(
        f"cp -r {' '.join(str(ROOT / one) for one in SOURCES)} .\n"
        f"{python} -m hatchling build -t wheel -d dist\n"
        f"{ROOT}/.venv/bin/edge-center init center --gateway gw1 --host {HOST}\n"
        f"cat >> center/gateways/gw1/gateway.toml <<END\n{PANEL}END",
        folder,
        PYTHONPATH=str(ROOT),
    )
    quiet = "pip install --quiet --disable-pip-version-check"
    said = machine.run(gateway.replace("pip install", quiet), folder)
    assert "edge-agent" in said
    machine.run("cp -aT center /var/lib/edge-center && chown -R edge-center: $_", folder)
    machine.run(of_center, folder)
    limit = machine.run("systemctl show -p LimitNOFILE --value mosquitto", Path("/"))
    assert int(limit) > 100_000, "a connection is an open file"
    stat = "stat -c '%U %a %n' /etc/edge-agent/identity.key /var/lib/edge-center/receipt.key"
    owners = machine.run(stat, folder).splitlines()
    assert [one.rsplit(" ", 1)[0] for one in owners] == ["edge-agent 600", "edge-center 600"]


SOURCES = (
    *("README.md", "LICENSE", "pyproject.toml", "requirements", "edge_agent", "drivers"),
    *("config", "systemd", "hil"),
)


def keep_the_key_as_a_credential(machine: Machine) -> None:
    _, credential = page("operations.md", "sh root")
    texts = [text for kind, text in BLOCK.findall((ROOT / "docs/operations.md").read_text())]
    (drop_in,) = (text for text in texts if "LoadCredentialEncrypted" in text)
    (setting,) = (text for text in texts if text.startswith("identity_key = "))
    folder = "/etc/systemd/system/edge-agent.service.d"
    edit = f"mkdir -p {folder}\ncat > {folder}/override.conf <<END\n{drop_in}END\n"
    edit += f"sed -i 's|^identity_key = .*|{setting.strip()}|' gateway.toml\nrm identity.key"
    said = credential.replace("systemctl edit edge-agent", edit)
    machine.run(f"{said}\nsystemctl daemon-reload\nsystemctl restart edge-agent", Path("/"))
    assert "good" in machine.run(f"{BIN}/edge-agent check --config {CONFIG}", Path("/"))


CONFIG = "/etc/edge-agent/gateway.toml"


def update(machine: Machine, folder: Path) -> None:
    """Put a release into service; who does it is killed once it is on trial."""
    made = folder / "release"
    made.mkdir()
    file, digest = release(made)
    (folder / "release.pem").write_bytes(KEY.public.to_pem())
    machine.run(f"install -m 644 release.pem {ROOT_DEFAULT}/release.pem", folder)
    machine.run(
        f"{BIN}/edge-agent update {file} > update.log 2>&1 & by=$!\n"
        f"until grep -q trial {ROOT_DEFAULT}/update.json; do\n"
        f"    kill -0 $by || {{ cat update.log; exit 1; }}; sleep 0.1\ndone\nkill -KILL $by",
        folder,
    )
    status = f"{BIN}/edge-agent update status --json || true"

    def kept() -> bool:
        found = json.loads(machine.run(status, folder))
        return (found["current"], found["good"], found["under_way"]) == ("9.9", "9.9", None)

    wait_until(kept, machine.journal, S_MAX)
    assert re.search(r"edge-agent-update\.service", machine.journal())
    seen = json.loads(machine.run(f"{BIN}/edge-agent program --json", folder))
    assert (seen["digest"], seen["differences"], seen["signed"]) == (digest.hex(), [], True)
