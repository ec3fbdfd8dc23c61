"""Asks one camera over HTTP: the shell around `http` and `digest`, on the loop.

A camera may be dead, slow, endless or somebody else.  Each question has one time within which all
of it must be over, and what comes is handed on in pieces of 64 KiB at most, so that no answer costs
more memory than that.
"""

import asyncio
import contextlib
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

from edge_agent.cameras import http
from edge_agent.cameras.access import Access
from edge_agent.cameras.digest import Challenge, Nonces, answer, challenges, usable
from edge_agent.cameras.trouble import CameraError, Cause
from edge_agent.domain.camera import Address, CameraSettings

PIECE_BYTES_MAX = 65_536

Resolve = Callable[[str, int], Awaitable[str]]
"""Returns the numeric address of a name; raises OSError."""

Sink = Callable[[bytes], Awaitable[None]]
"""Takes the next piece of a body; may raise CameraError to end it."""


@dataclass(slots=True)
class _Progress:
    """How far a question has come: tells a dead camera from a slow one."""

    connected: bool = False


@dataclass(slots=True)
class _Offer:
    """A challenge, and how often it was answered."""

    challenge: Challenge
    answers: int = 0


class Asker:
    """Asks one camera; knows its challenge after the first answer, so that one request is enough
    from then on."""

    def __init__(self, camera: CameraSettings, access: Access, resolve: Resolve) -> None:
        self._camera = camera
        self._access = access
        self._resolve = resolve
        self._offered: dict[str, _Offer] = {}  # by place: camera and recorder may be two

    async def head(self, address: Address, within_s: float) -> http.Head:
        """Return the head of the answer to `address`, and take nothing of its body.

        Raises CameraError.
        """
        async with self._asked(address, within_s) as (head, _reader):
            return head

    async def reach(self, address: Address, within_s: float) -> None:
        """Connect and ask nothing.  Raises CameraError."""
        with _told(address, within_s, progress := _Progress()):
            async with asyncio.timeout(within_s):
                _reader, writer = await self._connect(address, progress)
                writer.transport.abort()

    async def body(
        self, address: Address, within_s: float, begin: Callable[[http.Head], None], sink: Sink
    ) -> None:
        """Hand the head to `begin`, which may refuse it, and then the body to `sink`.

        Raises CameraError.
        """
        async with self._asked(address, within_s) as (head, reader):
            begin(head)
            try:
                body = http.Body(head)
                while body.is_whole is not True:
                    data = await reader.read(PIECE_BYTES_MAX)
                    if not data:
                        break
                    if piece := body.feed(data):
                        await sink(piece)
            except http.NotHttp as error:
                raise CameraError(Cause.ANSWER, str(error)) from error
            if not body.ended():
                raise CameraError(Cause.ANSWER, "the connection ended before the body did")

    @contextlib.asynccontextmanager
    async def _asked(
        self, address: Address, within_s: float
    ) -> AsyncIterator[tuple[http.Head, asyncio.StreamReader]]:
        with _told(address, within_s, progress := _Progress()):
            async with asyncio.timeout(within_s):
                head, reader, writer = await self._exchange(address, progress)
                try:
                    if head.status == 401 and self._may_answer(head, address):
                        writer.transport.abort()
                        head, reader, writer = await self._exchange(address, progress)
                    _check(head)
                    yield head, reader
                finally:
                    writer.transport.abort()  # an orderly end would have to be waited for

    async def _connect(
        self, address: Address, progress: _Progress
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        number = await self._resolve(address.host, address.port)
        secure = self._access.context if address.secure else None
        name = (self._camera.tls_name or address.host) if secure else None
        reader, writer = await asyncio.open_connection(
            number, address.port, ssl=secure, server_hostname=name, limit=PIECE_BYTES_MAX
        )
        progress.connected = True
        return reader, writer

    async def _exchange(
        self, address: Address, progress: _Progress
    ) -> tuple[http.Head, asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self._connect(address, progress)
        try:
            writer.write(http.request(address, self._authorization(address)))
            return http.head_of(await _lines(reader)), reader, writer
        except http.NotHttp as error:
            writer.transport.abort()
            raise CameraError(Cause.ANSWER, str(error)) from error
        except BaseException:
            writer.transport.abort()
            raise

    # ---- login

    def _authorization(self, address: Address) -> str | None:
        login = self._access.login
        if login is None:
            return None
        if self._camera.auth == "basic":
            return login.basic()
        offer = self._offered.get(address.where)
        if offer is None:
            return None
        offer.answers += 1
        nonces = Nonces(offer.answers, secrets.token_hex(8))
        return answer(offer.challenge, login, address.target, nonces)

    def _may_answer(self, head: http.Head, address: Address) -> bool:
        """Take the challenge of a refusal; return whether another try makes sense."""
        if self._access.login is None:
            raise CameraError(Cause.LOGIN, "it wants a login, and none is configured")
        if self._camera.auth == "basic":
            raise CameraError(Cause.LOGIN, "it refuses user or password")
        offers = challenges(head.headers.get("www-authenticate", ""))
        found = usable(offers)
        if found is None:
            schemes = ", ".join(sorted({one.scheme for one in offers})) or "nothing"
            raise CameraError(Cause.LOGIN, f"it takes no digest login, but {schemes[:60]}")
        self._offered[address.where] = _Offer(found)
        return True


@contextlib.contextmanager
def _told(address: Address, within_s: float, progress: _Progress) -> Iterator[None]:
    """Tell what the network does in a camera's words."""
    try:
        yield
    except TimeoutError as error:
        if progress.connected:
            raise CameraError(Cause.SLOW, f"not done within {within_s:g} s") from error
        raise CameraError(Cause.UNREACHABLE, f"{address.where} does not answer") from error
    except OSError as error:
        raise CameraError(*_meaning(error, address)) from error


async def _lines(reader: asyncio.StreamReader) -> list[bytes]:
    """Read a head, without its last, empty line.  Raises NotHttp."""
    lines: list[bytes] = []
    total = 0
    while True:
        try:
            line = await reader.readline()
        except ValueError as error:  # longer than the stream's limit
            raise http.NotHttp("a header is too long") from error
        total += len(line)
        if not line.endswith(b"\n"):
            raise http.NotHttp("the connection ended within the head")
        if total > http.HEAD_BYTES_MAX or len(lines) > http.HEADERS_MAX:
            raise http.NotHttp("the head is too long")
        if not (stripped := line.rstrip(b"\r\n")):
            return lines
        lines.append(stripped)


def _check(head: http.Head) -> None:
    if head.status in (401, 403):
        raise CameraError(Cause.LOGIN, f"it refuses user or password (status {head.status})")
    if 300 <= head.status < 400:
        raise CameraError(Cause.ANSWER, f"it leads elsewhere (status {head.status}): not followed")
    if head.status != 200:
        raise CameraError(Cause.ANSWER, f"it answers with status {head.status}")


def _meaning(error: OSError, address: Address) -> tuple[Cause, str]:
    match error:
        case ssl.SSLCertVerificationError():
            return Cause.TLS, f"its certificate is not accepted: {error.verify_message}"
        case ssl.SSLError():
            return Cause.TLS, f"no TLS with {address.where}: {error.reason or 'handshake failed'}"
        case socket.gaierror():
            return Cause.UNREACHABLE, f"the name {address.host} cannot be resolved"
    said = error.strerror or str(error) or type(error).__name__
    return Cause.UNREACHABLE, f"{address.where}: {said}"
