"""Pieces of work in processes: all are handed out, a failing one is told, an end is obeyed."""

import os
import signal
from pathlib import Path

from tests.soak.part import Result, Watch
from tests.soak.pool import Span, each, folder, spans


def fragile(number: int) -> tuple[int, Path]:
    """Refuse one number; else say which worker this is."""
    if number == 3:
        raise ValueError("not this one")
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert folder().is_dir()
    return os.getpid(), folder()


def test_spans_cover_what_is_asked() -> None:
    assert list(spans(10, 5, 2)) == [Span(10, 2), Span(12, 2), Span(14, 1)]
    assert list(Span(10, 2)) == [10, 11]
    assert str(Span(10, 2)) == "10..11"
    endless = spans(0, None, 8)
    assert [next(endless) for _ in range(2)] == [Span(0, 8), Span(8, 8)]


def test_every_piece_comes_back_and_an_error_as_what_it_is(tmp_path: Path) -> None:
    watch = Watch(Result("worlds", None), lambda: 0.0, lambda text: None)
    found = dict(each(fragile, iter(range(6)), watch, tmp_path))
    assert sorted(found) == list(range(6))
    assert isinstance(found[3], ValueError)
    rest = [one for one in found.values() if isinstance(one, tuple)]
    assert len(rest) == 5
    assert all(pid != os.getpid() and own.parent == tmp_path for pid, own in rest)


def test_nothing_begins_once_it_is_over(tmp_path: Path) -> None:
    watch = Watch(Result("worlds", None), lambda: 0.0, lambda text: None)
    watch.interrupt()
    assert list(each(fragile, iter(range(6)), watch, tmp_path)) == []
