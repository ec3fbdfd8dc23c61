"""A witness's door: takes a head over TLS, answers with its cosignature, or why not.

`POST /edge/v1/witness` (docs/wire-format.md, section 19).  Nothing is given that is not stored for
good before.
"""

import json
import sqlite3
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog

from edge_agent import tls_door
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import Certificate
from edge_agent.evidence.cose import BadSignature, Signer
from edge_agent.evidence.submission import SUBMISSION_BYTES_MAX, Submission
from edge_agent.witness.judging import Behind, Proven, Refused, Stopped, Untrusted, prove
from edge_agent.witness.quota import Quota
from edge_agent.witness.store import Answer, WitnessStore

PATH = "/edge/v1/witness"
RETRY_S = 60  # what is said to who asks too much

log = structlog.get_logger("witness")


@dataclass(frozen=True, slots=True)
class Office:
    """Who cosigns: name and key, where it is kept, for whose gateways, and its clocks."""

    name: str
    signer: Signer
    store: WitnessStore
    authorities: Callable[[], list[Certificate]]
    now_ms: Callable[[], int]
    boottime_ns: Callable[[], int]


class Door(tls_door.Door):
    """Listens on `place` until `shutdown`.  Raises OSError where the place cannot be had."""

    def __init__(
        self,
        place: tuple[str, int],
        context: ssl.SSLContext,
        office: Office,
        quota: Quota | None = None,
    ) -> None:
        self.office, self.quota = office, quota or Quota()
        super().__init__(place, _Talk, context, "witness")


class _Talk(tls_door.Talk):
    server: Door
    body_bytes_max = SUBMISSION_BYTES_MAX

    def do_POST(self) -> None:  # noqa: N802  the library's name
        office, peer = self.server.office, str(self.client_address[0])
        if not self.server.quota.take(peer, office.boottime_ns()):
            self.close_connection = True
            told = json.dumps({"refused": "too_much"}).encode()
            status = HTTPStatus.TOO_MANY_REQUESTS
            self.answer(status, "application/json", told, Retry_After=str(RETRY_S))
            return
        if self.path != PATH:
            self.refuse(HTTPStatus.NOT_FOUND, "there is no such thing here")
            return
        body = self.body()
        if body is None:
            return
        try:
            proven = prove(Submission.from_bytes(body), office.authorities())
        except (Malformed, BadSignature) as error:
            self._no(HTTPStatus.BAD_REQUEST, "malformed", detail=str(error))
        except Untrusted as error:
            log.info("witness.untrusted", peer=peer, cause=str(error))
            self._no(HTTPStatus.FORBIDDEN, "untrusted", detail=str(error))
        else:
            self._judged(proven, peer)

    def _judged(self, proven: Proven, peer: str) -> None:
        office = self.server.office
        try:
            given = office.store.submit(proven, office.name, office.signer, office.now_ms())
        except sqlite3.Error as error:
            remedy = "see to free space and permissions of the witness's folder"
            log.error("witness.store", cause=str(error), remedy=remedy)
            self._no(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail="it cannot be stored")
            return
        told = {"gateway": proven.head.gateway, "run": proven.head.epoch.hex()}
        match given.verdict:
            case Refused() as no:
                log.warning("witness.refused", peer=peer, **told, what=str(no.what))
                place = {} if no.size is None else {"epoch": no.epoch.hex(), "size": no.size}
                self._no(HTTPStatus.CONFLICT, str(no.what), detail=no.detail, **place)
            case Stopped():
                detail = "nothing of this gateway is cosigned until the witness has looked at it"
                self._no(HTTPStatus.CONFLICT, "stopped", detail=detail)
            case Behind(epoch, size):
                self._no(HTTPStatus.CONFLICT, "behind", epoch=epoch.hex(), size=size)
            case _:
                self._given(given, told | {"size": proven.head.seq})

    def _given(self, given: Answer, told: dict[str, Any]) -> None:
        log.info("witness.cosigned", **told)
        self.answer(HTTPStatus.OK, "application/cose", given.cosignature)

    def _no(self, status: HTTPStatus, why: str, **told: Any) -> None:
        self.answer(status, "application/json", json.dumps({"refused": why, **told}).encode())
