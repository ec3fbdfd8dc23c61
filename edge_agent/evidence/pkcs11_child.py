"""Carries out one order on a PKCS #11 token: `python -m edge_agent.evidence.pkcs11_child`.

The token's library is its maker's, and runs in this process: one that hangs, crashes or leaks does
so here and not in the agent.  The order comes as JSON on standard input, the answer goes as JSON
to standard output; what the library prints goes nowhere.  The PIN is read here and stays here.

A wrong PIN is tried once.  Tokens lock after a few, and a gateway starts again and again: so which
PIN was refused is remembered beside the key (`.pin-refused`, a hash of it), and it is tried again
only when the file or the token is another one.  The last try before the lock is never taken.
"""

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from edge_agent import files
from edge_agent.evidence.key_file import KeyFileError, read_key_file
from edge_agent.evidence.pkcs11 import (
    ID_BYTES,
    PRIVATE,
    PUBLIC,
    Attribute,
    Flag,
    Key,
    Kind,
    Module,
    NoModule,
    Refused,
    Session,
    Template,
    Token,
)
from edge_agent.evidence.pkcs11_uri import KeyUri

PIN_BYTES_MAX = 256
_LAST_TRY = "One more would lock it: put the right PIN there, and log in once by the token's tools"


class Trouble(Exception):  # noqa: N818  reads as what it is
    """Why an order is not carried out: cause and remedy; `absent` where that may mend itself."""

    def __init__(self, cause: str, remedy: str, *, absent: bool = False) -> None:
        super().__init__(f"{cause}. {remedy}")
        self.cause, self.remedy, self.absent = cause, remedy, absent


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to an order.  Raises Trouble.

    | `order` | what else it says | answer |
    |---|---|---|
    | `make` | | `uri` by which the key is found again, `raw`: its public half as COSE has it |
    | `sign` | `message` | `signature` |
    | `destroy` | | |

    Each names the key by its `uri`; `file` is where its name is kept.  Bytes are in hex.
    """
    uri, file = KeyUri.read(order["uri"]), Path(order["file"])
    try:
        with Module.opened(uri.module) as module:
            token = _token(module, uri)
            session = Session(module, token, writing=order["order"] != "sign")
            if token.has(Flag.LOGIN_REQUIRED):
                _log_in(session, token, uri, file)
            match order["order"]:
                case "make":
                    return _made(session, module.makes(token), uri)
                case "sign":
                    signature = session.sign(_key(session, uri), bytes.fromhex(order["message"]))
                    return {"signature": signature.hex()}
                case "destroy":
                    return _destroyed(session, uri)
            raise AssertionError(order["order"])
    except NoModule as error:
        cause = f"{uri.module} is no PKCS #11 library that can be loaded here ({error})"
        raise Trouble(cause, "Install the token's library, or name it by module-path") from error
    except Refused as error:
        remedy = "Look the name up in PKCS #11; see that the token's own tools can use it"
        raise Trouble(f"{uri.place}: {error}", remedy, absent=error.is_absent) from error


def _token(module: Module, uri: KeyUri) -> Token:
    there = module.tokens()
    match [one for one in there if uri.suits(one.facts)]:
        case [token]:
            return token
        case []:
            seen = ", ".join(f'"{one.facts.token}"' for one in there if one.facts.token)
            cause = f"{uri.place} is not there ({f'there is {seen}' if seen else 'nor any other'})"
            raise Trouble(cause, "Plug it in, or name another one", absent=True)
        case several:
            serials = ", ".join(one.facts.serial for one in several)
            cause = f"{len(several)} tokens are {uri.place} (serial {serials})"
            raise Trouble(cause, "Name one of them by serial= as well")


# ---- the PIN


def _log_in(session: Session, token: Token, uri: KeyUri, file: Path) -> None:
    if token.has(Flag.PIN_LOCKED):
        remedy = "Have its security officer unlock it, and put the new PIN into its file"
        raise Trouble(f"{uri.place} is locked after wrong PINs", remedy)
    if token.has(Flag.PIN_PAD):
        cause = f"{uri.place} wants its PIN typed at a pad, and nobody is at a gateway"
        raise Trouble(cause, "Use one that takes its PIN from a program")
    pin = _pin(uri)
    refused = _Memory(file, token, pin)
    if refused.holds():
        cause = f"{uri.place} refused the PIN in {uri.pin} before, and it is not tried again"
        raise Trouble(cause, f"Put the right PIN there; if it is right now, remove {refused.file}")
    if token.has(Flag.PIN_FINAL_TRY):
        raise Trouble(f"{uri.place} has met wrong PINs and has one try left", _LAST_TRY)
    try:
        session.login(pin)
    except Refused as error:
        if error.is_of_pin:
            refused.keep()
            cause = f"{uri.place} refuses the PIN in {uri.pin}"
            raise Trouble(cause, "Put the right PIN there; this one is not tried again") from error
        cause = f"{uri.place} lets nobody log in: {error}"
        raise Trouble(cause, "See what the token's own tools say of its user's PIN") from error
    refused.forget()


def _pin(uri: KeyUri) -> bytes:
    if not uri.pin:
        cause = f"{uri.place} asks for a PIN, and the key's name says no file that holds it"
        raise Trouble(cause, "Add pin-source=file:/etc/edge-agent/token.pin to it; mode 0600")
    try:
        pin = read_key_file(Path(uri.pin)).rstrip(b"\r\n")
    except KeyFileError as error:
        remedy = "Put the PIN there, in a file of the agent's user with mode 0600"
        raise Trouble(f"the PIN in {uri.pin}: {error.cause}", remedy) from error
    if not 0 < len(pin) <= PIN_BYTES_MAX:
        raise Trouble(f"{uri.pin} holds no PIN", "It is one line, and nothing else")
    return pin


class _Memory:
    """Whether this PIN was refused by this token; a wrong PIN's hash is no secret worth a guess."""

    def __init__(self, key: Path, token: Token, pin: bytes) -> None:
        self.file = key.with_name(f"{key.name}.pin-refused")
        facts = token.facts
        salt = f"{facts.manufacturer}\0{facts.model}\0{facts.serial}\0{facts.token}".encode()
        self._mark = hashlib.scrypt(pin, salt=salt, n=4096, r=8, p=1, dklen=32).hex().encode()

    def holds(self) -> bool:
        try:
            return self.file.read_bytes() == self._mark
        except OSError:
            return False

    def keep(self) -> None:
        with contextlib.suppress(OSError):  # a folder that cannot be written: the flags are left
            files.replace(self.file, self._mark)
            folder = self.file.parent.stat()  # of the agent's user, where root tries as well
            os.chown(self.file, folder.st_uid, folder.st_gid)

    def forget(self) -> None:
        with contextlib.suppress(OSError):
            self.file.unlink()


