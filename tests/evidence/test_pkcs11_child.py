"""An order on a token: what goes wrong is told with a remedy, and no PIN is tried twice.

The orders are carried out here, in this process, by SoftHSM; `test_pkcs11_signer` has the child.
Seen to fail: with a refused PIN forgotten, with the last try taken, and with the first of two keys
of one name used.
"""

import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent import files
from edge_agent.evidence import pkcs11_child
from edge_agent.evidence.pkcs11 import Attribute, Flag, Kind, Module, Refused, Session, Token
from edge_agent.evidence.pkcs11_child import Trouble, carry_out
from edge_agent.evidence.pkcs11_signer import CHILD
from edge_agent.evidence.pkcs11_uri import KeyUri
from tests.softhsm import MODULE, PIN, add_token, softhsm


@pytest.fixture(scope="module")
def token() -> Iterator[KeyUri]:
    with softhsm() as uri:
        yield uri


@pytest.fixture
def pin(token: KeyUri, tmp_path: Path) -> Path:
    """The PIN's file, of this test alone."""
    file = tmp_path / "token.pin"
    file.write_bytes(Path(token.pin).read_bytes())
    file.chmod(0o600)
    return file


@pytest.fixture
def uri(token: KeyUri, pin: Path, request: pytest.FixtureRequest) -> KeyUri:
    """A name that no other test has."""
    return dataclasses.replace(token, pin=str(pin), object=request.node.name)


def order(what: str, uri: KeyUri, **more: str) -> dict[str, Any]:
    return carry_out({"order": what, "uri": uri.text, "file": f"{uri.pin}.key", **more})


@contextmanager
def session(uri: KeyUri) -> Iterator[Session]:
    with Module.opened(MODULE) as module:
        there = next(one for one in module.tokens() if uri.suits(one.facts))
        made = Session(module, there, writing=True)
        made.login(PIN.encode())
        yield made


def test_a_key_is_made_once_and_found_by_the_name_that_is_told(uri: KeyUri) -> None:
    made = order("make", uri)
    named = KeyUri.read(made["uri"])
    assert (named.object, len(named.id)) == (uri.object, 8)
    assert order("make", uri) == made, "as after a power cut before its file was written"
    assert len(bytes.fromhex(order("sign", named, message="00")["signature"])) == 64


def test_a_key_that_was_made_beforehand_is_taken(uri: KeyUri) -> None:
    with session(uri) as open_one:
        open_one.generate(Kind.ED25519, uri.object, b"ceremony")
    made = order("make", uri)
    assert len(bytes.fromhex(made["raw"])) == 32
    assert KeyUri.read(made["uri"]) == uri.with_key("", b"ceremony")


def test_it_is_destroyed_and_once_more_is_no_harm(uri: KeyUri) -> None:
    named = KeyUri.read(order("make", uri)["uri"])
    assert order("destroy", named) == order("destroy", named) == {}
    with session(uri) as open_one:
        assert open_one.find({Attribute.ID: named.id}) == [], "nor its public half"
    with pytest.raises(Trouble, match=r"holds no private key .* with id .*enrol this gateway anew"):
        order("sign", named, message="00")


def test_two_of_one_name_are_not_chosen_between(uri: KeyUri) -> None:
    with session(uri) as open_one:
        for identifier in (b"1", b"2"):
            open_one.generate(Kind.P256, uri.object, identifier)
    for what in ("make", "sign", "destroy"):
        with pytest.raises(Trouble, match=r"more than one private key .*by its id="):
            order(what, uri, message="00")
    assert order("sign", uri.with_key("", b"2"), message="00")["signature"]


