"""What a gateway makes of a server that is not what it should be.  A real one: tests/center.

Seen to fail: with any certificate of a server taken, and with one for any host.
"""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.evidence.invitation import Invitation
from edge_agent.identity.est import EstError, Server
from tests.identity import foreign_est


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, bytes]]:
    """A server for localhost: its port, and the authority that certified it."""
    folder = foreign_est.authority(tmp_path_factory.mktemp("est") / "real")
    with foreign_est.serving(folder) as port:
        yield port, (folder / "ca.pem").read_bytes()


def test_only_the_host_that_the_authority_certified_is_asked(
    real: tuple[int, bytes], tmp_path: Path
) -> None:
    port, ca = real
    other = (foreign_est.authority(tmp_path / "other") / "ca.pem").read_bytes()
    with pytest.raises(EstError, match="/edge/v1/bundle is not there"):
        Server("localhost", port, ca).bundle()
    for host, authority in (("localhost", other), ("127.0.0.1", ca)):
        with pytest.raises(EstError, match="its certificate is not good"):
            Server(host, port, authority).bundle()


def test_nobody_there_is_told_with_the_remedy() -> None:
    invitation = Invitation("gw1", "127.0.0.1", 1, "0" * 16, "0" * 12)
    with pytest.raises(EstError, match="enrolment serve"):
        Server.pinned(invitation)


@pytest.mark.parametrize("data", [b"", b"junk!", base64.b64encode(b"junk"), b"\xff"])
def test_an_answer_without_certificates_is_told(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "_ask", lambda *_: data)
    with pytest.raises(EstError, match="no certificates"):
        Server("localhost", 1, b"").enrol(b"request")


@pytest.mark.parametrize("authority", [b"", b"junk", b"\xff"])
def test_an_unusable_authority_is_told(authority: bytes) -> None:
    with pytest.raises(EstError, match=r"ca\.pem"):
        Server("localhost", 1, authority).enrol(b"request")
