"""An emulated camera or recorder: pictures over HTTP with digest or basic login, and every fault
that a gateway must bear.

`python -m hil.cameras --port 8080 --user gateway --password secret` serves `/snapshot` and
`/recording` on the loopback until it is ended; `--fault` makes it fail in one way.
"""

import argparse
import asyncio
import contextlib
import hashlib
import re
import secrets
import ssl
from base64 import b64decode
from collections.abc import Iterator, Sequence
from enum import StrEnum
from threading import Thread
from typing import Self

REALM = "camera"
DRIP_S = 0.05
ENDLESS_PIECE = bytes(65_536)


class Fault(StrEnum):
    """One way to fail."""

    NONE = "none"
    SILENT = "silent"  # takes the connection and says nothing
    SLOW = "slow"  # one byte at a time, without end in sight
    ENDLESS = "endless"  # a body that never ends
    TORN = "torn"  # hangs up within the picture
    CORRUPT = "corrupt"  # a whole answer whose picture is cut
    TYPE = "type"  # a web page in the picture's place
    STREAM = "stream"  # a stream of pictures in the picture's place
    REDIRECT = "redirect"
    MISSING = "missing"  # status 404
    NOISE = "noise"  # no HTTP at all
    HEAD = "head"  # headers without end
    BASIC_ONLY = "basic_only"  # asks for the password in clear


