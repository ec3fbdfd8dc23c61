"""A gateway seals what it sends: its center holds it, and the broker cannot read it.

Seen to fail: with the seal left out of `Connections`, the broker's listener reads envelopes.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.evidence.sealed import is_sealed
from hil.rig import Panel, Stack, run, wait_until
from hil.rig.parts import CENTER

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


def test_the_center_holds_what_the_broker_cannot_read(stack: Stack, tmp_path: Path) -> None:
    center, heard = stack.folder / "center", tmp_path / "heard"
    words = [
        "mosquitto_sub",
        "-h",
        "localhost",
        "-p",
        str(stack.broker.port),
        "-q",
        "1",
        "-F",
        "%x",
    ]
    words += ["--cafile", f"{center}/ca.pem", "--cert", f"{center}/center.pem"]
    words += ["--key", f"{center}/center.key", "-t", "edge/v1/+/alarms", "-t", "edge/v1/+/events"]
    with heard.open("wb") as out, subprocess.Popen(words, stdout=out) as listener:
        try:
            stack.agent.start()
            stack.agent.wait_well()
            say(stack, 3)
        finally:
            listener.terminate()  # in order: what it heard is written out
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
