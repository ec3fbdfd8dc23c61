"""What the agent takes of a small machine: `python -m bench.footprint`.

Eight panels: four receivers on ptys, four units of a Modbus module over TCP, at their normal rates
(heartbeats every 30 s, polls by profile).  The real agent, told apart from its surroundings by what
a bare Python takes that imports the same third-party modules, and a bare loop of as many timers as
there are polls a second.  Limits:

1. ready in under 1 s, from exec to READY=1: the median of several starts;
2. idle CPU under 2 % of one core;
3. resident memory under 60 MB when idle and under 76 MB at its peak, and flat: at most 10 % more
   while the backlog grows with the link down, and after a start on such a backlog, when what is
   judged has been judged again (docs/decisions/0023-what-memory-is-spent-on.md).

The receivers speak of 64 zones each.  What is kept of every zone is stated apart: the memory after
they spoke of all the 999 that each can name.  Of resident memory, what libraries have on disk is
stated apart too: the kernel takes it back when it needs it.
"""

import argparse
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import backlog
from bench.report import Report, median
from bench.tap import cpu_s, journal_of, now_ns, pause, prepared, start_agent
from edge_agent.evidence.signers import load_signer
from hil.panels.surgard import ZONE_MAX
from hil.rig import Panel, Stack, wait_until
from hil.rig.stack import GATEWAY

IDLE_KIB_MAX = 60_000_000 // 1024
PEAK_KIB_MAX = 76_000_000 // 1024
GROWTH_MAX = 0.10
CPU_SHARE_MAX = 0.02
READY_S_MAX = 1.0
RATE = 400  # signals a second asked of each receiver: what can be had
GROWTH_S_MAX = 3600.0
ZONES = 64  # a receiver speaks of
SETTLED_EVENTS = 5_000  # after the first of these, what is kept of zones and incidents is there
SHORT_BACKLOG = 2_000
THIRD_PARTY = ("cbor2", "cryptography", "msgspec", "paho", "pymodbus", "serial", "structlog")
POLLS_S = 16  # four units, each every 250 ms


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    starts: int
    idle_s: float
    live: int  # events said while the link is down
    ready_made: int  # events that a start finds in the journal


NORMAL = Sizes(starts=5, idle_s=30, live=100_000, ready_made=100_000)
FULL = Sizes(starts=5, idle_s=60, live=100_000, ready_made=1_000_000)
QUICK = Sizes(starts=2, idle_s=5, live=5_000, ready_made=10_000)


def panels() -> list[Panel]:
    receivers = [Panel(f"p{number}") for number in range(1, 5)]
    return [*receivers, Panel("m", face="modbus_map", end="tcp", units=(1, 2, 3, 4))]


# ---- the process


