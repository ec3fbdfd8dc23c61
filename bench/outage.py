"""What a long outage costs: `python -m bench.outage`; `--full` for 1,000,000 events.

The real agent, broker and center, with an empty journal, with a small backlog, and with one of a
long outage, the link down, in the same run.  Limits, the long one against none:

1. memory, resident and proportional: within 10 % of that with the small backlog, with the link down
   and while it drains (buffers of a segment and a window exist as soon as there is one);
2. ready: within twice the time, or 1 s;
3. from the panel's last byte to its ACK, the link down: within twice, or 10 ms more;
4. a life alarm, to its receipt, while the backlog drains: the same;
5. the order of draining: at most one window of a lane before the last of a more urgent one.
"""

import argparse
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench import backlog
from bench.footprint import empty, flat, memory_kib
from bench.latency import Alarms, online, running_epoch, settled
from bench.report import Report, median
from bench.tap import Tap, journal_of, pause, prepared, start_agent
from bench.wire import HEARTBEAT, Wire
from edge_agent.evidence.signers import load_signer
from hil.rig import Stack, wait_until
from hil.rig.stack import GATEWAY

RATIO_MAX, EXTRA_MS = 2.0, 10.0
SMALL_EVENTS = 10_000  # several segments
READY_S_MAX = 1.0
OUT_OF_ORDER_MAX = 200  # events of one window: 64 KiB, the smallest some 300 bytes
STARTS = 3
GAP_S = 0.05
DRAIN_S_MAX = 1800.0
EVENTS, EVENTS_FULL, EVENTS_QUICK = 100_000, 1_000_000, 20_000
SETTLE_S = 1.0
BEGUN_EVENTS = 100  # then both lanes of the center are back behind the broker


@dataclass(slots=True)
class State:
    """One journal, measured."""

    ready_s: float = 0.0
    rss_kib: int = 0
    pss_kib: int = 0
    ack_ms: float = 0.0
    receipt_ms: float = 0.0  # of a life alarm
    linked_kib: int = 0  # with the link up, at most


