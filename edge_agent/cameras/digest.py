"""Logs in to a camera: HTTP digest (RFC 7616, with RFC 2069 for old ones) and basic (RFC 7617).

Which way is taken is the configuration's to say, never the camera's: a camera that offers basic to
who wants digest, or somebody in its place, is shown no password.
"""

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass

CHALLENGE_CHARS_MAX = 4096  # real ones are below 300
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  a pattern of RFC 9110, no password
_PARAM = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,|$|(?=\s))')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+(?=\S)|\s*$|\s*(?=,))")
_STRENGTH = ("SHA-256", "SHA-256-SESS", "MD5", "MD5-SESS")
"""Algorithms that are answered, the better first; MD5 is what most cameras know."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A way to log in that a camera offers."""

    scheme: str
    params: dict[str, str]

    @property
    def algorithm(self) -> str:
        """The digest's algorithm, in upper case."""
        return self.params.get("algorithm", "MD5").upper()


def challenges(value: str) -> list[Challenge]:
    """Return what one WWW-Authenticate line offers; what cannot be read of it is left out."""
    found: list[Challenge] = []
    at = 0
    text = value[:CHALLENGE_CHARS_MAX]
    while scheme := _SCHEME.match(text, at):
        at = scheme.end()
        params: dict[str, str] = {}
        while param := _PARAM.match(text, at):
            at = param.end()
            quoted = param[2]
            params[param[1].lower()] = param[3] if quoted is None else _unescaped(quoted)
        found.append(Challenge(scheme[1].lower(), params))
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def usable(offers: list[Challenge]) -> Challenge | None:
    """Return the best digest challenge that can be answered, None where there is none."""
    answerable = [
        one
        for one in offers
        if one.scheme == "digest"
        and one.params.get("nonce")
        and one.algorithm in _STRENGTH
        and (one.params.get("qop") is None or "auth" in _words(one.params["qop"]))
    ]
    return min(answerable, key=lambda one: _STRENGTH.index(one.algorithm), default=None)


def _words(qop: str) -> list[str]:
    return [word.strip().lower() for word in qop.split(",")]


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in; never shown by `repr`."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.user!r})"

    def basic(self) -> str:
        """Return the Authorization of basic."""
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Nonces:
    """What is said once: `count` of answers to this nonce, from 1, and our own random text."""

    count: int
    ours: str


def answer(challenge: Challenge, login: Login, target: str, nonces: Nonces) -> str:
    """Return the Authorization that answers `challenge` for a GET of `target`."""
    params = challenge.params
    realm, nonce = params.get("realm", ""), params["nonce"]
    secret = _hash(challenge, f"{login.user}:{realm}:{login.password}")
    if challenge.algorithm.endswith("-SESS"):
        secret = _hash(challenge, f"{secret}:{nonce}:{nonces.ours}")
    request = _hash(challenge, f"GET:{target}")
    said = [f'username="{_escaped(login.user)}"', f'realm="{_escaped(realm)}"']
    said += [f'nonce="{_escaped(nonce)}"', f'uri="{target}"']
    if "qop" in params:
        count = f"{nonces.count:08x}"
        proof = _hash(challenge, f"{secret}:{nonce}:{count}:{nonces.ours}:auth:{request}")
        said += ["qop=auth", f"nc={count}", f'cnonce="{nonces.ours}"']
    else:
        proof = _hash(challenge, f"{secret}:{nonce}:{request}")
        if challenge.algorithm.endswith("-SESS"):
            said.append(f'cnonce="{nonces.ours}"')
    said.append(f'response="{proof}"')
    if "algorithm" in params:
        said.append(f"algorithm={params['algorithm']}")
    if "opaque" in params:
        said.append(f'opaque="{_escaped(params["opaque"])}"')
    return "Digest " + ", ".join(said)


def _hash(challenge: Challenge, text: str) -> str:
    if challenge.algorithm.startswith("SHA-256"):
        return hashlib.sha256(text.encode()).hexdigest()
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
