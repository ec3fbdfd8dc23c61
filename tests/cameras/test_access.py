"""What a camera is asked with: files that are there, and for our eyes only."""

import ssl
from pathlib import Path

import pytest

from edge_agent.cameras.access import access_of
from edge_agent.cameras.digest import Login
from edge_agent.cameras.trouble import CameraError, Cause
from edge_agent.domain.camera import CameraSettings, Sees

SEES = (Sees(panel="p1"),)
PLAIN = CameraSettings(
    id="a", sees=SEES, snapshot_url="http://10.0.0.1/", user="gateway", password_file="secret"
)
TLS = CameraSettings(id="a", sees=SEES, snapshot_url="https://cam/", ca="ca.pem")


def secret(folder: Path, data: bytes, mode: int = 0o600) -> Path:
    file = folder / "secret"
    file.write_bytes(data)
    file.chmod(mode)
    return file


def test_a_password_is_one_line(tmp_path: Path) -> None:
    secret(tmp_path, "pass wörd\n".encode())
    found = access_of(PLAIN, tmp_path.joinpath, clock_good=True)
    assert (found.login, found.context) == (Login("gateway", "pass wörd"), None)


@pytest.mark.parametrize(
    ("data", "mode", "why"),
    [
        (b"x", 0o640, "chmod 600"),
        (b"x", 0o604, "chmod 600"),
        (b"", 0o600, "no password"),
        (b"a\nb", 0o600, "no password"),
        (b"\xff", 0o600, "no password"),
        (b"x" * 300, 0o600, "no password"),
    ],
)
def test_a_password_that_cannot_be_used(tmp_path: Path, data: bytes, mode: int, why: str) -> None:
    secret(tmp_path, data, mode)
    with pytest.raises(CameraError) as caught:
        access_of(PLAIN, tmp_path.joinpath, clock_good=True)
    assert caught.value.trouble.cause is Cause.FILES
    assert why in caught.value.trouble.detail


def test_under_systemd_the_groups_bits_are_a_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret(tmp_path, b"x", 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert access_of(PLAIN, tmp_path.joinpath, clock_good=True).login is not None


@pytest.mark.parametrize("camera", [PLAIN, TLS])
def test_a_file_that_is_not_there(tmp_path: Path, camera: CameraSettings) -> None:
    with pytest.raises(CameraError, match="No such file"):
        access_of(camera, tmp_path.joinpath, clock_good=True)


def test_a_file_without_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(CameraError) as caught:
        access_of(TLS, tmp_path.joinpath, clock_good=True)
    assert caught.value.trouble.cause is Cause.FILES


def test_dates_are_looked_at_by_a_clock_only(tmp_path: Path) -> None:
    from tests.cameras.test_fetch import certificate  # noqa: PLC0415  its maker

    ca = certificate(tmp_path, "cam")
    for good in (True, False):
        found = access_of(TLS, lambda _: ca, clock_good=good).context
        assert found is not None
        assert bool(found.verify_flags & 0x200000) is not good
        assert found.verify_mode is ssl.CERT_REQUIRED
        assert found.check_hostname
