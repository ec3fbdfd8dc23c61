"""The live desk: which incidents are open, what has changed, in the order of what is at stake.

It begins with the newest: what is stored since long is read behind, a slice at a time, so that
with any number of old incidents what comes is shown at once.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from edge_agent.center import incidents, schema, show
from edge_agent.center.desk_rows import Disposed, opened
from edge_agent.center.following import Look
from edge_agent.center.incidents import Incident, Name
from edge_agent.center.ranking import PROPERTY_TIER, Ranking, is_first, rank
from edge_agent.domain.event import EventType
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.verdict import VerdictBody

SLICE_VERDICTS = 100  # read of what is stored before a look for what is new
SLICE_WORDS = 100

NEW_WORDS = (
    "SELECT command.id, said.data, journaled_ms FROM command JOIN disposition AS said"
    " ON said.gateway = command.gateway AND said.digest = command.disposition"
    " WHERE command.id > ? ORDER BY command.id"
)
NEWEST_COMMAND = "SELECT coalesce(max(id), 0) FROM command"
WORDS_MADE = (
    "SELECT made_ms, gateway, digest FROM disposition WHERE gateway = coalesce(?, gateway)"
    " ORDER BY made_ms"
)
WORD = "SELECT data, journaled_ms FROM disposition WHERE gateway = ? AND digest = ?"


class What(StrEnum):
    """What a change is."""

    OPEN = "open"  # it was there when the desk began
    NEW = "new"
    RISEN = "risen"
    FALLEN = "fallen"
    CHANGED = "changed"  # more was heard of it
    SAID = "said"  # somebody said something of it
    JOURNALED = "journaled"  # what was said is in the gateway's journal


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an incident; `said` is the word that it is about."""

    what: What
    incident: Incident
    said: Disposed | None = None

    @property
    def rings(self) -> bool:
        """Whether somebody has to look up: property or life threatened, or fire, and more than
        before."""
        grave = self.incident.verdict.tier >= PROPERTY_TIER or is_first(self.incident)
        return grave and self.what in (What.NEW, What.RISEN)


@dataclass(slots=True)
class Closed:
    """Where what is known of an incident that is not open stands: numbers of its verdicts, digests
    of what was said of it, each with when it was told to be in the gateway's journal."""

    verdicts: set[int]
    words: dict[bytes, int | None]