def memory_kib(pid: int, name: str) -> int:
    """Return VmRSS, VmHWM, the peak of it, or RssAnon, what no file has (proc_pid_status(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(rf"{name}:\s+(\d+)", status)[0])


def cpu_share(pid: int, seconds: float) -> float:
    """Return the share of one core that a process takes over some time."""
    begun_ns, before_s = now_ns(), cpu_s(pid)
    pause(seconds)
    return (cpu_s(pid) - before_s) / ((now_ns() - begun_ns) / 1e9)


def pid_of(stack: Stack) -> int:
    assert stack.agent.process is not None
    return stack.agent.process.pid


# ---- the references


def third_party() -> list[str]:
    """Return the third-party modules that `edge-agent run` loads, as it would load them."""
    code = (
        "import sys; from edge_agent.cli import run; run.load(); import drivers.surgard, "
        "drivers.modbus_map\n"
        f"print(*(m for m in sys.modules if m.split('.')[0] in {THIRD_PARTY!r}"
        " and sys.modules[m] is not None))"
    )
    return _python(code).split()


def bare_imports(modules: list[str]) -> tuple[float, int]:
    """Return how long a bare process takes to have imported them, and its memory then."""
    code = (
        "import sys; sys.modules['rich'] = None\nimport asyncio, importlib\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(open('/proc/self/status').read())"
    )
    begun = time.perf_counter()
    status = _python(code)
    return time.perf_counter() - begun, int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


def bare_loop(seconds: float) -> float:
    """Return the CPU share of an asyncio loop with as many timers a second as there are polls."""
    code = (
        "import asyncio, time\n"
        "async def tick():\n"
        f"    end = time.monotonic() + {seconds}\n"
        f"    while time.monotonic() < end: await asyncio.sleep({1 / POLLS_S})\n"
        "before = time.process_time(); asyncio.run(tick()); print(time.process_time() - before)"
    )
    return float(_python(code)) / seconds


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


# ---- what is measured


def starts(report: Report, stack: Stack, sizes: Sizes) -> int:
    """Measure starts in turns with bare imports; return the bare memory in KiB."""
    modules = third_party()
    ready_s: list[float] = []
    imports_s: list[float] = []
    bare_kib: list[float] = []
    for _ in range(sizes.starts):
        ready_s.append(start_agent(stack) / 1e9)
        stack.agent.stop()
        took_s, kib = bare_imports(modules)
        imports_s.append(took_s)
        bare_kib.append(kib)
    report.fact("bare Python with the same third-party modules", median(imports_s), "s")
    report.check("ready: from exec to READY=1, median", median(ready_s), READY_S_MAX, "s", "stated")
    return round(median(bare_kib))


def idle(report: Report, stack: Stack, sizes: Sizes) -> None:
    start_agent(stack)
    stack.agent.wait_well()
    wait_until(lambda: stack.agent.outstanding() == 0, "everything receipted")
    bare = bare_loop(sizes.idle_s)
    share = cpu_share(pid_of(stack), sizes.idle_s)
    report.fact(f"bare asyncio loop with {POLLS_S} timers a second", 100 * bare, "% CPU")
    report.check("idle CPU, 8 panels", 100 * share, 100 * CPU_SHARE_MAX, "%", "of one core")
    kib = memory_kib(pid_of(stack), "VmRSS")
    report.check("resident memory, idle", kib, IDLE_KIB_MAX, "KiB", "60 MB")
    report.fact("  of it our own (RssAnon)", memory_kib(pid_of(stack), "RssAnon"), "KiB")


def growth(report: Report, stack: Stack, events: int) -> None:
    """Let the receivers speak while the link is down; the memory must stay as it is."""
    stack.broker.stop()
    pid, begun = pid_of(stack), time.perf_counter()
    speak(stack, 0, ZONES)
    settled = min(SETTLED_EVENTS, events // 2)
    wait_until(lambda: outstanding(stack) > settled, "some events", GROWTH_S_MAX)
    before, samples = memory_kib(pid, "VmRSS"), []
    while outstanding(stack) < events:
        if time.perf_counter() - begun > GROWTH_S_MAX:
            sys.exit(f"only {outstanding(stack)} of {events} events after {GROWTH_S_MAX:.0f} s")
        samples.append(memory_kib(pid, "VmRSS"))
        pause(0.5)
    took_s = time.perf_counter() - begun
    report.fact("events with the link down", outstanding(stack))
    report.fact("  recorded and acknowledged at", outstanding(stack) / took_s, "events/s")
    flat(report, f"while the backlog grew to {events:,}", max(samples), before)
    peak(report, "so far", pid)
    speak(stack, 4, ZONE_MAX)
    many = events + 10 * ZONE_MAX
    wait_until(lambda: outstanding(stack) > many, "events of many zones", GROWTH_S_MAX)
    for panel in stack.panels[:4]:
        panel.tell("stop")
    report.fact(f"  with {4 * ZONE_MAX:,} zones heard of", memory_kib(pid, "VmRSS"), "KiB")


def speak(stack: Stack, first: int, zones: int) -> None:
    for number, panel in enumerate(stack.panels[:4], first):
        panel.tell(f"plan traffic rate={RATE} first={number * 1_000_000} zones={zones}")


def ready_made(report: Report, stack: Stack, events: int) -> None:
    """Start on an empty journal and on a long one, without a link; compare the memory."""
    kib: list[int] = []
    for count in (SHORT_BACKLOG, events):
        stack.agent.stop()
        identity = load_signer(stack.gateway / "identity.key")
        empty(journal_of(stack))
        backlog.fill(journal_of(stack), GATEWAY, identity, count)
        ready_ns = start_agent(stack)
        wait_until(lambda: all_online(stack), "panels are read")
        report.fact(f"ready with a backlog of {count:,}", ready_ns / 1e9, "s")
        wait_until(lambda: is_judging(stack), "the past is judged again", GROWTH_S_MAX)
        kib.append(memory_kib(pid_of(stack), "VmRSS"))
        peak(report, f"after a start on {count:,}", pid_of(stack))
    flat(report, f"after a start on {events:,}", kib[1], kib[0])


def flat(report: Report, what: str, most_kib: int, before_kib: int) -> None:
    limit_kib = before_kib * (1 + GROWTH_MAX)
    why = f"{before_kib:,} KiB and 10 %"
    report.check(f"resident memory {what}", most_kib, limit_kib, "KiB", why)


def peak(report: Report, what: str, pid: int) -> None:
    peak_kib = memory_kib(pid, "VmHWM")
    report.check(f"peak of resident memory {what}", peak_kib, PEAK_KIB_MAX, "KiB", "76 MB")


def outstanding(stack: Stack) -> int:
    return stack.agent.outstanding() or 0


def all_online(stack: Stack) -> bool:
    status = stack.agent.status()
    return bool(status) and all(panel["online"] for panel in status["panels"].values())


def is_judging(stack: Stack) -> bool:
    status = stack.agent.status()
    return bool(status) and status["judging"]["state"] == "judging"


def empty(journal: Path) -> None:
    for file in journal.iterdir():
        file.unlink()


def run(report: Report, sizes: Sizes) -> None:
    with prepared(Stack(panels())) as stack:
        bare_kib = starts(report, stack, sizes)
        report.fact("bare Python with the same third-party modules", bare_kib, "KiB")
        idle(report, stack, sizes)
        growth(report, stack, sizes.live)
        ready_made(report, stack, sizes.ready_made)


def main() -> int:
    parser = argparse.ArgumentParser(description="Memory, idle CPU and start of the agent.")
    parser.add_argument("--quick", action="store_true", help="short backlogs, few seconds")
    parser.add_argument("--full", action="store_true", help="a backlog of 1,000,000")
    parser.add_argument("--backlog", type=int, help=f"events; {NORMAL.live:,} by default")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    chosen = parser.parse_args()
    sizes = QUICK if chosen.quick else FULL if chosen.full else NORMAL
    if chosen.backlog:
        sizes = Sizes(sizes.starts, sizes.idle_s, chosen.backlog, chosen.backlog)
    report = Report("footprint", quiet=chosen.json)
    run(report, sizes)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
