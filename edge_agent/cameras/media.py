"""What a camera may send: media types, how their files are named, and whether bytes can be so."""

from dataclasses import dataclass

from edge_agent.domain.camera import Consent

EDGE_BYTES = 64  # of a file's begin and end that are looked at; cameras pad an end with a few zeros


@dataclass(frozen=True, slots=True)
class Media:
    """One media type: the suffix of its files, whether it is a still picture, what it can hold."""

    suffix: str
    still: bool
    holds: frozenset[Consent]


_STILL = frozenset[Consent]({"image"})
_FILM = frozenset[Consent]({"image", "sound"})
_SOUND = frozenset[Consent]({"sound"})

MEDIA: dict[str, Media] = {
    "image/jpeg": Media("jpg", True, _STILL),
    "image/jpg": Media("jpg", True, _STILL),  # not registered, and sent by many cameras
    "image/png": Media("png", True, _STILL),
    "video/mp4": Media("mp4", False, _FILM),
    "video/mpeg": Media("mpg", False, _FILM),
    "video/mp2t": Media("ts", False, _FILM),
    "video/webm": Media("webm", False, _FILM),
    "video/x-matroska": Media("mkv", False, _FILM),
    "video/x-msvideo": Media("avi", False, _FILM),
    "audio/mpeg": Media("mp3", False, _SOUND),
    "audio/mp4": Media("m4a", False, _SOUND),
    "audio/aac": Media("aac", False, _SOUND),
    "audio/ogg": Media("ogg", False, _SOUND),
    "audio/wav": Media("wav", False, _SOUND),
    "audio/x-wav": Media("wav", False, _SOUND),
}

SUFFIXES = frozenset(media.suffix for media in MEDIA.values())


def is_sound(media_type: str, first: bytes, last: bytes) -> bool:
    """Return whether bytes that begin with `first` and end with `last` can be of that type.

    Pictures have a mark at each end, so that a torn one is found; of films and sounds only that
    something came is known.
    """
    if not first:
        return False
    if media_type == "image/png":  # PNG, clauses 5.2 and 11.2.5
        return first.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in last
    if media_type in ("image/jpeg", "image/jpg"):  # ITU-T T.81, B.1.1.3: SOI and EOI
        return first.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in last
    return True
