"""Work on all cores: pieces are handed out one by one, so that an end loses little."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from tests.soak.part import Watch

LOOK_S = 1.0
Piece = TypeVar("Piece")
Done = TypeVar("Done")
_folder: list[Path] = []


@dataclass(frozen=True, slots=True)
class Span:
    """Some seeds in a row."""

    first: int
    count: int

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.first + self.count))

    def __str__(self) -> str:
        return f"{self.first}..{self.first + self.count - 1}"


def spans(first: int, count: int | None, size: int) -> Iterator[Span]:
    """Yield `count` seeds (None: without end) from `first` on, `size` at a time."""
    done = 0
    while count is None or done < count:
        some = size if count is None else min(size, count - done)
        yield Span(first + done, some)
        done += some


def folder() -> Path:
    """Return the worker's own folder; it is removed after the run."""
    return _folder[0]


def _begin(top: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process says when to end
    own = top / f"worker-{os.getpid()}"
    own.mkdir()
    _folder[:] = [own]


def each(
    work: Callable[[Piece], Done], pieces: Iterator[Piece], watch: Watch, top: Path
) -> Iterator[tuple[Piece, Done | BaseException]]:
    """Yield every piece with what became of it, as they end; no new ones once time is over."""
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(top,)
    ) as pool:
        running: dict[Future[Done], Piece] = {}
        try:
            while True:
                while len(running) <= workers and not watch.is_over():
                    piece = next(pieces, None)
                    if piece is None:
                        break
                    running[pool.submit(work, piece)] = piece
                if not running:
                    return
                ended, _ = wait(running, LOOK_S, FIRST_COMPLETED)
                for future in ended:
                    piece, error = running.pop(future), future.exception()
                    yield piece, error or future.result()
                    if isinstance(error, BrokenProcessPool):
                        return
                watch.look()
        finally:
            pool.shutdown(cancel_futures=True)