# ---- the key


def _named(uri: KeyUri, kind: int) -> Template:
    template: Template = {Attribute.CLASS: kind}
    if uri.object:
        template[Attribute.LABEL] = uri.object.encode()
    if uri.id:
        template[Attribute.ID] = uri.id
    return template


def _key(session: Session, uri: KeyUri) -> Key:
    match session.find(_named(uri, PRIVATE)):
        case []:
            cause = f"{uri.place} holds no private key {uri.which}"
            raise Trouble(cause, "Restore it there, or enrol this gateway anew")
        case [handle]:
            if (kind := session.kind_of(handle)) is not None:
                return Key(handle, kind)
            cause = f"the key {uri.which} in {uri.place} is neither P-256 nor Ed25519"
            raise Trouble(cause, "Name another one, or have one made under a new name")
    cause = f"{uri.place} holds more than one private key {uri.which}"
    raise Trouble(cause, "Name one of them by its id=%.. as well")


def _made(session: Session, kind: Kind | None, uri: KeyUri) -> dict[str, Any]:
    """Have a key made, or take the one that is there: made beforehand, or by a try cut off."""
    if not session.find(_named(uri, PRIVATE)):
        if kind is None:
            cause = f"{uri.place} makes neither P-256 nor Ed25519 keys"
            raise Trouble(cause, "Use another token, or keep the key in a file or a TPM")
        session.generate(kind, uri.object, uri.id or os.urandom(ID_BYTES))
    key = _key(session, uri)
    if not session.has(key.handle, Attribute.NEVER_EXTRACTABLE):
        cause = f"the key {uri.which} in {uri.place} can leave it, or could: there may be a copy"
        raise Trouble(cause, "Name another one, or have one made under a new name")
    label = session.read(key.handle, Attribute.LABEL).decode("utf-8", "replace")
    named = uri.with_key(label, session.read(key.handle, Attribute.ID))
    match session.find(_named(named, PUBLIC)):
        case [public] if raw := session.point(public, key.kind):
            return {"uri": named.text, "raw": raw.hex()}
    cause = f"{uri.place} does not tell the public half of its key {named.which}"
    raise Trouble(cause, "Put it there as an object of the same label and id")


def _destroyed(session: Session, uri: KeyUri) -> dict[str, Any]:
    """Remove both halves; what is gone already was destroyed by a try that was cut off."""
    if session.find(_named(uri, PRIVATE)):
        session.destroy(_key(session, uri).handle)
    for handle in session.find(_named(uri, PUBLIC)):
        session.destroy(handle)
    return {}


# ---- the process


def main() -> int:
    """Read one order, carry it out, answer."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):  # the library's, from here on
        os.dup2(nowhere, stream.fileno())
    try:
        answer = carry_out(json.load(sys.stdin))
    except Trouble as error:
        answer = {"cause": error.cause, "remedy": error.remedy, "absent": error.absent}
    with answers:
        json.dump(answer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
