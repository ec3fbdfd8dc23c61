"""What an operator or the site gets wrong: named with cause and remedy, and nothing else suffers.

Several faults share an agent, for start-up is what costs time; in each story one good panel is
proven to be read all the while.

Seen to fail when: a line that cannot be opened raises out of its task; the uplink gives up after
its first round of paths; the agent ends without its identity key; the lock is not taken.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_agent.center import credentials
from edge_agent.center.credentials import Authority, Subject, Use
from edge_agent.clock import SystemClock
from hil.rig import Agent, Broker, Count, Panel, Stack, free_port, run, wait_until
from hil.rig.parts import CENTER

GOOD = "good"  # the panel that nothing is wrong with
REPEAT_S = 1.0  # short, so that what a fault made a receiver repeat comes soon


def _receiver(name: str, end: str = "tcp", heartbeat_s: float = 30.0) -> Panel:
    given = ("--repeat-s", str(REPEAT_S), "--heartbeat-s", str(heartbeat_s))
    options = {"repeat_after_s": REPEAT_S, "heartbeat_s": heartbeat_s}
    return Panel(name, end=end, arguments=given, options=options)


def _said(agent: Agent, **wanted: str) -> list[dict[str, Any]]:
    """Return the agent's log lines that have all of `wanted`."""
    lines = [json.loads(one) for one in agent.said().splitlines() if one.startswith("{")]
    return [one for one in lines if wanted.items() <= one.items()]


def _good_is_read(stack: Stack) -> None:
    """One more alarm of the good panel is acknowledged."""
    panel = stack.panel(GOOD)
    count = len(panel.in_state("acked"))
    panel.tell(f"alarm zone={count + 1} area=9")
    panel.wait_acked(count + 1)


# ---- the agent itself


def test_an_orderly_stop_is_known_at_the_center_at_once_and_a_kill_is_not(tmp_path: Path) -> None:
    """Seen to fail without the last heartbeat: for a minute the gateway was shown as online."""
    with Stack([_receiver(GOOD)], folder=tmp_path) as stack:
        stack.agent.wait_well()

        def state() -> str:
            return str(stack.center.fleet()["gw1"]["state"])

        wait_until(lambda: state() == "online", "online")
        stack.agent.stop()
        assert state() == "stopped"
        stack.agent.start()
        wait_until(lambda: state() == "online", "online again")
        stack.agent.kill()
        assert state() == "online", "nobody can know yet"


# ---- lines and panels


@pytest.fixture(scope="module")
def lines() -> Iterator[Stack]:
    """An agent with everything wrong that a line can have, and one good panel."""
    stack = Stack(
        [
            _receiver(GOOD),
            _receiver("pulled", "pty"),
            _receiver("dirty", "pty"),
            _receiver("silent", heartbeat_s=1.0),
        ]
    )
    missing = stack.folder / "ttyUSB7"
    table = f'[[panel]]\nid = "missing"\ndriver = "surgard"\nserial = {{ port = "{missing}" }}\n'
    try:
        stack.prepare()
        stack.configure(table)
        for part in (stack.broker, stack.center, stack.agent):
            part.start()
        stack.agent.wait_ready()
        yield stack
    finally:
        stack.close()


def test_a_missing_serial_port(lines: Stack) -> None:
    """It is named once, the port is waited for, and read as soon as it is there."""
    late = _receiver("late", "pty")
    lines.agent.wait(lambda: _said(lines.agent, event="line.down", panel="missing"), "line.down")
    [line] = _said(lines.agent, event="line.down", panel="missing")
    assert "ttyUSB7" in line["line"]
    assert "No such file" in line["cause"] or "not there" in line["cause"], line
    assert "/dev/serial/by-id" in line["remedy"] or "plug" in line["remedy"], line
    _good_is_read(lines)
    late.start(lines.folder)
    try:
        (lines.folder / "ttyUSB7").symlink_to(late.link)
        late.tell("alarm zone=77")
        late.wait_acked(1)
    finally:
        late.close()


def test_a_port_unplugged_and_back_under_load(lines: Stack) -> None:
    """What was said before, during and after is acknowledged, and at the center once."""
    panel = lines.panel("pulled")
    panel.tell("plan traffic rate=40 seconds=2")
    panel.wait_acked(10)
    panel.tell("unplug 0.4")
    lines.agent.wait(lambda: _said(lines.agent, event="line.down", panel="pulled"), "line.down")
    _good_is_read(lines)
    panel.wait_acked(80)
    [line] = _said(lines.agent, event="line.down", panel="pulled")
    assert line["cause"]
    assert line["remedy"]
    assert _said(lines.agent, event="line.back", panel="pulled")
    lines.settle()
    assert lines.count([row for row in lines.center.events() if _is_of(row, lines)]) == Count()


