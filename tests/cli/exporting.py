"""A gateway's site for exports: credentials, a journal with receipts, and who records exports.

The journal, the recorder, the socket and `Exports` are the real ones; panels and uplink are not
there.  It lives in a thread of its own, since a command line asks it.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.center import credentials, init
from edge_agent.center.layout import Layout
from edge_agent.clock import SystemClock
from edge_agent.config import load
from edge_agent.control.socket import ControlSocket
from edge_agent.daemon.epoch import begin
from edge_agent.daemon.exports import Exports
from edge_agent.daemon.recorder import Notary, Recorder, Source
from edge_agent.daemon.visitors import Visitors
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.signal import Signal
from edge_agent.evidence import timestamp
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.receipt import Range, Receipt, range_digest, sign_receipt
from edge_agent.evidence.signers import load_signer
from edge_agent.evidence.tree import leaf_hash
from edge_agent.evidence.verdict import VerdictBody
from edge_agent.journal import FolderDisk, Journal, RecordKind, Terms, read, recover
from tests.tsa import Tsa

CLOCK = SystemClock()
ALARM = 3


@dataclass(frozen=True)
class Site:
    """`first` is the epoch that is over, `alarm` the number of an alarm in it.

    `tsa` is the root of the authority that timestamped event 6 of it.
    """

    folder: Path
    config: Path
    ca: Path
    journal: Path
    first: bytes
    tsa: Path
    alarm: int = ALARM

    def acts(self) -> list[ActBody]:
        records = [one.record for one in read(self.journal)]
        events = [peek(one.data)[1] for one in records if one.kind is RecordKind.ENVELOPE]
        return [ActBody.from_body(one.body) for one in events if one.type == EventType.ACT]


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    now = credentials.utc(CLOCK.stamp().wall_ns or 0)
    layout = Layout(folder / "c")
    init.init(layout, init.Request(gateways=("gw1",)), now)
    own = layout.gateway("gw1")
    told = f'[gateway]\ndata_dir = "data"\nsocket = "{folder}/agent.sock"'
    config = own / "gateway.toml"
    panel = '\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = { port = "/dev/null" }\n'
    panel += '[access]\ninspector = ["nobody"]\nviewer = ["daemon"]\n'
    config.write_text(config.read_text().replace("[gateway]", told, 1) + panel)
    journal = own / "data" / "journal"
    journal.mkdir(mode=0o700, parents=True)
    first = asyncio.run(_run(layout, journal, None))
    ready, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    work = _run(layout, journal, _Serving(config, ready, over))
    thread = threading.Thread(target=loop.run_until_complete, args=(work,))
    thread.start()
    try:
        assert ready.wait(60)
        root = tsa_folder(layout) / "root.pem"
        yield Site(folder, config, own / "ca.pem", journal, first, root)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@dataclass(frozen=True)
class _Serving:
    config: Path
    ready: threading.Event
    over: asyncio.Event


async def _run(layout: Layout, folder: Path, serving: _Serving | None) -> bytes:
    """Run an epoch: alarms in two areas, a verdict, a receipt; then answer exports or stop."""
    disk = FolderDisk(folder)
    found = recover(disk)
    identity = load_signer(layout.gateway("gw1") / "identity.key")
    begun = begin("gw1", identity, found, CLOCK)
    notary = Notary("gw1", begun.epoch, begun.genesis, begun.signer)
    published: list[bytes] = []
    source = Source("surgard", "1", None, None, True)
    recorder = Recorder(CLOCK, {"p1": source}, lambda record, *_: published.append(record.data))
    journal = Journal(disk, found, notary, recorder, Terms(["center"]))
    journal.start()
    recorder.attach(journal, begun.epoch, begun.draft)
    try:
        for number in range(1, 7):
            signal = Signal(
                kind=Kind.BURGLARY,
                state=State.ACTIVE,
                area=1 + number % 2,
                zone=number,
                frame=b"%d" % number,
            )
            await recorder.record("p1", (signal,), CLOCK.stamp())
        alarm = Place(begun.epoch, ALARM)
        body = VerdictBody(
            incident=alarm,
            tier=2,
            reasons=("two.zones",),
            evidence=(alarm, Place(begun.epoch, 5)),
            panel="p1",
            area=9,
        )
        recorder.note(EventType.VERDICT, Lane.VERDICT, body.to_body())
        async with asyncio.timeout(60):
            while len(published) < 8:
                await asyncio.sleep(0.005)
        recorder.receipted("center", begun.epoch, [6, 7], _receipt(layout, begun.epoch, published))
        if serving is None:
            leaf = leaf_hash(published[6])
            answer = Tsa(tsa_folder(layout)).answer(timestamp.request(leaf, 7))
            anchor = AnchorBody(Place(begun.epoch, 6), leaf, timestamp.granted(answer, 7))
            recorder.note(EventType.ANCHOR, Lane.STATE, anchor.to_body())
        recorder.note(EventType.ACT, Lane.FAULT, ActBody("start", "test").to_body())
        async with asyncio.timeout(60):
            while journal.progress().waiting or len(published) < 9:
                await asyncio.sleep(0.005)
        if serving is not None:
            exports = Exports("gw1", begun.signer, CLOCK, recorder.vow)
            await _serve(serving, begun.epoch, notary, exports, recorder)
    finally:
        recorder.finish()
        await asyncio.to_thread(journal.close)
        await asyncio.sleep(0)
        disk.close()
    return begun.epoch


def tsa_folder(layout: Layout) -> Path:
    return layout.directory / "tsa"


def _receipt(layout: Layout, epoch: bytes, published: list[bytes]) -> bytes:
    digest = range_digest(map(leaf_hash, published[6:8]))
    receipt = Receipt("gw1", "center", 1_795_000_000_000, (Range(epoch, 6, 7, digest),))
    return sign_receipt(receipt, load_signer(layout.key("receipt")))


async def _serve(
    serving: _Serving, epoch: bytes, notary: Notary, exports: Exports, recorder: Recorder
) -> None:
    async def status(_request: Any, _peer: Any) -> dict[str, Any]:
        return {"epoch": epoch.hex(), "next_seq": notary.frontier().next_seq}

    loaded = load(serving.config)
    visitors = Visitors(loaded, recorder.note)
    handlers = {"status": status} | exports.handlers | visitors.handlers
    control = ControlSocket(Path(loaded.config.gateway.socket), handlers, visitors)
    await control.start()
    serving.ready.set()
    await serving.over.wait()
    await control.stop()
