"""`edge-agent clips`: what cameras gave after alarms; get a clip, try a camera."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.cli.lines import add_language
from edge_agent.cli.options import (
    Commands,
    UnreadableError,
    add_config,
    add_json,
    command,
    complain,
)
from edge_agent.cli.records import (
    add_journal,
    add_purpose,
    events_of,
    folder_of,
    unreadable,
)

if TYPE_CHECKING:
    from edge_agent.cameras.trouble import Trouble
    from edge_agent.config import Loaded
    from edge_agent.domain.camera import CameraSettings
    from edge_agent.evidence.clip import ClipPart
    from edge_agent.journal import Where

READ_BYTES = 1 << 16
ANSWER_S_MAX = 15.0


def add(commands: Commands) -> None:
    """Register the group."""
    group = command(
        commands,
        "clips",
        "list the clips that cameras gave after alarms, get one, try a camera",
        "  edge-agent clips list\n"
        "  edge-agent clips get 000012-9f3ac1 --out /media/stick --purpose 'police, case 7'\n"
        "  edge-agent clips try front",
    )
    actions = group.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = command(
        actions,
        "list",
        "list clips that were kept, missed and removed, with their hashes as signed",
        "  edge-agent clips list --camera front\n  edge-agent clips list --json | jq .parts",
    )
    listing.add_argument("--camera", metavar="ID", help="only of this camera")
    getting = command(
        actions,
        "get",
        "copy a clip's files, after they were compared with their signed hashes",
        "  edge-agent clips get 000012-9f3ac1\n"
        "  edge-agent clips get 000012-9f3ac1 --out /media/stick --purpose 'police, case 7'\n"
        "The running agent records who gets it; without that record nothing is given.",
    )
    getting.add_argument("clip", help="its name, as `clips list` shows it")
    getting.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where to (default: here)"
    )
    for parser, run in ((listing, show), (getting, get)):
        add_journal(parser)
        add_purpose(parser)
        add_json(parser)
        parser.set_defaults(run=run)
    trying = command(
        actions,
        "try",
        "ask cameras whether they would give a picture; none is taken",
        "  edge-agent clips try\n  edge-agent clips try front yard --json",
    )
    trying.add_argument("camera", nargs="*", help="its `id` (default: all)")
    add_config(trying)
    add_language(trying)
    add_json(trying)
    trying.set_defaults(run=try_cameras)


# ---- list


def show(arguments: argparse.Namespace) -> int:
    """Print clips, the newest last; exit 2 where the journal cannot be read."""
    from edge_agent.cli.reading import reading
    from edge_agent.views import rendering

    try:
        with reading(arguments, "clips") as journal:
            found = [
                one
                for one in _clips(journal.where)
                if arguments.camera in (None, one.get("camera"))
            ]
            for facts in found:
                if arguments.json:
                    print(json.dumps(facts, ensure_ascii=False))
                else:
                    print(rendering.safe(_line(facts)))
            if not found:
                complain(arguments, f"edge-agent clips: no clip is told of in {journal.where}")
    except UnreadableError as error:
        return unreadable(arguments, error)
    return 0


def _clips(where: "Where") -> Iterator[dict[str, Any]]:
    """Yield each clip that was kept or missed; of those that were removed is said so."""
    from edge_agent.views import rendering

    found: list[dict[str, Any]] = []
    removed: dict[str, str] = {}
    for event, dated in events_of(where, "clip"):
        facts = rendering.body_facts(event)
        if facts.get("what") == "removed":
            removed[facts["clip"]] = facts.get("detail", "")
        elif facts.get("what") in ("kept", "missed"):
            when = rendering.when(dated, None)
            found.append({"time": when, "event": f"{event.epoch.hex()}/{event.seq}", **facts})
    for facts in found:
        if (clip := facts.get("clip")) in removed:
            yield {**facts, "what": "removed", "detail": removed[clip]}
        else:
            yield facts


def _line(facts: dict[str, Any]) -> str:
    place = [f"{name} {facts[name]}" for name in ("panel", "area", "zone") if name in facts]
    words = [facts["time"], f"{facts['what']:<7}", facts.get("clip", "-"), facts["camera"]]
    words += [facts.get("kind", ""), *place]
    sizes = ", ".join(f"{one['media_type']} {one['size']} B" for one in facts["parts"])
    said = "; ".join(text for text in (sizes, facts.get("detail", "")) if text)
    return "  ".join([*words, said])


# ---- get


def get(arguments: argparse.Namespace) -> int:
    """Copy a clip; exit 1 where it is not there, not as signed, or cannot be recorded."""
    try:
        parts = _signed(folder_of(arguments), arguments.clip)
        if parts is None:
            return _fails(f"no event tells of a clip {arguments.clip!r}: 'edge-agent clips list'")
        copied = [_copied(*pair, arguments.out) for pair in _files(arguments, parts)]
    except UnreadableError as error:
        return unreadable(arguments, error)
    except _NotGivenError as error:
        return _fails(str(error))
    if arguments.json:
        print(json.dumps({"clip": arguments.clip, "files": copied}))
    else:
        for one in copied:
            print(f"{one['file']}  {one['media_type']}, {one['size']} B, sha256 {one['sha256']}")
        print("as signed by the gateway; 'edge-agent verify' checks the signatures")
    return 0


class _NotGivenError(Exception):
    """A clip is not given; says why and what to do."""


def _fails(why: str) -> int:
    print(f"edge-agent clips: {why}", file=sys.stderr)
    return 1


def _signed(folder: Path, clip: str) -> "tuple[ClipPart, ...] | None":
    """Return what the journal says of the parts of `clip`, None where it says nothing."""
    from edge_agent.evidence.cbor import Malformed
    from edge_agent.evidence.clip import ClipBody

    for event, _ in events_of(folder, "clip"):
        try:
            body = ClipBody.from_body(event.body)
        except Malformed:
            continue
        if body.clip == clip and body.parts:
            return body.parts
    return None


def _files(
    arguments: argparse.Namespace, parts: "tuple[ClipPart, ...]"
) -> "list[tuple[ClipPart, Path]]":
    if arguments.journal:
        from edge_agent.cameras.folder import ClipFolder

        files = ClipFolder(arguments.journal.parent / "clips").parts(arguments.clip)
    else:
        files = _asked(arguments)
    if len(files) != len(parts):
        raise _NotGivenError(f"{len(files)} of {len(parts)} files are on the disk: it was removed")
    return list(zip(parts, files, strict=True))


def _asked(arguments: argparse.Namespace) -> list[Path]:
    """Have the running agent record the reading; return the files that it names."""
    from edge_agent import config
    from edge_agent.control.socket import ask

    socket = Path(config.load(arguments.config).config.gateway.socket)
    try:
        answer = ask(socket, "clip", ANSWER_S_MAX, clip=arguments.clip, purpose=arguments.purpose)
    except ValueError as error:
        raise _NotGivenError(str(error)) from error
    except OSError as error:
        raise _NotGivenError(
            f"no running agent answers at {socket}, so nobody records the reading: {error}\n"
            "start it with 'systemctl start edge-agent', or name the journal of a card by --journal"
        ) from error
    return [Path(file) for file in answer["files"]]


def _copied(part: "ClipPart", source: Path, out: Path) -> dict[str, Any]:
    target = out / source.name
    digest = hashlib.sha256()
    try:
        with source.open("rb") as read:
            while data := read.read(READ_BYTES):
                digest.update(data)
            if digest.digest() != part.digest:
                raise _NotGivenError(
                    f"{source} is not what was signed: changed after it was taken, or damaged"
                )
            read.seek(0)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(target, flags, 0o600), "wb") as written:
                while data := read.read(READ_BYTES):
                    written.write(data)
    except OSError as error:
        raise _NotGivenError(f"{error.filename or target}: {error.strerror}") from error
    return {
        "file": str(target),
        "media_type": part.media_type,
        "size": part.size,
        "sha256": part.digest.hex(),
        "after_ms": part.after_ms,
    }


# ---- try


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of asking a camera; `cause` None where it is good or may not be asked."""

    camera: str
    good: bool
    detail: str
    cause: str | None = None
    remedy: str = ""