def picture(number: int, size: int = 2000) -> bytes:
    """Return the `number`th picture: bytes with a JPEG's marks, each different."""
    filling = hashlib.sha256(str(number).encode()).digest() * (size // 32)
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + filling.replace(b"\xff", b"\xfe") + b"\xff\xd9"


def recording(number: int) -> bytes:
    """Return the `number`th stretch of film: bytes that begin as MP4 does."""
    return b"\x00\x00\x00\x18ftypisom" + hashlib.sha512(str(number).encode()).digest() * 64


class Camera:
    """Serves on a port of the loopback, 0 for any, as `async with`.

    `fault` may be changed at any time.  `asked` are the targets of all requests that were let in,
    `given` the bodies that were sent whole, `refused` counts logins that were not accepted.
    """

    def __init__(  # noqa: PLR0913  an emulator's knobs
        self,
        *,
        port: int = 0,
        user: str | None = None,
        password: str = "",
        scheme: str = "digest",
        algorithm: str = "MD5",
        chunked: bool = False,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._port = port
        self._user = user
        self._password = password
        self._scheme = scheme
        self._algorithm = algorithm
        self._chunked = chunked
        self._context = context
        self._nonces: set[str] = set()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.fault = Fault.NONE
        self.asked: list[str] = []
        self.given: list[bytes] = []
        self.refused = 0
        self.connections = 0

    @property
    def port(self) -> int:
        """The port that it serves on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def url(self, target: str = "/snapshot") -> str:
        """Return where a picture is."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}{target}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._port, ssl=self._context
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def forget(self) -> None:
        """Forget every nonce, as a camera that was started again."""
        self._nonces.clear()

    # ---- one connection

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(head.decode("latin-1").split("\r\n"), reader, writer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the other side has had enough
        finally:
            writer.transport.abort()
            self._serving.discard(task)

    async def _answer(
        self, lines: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        target = lines[0].split(" ")[1]
        if self.fault is Fault.SILENT:
            await reader.read()  # until the other side has had enough
            return
        if self.fault in (Fault.NOISE, Fault.HEAD):
            await self._babble(writer)
            return
        if not self._is_let_in(lines, target):
            for name, value in self._offer():
                lines_out = (
                    f"HTTP/1.1 401 Unauthorized\r\n{name}: {value}\r\nContent-Length: 0\r\n\r\n"
                )
                writer.write(lines_out.encode())
            await writer.drain()
            return
        self.asked.append(target)
        await self._give(target, reader, writer)

    async def _babble(self, writer: asyncio.StreamWriter) -> None:
        if self.fault is Fault.NOISE:
            writer.write(b"220 camera ready\r\n" * 4)
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: and more\r\n" * 100)
            await writer.drain()

    async def _give(
        self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        number = len(self.asked)
        film = target.startswith("/recording")
        body = recording(number) if film else picture(number)
        media_type = "video/mp4" if film else "image/jpeg"
        match self.fault:
            case Fault.REDIRECT:
                writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n")
                return
            case Fault.MISSING:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return
            case Fault.TYPE:
                body, media_type = b"<html>hello</html>", "text/html"
            case Fault.STREAM:
                media_type = "multipart/x-mixed-replace; boundary=x"
            case Fault.CORRUPT:
                body = body[:-2]
        await self._send(media_type, body, reader, writer)

    async def _send(
        self,
        media_type: str,
        body: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n".encode())
        if self.fault is Fault.ENDLESS:
            writer.write(b"\r\n" + body)
            while True:
                writer.write(ENDLESS_PIECE)
                await writer.drain()
        if self.fault is Fault.SLOW:
            writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode())
            for at in range(len(body)):
                writer.write(body[at : at + 1])
                await writer.drain()
                await asyncio.sleep(DRIP_S)
        if self._chunked:
            half = len(body) // 2
            pieces = [b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:half], body[half:])]
            writer.write(b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(pieces) + b"0\r\n\r\n")
        elif self.fault is Fault.TORN:
            writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:-100])
            await writer.drain()
            return
        else:
            writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        self.given.append(body)
        await reader.read()  # the client ends it

    # ---- login

    def _offer(self) -> list[tuple[str, str]]:
        if self._scheme == "basic" or self.fault is Fault.BASIC_ONLY:
            return [("WWW-Authenticate", f'Basic realm="{REALM}"')]
        nonce = secrets.token_hex(8)
        self._nonces.add(nonce)
        digest = f'Digest realm="{REALM}", qop="auth", nonce="{nonce}", algorithm={self._algorithm}'
        return [("WWW-Authenticate", digest)]

    def _is_let_in(self, lines: Sequence[str], target: str) -> bool:
        if self._user is None:
            return True
        said = next((one[15:] for one in lines if one.lower().startswith("authorization: ")), "")
        if self.fault is not Fault.BASIC_ONLY and self._is_right(said, target):
            return True
        self.refused += bool(said)
        return False

    def _is_right(self, said: str, target: str) -> bool:
        scheme, _, rest = said.partition(" ")
        if self._scheme == "basic":
            return (
                scheme == "Basic" and b64decode(rest).decode() == f"{self._user}:{self._password}"
            )
        params = dict(re.findall(r'(\w+)="?([^",]*)"?', rest))
        if scheme != "Digest" or params.get("nonce") not in self._nonces:
            return False
        hash_ = hashlib.sha256 if self._algorithm == "SHA-256" else hashlib.md5
        secret = hash_(f"{self._user}:{REALM}:{self._password}".encode()).hexdigest()
        request = hash_(f"GET:{target}".encode()).hexdigest()
        middle = ":".join(params.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        return params.get("response") == hash_(f"{secret}:{middle}:{request}".encode()).hexdigest()


@contextlib.contextmanager
def on_thread(camera: Camera) -> Iterator[Camera]:
    """Serve on a loop of its own, for a caller that has none or another."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(camera.__aenter__(), loop).result()
        yield camera
    finally:
        asyncio.run_coroutine_threadsafe(camera.__aexit__(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def serve(options: argparse.Namespace) -> None:
    """Serve until cancelled."""
    camera = Camera(
        port=options.port,
        user=options.user,
        password=options.password,
        scheme=options.scheme,
        algorithm=options.algorithm,
    )
    camera.fault = Fault(options.fault)
    async with camera:
        print(f"camera at {camera.url()}", flush=True)  # noqa: T201  its user reads it
        await asyncio.Event().wait()


def main() -> None:
    """Take the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m hil.cameras", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--scheme", choices=("digest", "basic"), default="digest")
    parser.add_argument("--algorithm", choices=("MD5", "SHA-256"), default="MD5")
    parser.add_argument("--fault", choices=[fault.value for fault in Fault], default="none")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
