"""The process that loads what commands need, once, and becomes each of them in a fork.

`python -m MODULE` is loaded by being asked for its help.  Every command is then what it is anywhere
else: a process with words, output and an exit code of its own, that shares nothing with another but
what loading has left behind.

    python -m hil.rig.forks DESCRIPTOR

A message on that socket says in JSON what to run, and brings three descriptors: for the output, for
the errors, and for two lines, the command's process number and its exit code.
"""

import contextlib
import gc
import json
import os
import runpy
import selectors
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

REQUEST_BYTES_MAX = 128 << 10  # a socket takes more at once; words and environment are some KiB


def serve(asked: socket.socket) -> None:
    """Run what is asked for, in forks; return when nobody asks any more and all have ended.

    In a fork it does not return: the command's own exit ends it.
    """
    loaded: set[str] = set()
    with selectors.DefaultSelector() as ears:
        ears.register(asked, selectors.EVENT_READ)
        while ears.get_map():
            for key, _ in ears.select():
                if key.fileobj is not asked:
                    _tell_end(ears, key)
                elif not _take(asked, ears, loaded):
                    ears.unregister(asked)


def _take(asked: socket.socket, ears: selectors.BaseSelector, loaded: set[str]) -> bool:
    """Start one command; False where nobody asks any more."""
    message, given, _, _ = socket.recv_fds(asked, REQUEST_BYTES_MAX, 3)
    if not message:
        return False
    wanted = json.loads(message)
    module, *words = wanted["words"]
    if module not in loaded:
        loaded.add(module)
        _load(module)
    said, errors, ends = given
    if not (number := os.fork()):
        asked.close()
        os.dup2(said, 1)
        os.dup2(errors, 2)
        for descriptor in given:
            os.close(descriptor)
        _become(module, words, wanted)
    os.close(said)
    os.close(errors)
    _tell(ends, number)
    ears.register(os.pidfd_open(number), selectors.EVENT_READ, (number, ends))
    return True


def _load(module: str) -> None:
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.suppress(SystemExit),
    ):
        _call(module, ["--help"])
    gc.collect()
    gc.freeze()  # what is there now: no fork has to look through it


def _become(module: str, words: list[str], wanted: Mapping[str, Any]) -> NoReturn:
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    _call(module, words)
    sys.exit()


def _call(module: str, words: list[str]) -> None:
    sys.argv[1:] = words
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _tell_end(ears: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    number, ends = key.data
    _, status = os.waitpid(number, 0)
    _tell(ends, os.waitstatus_to_exitcode(status))
    os.close(ends)
    ears.unregister(key.fileobj)
    os.close(key.fd)


def _tell(ends: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # who asked has ended
        os.write(ends, f"{number}\n".encode())


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as told:
        serve(told)
