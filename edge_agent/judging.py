"""What `edge-agent judge` does: a timeline in, one JSON object a line out, in simulated time."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta, timezone, tzinfo

from edge_agent.diagnosis.finding import Finding
from edge_agent.diagnosis.guard import Guard
from edge_agent.diagnosis.judge import Judge, Output
from edge_agent.diagnosis.machines import MACHINES
from edge_agent.diagnosis.observation import NS
from edge_agent.diagnosis.reading import Reader
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.site import Premises

LINE_BYTES_READ = (1 << 16) + 1  # one more than the reader takes: the rest of a longer line is cut


def judge(
    premises: Premises, zone: tzinfo | None, lines: Iterable[bytes], until_s: float | None = None
) -> Iterator[str]:
    """Yield what is judged of `lines`, one JSON text each, a summary last.

    Without `until_s` time ends with the last line: what would fall later depends on what nobody
    told.  With it, nothing later is heard, and what falls up to then is said.  A machine that fails
    ends nothing: it is replaced as on a gateway, and the summary names it in `failures`.
    """
    reader = Reader()
    run: Judge | None = None
    guards: list[Guard] = []
    tally = _Tally()
    until_ns = None if until_s is None else round(until_s * NS)
    for observation in reader.read(lines):
        if until_ns is not None and observation.t_ns > until_ns:
            break
        if run is None:  # the first line may have told where the site's clocks stand
            site = Site(premises, zone or _offset(reader.offset_s))
            guards = [Guard(make, site) for make in MACHINES]
            run = Judge(guards)
        yield from tally.texts(run.take(observation))
    if run is not None and until_ns is not None:
        yield from tally.texts(run.until(until_ns))
    failures = [f"{one.machine}: {one.what}" for guard in guards for one in guard.failures]
    yield json.dumps(
        {
            "type": "summary",
            "lines": reader.lines,
            "observations": reader.observations,
            "problems": {what: count for what, count in sorted(reader.problems.items()) if count},
            "incidents": len(tally.tiers),
            "tiers": {
                str(tier): count for tier, count in sorted(Counter(tally.tiers.values()).items())
            },
            "verdicts": tally.verdicts,
            "findings": tally.findings,
            **({"failures": failures} if failures else {}),
        }
    )


def _offset(seconds: int | None) -> tzinfo | None:
    return None if seconds is None else timezone(timedelta(seconds=seconds))


class _Tally:
    """Counts what is said as it passes."""

    def __init__(self) -> None:
        self.tiers: dict[str, int] = {}
        self.verdicts = 0
        self.findings = 0

    def texts(self, outputs: Iterable[Output]) -> Iterator[str]:
        for output in outputs:
            match output:
                case Verdict():
                    self.verdicts += 1
                    self.tiers[output.incident] = output.tier
                case Finding(over=True):
                    continue  # the contract of this command knows findings, not their ends
                case Finding():
                    self.findings += 1
            yield output.to_json()
