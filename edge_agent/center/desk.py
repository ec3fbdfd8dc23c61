"""Brings commands to gateways and takes their replies.

A command is signed when its gateway is there, for the epoch that its heartbeat names.  Without an
answer the same bytes are sent again, ever more seldom; under a new epoch it is signed anew.  A
disposition is kept until the gateway's own event of it is here; every other command has an end.
A configuration is tried under epochs of its own: once sent it is sent under no other, and what
became of it is told by the gateway's event.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edge_agent.center.desk_rows import DONE, SINGLE, UNANSWERED, UNENTITLED, warrants_of
from edge_agent.center.layout import Layout
from edge_agent.center.rows import Rows
from edge_agent.center.sealing import sealed_command
from edge_agent.center.store import Arrival, Publication, Taken
from edge_agent.center.turns import Turns
from edge_agent.domain.access import Role
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import (
    CONFIG,
    DISPOSITION,
    LIFE_MS_MAX,
    CenterCommand,
    digest_of,
    sign_command,
)
from edge_agent.evidence.configuration import TRYING
from edge_agent.evidence.cose import BadSignature, Signer
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.reply import Reply, open_reply, peek_reply
from edge_agent.evidence.signers import load_signer
from edge_agent.evidence.status import Status, peek_status
from edge_agent.evidence.warrant import Warrant, peek_pass

LIFE_MS = 3_600_000  # of one signed command; a disposition's is signed anew after it
RETRY_MS_MIN, RETRY_MS_MAX = 10_000, 600_000  # an order to a panel may take a minute
JOURNALED_MS = 120_000  # from a gateway's word that it is journaled to asking again
LOOKED_AT_MAX = 64  # open commands in one turn
AGAIN = frozenset({"busy", "wrong_epoch", "expired", "retained"})
"""Outcomes after which a disposition is signed anew and sent again."""


def command_signer(layout: Layout) -> Signer | None:
    """Return the key that signs commands and dispositions, None where there is none."""
    try:
        return load_signer(layout.key("command"))
    except KeyFileError:
        return None


@dataclass(frozen=True, slots=True)
class _Open:
    """A command without an outcome, and the newest heartbeat of its gateway."""

    id: int
    gateway: str
    what: str
    body: bytes
    operator: str
    role: str
    until_ms: int | None
    epoch: bytes | None
    number: int
    data: bytes | None
    due_ms: int
    tries: int
    status: bytes

    @property
    def heartbeat(self) -> Status:
        """The newest heartbeat of the gateway."""
        return peek_status(self.status)[1]

    @property
    def running(self) -> bytes:
        """The epoch that the gateway runs in."""
        return self.heartbeat.epoch

    def is_due(self, now_ms: int) -> bool:
        """Tell whether it is to be sent now."""
        elsewhere = self.epoch is not None and self.epoch != self.running
        if self.what == CONFIG:
            return self.due_ms <= now_ms and not elsewhere
        return self.due_ms <= now_ms or elsewhere


Objection = Callable[[Iterable[bytes], int], str]
"""Returns why a command of the holders of some keys, by id, is not signed now (Unix time in ms);
empty where it is."""


def _none(_kids: Iterable[bytes], _now_ms: int) -> str:
    return ""


class CommandDesk:
    """What comes on the topic of replies, and what goes out as commands; `signer` None: nothing."""

    def __init__(
        self,
        center: str,
        connection: sqlite3.Connection,
        turns: Turns,
        signer: Signer | None,
        objection: Objection = _none,
    ) -> None:
        self._center = center
        self._connection = connection
        self._turns = turns
        self._signer = signer
        self._objection = objection

    def has_work(self) -> bool:
        """Tell whether a command may be due: whether there is any without an outcome."""
        row = self._connection.execute("SELECT 1 FROM command WHERE outcome IS NULL LIMIT 1")
        return row.fetchone() is not None

    def take(self, arrivals: Sequence[Arrival], now_ms: int) -> Taken:
        """Take replies, and return the commands that are due.  Raises sqlite3.Error."""
        taken = Taken()
        verified = (self._verified(one, taken.counts) for one in arrivals)
        replies = [one for one in verified if one is not None]
        due = self._due(now_ms)
        if not (replies or due or taken.counts or self._is_any_over(now_ms)):
            return taken
        with self._turns.take(urgent=False):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for reply, data in replies:
                    self._settle(reply, data, now_ms)
                self._give_up(now_ms)
                taken.receipts += self._send(self._due(now_ms), now_ms)
                Rows(self._connection, taken.counts, now_ms).finish()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        return taken

    # ---- replies

    def _verified(
        self, arrival: Arrival, counts: Counter[tuple[str, str]]
    ) -> tuple[Reply, bytes] | None:
        """Return a reply that the event key of its epoch signed; others are counted."""
        try:
            kid, _ = peek_reply(arrival.data)
            known = Rows(self._connection).event_key(arrival.gateway, kid)
            if known is not None:
                reply = open_reply(arrival.data, known.key)
                if (reply.gateway, reply.epoch) == (arrival.gateway, known.epoch):
                    return reply, arrival.data
        except (Malformed, BadSignature):
            pass
        counts[arrival.gateway, "bad_reply"] += 1
        return None

    def _settle(self, reply: Reply, data: bytes, now_ms: int) -> None:
        row = self._connection.execute(
            "SELECT id, what FROM command WHERE gateway = ? AND digest = ? AND outcome IS NULL",
            (reply.gateway, reply.digest),
        ).fetchone()
        if row is None:
            return  # the answer to an answered one, or to one that was signed anew meanwhile
        number, what = row
        if what == DISPOSITION and reply.outcome == DONE:
            self._wait(number, reply.detail, now_ms + JOURNALED_MS, keep=True)
        elif what == CONFIG and reply.outcome == TRYING:
            self._wait(number, f"{TRYING}: {reply.detail}", now_ms + LIFE_MS, keep=True)
        elif reply.outcome == "wrong_epoch" or (what == DISPOSITION and reply.outcome in AGAIN):
            self._wait(number, reply.detail, now_ms + RETRY_MS_MIN, keep=False)
        else:
            self._connection.execute(
                "UPDATE command SET outcome = ?, detail = ?, reply = ?, answered_ms = ?"
                " WHERE id = ?",
                (reply.outcome, reply.detail, data, now_ms, number),
            )

    def _wait(self, number: int, detail: str, due_ms: int, *, keep: bool) -> None:
        """Look at it again later; without `keep` it is signed anew then."""
        anew = "" if keep else ", epoch = NULL, data = NULL"
        self._connection.execute(
            f"UPDATE command SET detail = ?, due_ms = ?{anew} WHERE id = ?",  # noqa: S608  our own words
            (detail, due_ms, number),
        )

    # ---- commands

    def _due(self, now_ms: int) -> list[_Open]:
        if self._signer is None:
            return []
        rows = self._connection.execute(
            "SELECT id, command.gateway, what, body, operator, role, until_ms, epoch, number, data,"
            " due_ms, tries, status FROM command JOIN presence"
            " ON presence.gateway = command.gateway AND connected AND status IS NOT NULL"
            " WHERE outcome IS NULL AND id NOT IN (SELECT command FROM countersign)"
            " ORDER BY due_ms LIMIT ?",
            (LOOKED_AT_MAX,),
        )
        return [one for row in rows if (one := _Open(*row)).is_due(now_ms)]

    def _is_any_over(self, now_ms: int) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM command WHERE outcome IS NULL AND until_ms < ? UNION ALL"
            " SELECT 1 FROM countersign WHERE until_ms < ? LIMIT 1",
            (now_ms, now_ms),
        )
        return row.fetchone() is not None

    def _give_up(self, now_ms: int) -> None:
        self._connection.execute(
            "UPDATE command SET outcome = ?, answered_ms = ?, detail = 'nobody countersigned it'"
            " WHERE outcome IS NULL AND id IN (SELECT command FROM countersign WHERE until_ms < ?)",
            (SINGLE, now_ms, now_ms),
        )
        self._connection.execute("DELETE FROM countersign WHERE until_ms < ?", (now_ms,))
        self._connection.execute(
            "UPDATE command SET outcome = ?, answered_ms = ?, detail = CASE tries WHEN 0"
            " THEN 'the gateway was not there' ELSE 'it was sent, and no answer came' END"
            " WHERE outcome IS NULL AND until_ms < ?",
            (UNANSWERED, now_ms, now_ms),
        )

    def _send(self, due: list[_Open], now_ms: int) -> list[Publication]:
        sent = []
        for one in due:
            if (warrants := self._wanted(one, now_ms)) is not None:
                data = sealed_command(self._signed(one, warrants, now_ms), one.heartbeat)
                sent.append(Publication(one.gateway, data, "commands"))
        return sent

    def _wanted(self, one: _Open, now_ms: int) -> tuple[Warrant, ...] | None:
        """Return a command's warrants; None, and it is settled, where its operators are no more.

        A word on an incident was said and signed when they were: it is brought all the same.
        """
        warrants = warrants_of(self._connection, one.id)
        if one.what == DISPOSITION:
            return warrants
        try:
            kids = [peek_pass(warrant.pass_).key.kid for warrant in warrants]
            why = self._objection(kids, now_ms)
        except Malformed as error:
            why = f"a pass cannot be read: {error}"
        if not why:
            return warrants
        detail = f"{why}; it was sent before" if one.tries else why
        self._connection.execute(
            "UPDATE command SET outcome = ?, detail = ?, answered_ms = ? WHERE id = ?",
            (UNENTITLED, detail, now_ms, one.id),
        )
        return None

    def _signed(self, one: _Open, warrants: tuple[Warrant, ...], now_ms: int) -> bytes:
        """Return the command as it is to be sent now, and note that it was."""
        assert self._signer is not None, "else none is due"
        epoch, number, data = one.running, one.number, one.data
        if data is None or one.epoch != epoch or now_ms >= number + LIFE_MS:
            number = self._next_number(one.gateway, now_ms)
            until_ms = now_ms + LIFE_MS if one.until_ms is None else one.until_ms
            body = cbor.decode_map(one.body)
            command = CenterCommand(
                gateway=one.gateway,
                center=self._center,
                epoch=epoch,
                number=number,
                time_ms=now_ms,
                until_ms=max(min(until_ms, now_ms + LIFE_MS_MAX), now_ms + 1),
                operator=one.operator,
                role=Role(one.role),
                what=one.what,
                body=body,
                warrants=warrants,
            )
            data = sign_command(command, self._signer)
        wait_ms = min(RETRY_MS_MIN << min(one.tries, 16), RETRY_MS_MAX)
        self._connection.execute(
            "UPDATE command SET epoch = ?, number = ?, data = ?, digest = ?, tries = tries + 1,"
            " due_ms = ? WHERE id = ?",
            (epoch, number, data, digest_of(data), now_ms + wait_ms, one.id),
        )
        return data

    def _next_number(self, gateway: str, now_ms: int) -> int:
        """Return a number above all before: the time, so that a new database goes on above too."""
        (highest,) = self._connection.execute(
            "SELECT coalesce(max(number), 0) FROM command WHERE gateway = ?", (gateway,)
        ).fetchone()
        return max(int(highest) + 1, now_ms)
