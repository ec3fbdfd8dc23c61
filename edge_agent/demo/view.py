"""Draws the board: a live view on a terminal, lines elsewhere, nothing for scripts."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from edge_agent.demo import story
from edge_agent.demo.board import Board
from edge_agent.demo.ledger import Spoken
from edge_agent.demo.tally import percentile
from edge_agent.demo.words import Words
from edge_agent.views.rendering import safe

GOOD, BAD, OPEN, DIM = "green", "bold red", "yellow", "dim"
FIXED_ROWS = 9  # everything but the story and the signals
STORY_ROWS_MAX = 8
SIGNALS_KEPT = 200  # no terminal shows more


class Pipe(Console):
    """A console whose reader may go away: that ends the demo as Ctrl-C does."""

    def on_broken_pipe(self) -> None:
        """End in order; rich itself would raise in the middle of whichever task prints."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        signal.raise_signal(signal.SIGINT)


class Silent:
    """Shows nothing."""

    def refresh(self, board: Board) -> None:
        """Leave the board alone."""


class Lines:
    """Prints each thing once, as it happens."""

    def __init__(self, console: Console, words: Words) -> None:
        self._console = console
        self._words = words
        self._phase = ""
        self._told = 0
        self._open: list[Spoken] = []
        self._seen = 0

    def refresh(self, board: Board) -> None:
        """Print what is new."""
        for told in board.story[self._told :]:
            self._print(f"{told.at_s:6.1f}  {self._words(told.words, panel=told.panel)}")
        self._told = len(board.story)
        if board.phase != self._phase:
            self._phase = board.phase
            if board.phase != "playing":
                self._print(f"-- {self._words(board.phase)}")
        self._open += board.spoken[self._seen :]
        self._seen = len(board.spoken)
        for one in [one for one in self._open if one.latency_ns is not None]:
            self._open.remove(one)
            self._print(f"        {self._signal(one)}")

    def _signal(self, one: Spoken) -> str:
        words = self._words
        said = safe(f"{one.panel}  {words.signal(one.told)}")
        center = f"{words('center')} {_ms(words, (one.latency_ns or 0) / 1e6)}"
        if one.acked_ns is None:
            return f"{said}: {center}"
        ack = f"{words('acked')} {_ms(words, (one.acked_ns - one.said_ns) / 1e6)}"
        return f"{said}: {ack}, {center}"

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


class Terminal:
    """A live view of the whole terminal; use as a context."""

    def __init__(self, console: Console, words: Words) -> None:
        self._console = console
        self._words = words
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def refresh(self, board: Board) -> None:
        """Draw the board anew."""
        size = self._console.size
        self._live.update(draw(board, self._words, size.width, size.height), refresh=True)


# ---- drawing


