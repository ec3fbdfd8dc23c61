"""The uplink against the real broker configuration and `edge-center serve`: the whole way."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

from edge_agent.clock import SystemClock
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import leaf_hash
from edge_agent.uplink.access import client_id_of, load_signing_key
from edge_agent.uplink.dial import CenterAccess, PathAccess
from edge_agent.uplink.messages import Cursor, Outgoing
from edge_agent.uplink.uplink import Portion, Site, Uplink
from tests.broker import found_center
from tests.center.world import FakeGateway
from tests.system.center_rig import Server, command
from tests.uplink.rig import until

BACKLOG = 3000


class TwoEpochs:
    """A journal in memory with a backlog of the last run, and the running epoch."""

    def __init__(self, gateway: FakeGateway) -> None:
        self.unreceipted: dict[tuple[bytes, int], Outgoing] = {}
        self.heads: dict[bytes, bytes] = {}
        self._gateway = gateway
        self.begin()
        for _ in range(BACKLOG):
            self.add(gateway.event())
        self.begin()

    def begin(self) -> None:
        genesis = self._gateway.start()
        self.heads[self._gateway.epoch] = genesis
        self.add(genesis)

    def add(self, envelope: bytes) -> Outgoing:
        _, event = peek(envelope)
        made = Outgoing(event.epoch, event.seq, event.lane, leaf_hash(envelope), envelope)
        self.unreceipted[made.key] = made
        return made

    async def fetch(self, lane: int, after: Cursor | None, bytes_max: int) -> Portion:
        chosen: list[Outgoing] = []
        size, begun = 0, after is None
        for event in list(self.unreceipted.values()):
            if event.lane == lane and begun:
                if size + len(event.data) > bytes_max:
                    return Portion(tuple(chosen), chosen[-1])
                chosen.append(event)
                size += len(event.data)
            begun = begun or event == after
        # the cursor's own event may be gone meanwhile: then the lane is read from its oldest again
        return Portion(tuple(chosen), None) if begun else await self.fetch(lane, None, bytes_max)

    async def genesis(self, epoch: bytes) -> bytes | None:
        return self.heads.get(epoch)

    def release(self, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        for seq in seqs:
            self.unreceipted.pop((epoch, seq), None)

    def path(self, center: str, path: str, up: bool, reason: str) -> None:
        """Nothing is recorded here."""


def test_two_epochs_and_live_alarms_reach_the_real_center_once(tmp_path: Path) -> None:
    """The center is restarted in the middle; everything is receipted, stored once, and proved."""
    with found_center(tmp_path, "gw1") as broker, Server(tmp_path) as server:
        folder = tmp_path / "gateways" / "gw1"
        gateway = FakeGateway(identity=Ed25519Signer.load(folder / "identity.key"))
        source = TwoEpochs(gateway)
        access = CenterAccess(
            "center",
            load_signing_key(folder / "receipt.pem", folder / "ca.pem"),
            (
                PathAccess(
                    host="localhost",
                    port=broker.port,
                    ca=folder / "ca.pem",
                    certificate=folder / "client.pem",
                    key=folder / "client.key",
                ),
            ),
            client_id_of("gw1", folder / "client.key"),
        )

        async def scenario() -> None:
            site = Site("gw1", gateway.epoch, lambda: b"")
            uplink = Uplink(site, access, source, SystemClock())
            task = asyncio.ensure_future(uplink.run())
            await until(lambda: len(source.unreceipted) < BACKLOG - 500)
            server.kill()
            uplink.offer(source.add(gateway.event(Lane.LIFE)))
            await asyncio.to_thread(server.start)
            await until(lambda: not source.unreceipted)
            assert uplink.view().tally.receipt_mismatch == 0
            assert uplink.view().receipts_refused == 0
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        asyncio.run(scenario())
    with contextlib.closing(sqlite3.connect(tmp_path / "events.db")) as stored:
        (count,) = stored.execute("SELECT count(*) FROM event").fetchone()
    assert count == BACKLOG + 3
    verified = command("verify", tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr
