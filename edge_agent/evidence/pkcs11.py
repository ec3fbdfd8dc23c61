"""What a PKCS #11 token is asked for a key, through its maker's library; loaded in a child only.

Functions, structures and numbers are those of OASIS PKCS #11 (Cryptoki) 2.40 and, for Ed25519,
3.0.  What is used has been the same since 2.20, so every library has it.  A library is foreign
code in this process: it may hang, crash or print, which is why `pkcs11_child` is alone with it.
"""

import ctypes
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes import POINTER, Structure, byref, c_char, c_ubyte, c_ulong, c_void_p
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from edge_agent.evidence.pkcs11_uri import TokenFacts

SLOTS_MAX = 64
ATTRIBUTE_BYTES_MAX = 4096  # a public key takes 67, labels of people a few dozen
FOUND_MAX = 2  # one is meant; a second one is enough to know that it is not alone
ID_BYTES = 8
SIGNATURE_BYTES_MAX = 1024
_FUNCTIONS = {  # places in CK_FUNCTION_LIST
    "C_Initialize": 0,
    "C_Finalize": 1,
    "C_GetSlotList": 4,
    "C_GetTokenInfo": 6,
    "C_GetMechanismList": 7,
    "C_OpenSession": 12,
    "C_Login": 18,
    "C_DestroyObject": 22,
    "C_GetAttributeValue": 24,
    "C_FindObjectsInit": 26,
    "C_FindObjects": 27,
    "C_FindObjectsFinal": 28,
    "C_SignInit": 42,
    "C_Sign": 43,
    "C_GenerateKeyPair": 59,
}
_FUNCTIONS_IN_ALL = 68
_OK, _ALREADY_LOGGED_IN = 0x000, 0x100
_SENSITIVE, _NO_SUCH_ATTRIBUTE, _NOT_SUPPORTED = 0x011, 0x012, 0x054
_PIN_REFUSED = {0x0A0, 0x0A1, 0x0A2}  # CKR_PIN_INCORRECT, _INVALID, _LEN_RANGE
_ABSENT = {0x030, 0x031, 0x032, 0x0E0, 0x0E1, 0x003}  # of device, token and slot
_SERIAL_SESSION, _RW_SESSION = 0x4, 0x2
_USER = 1
_UNAVAILABLE = c_ulong(-1).value


class Refused(Exception):  # noqa: N818  reads as what it says
    """The library answered with an error; `code` is its CK_RV."""

    def __init__(self, function: str, code: int) -> None:
        name = _NAMES.get(code, "an error of its own")
        super().__init__(f"{function} answers {name} ({code:#x})")
        self.code = code

    @property
    def is_of_pin(self) -> bool:
        """The PIN is a wrong one."""
        return self.code in _PIN_REFUSED

    @property
    def is_absent(self) -> bool:
        """The token or its reader is not there, which may change by itself."""
        return self.code in _ABSENT


_NAMES = {
    0x003: "CKR_SLOT_ID_INVALID",
    0x005: "CKR_GENERAL_ERROR",
    0x006: "CKR_FUNCTION_FAILED",
    0x013: "CKR_ATTRIBUTE_VALUE_INVALID",
    0x030: "CKR_DEVICE_ERROR",
    0x031: "CKR_DEVICE_MEMORY",
    0x032: "CKR_DEVICE_REMOVED",
    0x054: "CKR_FUNCTION_NOT_SUPPORTED",
    0x068: "CKR_KEY_FUNCTION_NOT_PERMITTED",
    0x070: "CKR_MECHANISM_INVALID",
    0x0A0: "CKR_PIN_INCORRECT",
    0x0A3: "CKR_PIN_EXPIRED",
    0x0A4: "CKR_PIN_LOCKED",
    0x0B3: "CKR_SESSION_HANDLE_INVALID",
    0x0D0: "CKR_TEMPLATE_INCOMPLETE",
    0x0D1: "CKR_TEMPLATE_INCONSISTENT",
    0x0E0: "CKR_TOKEN_NOT_PRESENT",
    0x0E1: "CKR_TOKEN_NOT_RECOGNIZED",
    0x0E2: "CKR_TOKEN_WRITE_PROTECTED",
    0x101: "CKR_USER_NOT_LOGGED_IN",
    0x102: "CKR_USER_PIN_NOT_INITIALIZED",
}


class NoModule(Exception):  # noqa: N818  reads as what it says
    """A file that is no PKCS #11 library, or none for this machine: why."""


class Kind(IntEnum):
    """A key's kind: CKK_EC (only its P-256 is used) and CKK_EC_EDWARDS (only its Ed25519)."""

    P256 = 0x03
    ED25519 = 0x40


@dataclass(frozen=True, slots=True)
class _Way:
    """How a kind is made and used: mechanisms, and what CKA_EC_PARAMS may say of the curve."""

    generate: int
    sign: int
    curves: tuple[bytes, ...]
    raw_bytes: int


_WAYS = {
    Kind.P256: _Way(0x1040, 0x1041, (bytes.fromhex("06082a8648ce3d030107"),), 64),
    Kind.ED25519: _Way(0x1055, 0x1057, (b"\x13\x0cedwards25519", b"\x06\x03\x2b\x65\x70"), 32),
}


class Attribute(IntEnum):
    """What an object has: CKA_..."""

    CLASS = 0x000
    TOKEN = 0x001
    PRIVATE = 0x002
    LABEL = 0x003
    KEY_TYPE = 0x100
    ID = 0x102
    SENSITIVE = 0x103
    SIGN = 0x108
    VERIFY = 0x10A
    EXTRACTABLE = 0x162
    NEVER_EXTRACTABLE = 0x164
    EC_PARAMS = 0x180
    EC_POINT = 0x181


PUBLIC, PRIVATE = 2, 3  # CKO_PUBLIC_KEY, CKO_PRIVATE_KEY
Value = bool | int | bytes
Template = dict[Attribute, Value]


class Flag(IntEnum):
    """What a token says of itself: CKF_..."""

    LOGIN_REQUIRED = 0x4
    PIN_PAD = 0x100  # CKF_PROTECTED_AUTHENTICATION_PATH
    PIN_FINAL_TRY = 0x20000
    PIN_LOCKED = 0x40000


class _Version(Structure):
    _fields_ = [("major", c_ubyte), ("minor", c_ubyte)]


class _FunctionList(Structure):
    _fields_ = [("version", _Version), ("functions", c_void_p * _FUNCTIONS_IN_ALL)]


class _Attribute(Structure):
    _fields_ = [("type", c_ulong), ("value", c_void_p), ("length", c_ulong)]


class _Mechanism(Structure):
    _fields_ = [("mechanism", c_ulong), ("parameter", c_void_p), ("length", c_ulong)]


class _TokenTold(Structure):
    _fields_ = [
        *(("label", c_char * 32), ("manufacturer", c_char * 32)),
        *(("model", c_char * 16), ("serial", c_char * 16)),
        *(("flags", c_ulong), ("counts", c_ulong * 10)),
        *(("hardware", _Version), ("firmware", _Version), ("time", c_char * 16)),
    ]


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is there: where, what it says of itself, and its flags."""

    slot: int
    facts: TokenFacts
    flags: int

    def has(self, flag: Flag) -> bool:
        """Tell whether it says so."""
        return bool(self.flags & flag)


class Module:
    """A maker's library, in this process."""

    def __init__(self, path: str) -> None:
        try:
            entry = ctypes.CDLL(path).C_GetFunctionList
        except OSError as error:
            raise NoModule(str(error)) from error
        except AttributeError as error:
            raise NoModule("it has no function C_GetFunctionList") from error
        entry.restype = c_ulong
        listed = POINTER(_FunctionList)()
        if (code := entry(byref(listed))) != _OK:
            raise Refused("C_GetFunctionList", code)
        self._functions = listed.contents.functions

    def call(self, name: str, *arguments: object) -> None:
        """Call a function; a number is passed as a CK_ULONG.  Raises Refused."""
        prototype, address = ctypes.CFUNCTYPE(c_ulong), self._functions[_FUNCTIONS[name]]
        if not address:
            raise Refused(name, _NOT_SUPPORTED)
        wide = [c_ulong(one) if isinstance(one, int) else one for one in arguments]
        code = prototype(address)(*wide)
        if code != _OK:
            raise Refused(name, code)

    @classmethod
    @contextmanager
    def opened(cls, path: str) -> Iterator[Self]:
        """Yield the library, ready for one thread.  Raises NoModule, Refused."""
        module = cls(path)
        module.call("C_Initialize", None)
        try:
            yield module
        finally:
            with suppress(Refused):  # what was done is done
                module.call("C_Finalize", None)

    def tokens(self) -> list[Token]:
        """Return what is in the readers now; one that cannot be read is left out."""
        count, slots = c_ulong(SLOTS_MAX), (c_ulong * SLOTS_MAX)()
        self.call("C_GetSlotList", c_ubyte(1), slots, byref(count))
        return [token for slot in slots[: count.value] if (token := self._token(slot)) is not None]

    def _token(self, slot: int) -> Token | None:
        told = _TokenTold()
        try:
            self.call("C_GetTokenInfo", slot, byref(told))
        except Refused:  # another one's broken card
            return None
        parts = (told.label, told.serial, told.manufacturer, told.model)
        texts = [part.decode("utf-8", "replace").rstrip(" ") for part in parts]
        return Token(slot, TokenFacts(*texts), told.flags)

    def makes(self, token: Token) -> Kind | None:
        """Return the kind of key that a token makes and signs with: P-256 where it can."""
        count = c_ulong()
        self.call("C_GetMechanismList", token.slot, None, byref(count))
        known = (c_ulong * count.value)()
        self.call("C_GetMechanismList", token.slot, known, byref(count))
        there = set(known[: count.value])
        return next(
            (kind for kind, way in _WAYS.items() if {way.generate, way.sign} <= there), None
        )


@dataclass(frozen=True, slots=True)
class Key:
    """A private key in a token."""

    handle: int
    kind: Kind