def pss_kib(pid: int) -> int:
    """Return the proportional set size (proc_pid_smaps(5))."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    sys.exit("the kernel tells no proportional set size")


def pid_of(stack: Stack) -> int:
    assert stack.agent.process is not None
    return stack.agent.process.pid


class Outage:
    """A stack with one receiver whose link can be cut."""

    def __init__(self, report: Report, stack: Stack, wire: Wire, samples: int) -> None:
        self.report, self.stack, self.wire, self.samples = report, stack, wire, samples

    def offline(self, what: str) -> State:
        """Start on the journal that is there, without a link, and measure."""
        state, ready = State(), []
        for _ in range(STARTS):
            self.stack.agent.stop()
            ready.append(start_agent(self.stack) / 1e9)
        state.ready_s = median(ready)
        online(self.wire, self.stack.agent)
        state.ack_ms = median(self._acks())
        pause(SETTLE_S)
        state.rss_kib = memory_kib(pid_of(self.stack), "VmRSS")
        state.pss_kib = pss_kib(pid_of(self.stack))
        self.report.fact(f"{what}: ready", state.ready_s, "s")
        self.report.fact(f"{what}: to the panel's ACK, median", state.ack_ms, "ms")
        self.report.fact(f"{what}: resident memory", state.rss_kib, "KiB")
        self.report.fact(f"{what}: proportional memory", state.pss_kib, "KiB")
        return state

    def offline_with(self, events: int) -> tuple[State, bytes]:
        """Measure with a fresh journal of so many unreceipted events; return their epoch too."""
        stack = self.stack
        stack.broker.stop()
        stack.agent.stop()
        empty(journal_of(stack))
        identity = load_signer(stack.gateway / "identity.key")
        epoch = backlog.fill(journal_of(stack), GATEWAY, identity, events, backlog.mixed)
        backlog.seal(journal_of(stack))
        return self.offline(f"{events:,} unreceipted"), epoch

    def _acks(self) -> list[float]:
        """Say trouble after trouble; return how long each waited for its ACK, in ms."""
        before = set(self.wire.acked_ns)
        for number in range(self.samples):
            self.wire.say(f"5011 182468E354{number // 900 + 10:02}{number % 900 + 100:03}".encode())
            pause(GAP_S)
        wait_until(lambda: len(set(self.wire.acked_ns) - before) >= self.samples, "ACKs")
        said, acked = self.wire.said_ns, self.wire.acked_ns
        fresh = [frame for frame in acked if frame not in before and frame != HEARTBEAT]
        times = [(acked[frame] - said[frame]) / 1e6 for frame in fresh]
        for frame in fresh:  # the same are said again with the other journal
            del said[frame], acked[frame]
        return times

    def link_up(self) -> Tap:
        self.stack.broker.start()
        self.stack.broker.wait_ready()
        return Tap(self.stack)

    def lives(self, tap: Tap, state: State) -> None:
        """Say life alarms, the link up; measure until their receipts, and memory meanwhile."""
        alarms = Alarms(self.stack, self.wire, tap)
        for _ in range(self.samples):
            alarms.say(1, GAP_S)
            state.linked_kib = max(state.linked_kib, memory_kib(pid_of(self.stack), "VmRSS"))
        epoch = running_epoch(self.stack.agent)
        state.receipt_ms = median(alarms.took_ms(epoch, self.samples)[0])


def out_of_order(receipted_ns: dict[int, int], lanes: dict[int, int]) -> int:
    """Return how many events came before the last of a more urgent lane."""
    last: dict[int, int] = {}
    for seq, at_ns in receipted_ns.items():
        if seq:  # the genesis goes first of all
            last[lanes[seq]] = max(last.get(lanes[seq], 0), at_ns)
    return sum(
        any(at_ns < last[lane] for lane in last if lane < lanes[seq])
        for seq, at_ns in receipted_ns.items()
        if seq
    )


def run(report: Report, events: int, samples: int) -> None:
    wire = Wire("p1")
    with prepared(Stack([wire])) as stack:
        outage = Outage(report, stack, wire, samples)
        start_agent(stack)
        stack.broker.stop()
        before = outage.offline("empty journal")
        with closing(outage.link_up()) as tap:
            wait_until(lambda: settled(stack.agent), "everything receipted")
            outage.lives(tap, before)
        report.fact("empty journal: a life alarm to its receipt, median", before.receipt_ms, "ms")
        small, epoch = outage.offline_with(SMALL_EVENTS)
        with closing(outage.link_up()) as tap:
            wait_until(lambda: len(tap.of(epoch)) > BEGUN_EVENTS, "the drain begins")
            outage.lives(tap, small)
        after, epoch = outage.offline_with(events)
        lanes = backlog.lanes(journal_of(stack), epoch)
        judge_offline(report, before, after)
        with closing(outage.link_up()) as tap:
            wait_until(lambda: len(tap.of(epoch)) > BEGUN_EVENTS, "the drain begins")
            outage.lives(tap, after)
            report.fact("receipted of the backlog meanwhile", len(tap.of(epoch)))
            judge_memory(report, small, after)
            judge_draining(report, before, after)
            wait_until(lambda: len(tap.of(epoch)) > events, "the drain ends", DRAIN_S_MAX)
            judge_order(report, tap.of(epoch), lanes)


def judge_memory(report: Report, small: State, after: State) -> None:
    flat(report, "with the link down", after.rss_kib, small.rss_kib)
    limit_kib, why = small.pss_kib * 1.1, f"{small.pss_kib:,} KiB and 10 %"
    report.check("proportional memory, link down", after.pss_kib, limit_kib, "KiB", why)
    flat(report, "while it drains", after.linked_kib, small.linked_kib)


def judge_offline(report: Report, before: State, after: State) -> None:
    limit_s = max(READY_S_MAX, RATIO_MAX * before.ready_s)
    why = f"1 s, or twice {before.ready_s:.2f} s"
    report.check("ready with the backlog: median", after.ready_s, limit_s, "s", why)
    limit_ms = max(RATIO_MAX * before.ack_ms, before.ack_ms + EXTRA_MS)
    why = f"twice {before.ack_ms:.1f} ms, or 10 ms more"
    report.check("to the panel's ACK, link down: median", after.ack_ms, limit_ms, "ms", why)


def judge_draining(report: Report, before: State, after: State) -> None:
    limit_ms = max(RATIO_MAX * before.receipt_ms, before.receipt_ms + EXTRA_MS)
    why = f"twice {before.receipt_ms:.1f} ms, or 10 ms more"
    report.check("life alarm while it drains: median", after.receipt_ms, limit_ms, "ms", why)


def judge_order(report: Report, receipted_ns: dict[int, int], lanes: dict[int, int]) -> None:
    for lane in sorted({lane for seq, lane in lanes.items() if seq}):
        times = [at_ns for seq, at_ns in receipted_ns.items() if seq and lanes[seq] == lane]
        begun = min(receipted_ns.values())
        span = f"{(min(times) - begun) / 1e9:.2f} to {(max(times) - begun) / 1e9:.2f}"
        report.fact(f"lane {lane}: {len(times):,} events receipted", span, "s")
    early = out_of_order(receipted_ns, lanes)
    why = "one window of each boundary"
    report.check("events before more urgent ones", early, OUT_OF_ORDER_MAX, "", why)


def main() -> int:
    parser = argparse.ArgumentParser(description="A long outage against none.")
    parser.add_argument("--quick", action="store_true", help=f"{EVENTS_QUICK:,} events")
    parser.add_argument("--full", action="store_true", help=f"{EVENTS_FULL:,} events")
    parser.add_argument("--events", type=int, help=f"of the backlog; {EVENTS:,} by default")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    chosen = parser.parse_args()
    usual = EVENTS_QUICK if chosen.quick else EVENTS_FULL if chosen.full else EVENTS
    report = Report("outage", quiet=chosen.json)
    run(report, chosen.events or usual, samples=20 if chosen.quick else 60)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
