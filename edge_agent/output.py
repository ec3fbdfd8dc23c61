"""Standard output as a command may find it: closed, a pipe whose reader goes away, a full disk, a
terminal that does not know all characters."""

import contextlib
import errno
import os
import select
import shutil
import sys
from io import TextIOWrapper


class OutputLost(BrokenPipeError):  # noqa: N818  whoever prints already knows a reader that has gone
    """Standard output takes nothing more; told from the errors of all other files."""


class _Output(TextIOWrapper):
    def write(self, text: str) -> int:
        """Write, or say that it is this stream that cannot."""
        try:
            return super().write(text)
        except OSError as error:
            raise OutputLost(error.errno, error.strerror) from error

    def flush(self) -> None:
        """Flush, or say that it is this stream that cannot."""
        try:
            super().flush()
        except OSError as error:
            raise OutputLost(error.errno, error.strerror) from error


def prepare() -> None:
    """Let whatever is printed be printable: where a character cannot be shown, its number is."""
    for name in ("stdout", "stderr"):
        stream: object = getattr(sys, name)
        if stream is None:  # somebody closed it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  for the whole run
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    known = sys.stdout
    if isinstance(known, TextIOWrapper) and known is sys.__stdout__:  # and not a test's
        sys.stdout = _Output(
            known.buffer,
            encoding=known.encoding,
            errors=known.errors,
            line_buffering=known.line_buffering,
            write_through=known.write_through,
        )


def still_read() -> None:
    """Raise OutputLost where it is a pipe whose reader has gone: who only waits learns it so."""
    if isinstance(sys.stdout, _Output):
        lost = select.poll()
        lost.register(sys.stdout, select.POLLERR)  # no more is asked for than that; see poll(2)
        if any(event & select.POLLERR for _, event in lost.poll(0)):
            raise OutputLost(errno.EPIPE, os.strerror(errno.EPIPE))


def show(*lines: str) -> None:
    """Print lines; a terminal gets them parted between words where they are too long."""
    if sys.stdout.isatty():
        from edge_agent.language import folded  # noqa: PLC0415  the daemon shows nothing

        columns = shutil.get_terminal_size().columns
        lines = tuple(part for line in lines for part in folded(line, columns))
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def ended(error: OSError) -> tuple[int, str] | None:
    """Return exit code and what to say where `error` is standard output's own, None elsewhere.

    A reader that has gone wants no more: `edge-agent events | head` is a normal way to look.
    """
    if not isinstance(error, BrokenPipeError):
        return None
    with contextlib.suppress(OSError):  # the interpreter flushes once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno in (errno.EPIPE, None):
        return 0, ""
    return 1, f"standard output: {error.strerror}"
