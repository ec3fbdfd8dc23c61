"""The door as strangers meet it: our own agent, curl with openssl, and those who were not invited.

Seen to fail: with client certificates taken of anybody, and with the pause held in the main thread.
"""

import base64
import contextlib
import http.client
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from edge_agent.center import credentials, est
from edge_agent.center.enrolment import Kind
from edge_agent.center.est import BODY_BYTES_MAX, Door
from edge_agent.center.init import Request, init
from edge_agent.center.layout import Layout
from edge_agent.clock import SystemClock
from edge_agent.evidence.certificates import spki
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.enrolment import Way
from edge_agent.evidence.invitation import Invitation, pin_of
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import load_signer
from edge_agent.identity import enrolment, keys, renewal
from edge_agent.identity.est import EstError, Server
from tests.identity import foreign_est
from tests.identity.foreign_est import openssl
from tests.softhsm import softhsm
from tests.swtpm import swtpm

NOW = credentials.utc(SystemClock().stamp().wall_ns or 0)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = Layout(tmp_path_factory.mktemp("est") / "center")
    init(layout, Request(gateways=("gw1",)), NOW)
    return layout


@pytest.fixture(scope="module")
def door(layout: Layout) -> Iterator[Door]:
    door = Door(("127.0.0.1", 0), layout, lambda: NOW)
    thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield door
    door.shutdown()
    thread.join()
    door.server_close()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(est, "WRONG_PAUSE_S", 0.0)


def port(door: Door) -> int:
    return int(door.server_address[1])


def invited(door: Door, gateway: str, host: str = "localhost") -> Invitation:
    return door.enrolments.invite(gateway, Way(host, port(door)), NOW, hours=1)


def test_our_agent_enrols_and_renews(door: Door, layout: Layout, tmp_path: Path) -> None:
    invitation, folder = invited(door, "gw2"), tmp_path / "gw2"
    steps: list[str] = []
    done = enrolment.enrol(invitation, folder, steps.append)
    assert "identity.pem" in done.written
    assert len(steps) == 4
    again = enrolment.enrol(invitation, folder, steps.append)  # the same keys: the same gateway
    assert "left as it was" in again.left
    before = (folder / "client.pem").read_bytes()
    place = renewal.Place(
        "localhost", port(door), folder / "ca.pem", folder / "client.pem", folder / "client.key"
    )
    identity = load_signer(folder / "identity.key")
    until = renewal.renew(place, "gw2", identity, NOW)
    assert until > NOW + timedelta(days=800)
    assert (folder / "client.pem").read_bytes() != before
    assert (folder / "client.pem.old").read_bytes() == before
    with pytest.raises(EstError, match="not signed by its identity"):
        renewal.renew(place, "gw1", identity, NOW)


def test_a_gateway_with_its_key_in_a_tpm_enrols_and_renews(door: Door, tmp_path: Path) -> None:
    """The center need not know where the key is; the TPM signs request and renewal."""
    invitation, folder = invited(door, "gw6"), tmp_path / "gw6"
    with swtpm() as chip:
        steps: list[str] = []
        enrolment.enrol(invitation, folder, steps.append, chip)
        assert f"the identity key is in the TPM at {chip}" in steps[0]
        identity = load_signer(folder / "identity.key", chip)
        place = renewal.Place(
            "localhost", port(door), folder / "ca.pem", folder / "client.pem", folder / "client.key"
        )
        assert renewal.renew(place, "gw6", identity, NOW) > NOW + timedelta(days=800)
    certified = PublicKey.from_certificate_pem((folder / "identity.pem").read_bytes())
    assert certified == identity.public
    assert f'tpm = "{chip}"' in (folder / "gateway.toml").read_text()
    with pytest.raises(KeyFileError, match="there is no TPM"):
        renewal.renew(place, "gw6", identity, NOW)


def test_a_gateway_with_its_key_in_a_token_enrols_and_renews(door: Door, tmp_path: Path) -> None:
    invitation, folder = invited(door, "gw7"), tmp_path / "gw7"
    with softhsm() as uri:
        steps: list[str] = []
        enrolment.enrol(invitation, folder, steps.append, uri.named("edge-agent gw7"))
        assert f"the identity key is in {uri.place}" in steps[0]
        identity = load_signer(folder / "identity.key")
        place = renewal.Place(
            "localhost", port(door), folder / "ca.pem", folder / "client.pem", folder / "client.key"
        )
        assert renewal.renew(place, "gw7", identity, NOW) > NOW + timedelta(days=800)
    certified = PublicKey.from_certificate_pem((folder / "identity.pem").read_bytes())
    assert certified == identity.public
    assert "token" not in (folder / "gateway.toml").read_text(), "a library is named on site alone"


def test_another_center_is_not_talked_to(door: Door, tmp_path: Path) -> None:
    real = invited(door, "gw3")
    other = Invitation("gw3", real.host, real.port, "0" * 16, real.secret)
    with pytest.raises(EstError, match="is not the center of this code"):
        enrolment.enrol(other, tmp_path / "gw3", lambda _: None)


def test_a_server_for_another_host_is_not_talked_to(door: Door, tmp_path: Path) -> None:
    real = invited(door, "gw3")
    elsewhere = Invitation("gw3", "127.0.0.2", real.port, real.pin, real.secret)
    with pytest.raises(EstError, match=r"certificate is not good|is the address right"):
        enrolment.enrol(elsewhere, tmp_path / "gw3", lambda _: None)


