"""The newest tree head is signed a second time, by the key that the genesis names and no other.

What is said and when is tests/daemon/test_heads.py's.
"""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent import limits
from edge_agent.config import Loaded, Sm2, load
from edge_agent.daemon import children, second_signing
from edge_agent.daemon.heads import Brought, Head
from edge_agent.domain.event import EventType
from edge_agent.evidence.cited import Place
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.second_signature import SecondSignatureBody, TreeHead, Unsigned
from tests.evidence import second_vectors
from tests.evidence.bundles import FIRST, history
from tests.evidence.second_vectors import SIZE
from tests.test_config import GOOD

ENVELOPE = history()[0].envelopes[SIZE]
HEAD = Head(Place(FIRST, SIZE), bytes(32), ENVELOPE)
OVER = TreeHead("gw1", FIRST, SIZE, peek(ENVELOPE)[1].root)
KEY = second_vectors.key()


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    file = tmp_path / "gateway.toml"
    file.write_text(GOOD + "\n[sm2]\nevery_h = 2\n")
    key = tmp_path / "sm2.key"
    key.write_bytes(second_vectors.private_key())
    key.chmod(0o600)
    return load(file)


def test_it_is_an_event_of_the_message_alone(loaded: Loaded) -> None:
    errand = second_signing.second_signing(loaded, Sm2(every_h=2), KEY.kid)
    assert (errand.type, errand.every_s) == (EventType.SECOND_SIGNATURE, 7200.0)
    body = SecondSignatureBody.from_body(errand.body(HEAD, b"message"))
    assert body == SecondSignatureBody(b"message")
    assert errand.failed.cause == "second_signature_failed"


def test_what_a_genesis_names_is_the_public_part(loaded: Loaded) -> None:
    assert second_signing.named_key(loaded, Sm2()) == KEY.to_value()
    loaded.path("sm2.key").chmod(0o644)
    assert second_signing.named_key(loaded, Sm2()) is None
    loaded.path("sm2.key").chmod(0o600)
    loaded.path("sm2.key").write_text("junk")
    assert second_signing.named_key(loaded, Sm2()) is None


def brought(
    loaded: Loaded,
    monkeypatch: pytest.MonkeyPatch,
    output: bytes | Exception,
    kid: bytes = KEY.kid,
) -> Brought:
    async def run(*arguments: str, s_max: float) -> bytes:
        told = ("sm2", "--json", "--head", f"{FIRST.hex()}/{SIZE}", "--root", OVER.root.hex())
        assert arguments == (*told, "--config", str(loaded.file))
        assert s_max == limits.SECOND_SIGNATURE_S_MAX
        if isinstance(output, Exception):
            raise output
        return output

    monkeypatch.setattr(children, "run", run)
    return asyncio.run(second_signing.sign(loaded, kid, HEAD))


def answer(message: bytes) -> bytes:
    return json.dumps({"message": message.hex(), "trouble": None}).encode()


def test_a_child_signs_or_says_why_not(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    good = second_vectors.message()
    assert brought(loaded, monkeypatch, answer(good)) == Brought(good)
    other = Unsigned(replace(OVER, size=SIZE - 1), KEY.algorithm, KEY.kid).signed(bytes(64))
    for output, said in (
        (b'{"message": null, "trouble": "openssl is not there"}', "openssl is not there"),
        (children.Failed("it did not end"), "did not end"),
        (answer(b"junk"), "no signature"),
        (answer(other), "another head"),
    ):
        assert said in brought(loaded, monkeypatch, output).trouble
    changed = brought(loaded, monkeypatch, answer(good), b"another!")
    assert "changed since this run began" in changed.trouble


def test_without_a_key_or_events_nothing_is_asked(loaded: Loaded) -> None:
    assert "could not be read" in asyncio.run(second_signing.sign(loaded, None, HEAD)).trouble
    genesis = Head(Place(FIRST, 0), bytes(32), history()[0].envelopes[0])
    assert asyncio.run(second_signing.sign(loaded, KEY.kid, genesis)).trouble
