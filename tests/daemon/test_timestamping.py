"""Asking an authority over HTTP: a real one of openssl, and those that are none."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.daemon import timestamping
from edge_agent.daemon.timestamping import TimestampError, ask, read_authorities
from edge_agent.evidence.certificates import read_pem
from tests.evidence.bundles import stamper
from tests.tsa import Tsa, serving

LEAF = bytes(range(32))
ROOT = read_pem(stamper())


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    authority = Tsa(tmp_path_factory.mktemp("tsa"))
    with serving(authority.answer) as url:
        yield url, authority.root


def test_a_real_one_is_asked(tsa: tuple[str, Path]) -> None:
    url, root = tsa
    token, stamped = ask(url, LEAF, read_authorities(root))
    assert stamped.trusted
    assert stamped.by == "CN=Time"
    assert LEAF in token
    with pytest.raises(TimestampError, match="renew the one in"):
        ask(url, LEAF, ROOT)
    with pytest.raises(TimestampError, match="is the network up"):  # it speaks no TLS
        ask(url.replace("http:", "https:"), LEAF, ROOT)


def test_what_comes_with_an_error_is_no_answer() -> None:
    with (
        serving(lambda _: b"\x30\x05\x30\x03\x02\x01\x02", status=503) as url,
        pytest.raises(TimestampError, match="answers 503; is the address right"),
    ):
        ask(url, LEAF, ROOT)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "answers what is no timestamp"),
        (b"\x30\x05\x30\x03\x02\x01\x02", "gives no timestamp: refused, status 2"),
        (b"<html>" * 20_000, "an endless answer"),
    ],
)
def test_what_is_none_is_said(answer: bytes, said: str) -> None:
    with serving(lambda _: answer) as url, pytest.raises(TimestampError, match=said):
        ask(url, LEAF, ROOT)


def test_nobody_there_and_nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timestamping, "TALK_S_MAX", 0.05)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for listens in (False, True):  # the second one takes the connection and never speaks
            if listens:
                closed.listen()
            with pytest.raises(TimestampError, match="is the network up"):
                ask(f"http://127.0.0.1:{closed.getsockname()[1]}/tsr", LEAF, ROOT)


@pytest.mark.parametrize("url", ["http://[/", "http://x:port/", "https://127.0.0.1:1/a?b"])
def test_an_address_that_leads_nowhere_is_said(url: str) -> None:
    with pytest.raises(TimestampError, match="is the address right"):
        ask(url, LEAF, ROOT)


def test_authorities_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    with pytest.raises(TimestampError, match=r"No such file.*put the authority"):
        read_authorities(tmp_path / "none.pem")
    (tmp_path / "junk.pem").write_text("junk")
    with pytest.raises(TimestampError, match="it holds the authority's"):
        read_authorities(tmp_path / "junk.pem")
