"""atheris on one of `played.names()`: `python -m tests.fuzz.fuzzer NAME [OPTION or FOLDER ...]`.

Run by the interpreter of atheris' own environment.  It ends with exit 77 at the first defect,
whose input it has written where `-artifact_prefix` says.
"""

import signal
import sys
from types import FrameType

import atheris

with atheris.instrument_imports(include=["drivers", "edge_agent.domain", "edge_agent.evidence"]):
    from tests.fuzz import played

    PLAY = played.player(sys.argv[1])  # loads the driver, which is what the fuzzer has to see

INPUT_CPU_S_MAX = 20.0  # of the processor's time: a busy machine hangs no decoder
THOROUGHLY_EVERY = 8000  # executions; each such check decodes some hundred kilobytes


def main() -> None:
    """Fuzz until libFuzzer's options say that it is over."""
    count = 0

    def play(data: bytes) -> None:
        nonlocal count
        count += 1
        signal.setitimer(signal.ITIMER_VIRTUAL, INPUT_CPU_S_MAX)
        PLAY(data, count % THOROUGHLY_EVERY == 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    signal.signal(signal.SIGVTALRM, _hangs)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], play)
    atheris.Fuzz()


def _hangs(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise AssertionError(f"one input takes more than {INPUT_CPU_S_MAX:.0f} s of processor time")


if __name__ == "__main__":
    main()
