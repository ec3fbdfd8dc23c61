"""What a gateway makes of a server that is not what it should be.  A real one: tests/center."""

import base64

import pytest

from edge_agent.evidence.invitation import Invitation
from edge_agent.identity.est import EstError, Server


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
