"""A witness that listens, in this process."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from edge_agent.clock import SystemClock, now_ms
from edge_agent.evidence.signers import load_signer
from edge_agent.tls_door import tls_context
from edge_agent.witness.door import Door, Office
from edge_agent.witness.folder import Folder, found, trust
from edge_agent.witness.quota import Quota
from edge_agent.witness.store import WitnessStore
from tests.witness.world import AUTHORITY


@contextmanager
def listening(folder: Folder, quota: Quota | None = None) -> Iterator[Door]:
    """Serve until the end of the block."""
    with closing(WitnessStore(folder.database)) as store:
        signer = load_signer(folder.cosigning_key)
        boottime_ns = SystemClock().boottime_ns
        office = Office(folder.name, signer, store, folder.trusted, now_ms, boottime_ns)
        context = tls_context(folder.public, folder.server_key)
        door = Door(("127.0.0.1", 0), context, office, quota)
        thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            thread.join()
            door.server_close()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("witness") / "w")
    found(folder, "inspector-south", ("localhost",), now_ms())
    trust(folder, "red", AUTHORITY.public_bytes(Encoding.PEM))
    return folder


@pytest.fixture
def folder(made: Folder) -> Iterator[Folder]:
    """A witness that has seen nothing."""
    yield made
    for file in made.path.glob("witness.db*"):
        file.unlink()


@pytest.fixture
def door(folder: Folder) -> Iterator[Door]:
    with listening(folder) as door:
        yield door
