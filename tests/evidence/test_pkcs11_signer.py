"""A key in a token, seen from the agent: what the file says, what a child says, and how it ends.

The contract of all signers is in `test_signer_contract`.  Seen to fail: without the check of what
was signed, with s left in the upper half, and with a token's absence not told apart.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.evidence import booting, pkcs11_signer
from edge_agent.evidence.cose import P256_ORDER, PublicKey
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.pkcs11_signer import Pkcs11Signer
from edge_agent.evidence.pkcs11_uri import KeyUri
from edge_agent.evidence.signers import Ed25519Signer, P256Signer, load_signer
from tests.softhsm import PATIENCE_S, softhsm

POPEN = subprocess.Popen
URI = KeyUri(module="/usr/lib/x.so", token="edge", object="edge-agent gw1", id=b"\1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "identity.key"


def says(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Have children answer so, one after the other; each is the text of a Python program."""
    programs = iter(answers)
    monkeypatch.setattr(pkcs11_signer, "TALK_S_MAX", PATIENCE_S)
    monkeypatch.setattr(
        subprocess,
        "Popen",
        lambda _, **streams: POPEN([sys.executable, "-I", "-S", "-c", next(programs)], **streams),
    )


def answering(text: str) -> str:
    return f"import sys; sys.stdin.read(); print({text!r})"


ABSENT = answering('{"cause": "it is not there", "remedy": "Plug it in", "absent": true}')
BROKEN = answering('{"cause": "it is broken", "remedy": "Mend it", "absent": false}')


def signer(path: Path, key: PublicKey) -> Pkcs11Signer:
    return Pkcs11Signer(path, URI, key)


# ---- the key file, as docs/wire-format.md has it


def test_a_file_of_the_documented_form_is_read(path: Path) -> None:
    key = P256Signer.generate().public
    text = (
        "pkcs11:token=edge;object=edge-agent%20gw1;id=%01?module-path=/usr/lib/x.so\r\n"
        f"{key.to_pem().decode()}"
    )
    path.write_text(text)
    path.chmod(0o600)
    read = load_signer(path)
    assert isinstance(read, Pkcs11Signer)
    assert read.public == key
    assert read.where == 'in the token "edge" of /usr/lib/x.so'
    assert read._uri == URI


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"pkcs11:token=edge\n", "say which library"),
        (b"pkcs11:\xff\n", "others as %XX"),
        (URI.text.encode(), "no Ed25519 or P-256 public key"),
        (URI.text.encode() + b"\nrubbish", "no Ed25519 or P-256 public key"),
    ],
)
def test_any_other_is_refused_and_says_why(path: Path, data: bytes, cause: str) -> None:
    with pytest.raises(KeyFileError, match=f"names no key in a token: .*{cause}.*enrol"):
        Pkcs11Signer.read(path, data)


# ---- what a child says


@pytest.fixture(scope="module")
def token() -> Iterator[KeyUri]:
    with softhsm() as uri:
        yield uri


def test_it_is_made_written_edited_and_destroyed(path: Path, token: KeyUri) -> None:
    """Whoever moves the PIN's file or the library says so in the first line."""
    made = Pkcs11Signer.make(path, token.named("one"))
    moved = Path(token.pin).rename(Path(token.pin).with_name("moved.pin"))
    with pytest.raises(KeyFileError, match=r"token.pin: it is not there"):
        made.sign(b"x")
    path.write_text(path.read_text().replace("token.pin", "moved.pin"))
    read = load_signer(path)
    assert isinstance(read, Pkcs11Signer)
    assert made.public.verify(read.sign(b"x"), b"x")
    with pytest.raises(KeyFileError, match="it exists"):
        Pkcs11Signer.make(path, read._uri)
    read.destroy()
    with pytest.raises(KeyFileError, match="holds no private key"):
        read.sign(b"x")
    moved.rename(token.pin)


def test_what_it_complains_of_is_told_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, BROKEN)
    with pytest.raises(KeyFileError, match=r"it is broken\. Mend it") as caught:
        signer(path, P256Signer.generate().public).sign(b"x")
    assert caught.value.path == path


def test_right_after_a_boot_a_token_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Ed25519Signer.generate()
    signature = answering(f'{{"signature": "{key.sign(b"x").hex()}"}}')
    monkeypatch.setattr(booting, "boottime_ns", lambda: 0)
    monkeypatch.setattr(booting, "pause", lambda: None)
    says(monkeypatch, ABSENT, signature)
    assert signer(path, key.public).sign(b"x") == key.sign(b"x")
    monkeypatch.setattr(booting, "boottime_ns", lambda: 86_400 * 10**9)
    says(monkeypatch, ABSENT)
    with pytest.raises(KeyFileError, match="it is not there"):
        signer(path, key.public).sign(b"x")


def test_s_is_brought_into_the_lower_half(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = P256Signer.generate()
    low = key.sign(b"x")
    high = low[:32] + (P256_ORDER - int.from_bytes(low[32:], "big")).to_bytes(32, "big")
    says(monkeypatch, *(answering(f'{{"signature": "{one.hex()}"}}') for one in (low, high)))
    for _ in range(2):
        assert signer(path, key.public).sign(b"x") == low


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\xff" * 64, bytes(72)])
def test_what_another_key_signs_is_not_passed_on(
    path: Path, monkeypatch: pytest.MonkeyPatch, signature: bytes
) -> None:
    says(monkeypatch, answering(f'{{"signature": "{signature.hex()}"}}'))
    with pytest.raises(KeyFileError, match=r"signs with another key.*enrol"):
        signer(path, P256Signer.generate().public).sign(b"x")


def test_what_it_makes_is_looked_at(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, answering(f'{{"raw": "{"ff" * 64}", "uri": "{URI.text}"}}'))
    with pytest.raises(KeyFileError, match="makes no usable key"):
        Pkcs11Signer.make(path, URI)
    assert not path.exists()


@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("import os; os.kill(os.getpid(), 11)", "signal 11"),
        ("import sys; sys.stdin.read(); sys.exit(3)", "exit code 3"),
        (answering("nonsense"), "exit code 0"),
        (answering("[]"), "exit code 0"),
        (answering("{}"), "exit code 0"),
        (answering('{"signature": "xyz"}'), "exit code 0"),
    ],
)
def test_a_library_that_ends_its_process_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, program: str, how: str
) -> None:
    says(monkeypatch, program)
    with pytest.raises(KeyFileError, match=rf"the library of the token .*\({how}\).*goes on"):
        signer(path, P256Signer.generate().public).sign(b"x")


def test_one_that_hangs_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(pkcs11_signer, "TALK_S_MAX", 0.05)
    with pytest.raises(KeyFileError, match=r"hangs for .*tools reach it"):
        signer(path, P256Signer.generate().public).sign(b"x")