def _is_of(row: dict[str, Any], stack: Stack) -> bool:
    """Tell whether the row is not of the port that another test plugs in."""
    return row["body"].get("panel") in stack.ledgers()


def test_a_silent_panel(lines: Stack) -> None:
    """Three heartbeats missed: said in log, event and status."""
    panel = lines.panel("silent")
    lines.agent.wait(lambda: lines.agent.status()["panels"]["silent"]["online"], "online")
    before = len(_said(lines.agent, kind="silence"))  # a busy machine may have starved it
    panel.tell("silence 3600")
    lines.agent.wait(lambda: len(_said(lines.agent, kind="silence")) > before, "silence")
    line = _said(lines.agent, kind="silence")[-1]
    assert line["panel"] == "silent"
    assert "no heartbeat" in line["detail"]
    assert "check that the panel is on" in line["remedy"]
    assert lines.agent.status()["panels"]["silent"]["online"] is False
    _good_is_read(lines)
    wait_until(
        lambda: any(
            row["body"].get("panel") == "silent" and row["body"].get("online") is False
            for row in lines.center.events("--type", "link")
        ),
        "the center knows",
    )


def test_garbage_on_the_line(lines: Stack) -> None:
    """It is counted, named with a remedy, invents nothing, and the panel is heard all the same."""
    panel = lines.panel("dirty")
    panel.tell("alarm zone=1")
    panel.wait_acked(1)  # the line is open: what is said into the air reaches nobody
    panel.tell(*["garbage 300"] * 3, "alarm zone=2", "garbage 40")
    panel.wait_acked(2)
    _good_is_read(lines)
    lines.agent.wait(lambda: lines.agent.status()["panels"]["dirty"]["faults"], "counted")
    said = _said(lines.agent, event="panel.fault", panel="dirty", level="warning")
    assert said
    assert all("baud rate" in line["remedy"] for line in said if line["kind"] != "unsupported")
    lines.agent.wait(lambda: not lines.agent.outstanding(), "all receipted")
    dirty = [row for row in lines.center.events("--type", "signal") if _panel(row) == "dirty"]
    assert [row["body"]["zone"] for row in dirty] == [1, 2]


def _panel(row: dict[str, Any]) -> str | None:
    panel: str | None = row["body"].get("panel")
    return panel


def test_a_second_agent_on_the_same_journal(lines: Stack, tmp_path: Path) -> None:
    second = Agent(lines.agent.config, tmp_path / "second.log", "second agent")
    second.start()
    assert second.wait_end() == 1
    assert lines.agent.process is not None
    assert f"in use by process {lines.agent.process.pid}" in second.said()
    assert "stop the other first" in second.said()
    _good_is_read(lines)


# ---- files of the operator


