"""One camera is asked over real sockets: the emulated one, in all its faults."""

import asyncio
import datetime
import socket
import ssl
from collections.abc import Coroutine
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_agent.cameras.access import Access, access_of
from edge_agent.cameras.digest import Login
from edge_agent.cameras.fetch import PIECE_BYTES_MAX, Asker
from edge_agent.cameras.trouble import CameraError, Cause, Trouble
from edge_agent.domain.camera import CameraSettings, Sees, address_of
from hil.cameras import Camera, Fault, picture
from hil.rig import free_port

WITHIN_S = 60.0  # for what works; nothing here takes a tenth of it
PATIENCE_S = 0.2  # for what never ends
LOGIN = Login("gateway", "s3cret")


async def here(host: str, port: int) -> str:
    return host


def asker(
    url: str,
    login: Login | None = LOGIN,
    auth: Literal["digest", "basic"] = "digest",
    context: ssl.SSLContext | None = None,
) -> Asker:
    camera = CameraSettings(
        id="front",
        sees=(Sees(panel="p1"),),
        snapshot_url=url,
        user="gateway" if login else None,
        password_file="x" if login else None,
        auth=auth,
        ca="ca.pem" if context else None,
    )
    return Asker(camera, Access(context, login), here)


async def fetch(asked: Asker, url: str, within_s: float = WITHIN_S) -> bytes:
    got = bytearray()

    async def sink(data: bytes) -> None:
        assert len(data) <= PIECE_BYTES_MAX
        got.extend(data)

    await asked.body(address_of(url), within_s, lambda head: None, sink)
    return bytes(got)


async def trouble_of(work: Coroutine[Any, Any, object]) -> Trouble:
    with pytest.raises(CameraError) as caught:
        await work
    return caught.value.trouble


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_pictures_by_digest_each_after_the_first_in_one_request(algorithm: str) -> None:
    async def play() -> None:
        camera = Camera(user="gateway", password="s3cret", algorithm=algorithm)
        async with camera:
            url = camera.url("/snapshot?channel=1")
            asked = asker(url)
            for number in (1, 2):
                assert await fetch(asked, url) == picture(number)
            assert camera.connections == 3
            camera.forget()  # it was started again: its old challenge is worth nothing
            assert await fetch(asked, url) == picture(3)
            assert camera.connections == 5

    asyncio.run(play())


@pytest.mark.parametrize("chunked", [False, True])
def test_who_asks_for_no_login_is_told_no_password(chunked: bool) -> None:
    async def play() -> None:
        async with Camera(chunked=chunked) as camera:
            assert await fetch(asker(camera.url()), camera.url()) == picture(1)
            await asker(camera.url()).head(address_of(camera.url()), WITHIN_S)
            assert camera.asked == ["/snapshot"] * 2

    asyncio.run(play())


def test_basic_only_where_it_is_said() -> None:
    async def play() -> None:
        async with Camera(user="gateway", password="s3cret", scheme="basic") as camera:
            url = camera.url()
            assert await fetch(asker(url, auth="basic"), url) == picture(1)
            refused = camera.refused
            trouble = await trouble_of(fetch(asker(url), url))
            assert trouble == Trouble(Cause.LOGIN, "it takes no digest login, but basic")
            assert camera.refused == refused  # not even a digest was shown

    asyncio.run(play())


def test_a_wrong_password_is_tried_once() -> None:
    async def play() -> None:
        schemes: list[Literal["digest", "basic"]] = ["digest", "basic"]
        for scheme in schemes:
            async with Camera(user="gateway", password="other", scheme=scheme) as camera:
                url = camera.url()
                trouble = await trouble_of(fetch(asker(url, auth=scheme), url))
                assert trouble.cause is Cause.LOGIN
                assert camera.refused == 1
                trouble = await trouble_of(fetch(asker(url, login=None), url))
                assert trouble.detail == "it wants a login, and none is configured"

    asyncio.run(play())


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.SILENT, Cause.SLOW),
        (Fault.SLOW, Cause.SLOW),
        (Fault.ENDLESS, Cause.SLOW),  # where nobody bounds its bytes
        (Fault.TORN, Cause.ANSWER),
        (Fault.REDIRECT, Cause.ANSWER),
        (Fault.MISSING, Cause.ANSWER),
        (Fault.NOISE, Cause.ANSWER),
        (Fault.HEAD, Cause.ANSWER),
    ],
)
def test_faults(fault: Fault, cause: Cause) -> None:
    async def play() -> None:
        async with Camera() as camera:
            camera.fault = fault
            within_s = PATIENCE_S if cause is Cause.SLOW else WITHIN_S
            trouble = await trouble_of(fetch(asker(camera.url()), camera.url(), within_s))
            assert trouble.cause is cause
            assert "s3cret" not in trouble.detail

    asyncio.run(play())


