"""From an alarm to a picture's hash at the center, with real processes and an emulated camera."""

import hashlib
from pathlib import Path
from typing import Any

from hil.cameras import Camera, Fault, on_thread
from hil.rig import Panel, Stack, run, wait_until

CAMERAS = """
[[camera]]
id = "front"
sees = [{{ panel = "p1", zones = [4] }}]
consent = ["image"]
snapshot_url = "{front}"
user = "gateway"
password_file = "front.password"
pictures = 2
every_s = 0.2
[[camera]]
id = "back"
sees = [{{ panel = "p1" }}]
consent = ["image"]
snapshot_url = "{back}"
[[camera]]
id = "private"
sees = [{{ panel = "p1" }}]
snapshot_url = "{front}"
"""


def test_an_alarm_becomes_a_hash_at_the_center_and_a_silent_camera_delays_nothing(
    tmp_path: Path,
) -> None:
    front, back = Camera(user="gateway", password="s3cret"), Camera()
    back.fault = Fault.SILENT
    stack = Stack([Panel("p1", end="tcp")], folder=tmp_path)
    with on_thread(front), on_thread(back):
        try:
            stack.prepare()
            secret = stack.gateway / "front.password"
            secret.write_text("s3cret")
            secret.chmod(0o600)
            stack.configure(CAMERAS.format(front=front.url(), back=back.url()))
            for part in (stack.broker, stack.center, stack.agent):
                part.start()
            stack.agent.wait_well()
            tell(stack, front)
        finally:
            stack.close()
    assert "s3cret" not in stack.agent.said()


def tell(stack: Stack, front: Camera) -> None:
    panel = stack.panel("p1")
    panel.tell("alarm zone=4 area=1")
    panel.wait_acked(1)  # the silent camera has taken a connection and says nothing

    def clips() -> list[dict[str, Any]]:
        bodies = [one["body"] for one in stack.center.events() if one["type"] == "clip"]
        return [body for body in bodies if body["camera"] == "front"]

    wait_until(clips, "a clip at the center")
    (body,) = clips()
    assert (body["what"], body["zone"]) == ("kept", 4)
    given = front.given[:2]  # a slow machine comes to the first look
    digests = [hashlib.sha256(data).hexdigest() for data in given]
    assert [part["sha256"] for part in body["parts"]] == digests
    events = stack.center.events()
    # a panel that waited long for its ACK has said it again
    alarms = [one for one in events if one["body"].get("kind") == "burglary"]
    assert body["alarm"] in [f"{one['epoch']}/{one['seq']}" for one in alarms]

    config = str(stack.agent.config)
    out = stack.folder / "out"
    out.mkdir()
    asked = ("clips", "get", body["clip"], "--out", str(out), "--purpose", "case 7")
    run("edge_agent", *asked, "--config", config)
    assert [file.read_bytes() for file in sorted(out.iterdir())] == given
    for file in out.iterdir():
        file.unlink()
    afar = ("clip", str(stack.center.folder), "gw1", body["clip"], "--by", "Li")
    run("edge_agent.center.cli", *afar, "--out", str(out))
    assert [file.read_bytes() for file in sorted(out.iterdir())] == given
    acts = [one["body"] for one in stack.agent.events() if one["type"] == "act"]
    read = [one["detail"] for one in acts if one["what"] == "read"]
    assert f"clip {body['clip']}; case 7" in read
    assert any("Li, operator of " in one["actor"] for one in acts if one["what"] == "read")
    assert "gw1: good" in stack.center.verify()
    said = stack.agent.status()["cameras"]
    assert said["private"] == {"gives": [], "known": False, "wrong": None}
