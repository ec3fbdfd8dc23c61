"""Has the heads that are stored cosigned by a witness: who asks, for what, with which proof.

The witness is somebody else's (`edge_agent.witness`); a center that would keep it away cannot hide
that: whoever names the witness to `verify` misses its cosignatures.  decisions/0031.
"""

import http.client
import json
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from edge_agent.center.holding import StoreHolding
from edge_agent.center.init import read_certificate, read_certificates
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.settings import Settings
from edge_agent.center.turns import Turns
from edge_agent.evidence import certificates
from edge_agent.evidence.bodies import GenesisBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.cosignature import open_cosignature
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.pinned import read_public_keys
from edge_agent.evidence.submission import Submission
from edge_agent.evidence.tree import Peaks, grown_proof

PATH = "/edge/v1/witness"
TALK_S_MAX = 20.0
ANSWER_BYTES_MAX = 16_384
DAY_MS = 24 * 3600 * 1000
HERE = ("smaller", "behind")  # events of this run are missing here: others may be whole

_EPOCHS = (
    "SELECT epoch.id, epoch.epoch, previous, epoch.peaks, cosignature.size, cosignature.peaks,"
    " cosignature.time_ms FROM epoch LEFT JOIN cosignature"
    "  ON cosignature.gateway = epoch.gateway AND cosignature.epoch = epoch.epoch"
    " WHERE epoch.gateway = ? AND vouched AND proved_to > 0 ORDER BY epoch.id"
)
_GENESIS = (
    "SELECT envelope FROM event WHERE epoch_id = ? AND seq = 0 ORDER BY vouched DESC, id LIMIT 1"
)
_HEAD = "SELECT envelope FROM event WHERE epoch_id = ? AND seq = ? AND root = ? ORDER BY id LIMIT 1"
_LEAVES = "SELECT seq, leaf FROM event WHERE epoch_id = ? AND seq >= ? AND seq < ? ORDER BY seq, id"
_KEEP = (
    "INSERT INTO cosignature (gateway, epoch, size, peaks, time_ms, data)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET size = excluded.size,"
    " peaks = excluded.peaks, time_ms = excluded.time_ms, data = excluded.data"
)


class AwayError(Exception):
    """The witness does not answer, or nothing that can be read."""


@dataclass(frozen=True, slots=True)
class No:
    """The witness did not cosign; `size` of `epoch` is what it holds, where it tells."""

    why: str
    detail: str = ""
    epoch: bytes = b""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Where the witness is, and its own `witness.pem`: its certificate and its keys."""

    host: str
    port: int
    pem: bytes
    keys: tuple[PublicKey, ...]

    @classmethod
    def of(cls, layout: Layout, chosen: Settings) -> Self | None:
        """Return what `center.toml` says, None where no witness is configured.

        Raises CenterError.
        """
        if chosen.witness is None:
            return None
        file = layout.directory / "witness.pem"
        try:
            pem = file.read_bytes()
            return cls(chosen.witness.host, chosen.witness.port, pem, read_public_keys(pem))
        except OSError as error:
            remedy = "put the file there that the witness hands out"
            raise CenterError(f"{file}: {error.strerror}; {remedy}") from error
        except ValueError as error:
            remedy = "it is not the file that a witness hands out"
            raise CenterError(f"{file}: {error}; {remedy}") from error


class Witness:
    """A connection to the witness."""

    def __init__(self, access: Access) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(cadata=_certificate_in(access.pem))
        except ssl.SSLError as error:
            raise CenterError(f"witness.pem: no certificate that can be used: {error}") from error
        self.keys = access.keys
        self._connection = http.client.HTTPSConnection(
            access.host, access.port, timeout=TALK_S_MAX, context=context
        )

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask(self, submission: Submission) -> bytes | No:
        """Return the cosignature, or why there is none.  Raises AwayError."""
        kind = {"Content-Type": "application/cbor"}
        try:
            answer, data = self._talk(submission.to_bytes(), kind)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise AwayError(str(error) or type(error).__name__) from error
        if len(data) > ANSWER_BYTES_MAX:
            self._connection.close()
            raise AwayError("an endless answer")
        if answer.status == http.client.OK:
            return data
        if answer.status == http.client.TOO_MANY_REQUESTS:
            raise AwayError("it is asked too much: the rest comes later")
        return _no(answer.status, data)

    def _talk(self, body: bytes, kind: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask once more where the witness had hung up: what was asked twice is answered twice."""
        old = self._connection.sock is not None
        try:
            self._connection.request("POST", PATH, body, kind)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            if not old:
                raise
            self._connection.close()
            self._connection.request("POST", PATH, body, kind)
            answer = self._connection.getresponse()
        return answer, answer.read(ANSWER_BYTES_MAX + 1)


def _certificate_in(pem: bytes) -> str:
    """Return the certificate alone: what else is in the file is not TLS's."""
    end = "-----END CERTIFICATE-----\n"
    return pem.decode("ascii", "replace").partition(end)[0] + end


def _no(status: int, data: bytes) -> No:
    try:
        told = json.loads(data)
        size, epoch = told.get("size"), bytes.fromhex(str(told.get("epoch", "")))
        why, detail = str(told["refused"])[:32], str(told.get("detail", ""))[:200]
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError):
        raise AwayError(f"it answers {status} and nothing that can be read") from None
    return No(why, detail, epoch, size if type(size) is int and size >= 0 else None)


# ---- one gateway


