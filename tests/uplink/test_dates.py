"""The dates of certificates, by a clock, by the center's word, and by next to nothing."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from edge_agent.clock import Now
from edge_agent.uplink.dates import NO_CHECK_TIME, Life, judge, life_of
from edge_agent.uplink.dial import PathAccess, dial, make_context
from edge_agent.uplink.trouble import Cause, DialError
from tests.uplink.rig import DAY, NOW, Authority, make_rig

S = 1_000_000_000
DAY_NS = 86_400 * S


def ns(moment: datetime.datetime) -> int:
    return int(moment.timestamp()) * S


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> x509.Certificate:
    """Valid from yesterday until tomorrow."""
    file, _ = Authority(tmp_path_factory.mktemp("ca")).issue("server", ("127.0.0.1",))
    return x509.load_pem_x509_certificate(file.read_bytes())


def exactly(moment: datetime.datetime) -> Now:
    return Now(ns(moment), ns(moment))


def test_a_known_time_judges_as_openssl_does(certificate: x509.Certificate) -> None:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    second = datetime.timedelta(seconds=1)
    assert life_of(certificate, exactly(begin - second)) is Life.EARLY
    assert life_of(certificate, exactly(begin)) is Life.SOON  # it lives two days
    assert life_of(certificate, exactly(end)) is Life.SOON
    assert life_of(certificate, exactly(end + second)) is Life.EXPIRED


def test_a_month_before_the_end_is_soon(certificate: x509.Certificate) -> None:
    end = certificate.not_valid_after_utc
    assert life_of(certificate, Now(ns(end - 40 * DAY), None)) is Life.GOOD
    assert life_of(certificate, Now(ns(end - 20 * DAY), None)) is Life.SOON


def test_without_a_clock_only_what_is_certain_counts(certificate: x509.Certificate) -> None:
    """Fails where a floor in the past is taken for the present: it would be not valid yet."""
    begin, end = ns(certificate.not_valid_before_utc), ns(certificate.not_valid_after_utc)
    assert life_of(certificate, Now(0, None)) is Life.GOOD
    assert life_of(certificate, Now(begin - 400 * DAY_NS, None)) is Life.GOOD
    assert life_of(certificate, Now(end + S, None)) is Life.EXPIRED
    assert life_of(certificate, Now(begin - 9 * S, begin + S)) is not Life.EARLY
    assert life_of(certificate, Now(end - S, end + 9 * S)) is not Life.EXPIRED


def test_a_refusal_names_dates_cause_and_remedy(certificate: x509.Certificate) -> None:
    end = certificate.not_valid_after_utc
    expired = judge(certificate, Now(ns(end + 400 * DAY), None), "b:8883")
    assert expired is not None
    assert expired.cause is Cause.EXPIRED
    assert f"has expired on {end:%Y-%m-%d}" in expired.text
    assert "at least, by what was seen before" in expired.text
    assert "renew it at the center" in expired.remedy
    early = judge(certificate, Now(0, 9 * S), "b:8883")
    assert early is not None
    assert early.cause is Cause.NOT_YET_VALID
    assert "it is 1970-01-01 here" in early.text
    assert "set the gateway's clock" in early.remedy
    assert judge(certificate, exactly(NOW), "b:8883") is None


# ---- a real handshake


def way(folder: Path, port: int, authority: Authority, now: Now) -> PathAccess:
    certificate, key = authority.issue("client")
    return PathAccess(
        host="127.0.0.1",
        port=port,
        ca=authority.ca,
        certificate=certificate,
        key=key,
        now=lambda: now,
    )


def connect(path: PathAccess) -> ssl.SSLSocket:
    return dial(path, 8.0)


def test_openssl_leaves_the_dates_to_us_and_nothing_else(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = make_context(way(tmp_path, 1, authority, Now(0, None)))
    assert context.verify_flags & NO_CHECK_TIME
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_a_real_broker_is_judged_by_what_is_known_of_the_time(tmp_path: Path) -> None:
    with make_rig(tmp_path) as rig:
        for now in (Now(0, None), exactly(NOW), Now(0, ns(NOW) + 1000 * DAY_NS)):
            connect(way(tmp_path, rig.broker.port, rig.authority, now)).close()
        for now, cause in (
            (Now(ns(NOW) + 10 * DAY_NS, None), Cause.EXPIRED),
            (Now(0, 1), Cause.NOT_YET_VALID),
        ):
            with pytest.raises(DialError) as caught:
                connect(way(tmp_path, rig.broker.port, rig.authority, now))
            assert caught.value.trouble.cause is cause


def test_a_ca_that_has_expired_is_refused_as_well(tmp_path: Path) -> None:
    """The whole chain is judged: fails where only the broker's own certificate is."""
    with make_rig(tmp_path) as rig:
        ca = rig.authority.certificate.not_valid_after_utc
        server = x509.load_pem_x509_certificate((rig.authority.folder / "server.pem").read_bytes())
        assert server.not_valid_after_utc < ca
        with pytest.raises(DialError, match="has expired"):
            connect(way(tmp_path, rig.broker.port, rig.authority, exactly(ca + DAY)))


def test_another_host_and_another_ca_stay_refused_without_a_clock(tmp_path: Path) -> None:
    with make_rig(tmp_path, hosts=("elsewhere",)) as rig:
        with pytest.raises(DialError) as caught:
            connect(way(tmp_path, rig.broker.port, rig.authority, Now(0, None)))
        assert caught.value.trouble.cause is Cause.WRONG_HOST
    with make_rig(tmp_path / "here") as rig:
        stranger = Authority(tmp_path / "stranger")
        with pytest.raises(DialError) as caught:
            connect(way(tmp_path, rig.broker.port, stranger, Now(0, None)))
        assert caught.value.trouble.cause is Cause.WRONG_CA