def test_an_unknown_configuration_key(lines: Stack, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(
        lines.agent.config.read_text().replace("[gateway]\n", "[gateway]\nsite = 1\n")
    )
    done = run("edge_agent", "run", "--config", config, code=78)
    assert f"{config}: gateway.site" in done.stderr
    assert "unknown key" in done.stderr
    assert "allowed here" in done.stderr


def test_unreadable_keys() -> None:
    """Without any usable key panels are read and acknowledged; mended files are taken up."""
    stack = Stack([_receiver(GOOD)])
    try:
        stack.prepare()
        identity, client = stack.gateway / "identity.key", stack.gateway / "client.key"
        identity.chmod(0o644)
        whole = client.read_bytes()
        client.write_bytes(b"no key\n")
        for part in (stack.broker, stack.center, stack.agent):
            part.start()
        _good_is_read(stack)
        [line] = _said(stack.agent, event="identity key unusable")
        assert "identity.key" in line["cause"]
        assert "chmod 600" in line["cause"]
        assert "not vouched for" in line["then"]
        stack.agent.wait(lambda: "client.key" in _reason(stack.agent), "the TLS key is named")
        assert "each is PEM, and the key has no password" in _reason(stack.agent)
        _good_is_read(stack)
        client.write_bytes(whole)
        stack.settle()
        assert stack.count() == Count()
        [genesis] = stack.center.events("--type", "genesis")
        assert "unvouched" in genesis["marks"]
    finally:
        stack.close()


def _reason(agent: Agent) -> str:
    return str((agent.status() or {"centers": [{}]})["centers"][0].get("reason", ""))


# ---- brokers


def test_brokers_that_are_down_expired_foreign_or_elsewhere(tmp_path: Path) -> None:
    """Each path is named with cause and remedy; the one that comes up at last is used."""
    stack = Stack([_receiver(GOOD)])
    others: list[Broker] = []
    try:
        stack.prepare()
        center = stack.folder / "center"
        others = [_expired(center, tmp_path / "expired"), _foreign(tmp_path / "foreign")]
        for broker in others:
            broker.start()
            broker.wait_ready()
        # the own broker shows a certificate for localhost and 127.0.0.1; it starts at the end
        expired, foreign = others
        dead = free_port()
        ways = [("localhost", foreign.port), ("localhost", expired.port), ("localhost", dead)]
        elsewhere = Broker(center, tmp_path / "elsewhere.log")
        others.append(elsewhere)
        elsewhere.start()
        elsewhere.wait_ready()
        extra = "".join(f'[[center.path]]\nhost = "{h}"\nport = {p}\n' for h, p in ways)
        stack.configure(edit=lambda text: _with_paths(text, extra))
        stack.center.start()
        stack.agent.start()
        _good_is_read(stack)
        for place, cause, remedy in (
            (f"127.0.0.2:{elsewhere.port}", "certificate for another host", "write `host` as"),
            (f"localhost:{foreign.port}", "is not of our CA", "check that `ca` is the center's"),
            (f"localhost:{expired.port}", "has expired", "renew it at the center"),
            (f"localhost:{dead}", "nobody listens", "check that the broker runs"),
        ):
            stack.agent.wait(partial(_paths_lost, stack, place), f"{place} lost")
            [reason] = _paths_lost(stack, place)
            assert cause in reason
            assert remedy in reason
        _good_is_read(stack)
        late = Broker(_moved(center, tmp_path / "late", dead), tmp_path / "late.log")
        others.append(late)
        late.start()
        stack.center.stop()
        _point(center, dead)
        stack.center.start()
        stack.settle()
        assert stack.count() == Count()
    finally:
        stack.close()
        for broker in others:
            broker.close()


def _paths_lost(stack: Stack, place: str) -> list[str]:
    return [line["reason"] for line in _said(stack.agent, event="path lost", path=place)]


def _with_paths(text: str, extra: str) -> str:
    """Call the own broker by an address that its certificate does not name, and add paths."""
    text = text.replace('host = "localhost"', 'host = "127.0.0.2"', 1)
    at = text.index("[[panel]]")
    return f"{text[:at]}{extra}{text[at:]}"


def _moved(center: Path, folder: Path, port: int, **files: Path) -> Path:
    """Write the configuration of a further broker for this center."""
    folder.mkdir(exist_ok=True)
    lines = []
    for line in (center / "mosquitto.conf").read_text().splitlines():
        name = line.partition(" ")[0]
        value = {"listener": str(port), **{key: str(file) for key, file in files.items()}}
        lines.append(f"{name} {value[name]}" if name in value else line)
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    return folder


def _point(center: Path, port: int) -> None:
    """Let the center use another broker."""
    settings = center / "center.toml"
    lines = settings.read_text().splitlines()
    changed = [f"port = {port}" if line.startswith("port = ") else line for line in lines]
    settings.write_text("\n".join(changed) + "\n")


def _expired(center: Path, folder: Path) -> Broker:
    """Return a broker of this center whose certificate has expired a year ago."""
    folder.mkdir()
    key = load_pem_private_key((center / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    ca = x509.load_pem_x509_certificate((center / "ca.pem").read_bytes())
    own = credentials.new_tls_key()
    then = credentials.utc(SystemClock().stamp().wall_ns or 0) - timedelta(days=400)
    subject = Subject("localhost", Use.SERVER, ("localhost",))
    made = credentials.certify(Authority(key, ca), own.public_key(), subject, then, 1)
    (folder / "server.pem").write_bytes(credentials.certificate_pem(made))
    (folder / "server.key").write_bytes(credentials.key_pem(own))
    files = {"certfile": folder / "server.pem", "keyfile": folder / "server.key"}
    return Broker(_moved(center, folder, free_port(), **files), folder / "broker.log")


def _foreign(folder: Path) -> Broker:
    """Return a broker of somebody else's center."""
    run(CENTER, "init", folder, "--gateway", "gw1", "--port", str(free_port()))
    return Broker(folder, folder / "broker.log")


def test_a_ca_that_is_not_the_centers(tmp_path: Path) -> None:
    """The agent's own file is wrong: named, and taken up when it is mended."""
    stack = Stack([_receiver(GOOD)])
    try:
        stack.prepare()
        run(CENTER, "init", tmp_path / "other")
        whole = (stack.gateway / "ca.pem").read_bytes()
        shutil.copy(tmp_path / "other" / "ca.pem", stack.gateway / "ca.pem")
        for part in (stack.broker, stack.center, stack.agent):
            part.start()
        _good_is_read(stack)
        stack.agent.wait(lambda: "not signed by the CA" in _reason(stack.agent), "CA named")
        assert "both files must come from the same center" in _reason(stack.agent)
        (stack.gateway / "ca.pem").write_bytes(whole)
        stack.settle()
        assert stack.count() == Count()
    finally:
        stack.close()
