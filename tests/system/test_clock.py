"""A gateway that starts in 1970, with a real broker over TLS and a real center.

The whole agent runs in this process, so that its clocks can be handed in; nothing else is faked.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_agent.agent import Agent
from edge_agent.center import credentials
from edge_agent.center.credentials import Authority, Subject, Use
from edge_agent.clock import Changed, ClockWatch, Now, SystemClock, Told
from edge_agent.config import load
from edge_agent.discipline import Discipline
from edge_agent.domain.stamp import Stamp, Trust
from tests.broker import found_center
from tests.system.center_rig import Server, command
from tests.uplink.rig import until

DAY_NS = 86_400_000_000_000


class Clock1970:
    """The machine's boot time, and a wall clock that nobody ever set."""

    def __init__(self) -> None:
        self._boot_id = SystemClock().stamp().boot_id
        self._started_ns = self.boottime_ns()
        self._news: list[Changed] = []
        self.watch = ClockWatch(battery=False)
        self.look()

    def boottime_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def stamp(self) -> Stamp:
        return Stamp(self._wall_ns(), self.boottime_ns(), self._boot_id, self.watch.trust)

    def now(self) -> Now:
        return self.watch.now(self._wall_ns(), self.boottime_ns())

    def recall(self, certain_ns: int, seen_ns: int) -> None:
        self.watch.recall(certain_ns, seen_ns)

    def hear(self, told: Told) -> None:
        self.watch.hear(told)

    def look(self) -> list[Changed]:
        return self.watch.handle(self._wall_ns(), self.boottime_ns(), Discipline(False))

    def _wall_ns(self) -> int:
        return self.boottime_ns() - self._started_ns


def site(directory: Path) -> Path:
    """The gateway's folder, its panel on a port that is not there."""
    folder = directory / "gateways" / "gw1"
    file = folder / "gateway.toml"
    own = f'[gateway]\ndata_dir = "data"\nsocket = "{directory}/agent.sock"'
    panel = '\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = { port = "none" }\n'
    file.write_text(file.read_text().replace("[gateway]", own, 1) + panel)
    return folder


def run(folder: Path, scenario: Callable[[Agent], Awaitable[None]]) -> None:
    """Run the agent in 1970 for as long as the scenario takes, and stop it in order."""

    async def whole() -> None:
        agent, stop = Agent(load(folder / "gateway.toml"), Clock1970()), asyncio.Event()
        serving = asyncio.ensure_future(agent.serve(stop))
        try:
            await scenario(agent)
        finally:
            stop.set()
            await asyncio.wait_for(serving, 60)

    asyncio.run(whole())


def stored(directory: Path) -> list[dict[str, Any]]:
    printed = command("events", directory, "--json", "--limit", "0").stdout
    return [json.loads(line) for line in printed.splitlines()]