def test_a_key_of_another_kind_is_not_used(uri: KeyUri, monkeypatch: pytest.MonkeyPatch) -> None:
    order("make", uri)
    real, told = Session.read, dict[Attribute, bytes]()

    def read(self: Session, handle: int, what: Attribute) -> bytes:
        return told[what] if what in told else real(self, handle, what)

    monkeypatch.setattr(Session, "read", read)
    for attribute, value in ((Attribute.KEY_TYPE, b"\0" * 8), (Attribute.EC_PARAMS, b"P-384")):
        told = {attribute: value}
        with pytest.raises(Trouble, match="neither P-256 nor Ed25519"):
            order("sign", uri, message="00")
    told = {Attribute.EC_PARAMS: b""}
    assert order("sign", uri, message="00"), "not every token tells the curve of a private half"


def test_a_key_that_may_leave_is_not_taken(uri: KeyUri, monkeypatch: pytest.MonkeyPatch) -> None:
    order("make", uri)
    never = Attribute.NEVER_EXTRACTABLE
    monkeypatch.setattr(Session, "has", lambda self, handle, what: what is not never)
    with pytest.raises(Trouble, match=r"can leave it, or could: there may be a copy"):
        order("make", uri)


def test_a_key_without_its_public_half_is_not_taken(uri: KeyUri) -> None:
    order("make", uri)
    with session(uri) as open_one:
        both = open_one.find({Attribute.LABEL: uri.object.encode(), Attribute.VERIFY: True})
        open_one.destroy(both[0])
    with pytest.raises(Trouble, match="does not tell the public half"):
        order("make", uri)


def test_a_token_that_makes_no_such_keys_is_told(
    uri: KeyUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Module, "makes", lambda *_: None)
    with pytest.raises(Trouble, match="makes neither"):
        order("make", uri)


# ---- which token


def test_what_is_no_library_is_told(uri: KeyUri) -> None:
    with pytest.raises(Trouble, match=r"is no PKCS #11 library .*module-path") as caught:
        order("sign", dataclasses.replace(uri, module="/etc/passwd"), message="00")
    assert not caught.value.absent


def test_a_token_that_is_not_there_may_come(uri: KeyUri) -> None:
    with pytest.raises(Trouble, match=r'is not there \(there is .*"edge".*Plug it in') as caught:
        order("sign", dataclasses.replace(uri, token="gone"), message="00")
    assert caught.value.absent


def test_two_tokens_of_one_name_are_not_chosen_between(uri: KeyUri) -> None:
    for _ in range(2):
        add_token("twin")
    with pytest.raises(Trouble, match=r"2 tokens are .*by serial="):
        order("sign", dataclasses.replace(uri, token="twin"), message="00")


def test_what_the_library_answers_is_told(uri: KeyUri, monkeypatch: pytest.MonkeyPatch) -> None:
    def sign(*_: object) -> bytes:
        raise Refused("C_Sign", 0x32)

    order("make", uri)
    monkeypatch.setattr(Session, "sign", sign)
    with pytest.raises(Trouble, match="C_Sign answers CKR_DEVICE_REMOVED") as caught:
        order("sign", uri, message="00")
    assert caught.value.absent