def test_a_dead_camera() -> None:
    async def play() -> None:
        url = f"http://127.0.0.1:{free_port()}/"
        asked = asker(url)
        for work in (fetch(asked, url), asked.reach(address_of(url), WITHIN_S)):
            assert (await trouble_of(work)).cause is Cause.UNREACHABLE

    asyncio.run(play())


def test_a_name_that_cannot_be_resolved_or_takes_too_long() -> None:
    async def nowhere(host: str, port: int) -> str:
        raise socket.gaierror(socket.EAI_NONAME, "x")

    async def never(host: str, port: int) -> str:
        await asyncio.Event().wait()
        return host

    async def play() -> None:
        for resolve in (nowhere, never):
            asked = Asker(
                CameraSettings(id="a", sees=(Sees(panel="p"),), snapshot_url="http://10.0.0.1/"),
                Access(None, None),
                resolve,
            )
            trouble = await trouble_of(asked.reach(address_of("http://10.0.0.1/"), PATIENCE_S))
            assert trouble.cause is Cause.UNREACHABLE

    asyncio.run(play())


def test_what_the_sink_says_ends_it() -> None:
    async def full(data: bytes) -> None:
        raise CameraError(Cause.FULL, "x")

    async def play() -> None:
        async with Camera() as camera:
            camera.fault = Fault.ENDLESS
            address = address_of(camera.url())
            work = asker(camera.url()).body(address, WITHIN_S, lambda head: None, full)
            assert (await trouble_of(work)).cause is Cause.FULL

    asyncio.run(play())


# ---- TLS


def certificate(folder: Path, name: str) -> Path:
    """Make a camera's own certificate and key; return the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    then = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name[0].isdigit():
        names = [x509.IPAddress(ip_address(name))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(then)
        .not_valid_after(then + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, *form)
    (folder / f"{name}.key").write_bytes(pem)
    file = folder / f"{name}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return file


def served(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, file.with_suffix(".key"))
    return context


def over_tls(url: str, ca: Path, name: str | None = None) -> Asker:
    camera = CameraSettings(
        id="front", sees=(Sees(panel="p1"),), snapshot_url=url, ca=str(ca), tls_name=name
    )
    return Asker(camera, access_of(camera, Path, clock_good=True), here)


@pytest.mark.parametrize(
    ("mine", "trusted", "name", "good"),
    [
        ("127.0.0.1", "127.0.0.1", None, True),  # the camera's own certificate is the authority
        ("ipc-7.local", "ipc-7.local", "ipc-7.local", True),
        ("ipc-7.local", "ipc-7.local", None, False),  # another name than the URL's
        ("127.0.0.1", "ipc-7.local", None, False),  # another authority
    ],
)
def test_https_is_checked(
    tmp_path: Path, mine: str, trusted: str, name: str | None, good: bool
) -> None:
    own, ca = certificate(tmp_path, mine), certificate(tmp_path, trusted)
    if mine == trusted:
        own = ca

    async def play() -> None:
        async with Camera(context=served(own)) as camera:
            url = camera.url()
            if good:
                assert await fetch(over_tls(url, ca, name), url) == picture(1)
            else:
                trouble = await trouble_of(fetch(over_tls(url, ca, name), url))
                assert trouble.cause is Cause.TLS
                assert camera.asked == []

    asyncio.run(play())


def test_plain_http_behind_https(tmp_path: Path) -> None:
    async def play() -> None:
        async with Camera() as camera:
            url = camera.url().replace("http:", "https:")
            asked = over_tls(url, certificate(tmp_path, "127.0.0.1"))
            assert (await trouble_of(fetch(asked, url, PATIENCE_S))).cause in {
                Cause.TLS,
                Cause.UNREACHABLE,
            }

    asyncio.run(play())
