"""`edge-center clip`: has a gateway send a clip, and writes what agrees with its signed event."""

import argparse
import hashlib
import json
import mimetypes
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from edge_agent.center import asking, desk_rows
from edge_agent.center.layout import Layout
from edge_agent.center.spool import CLIP_FORM, await_files, part_file
from edge_agent.domain.access import Role
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.clip import ClipBody, ClipChange, ClipPart
from edge_agent.evidence.command import CLIP, CLIP_NAME
from edge_agent.evidence.envelope import peek
from edge_agent.views import rendering

WAIT_S = 600.0  # for a clip of 32 MiB over 1 Mbit/s, and events that go first


def add(make: asking.Make, gateway: Callable[[str], str]) -> None:
    """Register the command; `gateway` reads a gateway's name."""
    made = make(
        "clip",
        "have a gateway send a clip, check it against its signed event, and write its files",
        "  edge-center clip /srv/center gw1 000012-9f3ac1 --by 'Li Na'\n"
        "  edge-center clip /srv/center gw1 000012-9f3ac1 --by 'Li Na' --out /media/stick",
    )
    made.add_argument("gateway", type=gateway, metavar="GATEWAY")
    made.add_argument("clip", metavar="CLIP", help="its name, as `edge-center events` shows it")
    made.add_argument(
        "--out", type=Path, default=Path(), metavar="FOLDER", help="where to (default: here)"
    )
    asking.add_person(made, Role.OPERATOR)
    made.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask, wait, compare, write; exit 1 where the gateway refuses or the bytes are not as signed,
    2 where no such clip was told of."""
    layout = Layout(arguments.dir)
    wait_s = WAIT_S if arguments.wait is None else arguments.wait
    try:
        parts = _parts(layout, arguments)
        told = asking.give(arguments, CLIP, {CLIP_NAME: arguments.clip}, wait_s)
    except ValueError as error:
        return asking.fail(str(error), asking.EXIT_USAGE)
    if told.outcome != desk_rows.DONE:
        return asking.fail(rendering.safe(asking.standing(told)), asking.EXIT_FOUND_BAD)
    spooled = [
        part_file(layout.spool, arguments.gateway, arguments.clip, number)
        for number in range(len(parts))
    ]
    await_files(spooled, [part.size for part in parts])
    try:
        files = keep(spooled, parts, arguments.out)
    except OSError as error:
        return asking.fail(f"{error.filename}: {error.strerror}", asking.EXIT_FOUND_BAD)
    except ValueError as error:
        return asking.fail(str(error), asking.EXIT_FOUND_BAD)
    if arguments.json:
        print(json.dumps({"clip": arguments.clip, "files": [str(file) for file in files]}))
    else:
        print("\n".join(f"{file}: as signed" for file in files))
    return 0


def _parts(layout: Layout, arguments: argparse.Namespace) -> tuple[ClipPart, ...]:
    """Return what is signed of the clip.  Raises ValueError where it makes no sense to ask."""
    if not CLIP_FORM.fullmatch(arguments.clip):
        raise ValueError(f"{arguments.clip!r} is no name of a clip")
    if not arguments.out.is_dir():
        raise ValueError(f"{arguments.out}: no such folder")
    with closing(asking.open_database(layout)) as connection:
        parts = signed_parts(connection, arguments.gateway, arguments.clip)
    if parts is None:
        raise ValueError(f"no event of {arguments.gateway} tells of a clip {arguments.clip}")
    return parts


def signed_parts(
    connection: sqlite3.Connection, gateway: str, clip: str
) -> tuple[ClipPart, ...] | None:
    """Return what the gateway's own event says of the parts of a clip, None where none does."""
    rows = connection.execute(
        "SELECT envelope FROM event JOIN epoch ON epoch.id = epoch_id"
        " WHERE type = 'clip' AND gateway = ? ORDER BY event.id DESC",
        (gateway,),
    )
    for (envelope,) in rows:
        try:
            body = ClipBody.from_body(peek(envelope)[1].body)  # verified before it was stored
        except Malformed:
            continue
        if body.clip == clip and body.what is ClipChange.KEPT:
            return body.parts
    return None


def keep(spooled: Sequence[Path], parts: Sequence[ClipPart], out: Path) -> list[Path]:
    """Write the parts to `out`, all or none.  Raises ValueError where one is not as signed, and
    OSError where a file cannot be written or is there already."""
    contents = []
    try:
        for number, (file, part) in enumerate(zip(spooled, parts, strict=True)):
            data = file.read_bytes() if file.exists() else b""
            if hashlib.sha256(data).digest() != part.digest:
                raise ValueError(
                    f"part {number}: {len(data)} of {part.size} bytes came, and they are not as"
                    " signed: nothing is written; ask again, and have the gateway looked at"
                )
            contents.append((file.name + suffix(part.media_type), data))
    finally:
        for file in spooled:
            file.unlink(missing_ok=True)
    files = [out / name for name, _ in contents]
    for file, (_, data) in zip(files, contents, strict=True):
        with file.open("xb") as target:
            target.write(data)
    return files


def suffix(media_type: str) -> str:
    """Return the end of a file's name for a media type."""
    return mimetypes.guess_extension(media_type) or ".bin"
