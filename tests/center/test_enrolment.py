"""An invitation lets one gateway in, once, with keys that it alone has.

Seen to fail: with any secret taken, without the first key kept, without the count of wrong ones.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from edge_agent.center import charters
from edge_agent.center.enrolment import WRONG_MAX, Enrolments, Kind, Refused, Unknown
from edge_agent.center.init import Request, init
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.roster import Roster
from edge_agent.evidence.certificates import name_of
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.enrolment import Renewal, Way, open_bundle, sign_renewal
from edge_agent.evidence.invitation import Invitation
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.identity import enrolment, keys
from edge_agent.identity.est import EstError
from tests.center.test_charters import first, signed

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PLACE = Way("localhost", 8443)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "center")
    init(layout, Request(gateways=()), NOW)
    return layout


@pytest.fixture
def doors(layout: Layout) -> Enrolments:
    return Enrolments(layout)


@pytest.fixture
def invited(doors: Enrolments) -> Invitation:
    return doors.invite("gw4", PLACE, NOW, hours=72)


@pytest.fixture
def made(tmp_path: Path) -> keys.Keys:
    return keys.keep(tmp_path / "gw4")


def enrolled(doors: Enrolments, invited: Invitation, made: keys.Keys) -> bytes:
    for kind, key in ((Kind.CLIENT, made.client), (Kind.IDENTITY, made.identity)):
        doors.grant("gw4", invited.secret, kind, key.request("gw4"), NOW)
    return doors.bundle("gw4", invited.secret, NOW)


def test_the_charter_of_its_site_comes_along(
    layout: Layout, doors: Enrolments, invited: Invitation, made: keys.Keys, tmp_path: Path
) -> None:
    bound = signed(layout, replace(first(layout), gateway="gw4"))
    charters.accept(layout, bound)
    done = enrolment.install(enrolled(doors, invited, made), invited, tmp_path / "gw4")
    assert "site.charter" in done.written
    assert (tmp_path / "gw4" / "site.charter").read_bytes() == bound.data


def test_a_gateway_is_let_in_and_known(
    layout: Layout, doors: Enrolments, invited: Invitation, made: keys.Keys
) -> None:
    bundle = open_bundle(
        enrolled(doors, invited, made), PublicKey.of(doors.authority.certificate.public_key())
    )
    assert (bundle.gateway, bundle.enrolment) == ("gw4", PLACE)
    client = x509.load_der_x509_certificate(bundle.client)
    assert name_of(client) == "gw4"
    assert keys.is_for(client, made.client)
    assert Roster(layout).identities("gw4") == (made.identity.public,)
    assert [record.state for record in doors.records()] == ["used"]


def test_a_lost_answer_is_asked_for_again(
    doors: Enrolments, invited: Invitation, made: keys.Keys
) -> None:
    enrolled(doors, invited, made)
    enrolled(doors, invited, made)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_second_key_is_refused(
    doors: Enrolments, invited: Invitation, made: keys.Keys, tmp_path: Path, kind: Kind
) -> None:
    enrolled(doors, invited, made)
    thief = keys.keep(tmp_path / "thief")
    key = thief.client if kind is Kind.CLIENT else thief.identity
    with pytest.raises(Refused, match="used with another"):
        doors.grant("gw4", invited.secret, kind, key.request("gw4"), NOW)


def test_a_bundle_needs_both_certificates(
    doors: Enrolments, invited: Invitation, made: keys.Keys
) -> None:
    doors.grant("gw4", invited.secret, Kind.CLIENT, made.client.request("gw4"), NOW)
    with pytest.raises(Refused, match="not both"):
        doors.bundle("gw4", invited.secret, NOW)


def test_wrong_secrets_close_it(doors: Enrolments, invited: Invitation, made: keys.Keys) -> None:
    request = made.client.request("gw4")
    for _ in range(WRONG_MAX):
        with pytest.raises(Unknown):
            doors.grant("gw4", "0" * 12, Kind.CLIENT, request, NOW)
    with pytest.raises(Unknown, match="closed"):
        doors.grant("gw4", invited.secret, Kind.CLIENT, request, NOW)
    assert [record.state for record in doors.records()] == ["closed"]


def test_it_has_an_end(doors: Enrolments, invited: Invitation, made: keys.Keys) -> None:
    request = made.client.request("gw4")
    later = NOW + timedelta(hours=72, minutes=1)
    with pytest.raises(Refused, match="over"):
        doors.grant("gw4", invited.secret, Kind.CLIENT, request, later)


def test_revoked_and_replaced_ones_are_void(
    doors: Enrolments, invited: Invitation, made: keys.Keys
) -> None:
    request = made.client.request("gw4")
    doors.invite("gw4", PLACE, NOW, hours=1)
    with pytest.raises(Unknown):
        doors.grant("gw4", invited.secret, Kind.CLIENT, request, NOW)
    assert doors.revoke("gw4")
    assert not doors.revoke("gw4")
    with pytest.raises(Unknown, match="no invitation"):
        doors.grant("gw4", invited.secret, Kind.CLIENT, request, NOW)


@pytest.mark.parametrize("name", ["gw5", "../gw4", "", "gw4\n"])
def test_who_was_not_invited_is_unknown(doors: Enrolments, invited: Invitation, name: str) -> None:
    with pytest.raises(Unknown):
        doors.grant(name, invited.secret, Kind.CLIENT, b"", NOW)


def test_requests_are_judged(doors: Enrolments, invited: Invitation, made: keys.Keys) -> None:
    signed = bytearray(made.client.request("gw4"))
    signed[-1] ^= 1
    other_name = made.client.request("gw5")
    weak = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    der = serialization.Encoding.DER
    curve = builder.sign(ec.generate_private_key(ec.SECP384R1()), hashes.SHA256()).public_bytes(der)
    rsa_request = builder.sign(weak, hashes.SHA256()).public_bytes(der)
    identity = made.identity.request("gw4")
    for request in (bytes(signed), other_name, curve, rsa_request, identity, b"", b"x" * 5000):
        with pytest.raises(Refused):
            doors.grant("gw4", invited.secret, Kind.CLIENT, request, NOW)


def test_a_second_enrolment_keeps_the_first_identity(
    layout: Layout, doors: Enrolments, invited: Invitation, made: keys.Keys, tmp_path: Path
) -> None:
    """What the old key signed stays evidence."""
    enrolled(doors, invited, made)
    again, fresh = doors.invite("gw4", PLACE, NOW, hours=1), keys.keep(tmp_path / "fresh")
    enrolled(doors, again, fresh)
    known = Roster(layout).identities("gw4")
    assert known == tuple(k.identity.public for k in (made, fresh))


def test_by_file_both_ways(
    doors: Enrolments, invited: Invitation, layout: Layout, tmp_path: Path
) -> None:
    folder = tmp_path / "gw4"
    gateway, bundle = doors.answer(enrolment.request_by_file(invited, folder), NOW)
    done = enrolment.install(bundle, invited, folder)
    assert gateway == "gw4"
    assert "gateway.toml" in done.written
    assert (folder / "ca.pem").read_bytes() == layout.certificate("ca").read_bytes()
    for secret in (invited.secret.encode(), invited.code.encode()):
        assert secret not in enrolment.request_by_file(invited, folder)


def test_a_file_made_without_the_code_is_refused(
    doors: Enrolments, invited: Invitation, tmp_path: Path
) -> None:
    forged = Invitation("gw4", invited.host, invited.port, invited.pin, "0" * 12)
    request = enrolment.request_by_file(forged, tmp_path / "thief")
    with pytest.raises(Unknown, match="not made with this invitation"):
        doors.answer(request, NOW)
    for junk in (b"", b"{}", b"[]", b'{"gateway": 1}', request[:-9]):
        with pytest.raises(Refused):
            doors.answer(junk, NOW)


def test_a_bundle_of_another_center_is_refused(
    doors: Enrolments, invited: Invitation, tmp_path: Path
) -> None:
    other = Layout(tmp_path / "other")
    init(other, Request(gateways=()), NOW)
    foreign = Enrolments(other)
    theirs = foreign.invite("gw4", PLACE, NOW, hours=1)
    made = keys.keep(tmp_path / "gw4")
    with pytest.raises(EstError, match="another center"):
        enrolment.install(enrolled(foreign, theirs, made), invited, tmp_path / "gw4")


def test_a_bundle_for_another_gateway_is_refused(
    doors: Enrolments, invited: Invitation, made: keys.Keys, tmp_path: Path
) -> None:
    """Its keys fit: the same machine asked under both names."""
    mistaken = replace(invited, gateway="gw5")
    with pytest.raises(EstError, match="for gateway gw4, not gw5"):
        enrolment.install(enrolled(doors, invited, made), mistaken, tmp_path / "gw4")


def test_what_a_center_has_is_written_and_named(
    doors: Enrolments, invited: Invitation, made: keys.Keys, layout: Layout, tmp_path: Path
) -> None:
    """Seen to fail: without the file of the command keys, and without the line that names it."""
    folder = tmp_path / "gw4"
    enrolment.install(enrolled(doors, invited, made), invited, folder)
    configuration = (folder / "gateway.toml").read_text()
    for kind in ("receipt", "command"):
        assert (folder / f"{kind}.pem").read_bytes() == layout.certificate(kind).read_bytes()
        assert f'\n{kind}_certificate = "{kind}.pem"\n' in configuration


def test_a_bundle_for_other_keys_is_refused(
    doors: Enrolments, invited: Invitation, made: keys.Keys, tmp_path: Path
) -> None:
    with pytest.raises(EstError, match="other keys"):
        enrolment.install(enrolled(doors, invited, made), invited, tmp_path / "elsewhere")


def test_a_gateway_long_away_renews_by_its_identity(
    doors: Enrolments, invited: Invitation, made: keys.Keys
) -> None:
    """Its TLS certificate expired a year ago; its identity did not."""
    enrolled(doors, invited, made)
    later = NOW + timedelta(days=1200)
    wish = Renewal("gw4", 0, made.client.request("gw4"))
    renewed = doors.renew(sign_renewal(wish, made.identity), later)
    assert renewed.not_valid_after_utc > later
    with pytest.raises(Refused, match="not signed by its identity"):
        doors.renew(sign_renewal(wish, Ed25519Signer.generate()), later)
    with pytest.raises(Refused):
        doors.renew(sign_renewal(Renewal("../x", 0, b"r"), made.identity), later)
    with pytest.raises(Refused, match="cannot be read"):
        doors.renew(b"junk", later)


def test_without_the_authoritys_key_it_says_so(layout: Layout) -> None:
    layout.key("ca").unlink()
    with pytest.raises(CenterError, match="bring it back"):
        Enrolments(layout)


def test_a_damaged_record_is_named(layout: Layout, doors: Enrolments, invited: Invitation) -> None:
    layout.enrolment("gw4").write_text('{"gateway"')
    with pytest.raises(CenterError, match=r"gw4\.json: cannot be read"):
        doors.records()
