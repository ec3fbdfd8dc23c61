"""Ctrl-C: a KeyboardInterrupt while a command runs, the end at once before and after that.

Python would tell whoever presses it early by a traceback, of an import that is nobody's concern.
"""

import signal

INTERRUPTED = 130  # 128 and the signal's number: what a shell says where it ended the process


def end_at_once() -> None:
    """Let Ctrl-C end the process as the kernel does; where it is ignored it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_again() -> None:
    """Let Ctrl-C be a KeyboardInterrupt from here on: what runs now has things to put in order."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