class IncidentDesk:
    """All incidents that were read so far; `is_reading` tells that older ones are still read.

    Of those that are not open only a note is kept: in years there are very many.
    """

    def __init__(self, key: PublicKey, gateway: str | None, since_ms: int | None) -> None:
        self._key = key
        self._gateway, self._since_ms = gateway, since_ms
        self.open = Ranking()
        self._open: dict[Name, Incident] = {}  # and in a turn what is looked at
        self._closed: dict[Name, Closed] = {}
        self._early: dict[Name, list[Disposed]] = {}  # words whose incident was not read yet
        self._command = 0  # the newest command that was looked at: each word is brought by one
        self._before = 0  # verdicts from here on were read
        self._after = 0  # and none is asked for up to here
        self._words: list[tuple[int, str, bytes]] = []  # to be read, the newest last
        self._slice: list[Incident] = []  # found, but what was said of them was not read yet
        self._unread: set[Name] = set()  # their names
        self._slice_ms = 0
        self.is_reading = False

    # ---- what is new

    def take(self, look: Look) -> list[Change]:
        """Take what came since the look before; return what changed, the gravest first.

        Of another database than before nothing is told here: `read_on` does.  Raises sqlite3.Error;
        then nothing was taken.
        """
        if look.is_another:
            self._begin(look)
            return []
        verdicts = list(show.select(look.connection, self._wanted(EventType.VERDICT), look.after))
        acts = list(show.select(look.connection, self._wanted(EventType.ACT), look.after))
        command, words = self._new_words(look.connection)
        acted = [(shown, word) for shown in acts if (word := self._acted(shown)) is not None]
        self._revive(look.connection, verdicts, [*words, *(word for _, word in acted)])
        self._command = command  # nothing is read from here on
        changes = [one for shown in verdicts for one in self._verdict(shown)]
        changes += [one for word in words for one in self._word(word)]
        changes += [one for _, word in acted for one in self._word(word)]
        self._put_away(one.incident for one in changes)
        return sorted(changes, key=lambda one: rank(one.incident))

    def _begin(self, look: Look) -> None:
        has_words = schema.has_table(look.connection, "disposition")
        newest = look.connection.execute(NEWEST_COMMAND).fetchone() if has_words else (0,)
        mine = (self._gateway,)
        words = look.connection.execute(WORDS_MADE, mine).fetchall() if has_words else []
        self.open = Ranking()
        self._open, self._closed, self._early, self._slice = {}, {}, {}, []
        self._unread = set()
        (self._command,), self._words = newest, words
        self._after = show.floor(look.connection, self._wanted(EventType.VERDICT))
        self._before, self._slice_ms, self.is_reading = look.newest + 1, show.NUMBER_MAX, True

    def _wanted(self, event_type: EventType) -> show.Wanted:
        return show.Wanted(gateway=self._gateway, type=event_type.value, since_ms=self._since_ms)

    def _new_words(self, connection: sqlite3.Connection) -> tuple[int, list[Disposed]]:
        if not schema.has_table(connection, "disposition"):
            return 0, []
        rows = connection.execute(NEW_WORDS, (self._command,)).fetchall()
        said = (opened(signed, self._key, journaled_ms) for _, signed, journaled_ms in rows)
        newest = max([self._command, *(row[0] for row in rows)])
        return newest, [one for one in said if one is not None]

    def _verdict(self, shown: show.Shown) -> Iterator[Change]:
        name = _name(shown)
        before = self._open.get(name) if name is not None else None
        stood = None if before is None else before.verdict
        incident = self._enter(shown)
        if incident is None:
            return
        self.open.put(incident)
        if stood is None:
            yield Change(What.NEW, incident)
        elif incident.verdict != stood:
            tier = incident.verdict.tier
            risen = What.RISEN if tier > stood.tier else What.FALLEN
            yield Change(What.CHANGED if tier == stood.tier else risen, incident)

    def _enter(self, shown: show.Shown) -> Incident | None:
        incident = incidents.take(self._open, shown)
        if incident is not None:
            for early in self._early.pop((incident.gateway, incident.place), ()):
                incident.say(early)
        return incident

    def _acted(self, shown: show.Shown) -> Disposed | None:
        """Return the word that a gateway's act tells to be in its journal."""
        try:
            signed = ActBody.from_body(shown.event.body).disposition
        except Malformed:
            return None
        word = None if signed is None else opened(signed, self._key, shown.received_ms)
        mine = word is not None and word.said.gateway == shown.event.gateway
        return word if mine else None

    def _word(self, word: Disposed) -> Iterator[Change]:
        name = word.said.gateway, word.said.incident
        if (incident := self._open.get(name)) is not None:
            is_new = incident.say(word)
            if name not in self._unread:
                self.open.put(incident)
            if is_new is not None:
                yield Change(What.SAID if is_new else What.JOURNALED, incident, word)
        elif (closed := self._closed.get(name)) is not None:
            closed.words[word.digest] = word.journaled_ms
        elif self.is_reading:
            self._early.setdefault(name, []).append(word)

    # ---- what is not open

    def _put_away(self, looked_at: Iterable[Incident]) -> None:
        """Keep but a note of those that are not open."""
        for one in looked_at:
            if not one.is_open and self._open.pop((one.gateway, one.place), None) is not None:
                self._closed[one.gateway, one.place] = Closed(
                    {heard.number for heard in one.heard},
                    {word.digest: word.journaled_ms for word in one.disposed},
                )

    def _revive(
        self, connection: sqlite3.Connection, verdicts: list[show.Shown], words: list[Disposed]
    ) -> None:
        """Read again what was put away and is looked at now."""
        names = {name for shown in verdicts if (name := _name(shown)) is not None}
        names |= {(word.said.gateway, word.said.incident) for word in words}
        for name in names & self._closed.keys():
            closed, found = self._closed[name], dict[Name, Incident]()
            for number in sorted(closed.verdicts):
                for shown in show.select(connection, show.Wanted(), number - 1, 1):
                    incidents.take(found, shown)
            for digest, journaled_ms in closed.words.items():
                for word in self._read_word(connection, name[0], digest):
                    found[name].say(replace(word, journaled_ms=journaled_ms))
            self._open |= found
            del self._closed[name]

    # ---- what was there before

    def read_on(self, connection: sqlite3.Connection) -> list[Change]:
        """Read a little more of what was stored before; return the open ones found, the gravest
        first.  Raises sqlite3.Error.
        """
        if not self._slice:
            self._read_verdicts(connection)
        if not self._read_words(connection):
            return []
        found = [one for one in self._slice if one.is_open]
        for one in found:
            self.open.put(one)
        self._put_away(self._slice)
        self._slice = []
        self._unread.clear()
        return [Change(What.OPEN, one) for one in sorted(found, key=rank)]

    def _read_verdicts(self, connection: sqlite3.Connection) -> None:
        wanted = self._wanted(EventType.VERDICT)
        read = show.newest(connection, wanted, SLICE_VERDICTS, self._before, self._after)
        if not read:
            self.is_reading, self._early = False, {}
            return
        self._before, self._slice_ms = read[0].number, min(one.received_ms for one in read)
        for shown in read:
            name = _name(shown)
            if name is None:
                continue
            if (closed := self._closed.get(name)) is not None:
                closed.verdicts.add(shown.number)  # it is older: it opens nothing
                continue
            is_known = name in self._open
            incident = self._enter(shown)
            if incident is None:
                continue
            if name not in self._unread and is_known:
                self.open.put(incident)
            elif not is_known:
                self._slice.append(incident)
                self._unread.add(name)

    def _read_words(self, connection: sqlite3.Connection) -> bool:
        """Read what was said since the verdicts that were read, a little at a time; return whether
        that is all.
        """
        for _ in range(SLICE_WORDS):
            if not self._words or self._words[-1][0] < self._slice_ms:
                return True
            _, gateway, digest = self._words.pop()
            for word in self._read_word(connection, gateway, digest):
                list(self._word(word))
        return False

    def _read_word(
        self, connection: sqlite3.Connection, gateway: str, digest: bytes
    ) -> list[Disposed]:
        rows = connection.execute(WORD, (gateway, digest)).fetchall()
        words = (opened(signed, self._key, journaled_ms) for signed, journaled_ms in rows)
        return [one for one in words if one is not None]


def _name(shown: show.Shown) -> Name | None:
    """Return the incident that a verdict is about, None where it cannot be read."""
    try:
        return shown.event.gateway, VerdictBody.from_body(shown.event.body).incident
    except Malformed:
        return None