def certify(directory: Path, file: Path, own_key: Path, *, days_ago: int, days: int) -> None:
    """Write a certificate of this center that begins and ends when it is wanted."""
    key = load_pem_private_key((directory / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    authority = Authority(key, x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes()))
    own = load_pem_private_key(own_key.read_bytes(), None)
    assert isinstance(own, ec.EllipticCurvePrivateKey)
    then = credentials.utc(SystemClock().stamp().wall_ns or 0) - timedelta(days=days_ago)
    subject = Subject("gw1", Use.CLIENT)
    if file.name == "server.pem":
        subject = Subject("localhost", Use.SERVER, ("localhost", "127.0.0.1"))
    made = credentials.certify(authority, own.public_key(), subject, then, days)
    file.write_bytes(credentials.certificate_pem(made))


def test_it_connects_its_events_flow_and_each_has_its_time(tmp_path: Path) -> None:
    """Fails where OpenSSL checks dates against the wall clock: nothing would ever connect."""
    began_ns = SystemClock().stamp().wall_ns or 0

    async def scenario(agent: Agent) -> None:
        await until(lambda: agent._clock.now().latest_ns is not None)
        before = SystemClock().stamp().wall_ns or 0
        told = agent._clock.now()
        after = SystemClock().stamp().wall_ns or 0
        assert told.latest_ns is not None
        assert told.earliest_ns <= after + 2_000_000
        assert before - 2_000_000 <= told.latest_ns
        await until(lambda: not sum(agent._journal.progress().unreceipted))

    with found_center(tmp_path, "gw1") as _broker, Server(tmp_path):
        run(site(tmp_path), scenario)
        events = stored(tmp_path)
    assert {event["stamp"]["trust"] for event in events} == {"unset"}
    assert "told" in {event["body"].get("change") for event in events}
    for event in events:
        found = event["time"]
        assert found["basis"] in ("later", "earlier", "both")
        assert began_ns - 2_000_000 <= found["latest_ns"]
        assert found["earliest_ns"] <= event["received_ms"] * 1_000_000 + 1_000_000
        assert found["uncertainty_ms"] < 20_000
    assert command("verify", tmp_path).returncode == 0


def test_a_broker_that_expired_before_anything_that_was_seen_is_refused_with_a_remedy(
    tmp_path: Path,
) -> None:
    """The build date is later than the certificate's end: whatever the clock says, it is over."""
    broker = found_center(tmp_path, "gw1")
    certify(tmp_path, tmp_path / "server.pem", tmp_path / "server.key", days_ago=400, days=30)
    with broker:

        async def scenario(agent: Agent) -> None:
            await until(lambda: agent._supply.facts()[0]["reason"])
            said = agent._supply.facts()[0]["reason"]
            assert "has expired on" in said
            assert "at least, by what was seen before" in said
            assert "renew it at the center" in said
            assert not agent._supply.is_connected()

        run(site(tmp_path), scenario)


def test_a_broker_certified_for_days_that_this_gateway_cannot_know_is_taken(
    tmp_path: Path,
) -> None:
    """Made yesterday, by a clock of 1970 in 56 years."""
    broker = found_center(tmp_path, "gw1")
    certify(tmp_path, tmp_path / "server.pem", tmp_path / "server.key", days_ago=1, days=30)
    with broker:

        async def scenario(agent: Agent) -> None:
            await until(agent._supply.is_connected)
            assert agent._clock.stamp().trust is Trust.UNSET

        run(site(tmp_path), scenario)


def test_a_gateway_offline_for_longer_than_its_certificate_is_told_how_to_come_back(
    tmp_path: Path,
) -> None:
    """The broker refuses it; it says why, and is renewed by its old certificate alone."""
    broker = found_center(tmp_path, "gw1")
    folder = site(tmp_path)
    certify(tmp_path, folder / "client.pem", folder / "client.key", days_ago=400, days=30)
    with broker, Server(tmp_path):

        async def refused(agent: Agent) -> None:
            await until(lambda: agent._supply.facts()[0]["certificate"])
            standing = agent._supply.facts()[0]["certificate"]
            assert "client.pem ended on" in standing
            assert "--renew" in standing
            await until(lambda: agent._supply.facts()[0]["reason"])
            assert "our certificate" in agent._supply.facts()[0]["reason"]

        run(folder, refused)
        done = command("init", tmp_path, "--gateway", "gw1", "--renew")
        assert done.returncode == 0, done.stderr

        async def back(agent: Agent) -> None:
            await until(
                lambda: (
                    agent._supply.is_connected() and not sum(agent._journal.progress().unreceipted)
                ),
                20,
            )

        run(folder, back)
        events = stored(tmp_path)
    said = [event["body"] for event in events if event["body"].get("path") == "certificate"]
    assert [one["up"] for one in said] == [False]
    assert len({event["epoch"] for event in events}) == 2  # nothing of the dark run is lost
    assert command("verify", tmp_path).returncode == 0
