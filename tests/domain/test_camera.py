"""Cameras as a configuration names them: where they may be, and what consent allows."""

from typing import Any

import pytest

from edge_agent.domain.camera import (
    CameraSettings,
    ClipSettings,
    Recording,
    Sees,
    address_of,
)

LOCAL = "http://192.168.1.40/picture"


def camera(**keys: Any) -> CameraSettings:
    defaults: dict[str, Any] = {"id": "front", "sees": (Sees(panel="p1"),), "snapshot_url": LOCAL}
    return CameraSettings(**(defaults | keys))


@pytest.mark.parametrize(
    ("url", "where", "authority", "target"),
    [
        (LOCAL, "192.168.1.40:80", "192.168.1.40", "/picture"),
        ("http://10.0.0.9:8080", "10.0.0.9:8080", "10.0.0.9:8080", "/"),
        ("https://Cam.Example/a?b=c&d", "cam.example:443", "cam.example", "/a?b=c&d"),
        ("https://cam:444/", "cam:444", "cam:444", "/"),
        ("http://[fd00::1]:81/x", "[fd00::1]:81", "[fd00::1]:81", "/x"),
        ("http://[fe80::1]/", "[fe80::1]:80", "[fe80::1]", "/"),
    ],
)
def test_where_a_url_leads(url: str, where: str, authority: str, target: str) -> None:
    found = address_of(url)
    assert (found.where, found.authority, found.target) == (where, authority, target)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("rtsp://192.168.1.40/", "http:// or https://"),
        ("http://8.8.8.8/", "site's own network"),
        ("http://cam.example/", "site's own network"),
        ("http://user:pass@192.168.1.40/", "password_file"),
        ("http://192.168.1.40/a b", "no blanks"),
        ("http://192.168.1.40/a\r\nX: y", "no blanks"),
        ("http://192.168.1.40/ä", "ASCII"),
        ("http://192.168.1.40/#top", "a path"),
        ("http://192.168.1.40:0/", "port"),
        ("http://192.168.1.40:70000/", "port"),
        ("http://192.168.1.40:x/", "port"),
        ("https://a..b/", "host"),
        ("https:///x", "a host"),
        ("https://cam\\evil/", "host"),
        ("", "1 to"),
        ("https://cam/" + "x" * 2000, "1 to"),
    ],
)
def test_urls_that_are_refused_are_not_repeated(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        address_of(url)
    assert "user:pass" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"id": "Front Door"}, "id"),
        ({"sees": ()}, "sees"),
        ({"pictures": 0}, "pictures"),
        ({"every_s": float("nan")}, "every_s"),
        ({"snapshot_url": "https://cam/"}, "`ca`"),
        ({"ca": "ca.pem"}, "belong to https"),
        ({"tls_name": "x"}, "belong to https"),
        ({"user": "x"}, "belong together"),
        ({"password_file": "x"}, "belong together"),
        ({"user": "x\n", "password_file": "x"}, "user has"),
        ({"auth": "basic"}, "auth needs"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_meant(keys: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        camera(**keys)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"url": "http://10.0.0.1/{zone}"}, "not known"),
        ({"url": "ftp://10.0.0.1/"}, "http"),
        ({"before_s": 61}, "before_s"),
        ({"after_s": -1}, "after_s"),
        ({"before_s": 0, "after_s": 0}, "at least"),
        ({"holds": ()}, "holds"),
    ],
)
def test_a_recording_that_cannot_be_meant(keys: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Recording(**({"url": "http://10.0.0.1/r"} | keys))


def test_a_recorder_is_told_the_stretch() -> None:
    url = "http://10.0.0.1/r?a={start}&b={end_iso}&c={start_unix}&d={length_s}"
    asked = Recording(url=url, before_s=5, after_s=10)
    assert asked.filled(1_000_000_000) == (
        "http://10.0.0.1/r?a=20010909T014635Z&b=2001-09-09T01:46:50Z&c=999999995&d=15"
    )
    assert asked.needs_time
    assert not Recording(url="http://10.0.0.1/r?s={before_s}").needs_time


def test_what_a_camera_sees() -> None:
    some = camera(sees=(Sees(panel="p1", zones=(1,), areas=(7,)), Sees(panel="p2")))
    assert some.covers("p1", 1, None)
    assert some.covers("p1", None, 7)
    assert not some.covers("p1", 2, 8)
    assert not some.covers("p1", None, None)
    assert some.covers("p2", None, None)
    assert not some.covers("p3", 1, 7)
    with pytest.raises(ValueError, match="zones"):
        Sees(panel="p1", zones=(0,))


BOTH = Recording(url="http://10.0.0.1/r", holds=("image", "sound"))
SOUND = Recording(url="http://10.0.0.1/r", holds=("sound",))


@pytest.mark.parametrize(
    ("recording", "consent", "gives"),
    [
        (None, (), set()),
        (None, ("image",), {"image"}),
        (None, ("sound",), set()),
        (BOTH, ("image",), {"image"}),  # its pictures, and not the recording
        (BOTH, ("image", "sound"), {"image", "sound"}),
        (SOUND, ("sound",), {"sound"}),
        (SOUND, ("image",), {"image"}),
    ],
)
def test_consent_rules(recording: Recording | None, consent: Any, gives: set[str]) -> None:
    some = camera(recording=recording, consent=consent)
    assert some.gives == gives
    assert some.takes_pictures is ("image" in consent)
    assert some.takes_recording is (recording is not None and set(recording.holds) <= set(consent))


def test_what_judging_knows_has_no_address() -> None:
    whole = camera(recording=SOUND, consent=("image",), name="Front", user="a", password_file="b")
    assert whole.bare == CameraSettings(id="front", sees=whole.sees, consent=("image",))
    assert whole.bare.gives == whole.gives
    assert not whole.bare.takes_pictures


def test_clips_have_bounds() -> None:
    assert ClipSettings().keep_days == 30
    for keys in ({"bytes_max": 5}, {"keep_days": 0}):
        with pytest.raises(ValueError, match="clips"):
            ClipSettings(**keys)
