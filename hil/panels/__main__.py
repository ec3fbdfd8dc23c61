"""`python -m hil.panels`: an emulated panel on a pty or over TCP."""

import argparse
import asyncio
import contextlib
import importlib
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TextIO, cast

from hil.lines import Quality, Split, byte_ns
from hil.panels import plans, stand
from hil.panels.ends import CallEnd, DatagramEnd, End, ListenEnd, PtyEnd
from hil.panels.machine import CommandError, Face, Plan
from hil.panels.mending import spoil_text
from hil.panels.shell import Shell, now_ns
from hil.panels.stand import Stand, StandSetup

EXAMPLES = """\
examples:
  python -m hil.panels surgard --pty --link /tmp/receiver
  python -m hil.panels surgard --connect 127.0.0.1:9000 --form system3 --plan burglary
  python -m hil.panels modbus_map --tcp 5020 --units 1,2,3
  echo 'alarm zone=3 area=1' | python -m hil.panels surgard --pty --linger
  python -m hil.panels surgard --pty --baud 9600 --lose 0.02 --plan traffic --set rate=5
  python -m hil.panels ness --pty --fault 'silence 60@10' --fault 'clock +3600@90' --wrong 0.01

Control lines are read from standard input, the ledger is written to standard output as JSON lines:
  {"id": 7, "panel": NAME, "state": "said", "signal": {...}, "frame": "hex", "t_ns": CLOCK_BOOTTIME}
`state`: said, acked, gave_up (held, said again later), dropped (buffer full); register maps: set,
said (read in time), found (read, but older than the conversation), missed; id 0: open, closed.
`frame` is what was on the wire without its terminator.  The last line of an id counts.
"""


def names() -> list[str]:
    """Return the names of all emulated panels: one module NAME_face each."""
    return sorted(
        path.stem.removesuffix("_face") for path in Path(__file__).parent.glob("*_face.py")
    )


def load_face(name: str) -> Face:
    """Return the face called `name`; only its own modules are imported."""
    return cast("Face", importlib.import_module(f"hil.panels.{name}_face").FACE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hil.panels",
        description="An emulated alarm panel: the other end of a driver.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    panels = parser.add_subparsers(dest="face", required=True, metavar="PANEL")
    for name in names():
        face = load_face(name)
        panel = panels.add_parser(
            name,
            help=face.title,
            description=face.title,
            epilog=f"{face.control_help}\n{stand.CONTROL}\nplans: {', '.join(face.plans)}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _add_line(panel)
        face.adds(panel)
    return parser


def _add_line(parser: argparse.ArgumentParser) -> None:
    line = parser.add_mutually_exclusive_group(required=True)
    line.add_argument("--pty", action="store_true", help="a pseudo terminal")
    line.add_argument(
        "--tcp", type=int, nargs="?", const=0, metavar="PORT", help="listen; without PORT at any"
    )
    line.add_argument("--connect", metavar="HOST:PORT", help="call a host until it answers")
    line.add_argument("--udp", metavar="HOST:PORT", help="send datagrams to a host")
    parser.add_argument("--trace", type=Path, help="write all that goes over the line there")
    parser.add_argument("--link", type=Path, help="symbolic link to the pty")
    parser.add_argument("--no-dtr", action="store_true", help="do not see whether the pty is open")
    parser.add_argument("--name", help="name in the ledger; the panel's kind by default")
    parser.add_argument("--seed", type=int, default=0, help="of all chances")
    parser.add_argument("--plan", default="-", help="a built-in plan or a plan file")
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="for the plan")
    parser.add_argument("--linger", action="store_true", help="go on when the control pipe ends")
    bad = parser.add_argument_group("the line")
    bad.add_argument("--baud", type=int, default=0, help="pace like a serial line; 0: do not")
    bad.add_argument("--split", choices=[split.value for split in Split], default="whole")
    for name, what in (
        ("lose", "chance of losing a byte, both ways"),
        ("noise", "chance of a noise byte before a byte said"),
        ("wrong", "chance that one bit of a thing said is turned"),
        ("double", "chance that it arrives twice"),
        ("cut", "chance that only its beginning arrives"),
        ("glue", "chance that it arrives with the next, in one piece"),
    ):
        bad.add_argument(f"--{name}", type=float, default=0.0, metavar="P", help=what)

    bad.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="'NAME ...[@S]'",
        help="a fault of the list below, S seconds after the start; may be repeated",
    )