def draw(board: Board, words: Words, width: int, height: int) -> RenderableType:
    """Return the whole picture for a terminal of that size."""
    free = max(3, height - FIXED_ROWS)
    story_rows = min(STORY_ROWS_MAX, max(1, free // 4))
    return Group(
        _head(board, words),
        _links(board, words),
        Rule(style=DIM),
        *_story(board, words, story_rows),
        Rule(style=DIM),
        _signals(board, words, free - story_rows, wide=width >= 100),
        Rule(style=DIM),
        _totals(board, words),
    )


def _head(board: Board, words: Words) -> Table:
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    elapsed_s = min(board.elapsed_s, board.seconds)
    act = ""
    if board.phase == "playing" and board.act:
        act = f"{words('act', act=board.act, acts=story.ACTS)}: {words(f'act{board.act}')}"
    grid.add_row(
        Text(words("title"), style="bold"),
        Text(act, style="cyan"),
        Text(f"{elapsed_s:.0f} / {board.seconds:.0f} s"),
    )
    whole = Table.grid(expand=True)
    whole.add_row(grid)
    whole.add_row(ProgressBar(total=board.seconds, completed=elapsed_s))
    return whole


def _links(board: Board, words: Words) -> Table:
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in range(3):
        grid.add_column(no_wrap=True, ratio=1)
    grid.add_row(*(_panel_link(board, words, name) for name in board.panels))
    network = _lamp(words("network"), words("up"), GOOD)
    if board.is_cut:
        network = _lamp(words("network"), words("cut"), BAD)
    elif board.phase != "setting_up" and not board.connected:
        network = _lamp(words("network"), words("finding_back"), OPEN)
    disk = _lamp(words("disk"), words("refuses" if board.disk_refuses else "writes"), _of(board))
    dead = board.dead & {"center", "broker", "agent"}
    center = _lamp(words("center"), words("up"), GOOD)
    if dead:
        center = _lamp(", ".join(sorted(dead)), words("dead"), BAD)
    grid.add_row(network, center, disk)
    return grid


def _of(board: Board) -> str:
    return BAD if board.disk_refuses else GOOD


def _panel_link(board: Board, words: Words, name: str) -> Text:
    online = board.online[name]
    title = f"{name} {board.panels[name]}"
    if name in board.dead:
        return _lamp(title, words("dead"), BAD)
    if not board.plugged[name]:
        return _lamp(title, words("cut"), BAD)
    if online is None:
        return _lamp(title, "", DIM)
    return _lamp(title, "" if online else words("down"), GOOD if online else BAD)


def _lamp(name: str, state: str, style: str) -> Text:
    return Text.assemble(("● ", style), safe(name), " ", (state, style))


def _story(board: Board, words: Words, rows: int) -> Sequence[RenderableType]:
    lines: list[Text] = []
    if board.phase != "playing":
        lines.append(Text.assemble(("      ▸ ", "cyan"), (words(board.phase), "bold")))
    for told in reversed(board.story):
        if len(lines) >= rows:
            break
        newest = not lines
        text = words(told.words, panel=told.panel)
        lines.append(
            Text.assemble(
                (f"{told.at_s:5.1f} ", DIM),
                ("▸ " if newest else "  ", "cyan"),
                (text, "bold" if newest else DIM),
                no_wrap=True,
                overflow="ellipsis",
            )
        )
    lines += [Text("")] * (rows - len(lines))
    return lines[::-1]


def _signals(board: Board, words: Words, rows: int, *, wide: bool) -> Table:
    table = Table(box=None, expand=True, padding=(0, 1), header_style=DIM)
    table.add_column(words("panel"), no_wrap=True)
    table.add_column(words("signal"), no_wrap=True, ratio=1, overflow="ellipsis")
    for name in ("acked", "durable", "center", "receipt"):
        table.add_column(words(name), no_wrap=True, justify="right", min_width=9 if wide else 7)
    shown = board.spoken[-SIGNALS_KEPT:][-(rows - 1) :]
    for one in shown:
        table.add_row(*_signal_row(board, words, one, wide=wide))
    for _ in range(rows - 1 - len(shown)):
        table.add_row("")
    return table


def _signal_row(board: Board, words: Words, one: Spoken, *, wide: bool) -> list[Text]:
    panel = f"{one.panel} {board.panels[one.panel]}" if wide else one.panel
    if not one.key.frame:  # told by a register map, which nobody acknowledges
        acked = Text(words("no_ack"), style=DIM)
    elif one.acked_ns is None:
        acked = Text("…", style=OPEN)
    else:
        acked = Text(_ms(words, (one.acked_ns - one.said_ns) / 1e6), style=GOOD)
    late_ns = one.latency_ns
    stored = Text("…", style=OPEN)
    if late_ns is not None:
        stored = Text(_ms(words, late_ns / 1e6), style=GOOD)
    said = Text(safe(words.signal(one.told)), style=_weight(one))
    return [Text(panel), said, acked, _tick(one.durable), stored, _tick(one.receipted)]


def _weight(one: Spoken) -> str:
    alarm = one.told["kind"] in ("fire", "burglary", "holdup", "panic", "duress", "medical")
    return "bold" if alarm and one.told["state"] == "active" else ""


def _tick(done: bool) -> Text:
    return Text("✓", style=GOOD) if done else Text("…", style=OPEN)


def _totals(board: Board, words: Words) -> Table:
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True, ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    waiting = board.outstanding
    totals = words(
        "totals",
        said=len(board.spoken),
        durable=board.durable,
        stored=board.stored,
        receipted=board.receipted,
    )
    grid.add_row(
        Text(totals),
        Text(words("waiting", waiting=waiting), style=OPEN if waiting > 0 else DIM),
    )
    p50, p99 = (percentile(board.latencies_ms, percent) for percent in (50, 99))
    if p50 is not None and p99 is not None:
        told = words("latency", p50=_ms(words, p50), p99=_ms(words, p99))
        grid.add_row(Text(told, style=DIM), Text(""))
    return grid


def _ms(words: Words, value: float) -> str:
    if value >= 10_000:
        return words("s", s=f"{value / 1000:.1f}")
    return words("ms", ms=f"{value:.0f}" if value >= 10 else f"{value:.1f}")
