"""The name of a key in a PKCS #11 token: a `pkcs11:` URI (RFC 7512), read and written (pure).

What it says is which token and which object there; which library speaks to the token, and which
file holds its PIN.  Never the PIN itself: names are shown and logged.
"""

import re
import string
from dataclasses import dataclass, replace
from typing import Self

URI_CHARS_MAX = 2048
SCHEME = "pkcs11:"
_TOKEN = ("token", "serial", "manufacturer", "model")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_PLAIN = {*string.ascii_letters, *string.digits, *"-._~:@!$*+,/"}  # RFC 7512 allows a few more


class NoUri(ValueError):  # noqa: N818  reads as a verdict
    """No URI of a key that can be used: why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUri:
    """A key in a token.

    `module` is the absolute path of the token's PKCS #11 library, `pin` that of the file with its
    PIN, empty where it asks for none.  `token`, `serial`, `manufacturer` and `model` say which
    token, `object` (its label) and `id` which key; what is empty is not asked for.
    """

    module: str
    pin: str = ""
    token: str = ""
    serial: str = ""
    manufacturer: str = ""
    model: str = ""
    object: str = ""
    id: bytes = b""

    @classmethod
    def read(cls, text: str) -> Self:
        """Return what a URI says.  Raises NoUri, which never repeats a PIN."""
        if len(text) > URI_CHARS_MAX or not text.isascii() or not text.isprintable():
            raise NoUri(f"a URI has at most {URI_CHARS_MAX} characters, others as %XX")
        if not text.startswith(SCHEME):
            raise NoUri(f"a key in a token is named by a URI that starts with {SCHEME}")
        path, _, query = text.removeprefix(SCHEME).partition("?")
        told = {**_attributes(path, ";", _OF_PATH), **_attributes(query, "&", _OF_QUERY)}
        if told.pop("type", b"private") != b"private":
            raise NoUri("type= can only be private: it is the private key that signs")
        identifier = told.pop("id", b"")
        texts = {_FIELDS.get(name, name): _text(name, value) for name, value in told.items()}
        module, pin = (texts.pop(name, "").removeprefix("file:") for name in ("module", "pin"))
        pin = pin.removeprefix("//")
        if not module.startswith("/"):
            raise NoUri("say which library: ?module-path=/usr/lib/.../the-library.so")
        if pin and not pin.startswith("/"):
            raise NoUri("pin-source= must be an absolute path: pin-source=file:/etc/.../token.pin")
        return cls(module=module, pin=pin, id=identifier, **texts)

    @property
    def text(self) -> str:
        """The URI, in the one form that is written here."""
        names = (*_TOKEN, "object")
        path = [f"{name}={_escaped(value)}" for name in names if (value := self._of(name))]
        path += ["id=" + "".join(f"%{octet:02X}" for octet in self.id)] if self.id else []
        query = f"?module-path={_escaped(self.module)}"
        query += f"&pin-source=file:{_escaped(self.pin)}" if self.pin else ""
        return SCHEME + ";".join([*path, "type=private"]) + query

    def _of(self, name: str) -> str:
        return str(getattr(self, name))

    @property
    def which(self) -> str:
        """Which key of its token that is, in words."""
        names = [f'"{self.object}"'] if self.object else []
        return " ".join([*names, *([f"with id {self.id.hex()}"] if self.id else [])])

    @property
    def place(self) -> str:
        """Which token that is, in words."""
        named = ", ".join(f"{name} {value}" for name in _TOKEN[1:] if (value := self._of(name)))
        which = f'"{self.token}"' if self.token else named
        return f"the token {which} of {self.module}" if which else f"the token of {self.module}"

    def suits(self, told: "TokenFacts") -> bool:
        """Tell whether a token is the one that is meant."""
        return all(
            not (wanted := self._of(name)) or wanted == getattr(told, name) for name in _TOKEN
        )

    def named(self, label: str) -> Self:
        """Return the same with a label, where it names no object."""
        return self if self.object or self.id else replace(self, object=label)

    def with_key(self, label: str, identifier: bytes) -> Self:
        """Return the name of a key that has this label and id, as far as it has them."""
        return replace(self, object=label or self.object, id=identifier or self.id)


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a token says of itself; `token` is its label."""

    token: str
    serial: str
    manufacturer: str
    model: str


_OF_PATH = {*_TOKEN, "object", "id", "type"}
_OF_QUERY = {"module-path", "pin-source"}
_FIELDS = {"module-path": "module", "pin-source": "pin"}
_REFUSED = {
    "pin-value": "a PIN does not belong into a name: put it into a file of mode 0600, and name "
    "that by pin-source=file:/etc/edge-agent/token.pin",
    "module-name": "say where the library is: module-path=/usr/lib/.../the-library.so",
}


def _attributes(text: str, separator: str, known: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if name in _REFUSED:
            raise NoUri(_REFUSED[name])
        if name not in known or not equals:
            raise NoUri(f"unknown attribute {name[:32]!r}; there are {', '.join(sorted(known))}")
        if name in found:
            raise NoUri(f"{name} stands there twice")
        plain = value.encode()
        if plain.count(b"%") != len(_PERCENT.findall(plain)):
            raise NoUri(f"{name}: a % must be followed by two hex digits")
        found[name] = _PERCENT.sub(lambda match: bytes.fromhex(match[1].decode()), plain)
    return found


def _escaped(text: str) -> str:
    octets = text.encode()
    return "".join(chr(one) if chr(one) in _PLAIN else f"%{one:02X}" for one in octets)


def _text(name: str, value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise NoUri(f"{name} is no UTF-8") from error
    if not text.isprintable():
        raise NoUri(f"{name} holds what cannot be printed")
    return text
