"""What can be a picture."""

import pytest

from edge_agent.cameras.media import MEDIA, SUFFIXES, is_sound


@pytest.mark.parametrize(
    ("media_type", "first", "last", "good"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0", b"\xff\xd9", True),
        ("image/jpeg", b"\xff\xd8\xff\xe0", b"\xff\xd9\0\0", True),  # padded
        ("image/jpg", b"\xff\xd8\xff\xe0", b"torn", False),
        ("image/jpeg", b"<html>", b"\xff\xd9", False),
        ("image/png", b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82", True),
        ("image/png", b"\x89PNG\r\n\x1a\n", b"torn", False),
        ("image/png", b"\xff\xd8\xff", b"IEND", False),
        ("video/mp4", b"x", b"", True),
        ("video/mp4", b"", b"", False),
    ],
)
def test_pictures_have_two_ends(media_type: str, first: bytes, last: bytes, good: bool) -> None:
    assert is_sound(media_type, first, last) is good


def test_files_are_told_apart_by_their_suffix() -> None:
    assert "jpg" in SUFFIXES
    assert all(suffix.isalnum() for suffix in SUFFIXES)
    assert [name for name, media in MEDIA.items() if media.still and "sound" in media.holds] == []
