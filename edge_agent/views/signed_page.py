"""A page for people and its proof in one file: HTML, and behind it an evidence bundle.

The bundle holds the event by which the gateway recorded the page: an `act` with the SHA-256 of all
bytes before the bundle.  A browser shows the page and takes the rest for a comment.
"""

import base64
import binascii
import hashlib
import io
from dataclasses import dataclass
from typing import BinaryIO

from edge_agent.domain.event import EventType
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.bundle import Item, Run, items
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.envelope import peek

START = b"<!doctype html>"
FILE_BYTES_MAX = 32 << 20  # a page of the largest site, and the few events that it rests on
_MARK, _END = b"\n<!-- edge-agent evidence, base64\n", b"\n-->\n"
_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Recorded:
    """The event by which a gateway recorded a page, as the bundle has it."""

    place: Place
    act: ActBody


def digest(page: bytes) -> bytes:
    """Return what the gateway records of a page."""
    return hashlib.sha256(page).digest()


def joined(page: bytes, bundle: bytes) -> bytes:
    """Return the file."""
    text = base64.b64encode(bundle)
    rows = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
    return page + _MARK + b"\n".join(rows) + _END


def opened(stream: BinaryIO) -> tuple[bytes | None, BinaryIO]:
    """Return a file's page, and its bundle to be read; None and the file itself where it is none.

    Raises Malformed for a page without evidence behind it.
    """
    head = stream.read(len(START))
    if head != START:
        stream.seek(0)
        return None, stream
    page, bundle = split(head + stream.read(FILE_BYTES_MAX))
    return page, io.BytesIO(bundle)


def split(data: bytes) -> tuple[bytes, bytes]:
    """Return page and bundle.  Raises Malformed; there is one form, so nothing can stand beside."""
    page, mark, rest = data.rpartition(_MARK)
    if not mark or not rest.endswith(_END) or len(data) > FILE_BYTES_MAX:
        raise Malformed("no evidence stands behind the page: it was cut, or never recorded")
    try:
        bundle = base64.b64decode(rest[: -len(_END)].replace(b"\n", b""), validate=True)
    except binascii.Error as error:
        raise Malformed(f"the evidence behind the page is no base64: {error}") from error
    if joined(page, bundle) != data:
        raise Malformed("the evidence behind the page is not written as it should be")
    return page, bundle


def recorded(bundle: bytes, page: bytes) -> Recorded | None:
    """Return the event of a bundle that has the page's digest; the bundle itself is not checked."""
    wanted = digest(page)
    for framed in items(io.BytesIO(bundle).read):
        if framed.item is not Item.RUN:
            continue
        for envelope in Run.from_value(framed.value).envelopes:
            event = peek(envelope)[1]
            if event.type != EventType.ACT:
                continue
            act = ActBody.from_body(event.body)
            if act.digest == wanted:
                return Recorded(Place(event.epoch, event.seq), act)
    return None
