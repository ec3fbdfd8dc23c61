"""Logging in: the examples of the RFCs, and that no camera can ask for less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.cameras.digest import Login, Nonces, answer, challenges, usable

MUFASA = Login("Mufasa", "Circle of Life")
OFFER = (  # RFC 7616, section 3.9.1
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
OURS = Nonces(1, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    (offer,) = challenges(OFFER.format(algorithm))
    said = answer(offer, MUFASA, "/dir/index.html", OURS)
    assert f'response="{response}"' in said
    assert "nc=00000001" in said
    assert f"algorithm={algorithm}" in said
    assert "opaque=" in said


@pytest.mark.parametrize(
    ("qop", "response"),
    [
        (', qop="auth"', "6629fae49393a05397450978507c4ef1"),  # RFC 2617, section 3.5
        ("", "670fd8c2df070c60b045671b8b24ff02"),  # the same by RFC 2069
    ],
)
def test_old_cameras(qop: str, response: str) -> None:
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    (offer,) = challenges(f'Digest realm="testrealm@host.com", nonce="{nonce}"{qop}')
    login = Login("Mufasa", "Circle Of Life")
    said = answer(offer, login, "/dir/index.html", Nonces(1, "0a4f113b"))
    assert f'response="{response}"' in said


def test_the_better_algorithm_is_taken_and_basic_never() -> None:
    both = f'Basic realm="x", {OFFER.format("MD5")}, {OFFER.format("SHA-256")}'
    offers = challenges(both)
    assert [one.scheme for one in offers] == ["basic", "digest", "digest"]
    taken = usable(offers)
    assert taken is not None
    assert taken.algorithm == "SHA-256"
    assert usable(challenges('Basic realm="x"')) is None


@pytest.mark.parametrize(
    "offer",
    [
        'Digest realm="x"',  # no nonce
        'Digest realm="x", nonce="n", algorithm=WHIRLPOOL',
        'Digest realm="x", nonce="n", qop="auth-int"',
        "",
        "Negotiate",
    ],
)
def test_what_cannot_be_answered(offer: str) -> None:
    assert usable(challenges(offer)) is None


def test_quotes_are_kept_apart() -> None:
    (offer,) = challenges('Digest realm="a \\"b\\"", nonce="n, m=1"')
    assert offer.params == {"realm": 'a "b"', "nonce": "n, m=1"}
    assert 'realm="a \\"b\\""' in answer(offer, MUFASA, "/", OURS)


def test_a_session_algorithm_binds_the_nonces() -> None:
    (plain,) = challenges('Digest realm="r", nonce="n", qop="auth"')
    (session,) = challenges('Digest realm="r", nonce="n", qop="auth", algorithm=MD5-sess')
    assert usable([session]) is session
    assert answer(plain, MUFASA, "/", OURS) != answer(session, MUFASA, "/", OURS)


def test_a_password_is_never_shown() -> None:
    assert "Circle" not in repr(MUFASA)
    assert Login("Aladdin", "open sesame").basic() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


@given(st.text(alphabet='Digest realm="nonce,\\= \t', max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    usable(challenges(text))
