"""Revoked certificates: the list, what it names, and a real broker that lets them in no more.

Seen to fail: only the newest certificate of a gateway listed; a renewal for a revoked identity; a
list of the same second as the one before; who is connected goes on.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.center import init, revocation
from edge_agent.center.cli import main as center
from edge_agent.center.enrolment import Enrolments, Refused
from edge_agent.center.init import read_certificate, read_certificates
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.enrolment import Renewal, sign_renewal
from edge_agent.evidence.signers import P256Signer, load_signer
from tests.broker import Broker, found_center, wait_until
from tests.system.test_center_access import Holder

NOW = datetime(2026, 11, 28, tzinfo=UTC)
NEEDED = ("ca.pem", "client.pem", "client.key")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "c")
    init.init(made, init.Request(gateways=("gw1", "gw2")), NOW)
    return made


def listed(layout: Layout) -> set[int]:
    return {one.serial_number for one in x509.load_pem_x509_crl(layout.revoked.read_bytes())}


def own(layout: Layout, gateway: str = "gw1") -> x509.Certificate:
    return read_certificate(layout.gateway(gateway) / "client.pem")


def test_a_new_center_has_an_empty_list_as_good_as_its_authority(layout: Layout) -> None:
    made = x509.load_pem_x509_crl(layout.revoked.read_bytes())
    authority = read_certificate(layout.certificate("ca"))
    assert made.next_update_utc == authority.not_valid_after_utc
    assert made.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    assert listed(layout) == set()
    assert f"crlfile {layout.revoked}\n" in layout.broker_config.read_text()
    assert init.init(layout, init.Request(gateways=()), NOW) == []


def test_every_certificate_that_it_was_given_is_listed_and_no_other(layout: Layout) -> None:
    first = own(layout)
    later = NOW + timedelta(days=400)
    init.init(layout, init.Request(gateways=("gw1",), renew=True), later)
    (layout.gateway("gw1") / "client.pem").unlink()  # handed over, as its folder may be
    authority = Enrolments(layout).authority
    new = revocation.revoke(layout, authority, "gw1", later)
    issued = read_certificates(layout.issued("gw1"))
    identity = read_certificate(layout.identity("gw1"))
    assert {first.serial_number} < {one.serial_number for one in issued}
    assert set(new) == listed(layout)
    assert set(new) == {one.serial_number for one in (*issued, identity)}
    assert not revocation.is_revoked(layout, own(layout, "gw2"))
    assert revocation.revoke(layout, authority, "gw1", later) == [], "they are listed already"
    revocation.revoke(layout, authority, "gw2", later)
    assert revocation.is_revoked(layout, own(layout, "gw2"))
    assert revocation.is_revoked(layout, first)
    with pytest.raises(CenterError, match="no certificate of a gateway gw3"):
        revocation.revoke(layout, authority, "gw3", later)


def test_a_center_from_before_gets_its_list_and_its_line(layout: Layout) -> None:
    layout.revoked.unlink()
    config = layout.broker_config
    config.write_text(config.read_text().replace(f"crlfile {layout.revoked}\n", ""))
    assert not revocation.is_revoked(layout, own(layout))
    assert revocation.revoke(layout, Enrolments(layout).authority, "gw1", NOW)
    assert revocation.in_broker(layout)
    lines = config.read_text().splitlines()
    assert lines[lines.index(f"keyfile {layout.key('server')}") + 1] == f"crlfile {layout.revoked}"
    assert not revocation.in_broker(layout)
    config.write_text("listener 1883\n")
    with pytest.raises(CenterError, match="add to its listener"):
        revocation.in_broker(layout)
    layout.revoked.write_bytes(b"junk")
    with pytest.raises(CenterError, match="bring it back"):
        revocation.is_revoked(layout, own(layout))
    layout.issued("gw1").write_bytes(b"junk")
    with pytest.raises(CenterError, match="put it back"):
        revocation.note(layout, "gw1", own(layout))


def test_who_is_revoked_renews_nothing(layout: Layout) -> None:
    folder = layout.gateway("gw1")
    identity = load_signer(folder / "identity.key")
    request = P256Signer.load(folder / "client.key").request("gw1")
    wish = sign_renewal(Renewal("gw1", 1, request), identity)
    doors = Enrolments(layout)
    doors.renew(wish, NOW)
    doors.check(own(layout))
    revocation.revoke(layout, doors.authority, "gw1", NOW)
    with pytest.raises(Refused, match="its certificate was revoked"):
        doors.renew(wish, NOW)
    with pytest.raises(Refused, match="its certificate was revoked"):
        doors.check(own(layout))


def test_a_name_that_gets_a_certificate_again_may_speak_again(layout: Layout) -> None:
    before, authority = layout.access_list.read_text(), Enrolments(layout).authority
    lists: list[datetime] = []
    for gateway in ("gw1", "gw2", "gw1"):
        revocation.revoke(layout, authority, gateway, NOW)
        lists.append(x509.load_pem_x509_crl(layout.revoked.read_bytes()).last_update_utc)
    assert lists[0] < lists[1] == lists[2], "OpenSSL believes the later one"
    assert layout.access_list.read_text().count("topic deny") == 2
    assert revocation.is_silenced(layout, "gw1")
    for gateway in ("gw1", "gw2"):
        revocation.note(layout, gateway, own(layout, gateway))
        assert not revocation.is_silenced(layout, gateway)
    assert layout.access_list.read_text().rstrip() == before.rstrip()


class Standing:
    """A gateway's connection that stands; it says what the broker answers to what it publishes."""

    def __init__(self, broker: Broker, gateway: str) -> None:
        self._topic = f"edge/v1/{gateway}/alarms"
        self._answers: list[bool] = []
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"{gateway}-stands", protocol=mqtt.MQTTv5
        )
        folder = broker.directory / "gateways" / gateway
        ca, pem, key = (str(folder / one) for one in NEEDED)
        self.client.tls_set(ca, pem, key)
        self.client.on_publish = lambda _c, _u, _m, reason, _p: self._answers.append(
            not reason.is_failure
        )
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def is_heard(self) -> bool:
        before = len(self._answers)
        self.client.publish(self._topic, b"x", qos=1)
        wait_until(lambda: len(self._answers) > before, "the broker answers")
        return self._answers[-1]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_a_broker_lets_it_in_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broker: Broker = found_center(tmp_path / "c", "gw1", "gw2", "gw3")
    folder = str(broker.directory)

    def publish(name: str) -> str:
        files = (broker.directory / "gateways" / name / one for one in NEEDED)
        return Holder(broker, *files).publish(f"edge/v1/{name}/alarms")

    with broker:
        standing = Standing(broker, "gw1")
        assert (publish("gw1"), publish("gw2"), publish("gw3")) == ("", "", "")
        assert standing.is_heard()
        assert center(["revoke", folder, "gw1"]) == 0
        said = capsys.readouterr().out
        assert "2 certificates of gw1 more" in said
        assert "the broker was told: gw1 is let in no more" in said
        wait_until(lambda: not standing.is_heard(), "who is connected is silenced")
        assert publish("gw1") != "", "a new connection"
        assert center(["revoke", folder, "gw2"]) == 0
        wait_until(lambda: publish("gw2") != "", "the broker believes the newer list")
        assert (publish("gw1") != "", publish("gw3")) == (True, "")
        assert center(["init", folder, "--gateway", "gw1", "--renew"]) == 0
        wait_until(lambda: publish("gw1") == "", "its new certificate is let in")
        standing.close()
    assert center(["revoke", folder, "gw1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out.splitlines()[-1])["revoked"]) == 1
    assert center(["revoke", folder, "gw4"]) == 78


def test_a_long_list_is_signed_at_once(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one each copies those before: 100,000 of them took minutes."""
    monkeypatch.delattr(x509.CertificateRevocationListBuilder, "add_revoked_certificate")
    entries = [revocation._entry(serial, NOW) for serial in range(1, 500)]
    made = revocation._signed(Enrolments(layout).authority, entries, 2, NOW)
    assert [one.serial_number for one in made] == list(range(1, 500))
