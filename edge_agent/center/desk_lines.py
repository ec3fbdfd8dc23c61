"""What the live desk shows: a line for each incident or change, and a screen full of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from edge_agent.center import incidents
from edge_agent.center.ages import age
from edge_agent.center.incident_desk import Change
from edge_agent.center.incidents import Incident
from edge_agent.center.ranking import LIFE_TIER, PROPERTY_TIER, Kind, Ranking, is_first
from edge_agent.language import Catalog, cut, padded
from edge_agent.views import rendering
from edge_agent.views.judged_words import Judged

WORDS: dict[str, tuple[str, str]] = {
    "open": ("open", "未结"),
    "new": ("NEW", "新增"),
    "risen": ("RISEN", "升级"),
    "fallen": ("fallen", "降级"),
    "changed": ("changed", "变化"),
    "said": ("said", "处置"),
    "journaled": ("kept", "已存"),
    "fire": ("fire", "火警"),
    "life_fire": ("life, fire", "人身安全，火警"),
    "untouched": ("untouched {age}", "无人处置 {age}"),
    "touched": ("{word} {age} ago, {by}", "{age}前{word}，{by}"),
    "closed": ("{word}, {by}", "{word}，{by}"),
    "in_journal": ("{word}: in the gateway's journal", "{word}：已写入网关日志"),
    "all": ("{count} open", "未结 {count}"),
    "none": ("nothing is open", "没有未结事件"),
    "of": ("{what}: {count}", "{what}：{count}"),
    "longest": ("longest untouched {age}", "最久无人处置 {age}"),
    "more": ("… {count} more open", "…… 另有未结 {count}"),
    "more_first": (
        "… {count} more open, {first} OF LIFE OR FIRE: make the window higher",
        "…… 另有未结 {count}，其中人身安全或火警 {first}：请加高窗口",
    ),
    "reading": ("older ones are still being read", "仍在读取较早的事件"),
    "silent": (
        "NOTHING WAS STORED FOR {age}: is `edge-center serve` running, and the broker?",
        "已有 {age} 未存入任何数据：`edge-center serve` 与消息服务器是否在运行？",
    ),
    "refused": ("NOTHING CAN BE READ: {why}", "无法读取：{why}"),
}

FRESH_MS = 60_000  # a row that changed within is marked
EPOCH_DIGITS = 6  # as other lines shorten it; `disposition` takes it so
_BOLD, _REVERSE, _PLAIN = "\x1b[1m", "\x1b[7m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: their language, and time zone (None: local time)."""

    say: Catalog
    zone: tzinfo | None

    @property
    def language(self) -> str:
        """The language."""
        return self.say.language

    def clock(self, unix_ms: int) -> str:
        """Return the time of day."""
        moment = datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone(self.zone)
        return moment.strftime("%H:%M:%S")


# ---- one incident


def means(kind: Kind, say: Catalog) -> str:
    """Return what is at stake, in a word or two."""
    if kind.is_fire and kind.tier:
        return say("life_fire" if kind.tier >= LIFE_TIER else "fire")
    return Judged(say.language).tier(kind.tier)


def row(one: Incident, now_ms: int, reader: Reader) -> str:
    """Return an incident in a line: what matters first, for its end may be cut off."""
    say, verdict = reader.say, one.verdict
    where = incidents.where(one, Catalog(incidents.WORDS, say.language))
    reasons = Judged(say.language).reason(verdict.reasons[0])
    parts = (
        padded(f"{verdict.tier} {means(Kind(verdict.tier, one.is_fire), say)}", 21),
        f"{one.gateway} {one.place.epoch.hex()[:EPOCH_DIGITS]}/{one.place.seq}",
        *([where] if where else []),
        touched(one, now_ms, reader),
        reasons,
    )
    return rendering.safe("  ".join(parts))


