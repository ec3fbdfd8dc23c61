"""atheris on one driver: `python -m tests.fuzz.fuzzer DRIVER [options of libFuzzer] [FOLDER ...]`.

Run by the interpreter of atheris' own environment.  It ends with exit 77 at the first defect,
whose input it has written where `-artifact_prefix` says.
"""

import sys

import atheris

with atheris.instrument_imports(include=["drivers", "edge_agent.domain"]):
    from tests.fuzz import target

    ONE = target.target(sys.argv[1])  # loads the driver, which is what the fuzzer has to see

THOROUGHLY_EVERY = 8000  # executions; each such check decodes some hundred kilobytes


def main() -> None:
    """Fuzz until libFuzzer's options say that it is over."""
    count = 0

    def play(data: bytes) -> None:
        nonlocal count
        count += 1
        target.check(ONE, data, thoroughly=count % THOROUGHLY_EVERY == 0)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], play)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