@dataclass(frozen=True, slots=True)
class Run:
    """An epoch as it is stored: its tree up to the newest proven head, and what was cosigned."""

    number: int
    epoch: bytes
    previous: bytes | None
    peaks: Peaks
    cosigned: Peaks | None
    time_ms: int


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one epoch: cosigned over `size` events, or refused."""

    gateway: str
    epoch: bytes
    size: int
    time_ms: int | None = None
    no: No | None = None


def runs(connection: sqlite3.Connection, gateway: str) -> list[Run]:
    """Return a gateway's epochs, each behind the one that it follows."""
    found = {
        row[1]: Run(
            row[0],
            row[1],
            row[2],
            Peaks.from_bytes(row[3]),
            None if row[5] is None else Peaks.from_bytes(row[5]),
            row[6] or 0,
        )
        for row in connection.execute(_EPOCHS, (gateway,))
    }
    ordered: dict[bytes, Run] = {}
    for run in found.values():
        behind: list[Run] = []
        at: Run | None = run
        while at is not None and at.epoch not in ordered and at not in behind:
            behind.append(at)
            at = found.get(at.previous or b"")
        ordered |= {one.epoch: one for one in reversed(behind)}
    return list(ordered.values())


class Cosigning:
    """One gateway's heads, brought to the witness in the order in which its epochs ran."""

    def __init__(
        self, connection: sqlite3.Connection, layout: Layout, gateway: str, turns: Turns
    ) -> None:
        self._connection, self._gateway, self._turns = connection, gateway, turns
        self._identities = {
            PublicKey.of(one.public_key()).kid: certificates.der_of(one)
            for one in read_certificates(layout.identity(gateway))
        }
        authority = read_certificate(layout.certificate("ca"))
        receipt = PublicKey.of(read_certificate(layout.certificate("receipt")).public_key())
        self._authority = certificates.key_digest(authority)
        self._holding = StoreHolding(connection, gateway, receipt)

    def bring(self, witness: Witness, due_ms: int) -> Iterator[Told]:
        """Have each epoch cosigned of which more is stored than was; yield what became of it.

        The newest one only where its cosignature is from before `due_ms`.  Ends at the first
        refusal that is not about this run alone.  Raises AwayError, sqlite3.Error.
        """
        known = runs(self._connection, self._gateway)
        for at, run in enumerate(known):
            over = run.cosigned is not None and run.cosigned.size >= run.peaks.size
            if over or (at == len(known) - 1 and run.cosigned is not None and run.time_ms > due_ms):
                continue
            told = self._brought(witness, run)
            if told is not None:
                yield told
            if told is not None and told.no is not None and told.no.why not in HERE:
                return

    def _brought(self, witness: Witness, run: Run) -> Told | None:
        """Bring one epoch's newest head; None where the store lacks what that needs."""
        size = run.peaks.size
        head = self._one(_HEAD, run.number, size, run.peaks.root())
        genesis = self._one(_GENESIS, run.number)
        if head is None or genesis is None:
            return None
        body = GenesisBody.from_body(peek(genesis)[1].body)
        identity = self._identities.get(body.identity_kid or b"")
        if identity is None:
            return None  # of a key that was replaced, and whose certificate is not kept
        old_size, proof = self._expected(run, body)
        answer = witness.ask(Submission(identity, genesis, head, old_size, tuple(proof)))
        if isinstance(answer, No) and answer.why == "behind" and answer.size is not None:
            target = size if answer.epoch == run.epoch else body.previous_size
            with suppress(LookupError, ValueError):
                proof = self._holding.proofs(answer.epoch).consistency(answer.size, target)
                asked = Submission(identity, genesis, head, answer.size, tuple(proof))
                answer = witness.ask(asked)
        if isinstance(answer, No):
            return Told(self._gateway, run.epoch, size, no=answer)
        return self._kept(witness, run, answer)

    def _expected(self, run: Run, body: GenesisBody) -> tuple[int, list[bytes]]:
        """Return what the witness most likely holds, and the proof from there."""
        if run.cosigned is not None:
            return self._proof(run.number, run.cosigned, run.peaks.size)
        before = next(
            (one for one in runs(self._connection, self._gateway) if one.epoch == run.previous),
            None,
        )
        if before is None or before.cosigned is None:
            return 0, []
        return self._proof(before.number, before.cosigned, body.previous_size)

    def _proof(self, number: int, old: Peaks, size: int) -> tuple[int, list[bytes]]:
        rows = self._connection.execute(_LEAVES, (number, old.size, size)).fetchall()
        leaves = [leaf for _, leaf in rows]
        if [seq for seq, _ in rows] == list(range(old.size, size)):
            return old.size, grown_proof(old, leaves)
        return 0, []  # a fork or a gap: the witness says from where, and the whole tree is read

    def _kept(self, witness: Witness, run: Run, answer: bytes) -> Told:
        size, root = run.peaks.size, run.peaks.root()
        try:
            told = open_cosignature(answer, witness.keys)
        except (Malformed, BadSignature) as error:
            return Told(self._gateway, run.epoch, size, no=No("bad_answer", str(error)))
        of = told.authority, told.gateway, told.epoch, told.size, told.root
        if of != (self._authority, self._gateway, run.epoch, size, root):
            no = No("bad_answer", "the cosignature is of something else")
            return Told(self._gateway, run.epoch, size, no=no)
        values: tuple[Any, ...] = (self._gateway, run.epoch, size, run.peaks.to_bytes())
        with self._turns.take(urgent=False):
            self._connection.execute(_KEEP, (*values, told.time_ms, answer))
        return Told(self._gateway, run.epoch, size, told.time_ms)

    def _one(self, query: str, *values: object) -> bytes | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else bytes(row[0])


def facts(told: Told) -> dict[str, Any]:
    """Return plain values."""
    return {
        "gateway": told.gateway,
        "run": told.epoch.hex(),
        "size": told.size,
        "time_ms": told.time_ms,
        "refused": told.no and told.no.why,
        "detail": told.no and told.no.detail,
    }
