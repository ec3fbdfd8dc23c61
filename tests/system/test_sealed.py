"""A gateway seals what it sends, and its center its commands: the broker can read neither.

Seen to fail: with the seal left out of `Connections`, the broker's listener reads envelopes; with
the key left out of the heartbeat, a command goes as it is.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.evidence.sealed import is_sealed
from hil.rig import Panel, Stack, run, wait_until
from hil.rig.parts import CENTER
from hil.rig.stack import GATEWAY

COMMENT = '# seal_certificate = "seal.pem"'


@pytest.fixture
def stack() -> Iterator[Stack]:
    made = Stack([Panel("p1")])
    try:
        made.prepare()
        made.configure(edit=lambda text: text.replace(COMMENT, COMMENT.removeprefix("# ")))
        made.broker.start()
        made.center.start()
        made.center.wait_ready()
        yield made
    finally:
        made.close()


def say(stack: Stack, zone: int) -> None:
    stack.panels[0].tell(f"alarm zone={zone}")
    wait_until(stack.panels[0].quiet, "acknowledged")
    wait_until(lambda: stack.agent.status()["centers"][0]["outstanding"] == 0, "receipted")


@contextmanager
def listening(stack: Stack, holder: Path, heard: Path, *topics: str) -> Iterator[None]:
    """Write down what the broker passes on to the holder of a certificate, as it comes."""
    words = ["mosquitto_sub", "-h", "localhost", "-p", str(stack.broker.port), "-q", "1"]
    words += ["-F", "%x"]
    words += ["--cafile", f"{stack.folder}/center/ca.pem"]
    words += ["--cert", f"{holder}.pem", "--key", f"{holder}.key"]
    words += [word for topic in topics for word in ("-t", topic)]
    with heard.open("wb") as out, subprocess.Popen(words, stdout=out) as listener:
        try:
            yield
        finally:
            listener.terminate()  # in order: what it heard is written out


def test_the_center_holds_what_the_broker_cannot_read(stack: Stack, tmp_path: Path) -> None:
    center, own = stack.folder / "center", stack.gateway
    up = ("edge/v1/+/alarms", "edge/v1/+/events", "edge/v1/+/replies")
    with (
        listening(stack, center / "center", tmp_path / "up", *up),
        listening(stack, own / "client", tmp_path / "down", f"edge/v1/{GATEWAY}/commands"),
    ):
        stack.agent.start()
        stack.agent.wait_well()
        say(stack, 3)
        by = ("--by", "Li Na", "--wait", "60", "--json")
        told = run(CENTER, "command", center, GATEWAY, "state", *by)
        assert json.loads(told.stdout)["outcome"] == "done"
    for heard in (tmp_path / "up", tmp_path / "down"):
        messages = [bytes.fromhex(line) for line in heard.read_text().split()]
        assert messages
        assert all(is_sealed(message) for message in messages)
    # a new key, which the gateway has not yet: the old one still opens
    run(CENTER, "init", center, "--new-seal")
    stack.center.stop()
    stack.center.start()
    stack.center.wait_ready()
    say(stack, 4)
    count = stack.count()
    assert count.lost == count.doubled == ()
