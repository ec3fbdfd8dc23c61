"""`edge-center incidents --follow`: the live desk on a terminal, or as lines in a pipe."""

import argparse
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC
from threading import Event
from typing import Any, NoReturn, Protocol

from edge_agent import language, output
from edge_agent.center import desk_lines, settings
from edge_agent.center.desk_lines import Reader, Standing
from edge_agent.center.following import LOOK_S, Aloud, Follower
from edge_agent.center.incident_desk import Change, IncidentDesk, What
from edge_agent.center.layout import Layout
from edge_agent.center.ranking import Ranking, is_first
from edge_agent.clock import SystemClock, now_ms
from edge_agent.evidence.cose import PublicKey

TERMINATED = 143  # 128 and the number of SIGTERM, as a shell says it
DRAW_MS = 1_000  # a screen where nothing changed: ages grow, and a window may have been resized
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"  # another screen, without cursor
_BELL = "\a"


def follow(arguments: argparse.Namespace, key: PublicKey, since_ms: int | None) -> NoReturn:
    """Show the desk until Ctrl-C or SIGTERM; `key` is that of dispositions.

    Raises CenterError where the directory is not usable.
    """
    layout = Layout(arguments.dir)
    presence = settings.load(layout).presence
    desk = IncidentDesk(key, arguments.gateway, since_ms)
    silence = Silence(presence.missed_max * presence.heartbeat_s * 1000)
    with closing(Follower(layout.database)) as follower, _face(arguments) as face:
        _run(follower, desk, face, silence)


class Silence:
    """For how long nothing was stored, where that is more than a few heartbeats (ms)."""

    def __init__(self, patience_ms: int) -> None:
        self._patience_ns = patience_ms * 1_000_000
        self._clock = SystemClock()
        self._heard_ns = self._clock.boottime_ns()

    def heard(self) -> None:
        """Take it that something was stored."""
        self._heard_ns = self._clock.boottime_ns()

    def silent_ms(self) -> int | None:
        """Return for how long it lasts; None where that is no wonder yet."""
        lasts_ns = self._clock.boottime_ns() - self._heard_ns
        return lasts_ns // 1_000_000 if lasts_ns > self._patience_ns else None


class Face(Protocol):
    """How changes and the standing are shown."""

    def tell(self, changes: Sequence[Change], now_ms: int) -> None:
        """Show changes, the gravest first."""

    def show(self, desk: IncidentDesk, refusal: str, silent_ms: int | None) -> None:
        """Show how things stand."""


def _run(follower: Follower, desk: IncidentDesk, face: Face, silence: Silence) -> NoReturn:
    pause, connection = Event(), None
    while True:
        look = follower.look()
        changes: list[Change] = []
        try:
            if look is not None:
                silence.heard()
                connection = look.connection
                changes += desk.take(look)
            if desk.is_reading and connection is not None and not follower.refusal:
                changes += desk.read_on(connection)
        except sqlite3.DatabaseError as error:
            follower.failed(error)
        if changes:
            face.tell(changes, now_ms())
        face.show(desk, follower.refusal, silence.silent_ms())
        if not desk.is_reading or follower.refusal:
            pause.wait(LOOK_S)
            output.still_read()


# ---- faces


@contextmanager
def _face(arguments: argparse.Namespace) -> Iterator[Face]:
    tongue = language.language(arguments.lang)
    reader = Reader(language.Catalog(desk_lines.WORDS, tongue), UTC if arguments.utc else None)
    bell = not arguments.no_bell
    if arguments.json or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield Lines(reader, arguments.limit, as_json=arguments.json, bell=bell)
        return
    before = signal.signal(signal.SIGTERM, _ends)
    try:
        _write(_ENTER)
        yield Screen(reader, bell=bell)
    finally:
        _write(_LEAVE)
        signal.signal(signal.SIGTERM, before)


def _ends(*_: object) -> NoReturn:
    """The terminal is put in order behind it."""
    sys.exit(TERMINATED)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


class Screen:
    """A terminal: all that is open, drawn anew with each change and each second."""

    def __init__(self, reader: Reader, *, bell: bool) -> None:
        self._reader = reader
        self._bell = bell
        self._changed_ms: dict[tuple[str, Any], int] = {}
        self._drawn_ms = 0
        self._changed = True

    def tell(self, changes: Sequence[Change], now_ms: int) -> None:
        """Note what changed, for its mark, and ring."""
        for one in changes:
            if one.what is not What.OPEN:
                self._changed_ms[one.incident.gateway, one.incident.place] = now_ms
        self._changed = self._changed or any(one.what is not What.OPEN for one in changes)
        if self._bell and any(one.rings for one in changes):
            _write(_BELL)

    def show(self, desk: IncidentDesk, refusal: str, silent_ms: int | None) -> None:
        """Draw, where it is time to."""
        at_ms = now_ms()
        if not self._changed and 0 <= at_ms - self._drawn_ms < DRAW_MS:
            return
        self._drawn_ms, self._changed = at_ms, False
        fresh = self._changed_ms.items()
        self._changed_ms = {name: ms for name, ms in fresh if at_ms - ms < desk_lines.FRESH_MS}
        standing = Standing(
            open=desk.open,
            now_ms=at_ms,
            is_reading=desk.is_reading,
            silent_ms=silent_ms,
            refusal=refusal,
            changed_ms=self._changed_ms,
        )
        size = shutil.get_terminal_size()
        _write(desk_lines.screen(standing, (size.columns, size.lines), self._reader))


class Lines:
    """A pipe: first what is open, then a line a change; the bell goes to whoever sees the errors.

    Of what is open the newest `limit` are told (0: all), and life and fire all.
    """

    def __init__(self, reader: Reader, limit: int, *, as_json: bool, bell: bool) -> None:
        self._reader = reader
        self._left = limit if limit > 0 else None
        self._as_json = as_json
        self._bell = bell and sys.stderr.isatty()
        self._aloud = Aloud(reader.language)
        self._summed_up = False
        self._silent = False

    def tell(self, changes: Sequence[Change], now_ms: int) -> None:
        """Print each change."""
        for one in changes:
            if one.what is not What.OPEN or self._is_told(one):
                if self._as_json:
                    print(json.dumps(desk_lines.change_json(one, now_ms), ensure_ascii=True))
                else:
                    print(desk_lines.change_line(one, now_ms, self._reader))
        sys.stdout.flush()
        if self._bell and any(one.rings for one in changes):
            print(_BELL, end="", file=sys.stderr, flush=True)

    def _is_told(self, one: Change) -> bool:
        if is_first(one.incident) or self._left is None:
            return True
        self._left -= 1
        return self._left >= 0

    def show(self, desk: IncidentDesk, refusal: str, silent_ms: int | None) -> None:
        """Sum up once when all is read; say on standard error what keeps from seeing more."""
        self._aloud.tell(refusal)
        if (silent_ms is not None) is not self._silent:
            self._silent = silent_ms is not None
            standing = Standing(open=Ranking(), now_ms=0, silent_ms=silent_ms)
            for one in desk_lines.notices(standing, self._reader.say):
                print(f"edge-center: {one}", file=sys.stderr, flush=True)
        if not self._summed_up and not desk.is_reading and not refusal:
            self._summed_up = True
            if not self._as_json:
                standing = Standing(open=desk.open, now_ms=now_ms())
                print(desk_lines.summary(standing, self._reader.say), flush=True)
