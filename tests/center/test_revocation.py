"""Revoked certificates: the list, what it names, and a real broker that lets them in no more.

Seen to fail: only the newest certificate of a gateway listed; a renewal for a revoked identity.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from edge_agent.center import init, revocation
from edge_agent.center.cli import main as center
from edge_agent.center.enrolment import Enrolments, Refused
from edge_agent.center.init import read_certificate, read_certificates
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.enrolment import Renewal, sign_renewal
from edge_agent.evidence.signers import P256Signer, load_signer
from tests.broker import Broker, found_center
from tests.system.test_center_access import Holder

NOW = datetime(2026, 11, 28, tzinfo=UTC)


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


def test_a_broker_lets_it_in_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broker: Broker = found_center(tmp_path / "c", "gw1", "gw2")

    def publish(name: str) -> str:
        folder = broker.directory / "gateways" / name
        ca, pem, key = (folder / one for one in ("ca.pem", "client.pem", "client.key"))
        return Holder(broker, ca, pem, key).publish(f"edge/v1/{name}/alarms")

    with broker:
        assert (publish("gw1"), publish("gw2")) == ("", "")
        assert center(["revoke", str(broker.directory), "gw1"]) == 0
        assert "2 certificates of gw1 more" in capsys.readouterr().out
        broker.stop()
        broker.start()
        assert publish("gw1") != ""
        assert publish("gw2") == ""
    assert center(["revoke", str(broker.directory), "gw1", "--json"]) == 0
    assert '"revoked": []' in capsys.readouterr().out
    assert center(["revoke", str(broker.directory), "gw3"]) == 78