def try_cameras(arguments: argparse.Namespace) -> int:
    """Ask cameras; exit 1 where one would give nothing, 2 for one that is not configured."""
    import asyncio

    from edge_agent import config
    from edge_agent.language import language

    loaded = config.load(arguments.config)
    known = {camera.id: camera for camera in loaded.config.camera}
    if strange := [name for name in arguments.camera if name not in known]:
        there = ", ".join(known) or "none"
        print(f"edge-agent clips: no camera {strange[0]!r}; there are: {there}", file=sys.stderr)
        return 2
    chosen = [known[name] for name in arguments.camera or known]
    spoken = language(arguments.lang)
    tried = [asyncio.run(_tried(loaded, camera, spoken)) for camera in chosen]
    bad = sum(not one.good for one in tried)
    if arguments.json:
        print(json.dumps({"good": not bad, "cameras": [asdict(one) for one in tried]}))
    else:
        for one in tried:
            print(f"{'good' if one.good else 'BAD '}  camera {one.camera}: {one.detail}")
            if one.remedy:
                print(f"      {one.remedy}")
        print(f"{len(tried)} cameras tried, {bad} to mend")
    return 1 if bad else 0


async def _tried(loaded: "Loaded", camera: "CameraSettings", spoken: str) -> _Tried:
    import asyncio

    from edge_agent.cameras.access import access_of
    from edge_agent.cameras.fetch import Asker
    from edge_agent.cameras.take import look
    from edge_agent.cameras.trouble import CameraError
    from edge_agent.uplink.names import NAMES

    if not camera.gives:
        return _Tried(camera.id, True, "no consent: it is never asked for anything")

    async def resolve(host: str, port: int) -> str:
        found = await asyncio.to_thread(NAMES.resolve, host, port, 5.0)
        return str(found[0][1][0])

    try:
        access = access_of(camera, loaded.path, clock_good=True)
        await look(camera, Asker(camera, access, resolve))
    except CameraError as error:
        return _of_trouble(camera.id, error.trouble, spoken)
    return _Tried(camera.id, True, f"{', '.join(sorted(camera.gives))} would be given")


def _of_trouble(camera: str, trouble: "Trouble", spoken: str) -> _Tried:
    from edge_agent.cameras.trouble import MEANINGS

    meaning = MEANINGS[trouble.cause]
    remedy = meaning.chinese if spoken == "zh" else meaning.remedy
    return _Tried(camera, False, trouble.detail, trouble.cause.value, remedy)