# ---- the PIN


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Each PIN that the token is given."""
    given, real = list[bytes](), Session.login

    def login(self: Session, pin: bytes) -> None:
        given.append(pin)
        real(self, pin)

    monkeypatch.setattr(Session, "login", login)
    return given


def test_a_wrong_pin_is_tried_once_ever(uri: KeyUri, pin: Path, tries: list[bytes]) -> None:
    order("make", uri)
    pin.write_text("1111\n")
    with pytest.raises(Trouble, match=r"refuses the PIN in .*not tried again"):
        order("sign", uri, message="00")
    for what in ("sign", "make", "destroy"):
        with pytest.raises(Trouble, match=r"refused the PIN .* before") as caught:
            order(what, uri, message="00")
        assert "1111" not in str(caught.value)
    assert tries == [PIN.encode(), b"1111"]
    pin.write_text("2222\n")
    with pytest.raises(Trouble, match="refuses the PIN"):
        order("sign", uri, message="00")
    pin.write_text(PIN)
    order("sign", uri, message="00")
    assert not list(pin.parent.glob("*.pin-refused"))


def test_what_was_refused_is_kept_without_the_pin(uri: KeyUri, pin: Path) -> None:
    pin.write_text("1111\n")
    with pytest.raises(Trouble):
        order("make", uri)
    (kept,) = pin.parent.glob("*.pin-refused")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert b"1111" not in kept.read_bytes()


def test_where_it_cannot_be_noted_it_is_told_all_the_same(
    uri: KeyUri, pin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(files, "replace", replace)
    pin.write_text("1111\n")
    with pytest.raises(Trouble, match="refuses the PIN"):
        order("make", uri)


@pytest.mark.parametrize(
    ("flag", "cause"),
    [
        (Flag.PIN_FINAL_TRY, "one try left"),
        (Flag.PIN_LOCKED, "is locked after wrong PINs"),
        (Flag.PIN_PAD, "typed at a pad"),
    ],
)
def test_a_token_that_warns_is_not_given_a_pin(
    uri: KeyUri, tries: list[bytes], monkeypatch: pytest.MonkeyPatch, flag: Flag, cause: str
) -> None:
    monkeypatch.setattr(Token, "has", lambda self, what: what in {flag, Flag.LOGIN_REQUIRED})
    with pytest.raises(Trouble, match=cause):
        order("make", uri)
    assert tries == []


def test_what_else_keeps_from_logging_in_is_told(
    uri: KeyUri, pin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def login(*_: object) -> None:
        raise Refused("C_Login", 0xA3)

    monkeypatch.setattr(Session, "login", login)
    with pytest.raises(Trouble, match=r"lets nobody log in: .*CKR_PIN_EXPIRED"):
        order("make", uri)
    assert not list(pin.parent.glob("*.pin-refused")), "that says nothing of the PIN"


def test_a_pin_is_in_a_file_of_its_owners_alone(uri: KeyUri, pin: Path) -> None:
    with pytest.raises(Trouble, match=r"asks for a PIN.*Add pin-source="):
        order("make", dataclasses.replace(uri, pin=""))
    pin.chmod(0o644)
    with pytest.raises(Trouble, match=r"others can use it.*mode 0600"):
        order("make", uri)
    pin.chmod(0o600)
    for nothing in (b"\n", b"1" * 300):
        pin.write_bytes(nothing)
        with pytest.raises(Trouble, match="holds no PIN"):
            order("make", uri)
    pin.unlink()
    with pytest.raises(Trouble, match="it is not there"):
        order("make", uri)


# ---- the process


def test_the_answer_is_all_that_is_said(uri: KeyUri) -> None:
    """What goes wrong is an answer as well; whatever a library prints goes nowhere."""
    told = {"order": "sign", "uri": uri.text, "file": f"{uri.pin}.key", "message": "00"}
    ran = subprocess.run(CHILD, input=json.dumps(told).encode(), capture_output=True, check=True)
    answer = json.loads(ran.stdout)
    assert answer.keys() == {"cause", "remedy", "absent"}
    assert "holds no private key" in answer["cause"]
    assert ran.stderr == b""


def test_what_the_library_prints_goes_nowhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Seen to fail: without the descriptors replaced what a library prints is in the answer."""

    def talk(_: object) -> dict[str, str]:
        for descriptor in (out.fileno(), err.fileno()):
            os.write(descriptor, b"debug: PIN 1234\n")
        return {"signature": "00"}

    with (tmp_path / "out").open("w+") as out, (tmp_path / "err").open("w+") as err:
        monkeypatch.setattr(sys, "stdin", io.StringIO("{}"))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.setattr(pkcs11_child, "carry_out", talk)
        assert pkcs11_child.main() == 0
    assert json.loads((tmp_path / "out").read_text()) == {"signature": "00"}
    assert (tmp_path / "err").read_text() == ""