def touched(one: Incident, now_ms: int, reader: Reader) -> str:
    """Return what was done last, and how long ago; or how long nobody has done anything."""
    said = one.touched
    if said is None:
        return reader.say("untouched", age=age(now_ms - one.grave_ms, reader.language))
    word = incidents.word(said, Catalog(incidents.WORDS, reader.language))
    if not one.is_open:
        return reader.say("closed", word=word, by=said.actor)
    ago = age(now_ms - said.time_ms, reader.language)
    return reader.say("touched", word=word, by=said.actor, age=ago)


def change_line(change: Change, now_ms: int, reader: Reader) -> str:
    """Return a change in a line."""
    what = padded(reader.say(change.what.value), 8)
    return f"{reader.clock(now_ms)}  {what} {row(change.incident, now_ms, reader)}"


def change_json(change: Change, now_ms: int) -> dict[str, Any]:
    """Return a change as plain values for JSON."""
    one = change.incident
    touched_by = one.touched
    return {
        "change": change.what.value,
        "time_ms": now_ms,
        "open": one.is_open,
        "fire": one.is_fire,
        "untouched_since_ms": one.grave_ms if touched_by is None else None,
        "touched_ms": None if touched_by is None else touched_by.time_ms,
        **incidents.as_json(one),
    }


# ---- how things stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand: the open incidents, the gravest first, and what keeps from seeing more.

    `silent_ms`: so long nothing was stored, None where that is no wonder.
    """

    open: Ranking
    now_ms: int
    is_reading: bool = False
    silent_ms: int | None = None
    refusal: str = ""
    changed_ms: dict[tuple[str, Any], int] = field(default_factory=dict)


def summary(standing: Standing, say: Catalog) -> str:
    """Return how many are open, by what is at stake, and how long the longest has waited."""
    if not standing.open:
        return say("none")
    told = [say("all", count=len(standing.open))]
    if (since_ms := standing.open.waits_since_ms) is not None:
        told.append(say("longest", age=age(standing.now_ms - since_ms, say.language)))
    told += [
        say("of", count=count, what=f"{kind.tier} {means(kind, say)}")
        for kind, count in standing.open.kinds
    ]
    return "; ".join(told)


def notices(standing: Standing, say: Catalog) -> list[str]:
    """Return what keeps from seeing everything."""
    told = []
    if standing.refusal:
        told.append(say("refused", why=standing.refusal))
    if standing.silent_ms is not None:
        told.append(say("silent", age=age(standing.silent_ms, say.language)))
    if standing.is_reading:
        told.append(say("reading"))
    return [rendering.safe(one) for one in told]


def screen(standing: Standing, size: tuple[int, int], reader: Reader) -> str:
    """Return a terminal's whole contents, of `size` columns and lines."""
    columns, lines = size
    say = reader.say
    head = [f"{reader.clock(standing.now_ms)}  {summary(standing, say)}"]
    head += notices(standing, say)
    room = max(1, lines - len(head) - 1)
    shown = standing.open.top(room if len(standing.open) <= room else room - 1)
    more = len(standing.open) - len(shown)
    text = [_styled(cut(head[0], columns), _BOLD)]
    text += [_styled(cut(one, columns), _REVERSE) for one in head[1:]]
    text += _rows(shown, standing, columns, reader)
    if more:
        first = max(0, standing.open.firsts - len(shown))
        told = say("more_first" if first else "more", count=more, first=first)
        text.append(_styled(cut(told, columns), _REVERSE if first else _BOLD))
    return "\x1b[H" + "".join(f"{one}\x1b[K\r\n" for one in text) + "\x1b[J"


def _rows(
    shown: Sequence[Incident], standing: Standing, columns: int, reader: Reader
) -> Iterator[str]:
    for one in shown:
        changed_ms = standing.changed_ms.get((one.gateway, one.place))
        fresh = changed_ms is not None and standing.now_ms - changed_ms < FRESH_MS
        line = f"{'*' if fresh else ' '} {row(one, standing.now_ms, reader)}"
        style = "" if one.touched is not None else _REVERSE if is_first(one) else ""
        yield _styled(
            cut(line, columns), style or (_BOLD if one.verdict.tier >= PROPERTY_TIER else "")
        )


def _styled(text: str, style: str) -> str:
    return f"{style}{text}{_PLAIN}" if style else text
