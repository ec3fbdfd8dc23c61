"""One gateway, two real centers with a broker each: neither waits for the other.

Seen to fail: with one uplink for all centers the living one gets nothing while the other is away;
with receipts of one center counted for all, the other never gets what it missed.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.rig import Broker, Center, Count, Panel, Stack, free_port, run, wait_until
from hil.rig.parts import CENTER
from hil.rig.stack import GATEWAY


def _enrol(folder: Path, identity: Path) -> int:
    """Make a center that knows the gateway by `identity`, the key it has; return its port."""
    port = free_port()
    words = ("init", folder, "--gateway", GATEWAY, "--port", str(port))
    run(CENTER, *words)
    own = folder / "gateways" / GATEWAY
    shutil.copy(identity, own / "identity.key")
    (own / "identity.pem").unlink()
    (folder / "identities" / f"{GATEWAY}.pem").unlink()
    run(CENTER, *words)
    return port


class TwoCenters:
    """A stack, and beside it a second center, `police`, with a broker of its own."""

    def __init__(self, *, required: bool) -> None:
        self.stack = Stack([Panel("p1")])
        self.stack.prepare()
        folder = self.stack.folder / "police"
        port = _enrol(folder, self.stack.gateway / "identity.key")
        shutil.copytree(folder / "gateways" / GATEWAY, self.stack.gateway / "police")
        files = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
        files["receipt_certificate"] = "receipt.pem"
        keys = "".join(f'{key} = "police/{name}"\n' for key, name in files.items())
        self.stack.configure(
            f'[[center]]\nname = "police"\nrequired = {str(required).lower()}\n{keys}'
            f'[[center.path]]\nhost = "localhost"\nport = {port}\n'
        )
        self.broker = Broker(folder, self.stack.folder / "police-broker.log")
        self.police = Center(folder, self.stack.folder / "police.log")
        self.parts = [self.stack.broker, self.broker, self.stack.center, self.police]

    def start(self) -> None:
        for part in [*self.parts, self.stack.agent]:
            part.start()
        for center in (self.stack.center, self.police):
            center.wait_ready()
        self.stack.agent.wait_well()

    def close(self) -> None:
        self.police.close()
        self.broker.close()
        self.stack.close()

    def facts(self, number: int) -> dict[str, object]:
        found: dict[str, object] = self.stack.agent.status()["centers"][number]
        return found

    def say(self, zone: int) -> None:
        """Let the panel report, and wait until the stack's own center has receipted it."""
        self.stack.panels[0].tell(f"alarm zone={zone}")
        wait_until(self.stack.panels[0].quiet, "acknowledged")
        wait_until(lambda: self.facts(0)["outstanding"] == 0, "receipted")


@pytest.fixture
def two(request: pytest.FixtureRequest) -> Iterator[TwoCenters]:
    made = TwoCenters(required=request.param)
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("two", [True], indirect=True)
def test_a_center_that_is_away_delays_nobody_and_gets_all_when_it_is_back(two: TwoCenters) -> None:
    two.say(1)
    two.police.kill()
    two.broker.kill()
    for zone in range(2, 6):
        two.say(zone)
    assert two.facts(1)["outstanding"]
    assert two.stack.agent.outstanding(), "kept for the one that is away"
    two.stack.kill_agent()
    two.stack.agent.start()
    two.stack.agent.wait_ready()
    two.say(6)
    two.broker.start()
    two.police.start()
    two.stack.settle()
    assert two.stack.count() == Count()
    assert two.stack.count(two.police.events()) == Count()
    for center in (two.stack.center, two.police):
        center.verify()


@pytest.mark.parametrize("two", [False], indirect=True)
def test_a_center_that_is_not_required_is_supplied_and_not_waited_for(two: TwoCenters) -> None:
    two.say(1)
    wait_until(lambda: two.facts(1)["outstanding"] == 0, "the police have it too")
    two.police.kill()
    two.broker.kill()
    two.say(2)
    wait_until(lambda: two.stack.agent.outstanding() == 0, "nothing is waited for")
    assert two.facts(1)["outstanding"]
    two.broker.start()
    two.police.start()
    wait_until(lambda: two.facts(1)["outstanding"] == 0, "supplied all the same")
    assert two.stack.count(two.police.events()) == Count()
