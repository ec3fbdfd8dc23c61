"""The summary that people read at the end, and the names of what is missing."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from edge_agent.demo.ledger import MEANING, Spoken
from edge_agent.demo.tally import Held, Summary, percentile
from edge_agent.demo.words import Words
from edge_agent.views.rendering import safe

NAMED_MAX = 20  # of each sort; the rest is counted


def faults(summary: Summary, words: Words) -> list[str]:
    """Return what is not as it must be, one line or more each; empty where all is good."""
    found = [safe_lines(problem) for problem in summary.problems]
    found += _named("lost_one", words, [_spoken(words, one) for one in summary.lost])
    found += _named("surplus_one", words, [_held(words, one) for one in summary.surplus])
    found += _named("unreceipted_one", words, [_spoken(words, one) for one in summary.unreceipted])
    if summary.undelivered:
        found.append(words("undelivered", count=summary.undelivered))
    if summary.unverified:
        found.append(words("unverified_some", count=summary.unverified))
    if not summary.signals_acknowledged:
        found.append(words("nothing_said"))
    return found


def safe_lines(text: str) -> str:
    """Return `text` with its line ends, all else that is not printable escaped."""
    return "\n".join(map(safe, text.splitlines()))


def _named(name: str, words: Words, signals: list[str]) -> list[str]:
    named = [words(name, signal=signal) for signal in signals[:NAMED_MAX]]
    more = len(signals) - len(named)
    return [*named, words("more", count=more)] if more else named


def _spoken(words: Words, one: Spoken) -> str:
    return safe(f"{one.panel} #{one.number} {words.signal(one.told)}")


def _held(words: Words, one: Held) -> str:
    assert one.key is not None, "only signals are doubled"
    told = dict(zip(MEANING, one.key.meaning, strict=True))
    return safe(f"{one.key.panel} {words.signal(told)} ({one.place[0][:6]}/{one.place[1]})")


def report(summary: Summary, words: Words) -> RenderableType:
    """Return the summary as a picture."""
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for name, value, bad in _rows(summary, words):
        table.add_row(words(name), Text(value, style="bold red" if bad else "bold"))
    told = faults(summary, words)
    verdict = Text(words("good"), style="bold green")
    if told:
        verdict = Text(words("bad"), style="bold red")
    return Group(table, Text(""), verdict, *(Text(f"  {line}") for line in told))


def _rows(summary: Summary, words: Words) -> Iterator[tuple[str, str, bool]]:
    facts = summary.as_json()
    yield "sum_acknowledged", str(facts["signals_acknowledged"]), not facts["signals_acknowledged"]
    yield "sum_journaled", str(facts["events_journaled"]), False
    yield "sum_received", str(facts["events_received"]), summary.undelivered > 0
    for name in ("lost", "doubled", "unverified"):
        yield f"sum_{name}", str(facts[name]), facts[name] > 0
    yield "sum_latency", _span(summary.latencies, words), False
    if summary.held_up:
        yield "sum_held_up", _span(summary.held_up, words), False
    yield "sum_outages", str(facts["outages"]), False
    yield "sum_verdicts", str(facts["verdicts"]), False


def _span(values: list[float], words: Words) -> str:
    p50, p99 = percentile(values, 50), percentile(values, 99)
    if p50 is None or p99 is None:
        return "-"
    count = words("of_signals", count=len(values))
    return f"{words('ms', ms=f'{p50:.0f}')} / {words('ms', ms=f'{p99:.0f}')}  ({count})"