def _fault(text: str) -> tuple[float, str]:
    line, at, seconds = text.partition("@")
    name = line.split()[:1]
    if name not in [[fault] for fault in stand.FAULTS]:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(stand.FAULTS)}")
    try:
        due_s = float(seconds) if at else 0.0
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r}: {seconds!r} is no number of seconds"
        ) from error
    return due_s, line.strip()


def _stand(face: Face, arguments: argparse.Namespace) -> Stand:
    pace_ns = byte_ns(arguments.baud)
    out = Quality(
        byte_ns=pace_ns,
        lose=arguments.lose,
        noise=arguments.noise,
        double=arguments.double,
        cut=arguments.cut,
        wrong=arguments.wrong,
        glue=arguments.glue,
        split=Split(arguments.split),
    )
    setup = StandSetup(
        out=out,
        back=Quality(byte_ns=pace_ns, lose=arguments.lose),
        seed=arguments.seed,
        wrong_at=face.wrong_at(arguments),
        plans=face.plans,
        has_clock=face.has_clock,
        spoil_text=partial(spoil_text, face.name) if face.has_text else None,
    )
    return Stand(face.build(arguments), setup)


def _plan(face: Face, arguments: argparse.Namespace) -> Plan | None:
    if arguments.plan == "-":
        return None
    if arguments.plan in face.plans:
        settings = dict(setting.partition("=")[::2] for setting in arguments.set)
        return face.plans[arguments.plan](settings)
    return plans.read(Path(arguments.plan))


def _end(face: Face, arguments: argparse.Namespace, shell: Shell) -> End:
    if arguments.pty:
        return PtyEnd(shell.feed, arguments.link, dtr=not arguments.no_dtr)
    if arguments.tcp is not None:
        return ListenEnd(shell.feed, face.peers_max, arguments.tcp)
    host, _, port = (arguments.connect or arguments.udp).rpartition(":")
    return (CallEnd if arguments.connect else DatagramEnd)(shell.feed, host, int(port))


async def _run(face: Face, arguments: argparse.Namespace) -> None:
    with contextlib.ExitStack() as files:
        trace = files.enter_context(arguments.trace.open("w")) if arguments.trace else None
        await _serve(face, arguments, trace)


async def _serve(face: Face, arguments: argparse.Namespace, trace: TextIO | None) -> None:
    bench = _stand(face, arguments)
    shell = Shell(arguments.name or face.name, bench, sys.stdout, trace)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, shell.stop)
    plan = _plan(face, arguments)
    if plan is not None:
        bench.play(plan, now_ns())
    bench.play(sorted(arguments.fault, key=lambda fault: fault[0]), now_ns())
    await shell.run(lambda shell: _end(face, arguments, shell), linger=arguments.linger)


def main() -> int:
    """Run one emulated panel; exit 0 when it was stopped, 1 when it cannot be plugged in."""
    parser = _parser()
    arguments = parser.parse_args()
    for option in ("connect", "udp"):
        where = getattr(arguments, option)
        if where and not where.rpartition(":")[2].isdecimal():
            parser.error(f"--{option} {where}: wanted HOST:PORT")
    try:
        asyncio.run(_run(load_face(arguments.face), arguments))
    except (OSError, plans.PlanError, CommandError) as error:
        print(f"hil.panels: {error}", file=sys.stderr)  # noqa: T201  a command line speaks
        return 1
    finally:
        _flush()
    return 0


def _flush() -> None:
    """Leave without a complaint when the reader of the ledger went first."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