class Session:
    """A token, for as long as the library is open."""

    def __init__(self, module: Module, token: Token, *, writing: bool) -> None:
        self._call = module.call
        handle = c_ulong()
        flags = _SERIAL_SESSION | (_RW_SESSION if writing else 0)
        self._call("C_OpenSession", token.slot, flags, None, None, byref(handle))
        self._handle = handle.value

    def login(self, pin: bytes) -> None:
        """Log in as the token's user; each wrong PIN counts there.  Raises Refused."""
        try:
            self._call("C_Login", self._handle, _USER, pin, len(pin))
        except Refused as error:
            if error.code != _ALREADY_LOGGED_IN:
                raise

    def generate(self, kind: Kind, label: str, identifier: bytes) -> Key:
        """Have the token make a key that never leaves it."""
        way = _WAYS[kind]
        both: Template = {
            Attribute.KEY_TYPE: kind,
            Attribute.TOKEN: True,
            Attribute.LABEL: label.encode(),
            Attribute.ID: identifier,
        }
        public: Template = {
            Attribute.CLASS: PUBLIC,
            **both,
            Attribute.VERIFY: True,
            Attribute.EC_PARAMS: way.curves[0],
        }
        private: Template = {
            Attribute.CLASS: PRIVATE,
            **both,
            Attribute.PRIVATE: True,
            Attribute.SENSITIVE: True,
            Attribute.EXTRACTABLE: False,
            Attribute.SIGN: True,
        }
        handles = c_ulong(), c_ulong()
        self._call(
            "C_GenerateKeyPair",
            *(self._handle, byref(_Mechanism(way.generate, None, 0))),
            *(_structures(public), len(public), _structures(private), len(private)),
            *map(byref, handles),
        )
        return Key(handles[1].value, kind)

    def find(self, template: Template) -> list[int]:
        """Return the handles of what has these attributes, `FOUND_MAX` at most."""
        handles, count = (c_ulong * FOUND_MAX)(), c_ulong()
        self._call("C_FindObjectsInit", self._handle, _structures(template), len(template))
        try:
            self._call("C_FindObjects", self._handle, handles, FOUND_MAX, byref(count))
        finally:
            self._call("C_FindObjectsFinal", self._handle)
        return list(handles[: count.value])

    def has(self, handle: int, attribute: Attribute) -> bool:
        """Tell whether an object has a property; one that does not know it has it not."""
        return any(self.read(handle, attribute))

    def kind_of(self, handle: int) -> Kind | None:
        """Return the kind of a key, None for one that is not used here.

        Some tokens tell the curve of a public half only; its point and each signature are checked.
        """
        try:
            kind = Kind(int.from_bytes(self.read(handle, Attribute.KEY_TYPE), sys.byteorder))
        except ValueError:
            return None
        curve = self.read(handle, Attribute.EC_PARAMS)
        return kind if not curve or curve in _WAYS[kind].curves else None

    def read(self, handle: int, attribute: Attribute) -> bytes:
        """Return an attribute's bytes, none where an object has it not or keeps it to itself."""
        told = _Attribute(attribute, None, 0)
        try:
            self._call("C_GetAttributeValue", self._handle, handle, byref(told), 1)
            if told.length in {0, _UNAVAILABLE} or told.length > ATTRIBUTE_BYTES_MAX:
                return b""
            room = ctypes.create_string_buffer(told.length)
            told.value = ctypes.cast(room, c_void_p)
            self._call("C_GetAttributeValue", self._handle, handle, byref(told), 1)
        except Refused as error:
            if error.code in {_SENSITIVE, _NO_SUCH_ATTRIBUTE}:
                return b""
            raise
        return room.raw[: told.length]

    def point(self, handle: int, kind: Kind) -> bytes:
        """Return a public key's raw bytes, as COSE has them; none where they make no sense.

        A token gives them as an OCTET STRING (2.40) or bare (3.0 for Ed25519, and some libraries).
        """
        told, size = self.read(handle, Attribute.EC_POINT), _WAYS[kind].raw_bytes
        head = b"\x04" if kind is Kind.P256 else b""  # of an uncompressed point
        for before in (bytes((0x04, size + len(head))) + head, head):
            if told.startswith(before) and len(told) == size + len(before):
                return told[len(before) :]
        return b""

    def sign(self, key: Key, message: bytes) -> bytes:
        """Return the signature: r || s of ECDSA over SHA-256, or Ed25519's."""
        signed = hashlib.sha256(message).digest() if key.kind is Kind.P256 else message
        room, length = (
            ctypes.create_string_buffer(SIGNATURE_BYTES_MAX),
            c_ulong(SIGNATURE_BYTES_MAX),
        )
        mechanism = _Mechanism(_WAYS[key.kind].sign, None, 0)
        self._call("C_SignInit", self._handle, byref(mechanism), key.handle)
        self._call("C_Sign", self._handle, signed, len(signed), room, byref(length))
        return room.raw[: length.value]

    def destroy(self, handle: int) -> None:
        """Remove an object from the token for good."""
        self._call("C_DestroyObject", self._handle, handle)


def _structures(template: Template) -> ctypes.Array[_Attribute]:
    """Return a template as the library takes it; it lives as long as what is returned."""
    made = (_Attribute * len(template))()
    kept: list[object] = []
    for place, (attribute, value) in enumerate(template.items()):
        octets = _octets(value)
        kept.append(room := ctypes.create_string_buffer(octets, len(octets)))
        made[place] = _Attribute(attribute, ctypes.cast(room, c_void_p), len(octets))
    made._kept = kept  # type: ignore[attr-defined]  # noqa: SLF001  an array holds addresses only
    return made


def _octets(value: Value) -> bytes:
    if isinstance(value, bool):
        return bytes([value])
    return value if isinstance(value, bytes) else bytes(c_ulong(value))