def test_a_wrong_secret_is_told_apart_from_nothing(door: Door, tmp_path: Path) -> None:
    real = invited(door, "gw3")
    for gateway in ("gw3", "gw99"):
        wrong = Invitation(gateway, real.host, real.port, real.pin, "0" * 12)
        with pytest.raises(EstError, match="gateway or secret is wrong"):
            enrolment.enrol(wrong, tmp_path / gateway, lambda _: None)


def curl(*arguments: str | Path) -> bytes:
    command = ["curl", "--silent", "--show-error", "--fail", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def test_curl_and_openssl_enrol_and_reenrol(door: Door, layout: Layout, tmp_path: Path) -> None:
    """RFC 7030 by foreign hands: cacerts, simpleenroll, simplereenroll with the certificate."""
    where, ca = f"https://localhost:{port(door)}/.well-known/est", layout.certificate("ca")
    told = base64.b64decode(curl("--cacert", ca, f"{where}/cacerts"))
    shown = openssl(tmp_path, "pkcs7", "-inform", "DER", "-print_certs", data=told)
    assert x509.load_pem_x509_certificate(shown) == x509.load_pem_x509_certificate(ca.read_bytes())
    invitation = invited(door, "foreign")
    ask = ("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        tmp_path, *ask, "-keyout", "key", "-subj", "/CN=foreign", "-outform", "DER", "-out", "csr"
    )
    (tmp_path / "body").write_bytes(base64.encodebytes((tmp_path / "csr").read_bytes()))
    body = f"@{tmp_path / 'body'}"
    send = ("--cacert", ca, "-H", "Content-Type: application/pkcs10", "--data-binary", body)
    granted = curl(*send, "-u", f"foreign:{invitation.secret}", f"{where}/simpleenroll")
    pem = openssl(
        tmp_path, "pkcs7", "-inform", "DER", "-print_certs", data=base64.b64decode(granted)
    )
    (tmp_path / "pem").write_bytes(pem)
    assert b"OK" in openssl(tmp_path, "verify", "-CAfile", str(ca), "pem")
    identity = keys.keep(tmp_path / "k").identity.request("foreign")
    door.enrolments.grant("foreign", invitation.secret, Kind.IDENTITY, identity, NOW)
    client = ("--cert", tmp_path / "pem", "--key", tmp_path / "key")
    again = curl(*send, *client, f"{where}/simplereenroll")
    assert x509.load_pem_x509_certificate(
        openssl(tmp_path, "pkcs7", "-inform", "DER", "-print_certs", data=base64.b64decode(again))
    )


def test_only_a_clients_certificate_of_ours_is_taken_for_reenrolling(
    door: Door, layout: Layout, tmp_path: Path
) -> None:
    """An identity's is none, nor one of another authority."""
    other = Layout(tmp_path / "other")
    init(other, Request(gateways=("gw1",)), NOW)
    where = f"https://localhost:{port(door)}/.well-known/est/simplereenroll"
    send = ("--cacert", layout.certificate("ca"), "-X", "POST", "-d", "x")
    for folder, name in ((layout.gateway("gw1"), "identity"), (other.gateway("gw1"), "client")):
        shown = ("--cert", folder / f"{name}.pem", "--key", folder / f"{name}.key")
        with pytest.raises(subprocess.CalledProcessError) as refused:
            curl(*send, *shown, where)
        assert refused.value.returncode != 22, "refused by TLS, before any answer"


def test_the_agent_enrols_at_a_foreign_server(tmp_path: Path) -> None:
    """Certificates only: it says what is left to write by hand."""
    folder = foreign_est.authority(tmp_path / "foreign")
    ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    with foreign_est.serving(folder) as there:
        pin = est_pin(ca)
        invitation = Invitation("gw7", "localhost", there, pin, "0" * 12)
        done = enrolment.enrol(invitation, tmp_path / "gw7", lambda _: None)
    assert done.written == ("ca.pem", "client.pem")
    assert "receipt_certificate" in done.left
    granted = x509.load_pem_x509_certificate((tmp_path / "gw7" / "client.pem").read_bytes())
    granted.verify_directly_issued_by(ca)


def est_pin(certificate: x509.Certificate) -> str:
    return pin_of(spki(certificate))


def ask(door: Door, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port(door), timeout=60, context=context)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/edge/v1/bundle", 401),
        ("POST", "/", 404),
        ("POST", "/.well-known/est/simpleenroll", 401),
        ("POST", "/.well-known/est/simplereenroll", 403),
        ("POST", "/edge/v1/renew", 403),
    ],
)
def test_strangers_get_nothing(door: Door, method: str, path: str, status: int) -> None:
    assert ask(door, method, path)[0] == status


@pytest.mark.parametrize("value", ["Basic", "Basic %%%", "Bearer x", "Basic Z3c=", "Basic /w=="])
def test_broken_credentials_are_none(door: Door, value: str) -> None:
    assert ask(door, "GET", "/edge/v1/bundle", Authorization=value)[0] == 401


@pytest.mark.parametrize("length", [str(BODY_BYTES_MAX + 1), "-1", "x"])
def test_a_body_of_another_length_is_not_read(door: Door, length: str) -> None:
    headers = {"Content-Length": length}
    assert ask(door, "POST", "/edge/v1/renew", b"", **headers)[0] == 413


def test_a_silent_peer_keeps_nobody_waiting(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", port(door))):
        assert ask(door, "GET", "/.well-known/est/cacerts")[0] == 200


def test_a_server_that_sends_without_end_is_left(
    monkeypatch: pytest.MonkeyPatch, door: Door, layout: Layout
) -> None:
    monkeypatch.setattr("edge_agent.identity.est.ANSWER_BYTES_MAX", 10)
    server = Server("localhost", port(door), layout.certificate("ca").read_bytes())
    with pytest.raises(EstError, match="endless"):
        server.enrol(b"")
