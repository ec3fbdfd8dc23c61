"""The centers' commands, from the broker's message to the signed reply (shell).

Each is judged (`control/acceptance.py`), recorded, carried out once, and answered; a copy of one
that was carried out is only answered again.  What is refused is recorded too, a flood of it as one
event a minute and kind.  Whoever cannot prove to be the center gets no answer.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import structlog

from edge_agent.clock import Clock, Now
from edge_agent.control.acceptance import Acceptance, Accepted, Refused
from edge_agent.control.complaints import Complaints, Say
from edge_agent.control.refusal import Refusal
from edge_agent.control.warranted import Terms
from edge_agent.daemon.orders import Orders, Record, check_order
from edge_agent.domain.command import Act, Command
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence import command as command_words
from edge_agent.evidence import fields
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CenterCommand, CommandRef
from edge_agent.evidence.cose import BadSignature, PublicKey, Signer
from edge_agent.evidence.disposition import Disposition, open_disposition
from edge_agent.evidence.fields import NAME_CHARS_MAX
from edge_agent.evidence.reply import Reply, facts_of, sign_reply
from edge_agent.limits import (
    CENTER_COMMANDS_AT_WORK_MAX,
    CENTER_COMMANDS_BYTES_MAX,
    CENTER_COMMANDS_WAITING_MAX,
    ORDER_RECORD_S_MAX,
    REPLIES_BYTES_MAX,
    REPLIES_KEPT_MAX,
)

log = structlog.get_logger()

DONE, FAILED, REFUSED, BUSY = "done", "failed", "refused", "busy"


class KnowingClock(Clock, Protocol):
    """A clock that tells what is certain of the time."""

    def now(self) -> Now:
        """Return between which times the present is."""


class Keys(Protocol):
    """Where the command keys of the centers come from."""

    def key(self, center: str) -> PublicKey | None:
        """Return the pinned command key of a center, None where there is none to be had."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a command: `outcome` is a word, `facts` what was asked for; `then` is called
    when it is answered.
    """

    outcome: str
    detail: str = ""
    facts: bytes = b""
    then: Callable[[], None] | None = None


Work = Callable[[CenterCommand, CommandRef], Awaitable[Result]]
"""Carries out one kind of command.  Raises ValueError, Malformed for one that makes no sense."""


@dataclass(frozen=True, slots=True)
class Office:
    """What commands are carried out with, and how they are answered.

    `state` tells how the gateway stands; `reply` sends a signed reply to the center named;
    `disposed` is told each disposition that was journaled; `works` do what takes more than orders
    to panels, by the command's word; `terms` are those that the commands of a center stand under.
    """

    gateway: str
    epoch: bytes
    signer: Signer
    state: Callable[[], Awaitable[Mapping[str, Any]]]
    reply: Callable[[str, bytes], None]
    disposed: Callable[[Disposition], None] = lambda _said: None
    works: Mapping[str, Work] = field(default_factory=dict)
    terms: Callable[[str], Terms] = lambda _center: Terms()


@dataclass(frozen=True, slots=True)
class _Came:
    """A message on the topic of commands, unread."""

    center: str
    data: bytes
    retained: bool


class Commanding:
    """The commands that centers give in one run of the agent."""

    def __init__(
        self, office: Office, orders: Orders, record: Record, clock: KnowingClock, keys: Keys
    ) -> None:
        self._office = office
        self._orders = orders
        self._record = record
        self._clock = clock
        self._keys = keys
        self._acceptances: dict[str, Acceptance] = {}
        self._complaints: dict[str, Complaints[Refusal]] = {}
        self._replies: OrderedDict[bytes, bytes] = OrderedDict()
        self._dispositions: OrderedDict[bytes, None] = OrderedDict()
        self._came: deque[_Came] = deque()
        self._at_work: set[bytes] = set()  # digests
        self._wake = asyncio.Event()

    # ---- what comes

    def heard(self, center: str, data: bytes, retained: bool) -> None:
        """Take a message from the topic of commands; it is read in `run`."""
        waiting = sum(len(one.data) for one in self._came)
        if (
            len(self._came) < CENTER_COMMANDS_WAITING_MAX
            and waiting + len(data) <= CENTER_COMMANDS_BYTES_MAX
        ):
            self._came.append(_Came(center, data, retained))
        else:
            self._complain(center, Refused(Refusal.FLOOD, "too many messages at once"))
        self._wake.set()

    async def run(self) -> None:
        """Judge what comes and carry it out, for ever."""
        async with asyncio.TaskGroup() as work:
            while True:
                await self._wait()
                while self._came:
                    self._judge(self._came.popleft(), work)
                for center, complaints in self._complaints.items():
                    for say in complaints.tick(self._clock.boottime_ns()):
                        self._say(center, say)

    async def _wait(self) -> None:
        deadlines = [one.deadline_ns() for one in self._complaints.values()]
        due_ns = min((one for one in deadlines if one is not None), default=None)
        wait_s = None
        if due_ns is not None:
            wait_s = max(0.01, (due_ns - self._clock.boottime_ns()) / 1e9)
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _judge(self, came: _Came, work: asyncio.TaskGroup) -> None:
        earliest_ns = self._clock.now().earliest_ns
        acceptance = self._acceptance(came.center)
        judged = acceptance.judge(came.data, retained=came.retained, earliest_ns=earliest_ns)
        if isinstance(judged, Accepted):
            work.create_task(self._obey(came.center, judged))
            return
        if judged.why is Refusal.REPLAYED and judged.digest in self._at_work:
            return  # the center asks again; it is answered when it is done
        self._complain(came.center, judged)
        if judged.command is None:
            return
        if (known := self._replies.get(judged.digest)) is not None:
            self._office.reply(came.center, known)
        elif judged.why is not Refusal.REPLAYED:  # else its answer is long forgotten
            result = Result(str(judged.why), judged.detail)
            self._answer(came.center, judged.command, judged.digest, result)

    def _acceptance(self, center: str) -> Acceptance:
        known = self._acceptances.get(center)
        if known is None:
            key = self._keys.key(center)
            terms = partial(self._office.terms, center)
            known = Acceptance(self._office.gateway, self._office.epoch, key, terms)
            if key is not None:  # else it is looked for again
                self._acceptances[center] = known
        return known

    def _complain(self, center: str, refused: Refused) -> None:
        complaints = self._complaints.setdefault(center, Complaints())
        for say in complaints.handle(refused.why, refused.detail, self._clock.boottime_ns()):
            self._say(center, say)

    def _say(self, center: str, say: Say[Refusal]) -> None:
        log.warning(
            "command refused", center=center, why=say.kind, count=say.count, detail=say.detail
        )
        times = "" if say.count == 1 else f" ({say.count} since the last such event)"
        body = ActBody("refused", center, f"{say.detail}{times}", outcome=str(say.kind))
        self._record.note(EventType.ACT, Lane.FAULT, body.to_body())

    # ---- what is done

    async def _obey(self, center: str, accepted: Accepted) -> None:
        command, digest = accepted.command, accepted.digest
        ref = CommandRef(center, command.number, digest)
        if len(self._at_work) >= CENTER_COMMANDS_AT_WORK_MAX:
            result = Result(BUSY, f"{len(self._at_work)} commands are being carried out")
        else:
            self._at_work.add(digest)
            try:
                result = await self._carry_out(command, ref)
            except (Malformed, ValueError) as error:
                result = Result(REFUSED, str(error))
            finally:
                self._at_work.discard(digest)
        log.info("command", center=center, what=command.what, by=command.actor, to=result.outcome)
        self._answer(center, command, digest, result)
        if result.then is not None:
            result.then()

    async def _carry_out(self, command: CenterCommand, ref: CommandRef) -> Result:
        match command.what:
            case command_words.ORDER:
                return await self._order(command, ref)
            case command_words.DISPOSITION:
                return await self._disposition(command, ref)
            case command_words.RESYNC:
                return await self._all_panels(Act.STATUS, command, ref)
            case command_words.CLOCK:
                return await self._all_panels(Act.CLOCK, command, ref)
            case command_words.STATE:
                return await self._state(command, ref)
            case _:
                return await self._work(command, ref)

    async def _order(self, command: CenterCommand, ref: CommandRef) -> Result:
        panel, wanted = order_of(command)
        ordered = await self._orders.give(panel, wanted, command.actor, ref)
        facts = facts_of(ordered.facts())
        return Result(ordered.obeyed.outcome.value, ordered.obeyed.detail, facts)

    async def _all_panels(self, act: Act, command: CenterCommand, ref: CommandRef) -> Result:
        """Give every panel the same order; what each makes of it is in the facts."""
        wanted, panels = Command(act=act), self._orders.panels
        ordered = await asyncio.gather(
            *(self._orders.give(panel, wanted, command.actor, ref) for panel in panels)
        )
        told = {panel: one.facts() for panel, one in zip(panels, ordered, strict=True)}
        good = sum(one.obeyed.outcome.value == DONE for one in ordered)
        outcome = DONE if good or not panels else FAILED
        return Result(outcome, f"{good} of {len(panels)} panels did it", facts_of(told))

    async def _work(self, command: CenterCommand, ref: CommandRef) -> Result:
        """Do what is no order to a panel; as with those, it is recorded before and after."""
        work, what = self._office.works.get(command.what), command.what
        if work is None:
            return Result(str(Refusal.UNSUPPORTED), "this gateway has no means for it")
        if not await self._vowed(ActBody("command", command.actor, what, command=ref)):
            return Result(REFUSED, "it cannot be recorded, so it is not done")
        try:
            result = await work(command, ref)
        except (Malformed, ValueError) as error:
            result = Result(REFUSED, str(error))
        detail = f"{what}: {result.detail}" if result.detail else what
        body = ActBody("outcome", command.actor, detail, outcome=result.outcome, command=ref)
        self._record.note(EventType.ACT, Lane.FAULT, body.to_body())
        return result

    async def _state(self, command: CenterCommand, ref: CommandRef) -> Result:
        body = ActBody("read", command.actor, "the gateway's state", command=ref)
        if not await self._vowed(body):
            return Result(REFUSED, "it cannot be recorded, so it is not done")
        return Result(DONE, facts=facts_of(await self._office.state()))

    async def _disposition(self, command: CenterCommand, ref: CommandRef) -> Result:
        """Journal the center's word on an incident, its very bytes, once in this run."""
        signed, key = command.body.get(command_words.DISPOSITION_SIGNED), self._keys.key(ref.center)
        if not isinstance(signed, bytes) or len(command.body) > 1 or key is None:
            return Result(REFUSED, "it carries no signed disposition")
        try:
            said = open_disposition(signed, key)
        except BadSignature as error:
            return Result(REFUSED, str(error))
        if said.gateway != self._office.gateway:
            return Result(REFUSED, f"it is about an incident of {said.gateway}")
        if signed in self._dispositions:
            return Result(DONE, "it is in the journal already")
        detail = f"incident {said.incident}: {said.words}"
        detail += f"; {said.note}" if said.note else ""
        act = ActBody("disposition", said.actor, detail, command=ref, disposition=signed)
        if not await self._vowed(act):
            return Result(REFUSED, "it cannot be recorded now")
        self._dispositions[signed] = None
        while len(self._dispositions) > REPLIES_KEPT_MAX:
            self._dispositions.popitem(last=False)
        self._office.disposed(said)
        return Result(DONE, detail)

    async def _vowed(self, body: ActBody) -> bool:
        """Record an act and tell whether that is durable."""
        vow = self._record.vow(body)
        await asyncio.wait([vow], timeout=ORDER_RECORD_S_MAX)
        return vow.done()

    # ---- what is answered

    def _answer(self, center: str, command: CenterCommand, digest: bytes, result: Result) -> None:
        reply = Reply(
            gateway=self._office.gateway,
            epoch=self._office.epoch,
            number=command.number,
            digest=digest,
            stamp=self._clock.stamp(),
            outcome=result.outcome,
            detail=result.detail,
            facts=result.facts,
        )
        signed = sign_reply(reply, self._office.signer)
        self._replies[digest] = signed
        while len(self._replies) > REPLIES_KEPT_MAX or (
            sum(map(len, self._replies.values())) > REPLIES_BYTES_MAX
        ):
            self._replies.popitem(last=False)
        self._office.reply(center, signed)


def order_of(command: CenterCommand) -> tuple[str, Command]:
    """Return the panel and the order that a command is about.  Raises Malformed, ValueError."""
    body = command.body
    known = {
        command_words.ORDER_PANEL,
        command_words.ORDER_ACT,
        command_words.ORDER_ZONE,
        command_words.ORDER_AREA,
    }
    if not body.keys() <= known:
        raise Malformed("unknown key in an order")
    wanted = Command(
        act=fields.word(body, command_words.ORDER_ACT, Act),
        zone=fields.number_or_none(body, command_words.ORDER_ZONE),
        area=fields.number_or_none(body, command_words.ORDER_AREA),
    )
    check_order(wanted)
    return fields.text(body, command_words.ORDER_PANEL, NAME_CHARS_MAX), wanted
