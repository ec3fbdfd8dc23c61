"""The view: whole at 80x24 and 120x40, in both languages, and plain lines elsewhere."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from edge_agent.demo.board import Board
from edge_agent.demo.view import Lines, Silent, draw
from edge_agent.demo.words import Words
from tests.demo.figures import MS, PANELS, signal, spoken

SIZES = [(80, 24), (120, 40), (60, 12)]


def played(count: int = 50) -> Board:
    board = Board(25, PANELS)
    board.phase, board.act, board.connected = "playing", 3, True
    for number in range(count):
        one = spoken(number, 10 * number)
        board.now_s = number / 10
        board.say(one)
        if number < count - 2:
            board.keep(signal(number, number, 10 * number + 1))
            board.store(signal(number, number, 10 * number + 1))
    board.tell("unplugged", "p1")
    board.tell("network_cut")
    return board


def screen(board: Board, width: int, height: int, language: str = "en") -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, record=True)
    console.print(draw(board, Words(language), width, height))
    return console.export_text().splitlines()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fills_the_screen_and_no_more(width: int, height: int, language: str) -> None:
    for board in (played(), played(0), Board(25, PANELS)):
        board.latencies_ms = board.latencies_ms or [1.0]
        shown = screen(board, width, height, language)
        assert len(shown) <= height
        assert max(map(cell_len, shown)) <= width
    assert len(screen(played(), width, height, language)) >= height - 1


def test_it_tells_what_is_broken() -> None:
    board = played()
    assert "CUT" not in "\n".join(screen(board, 80, 24))
    board.plugged["p1"], board.is_cut, board.dead = False, True, {"center"}
    text = "\n".join(screen(board, 80, 24))
    assert "p1 Sur-Gard MLR2 CUT" in text
    assert "network CUT" in text
    assert "center DEAD" in text


def test_the_newest_signals_are_the_ones_shown() -> None:
    text = "\n".join(screen(played(), 80, 24))
    assert "zone 49" in text
    assert "zone 2 " not in text
    assert "7.0 ms" in text


def test_hostile_text_is_escaped() -> None:
    board = played(0)
    one = spoken(1, 10)
    one.key = one.key._replace(meaning=("\x1b[2J", *one.key.meaning[1:]))
    board.say(one)
    assert "\x1b[2J" not in "\n".join(screen(board, 80, 24))


def test_plain_lines_tell_each_thing_once() -> None:
    out = io.StringIO()
    lines = Lines(Console(file=out, width=80), Words("en"))
    board = Board(25, PANELS)
    lines.refresh(board)
    board.phase = "playing"
    board.tell("smoke")
    one = spoken(4, 10)
    board.say(one)
    lines.refresh(board)
    assert "zone 4" not in out.getvalue(), "not there yet"
    one.latency_ns = 12 * MS
    lines.refresh(board)
    lines.refresh(board)
    Silent().refresh(board)
    assert out.getvalue().splitlines() == [
        "-- Setting the stage: keys, broker, center, panels",
        "   0.0  Smoke in the kitchen of the restaurant",
        "        p1  burglary zone 4: ACK 1.0 ms, center 12 ms",
    ]
