"""A center and a witness that listens, for tests of what one has the other cosign."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_agent.center import init, schema, settings
from edge_agent.center.audit import Audit
from edge_agent.center.cosigning import Access
from edge_agent.center.credentials import utc
from edge_agent.center.layout import Layout
from edge_agent.center.store import Arrival, Office, Store
from edge_agent.center.turns import Turns
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.witness import folder as witness_folder
from edge_agent.witness.door import Door
from edge_agent.witness.folder import Folder
from tests.center.world import NOW_MS, WALL_NS, FakeGateway, FakeRoster
from tests.witness.conftest import listening


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Layout, Folder]:
    top = tmp_path_factory.mktemp("cosigning")
    layout, folder = Layout(top / "c"), Folder(top / "w")
    init.init(layout, init.Request(gateways=("gw1",)), utc(WALL_NS))
    witness_folder.found(folder, "inspector-south", ("localhost",), NOW_MS)
    witness_folder.trust(folder, "red", layout.certificate("ca").read_bytes())
    (layout.directory / "witness.pem").write_bytes(folder.public.read_bytes())
    return layout, folder


@pytest.fixture
def layout(made: tuple[Layout, Folder]) -> Iterator[Layout]:
    """A center that has stored nothing yet, and a witness that has seen nothing."""
    layout, folder = made
    yield layout
    for file in (*layout.directory.glob("events.db*"), *folder.path.glob("witness.db*")):
        file.unlink()


@pytest.fixture
def door(layout: Layout, made: tuple[Layout, Folder]) -> Iterator[Door]:
    with listening(made[1]) as door:
        yield door


@pytest.fixture
def gateway(layout: Layout) -> FakeGateway:
    return FakeGateway(identity=Ed25519Signer.load(layout.gateway("gw1") / "identity.key"))


def store(layout: Layout, gateway: FakeGateway, envelopes: list[bytes]) -> None:
    """Store and prove, as a running center does."""
    signer = Ed25519Signer.load(layout.key("receipt"))
    office = Office(center="center", signer=signer, roster=FakeRoster(gateway), turns=Turns())
    with closing(schema.open_for_writing(layout.database)) as connection:
        Store(office, connection, urgent=True).take(
            [Arrival("gw1", False, one) for one in envelopes], NOW_MS
        )
        audit = Audit(connection, Turns())
        while audit.step(NOW_MS):
            pass


def access(layout: Layout, port: int) -> Access:
    chosen = settings.Settings(witness=settings.Witness(host="localhost", port=port))
    found = Access.of(layout, chosen)
    assert found is not None
    return found


def configured(layout: Layout, port: int) -> None:
    """Write into `center.toml` where the witness is."""
    text = layout.settings.read_text().partition("\n[witness]")[0]
    layout.settings.write_text(f'{text}\n[witness]\nhost = "localhost"\nport = {port}\n')
