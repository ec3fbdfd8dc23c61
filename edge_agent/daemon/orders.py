"""Orders to panels: who ordered what, given once, and what became of it; both are signed events.

An order is durable before it is given: nothing is done to a panel that no record tells of.  Who may
order at all is decided by whoever brings the order here; what may be done to a panel by its `allow`
(`edge_agent.link.desk`).  User codes are in no event.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import structlog

from edge_agent.daemon.panels import Fitted
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.session import Obeyed
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.command import CommandRef
from edge_agent.limits import ORDER_RECORD_S_MAX, ORDER_S_MAX
from edge_agent.link.desk import Desk

log = structlog.get_logger()


class Record(Protocol):
    """Where orders and their outcomes are recorded: the recorder."""

    def vow(self, body: ActBody) -> asyncio.Future[None]:
        """Record what is about to be done; the future is done when it is durable."""

    def note(self, type_: EventType, lane: Lane, body: Any) -> None:
        """Record an event of the agent itself."""


Outside = Callable[[str, Command], str]
"""Returns why an order to a panel is outside of what the system is for; empty where it is not."""


def _nowhere(_panel: str, _command: Command) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What became of an order; `number` is the one that its two events carry."""

    number: int
    obeyed: Obeyed

    def facts(self) -> dict[str, Any]:
        """Return the same in plain values."""
        outcome, detail = self.obeyed.outcome.value, self.obeyed.detail
        return {"order": self.number, "outcome": outcome, "detail": detail}


@dataclass(frozen=True, slots=True)
class Addressee:
    """A panel that orders can be for: its desk, and what its driver has words for."""

    desk: Desk
    commands: frozenset[Act]


class Orders:
    """The orders of one run of the agent, to all panels."""

    def __init__(
        self, panels: Mapping[str, Addressee], record: Record, outside: Outside = _nowhere
    ) -> None:
        self._panels = panels
        self._record = record
        self._outside = outside
        self._count = 0
        self._under_way: set[asyncio.Task[Ordered]] = set()

    @classmethod
    def of(cls, panels: Iterable[Fitted], record: Record, outside: Outside = _nowhere) -> Self:
        """Return the orders for all panels of a configuration."""
        found = {
            fitted.panel.id: Addressee(Desk(fitted.setup.allow), fitted.driver.commands)
            for fitted in panels
        }
        return cls(found, record, outside)

    def desk(self, panel: str) -> Desk:
        """Return where the conversation of `panel` takes its commands."""
        return self._panels[panel].desk

    @property
    def panels(self) -> tuple[str, ...]:
        """The panels that orders can be for."""
        return tuple(self._panels)

    async def give(
        self, panel: str, command: Command, actor: str, ref: CommandRef | None = None
    ) -> Ordered:
        """Give an order for `actor`, somebody who may; return what became of it.

        `ref` names the center's command that it carries out.

        It is carried to its end, and that recorded, even if the caller is cancelled meanwhile.
        Raises ValueError where there is no such panel.
        """
        addressee = self._panels.get(panel)
        if addressee is None:
            raise ValueError(f"no panel {panel!r}; there are: {', '.join(self._panels)}")
        self._count += 1
        work = asyncio.get_running_loop().create_task(
            self._carry_out(_Order(self._count, panel, command, actor, ref), addressee)
        )
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        return await asyncio.shield(work)

    async def stop(self) -> None:
        """The agent stops: what is under way is lost, and that is recorded."""
        for addressee in self._panels.values():
            addressee.desk.close("the agent stops")
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _carry_out(self, order: "_Order", addressee: Addressee) -> Ordered:
        said = words(order.command)
        vow = self._record.vow(order.act("command", said))
        log.info("order", panel=order.panel, order=order.number, said=said, actor=order.actor)
        obeyed = await self._outcome(vow, addressee, order)
        detail = f"{said}: {obeyed.detail}" if obeyed.detail else said
        outcome = obeyed.outcome.value
        body = order.act("outcome", detail, outcome)
        self._record.note(EventType.ACT, Lane.FAULT, body.to_body())
        log.info(
            "order.outcome",
            panel=order.panel,
            order=order.number,
            outcome=outcome,
            detail=obeyed.detail,
        )
        return Ordered(order.number, obeyed)

    async def _outcome(
        self, vow: asyncio.Future[None], addressee: Addressee, order: "_Order"
    ) -> Obeyed:
        command = order.command
        await asyncio.wait([vow], timeout=ORDER_RECORD_S_MAX)
        if not vow.done():
            return Obeyed(0, Outcome.REFUSED, "it cannot be recorded, so it is not given")
        if why := self._outside(order.panel, command):
            return Obeyed(0, Outcome.FORBIDDEN, why)
        if command.act not in addressee.commands:
            return Obeyed(0, Outcome.UNSUPPORTED, "the driver has no words for it")
        asked = addressee.desk.ask(command)
        await asyncio.wait([asked], timeout=ORDER_S_MAX)
        if not asked.done():
            return Obeyed(0, Outcome.UNANSWERED, f"no outcome within {ORDER_S_MAX:.0f} s")
        return asked.result()


@dataclass(frozen=True, slots=True)
class _Order:
    """An order under way, and what its two events have in common."""

    number: int
    panel: str
    command: Command
    actor: str
    ref: CommandRef | None

    def act(self, what: str, detail: str, outcome: str | None = None) -> ActBody:
        return ActBody(
            what,
            self.actor,
            detail,
            panel=self.panel,
            order=self.number,
            outcome=outcome,
            command=self.ref,
        )


def words(command: Command) -> str:
    """Return an order in words, without the user code."""
    place = [f"{name} {n}" for name in ("area", "zone") if (n := getattr(command, name))]
    return " ".join([command.act.value, *place])


_ZONED = frozenset({Act.BYPASS, Act.UNBYPASS, Act.OUTPUT_ON, Act.OUTPUT_OFF})


def command_of(request: Mapping[str, Any]) -> Command:
    """Return what a request wants: `act`, `zone`, `area`, `code`.

    Raises ValueError with a plain sentence for one that makes no sense.
    """
    try:
        act = Act(str(request.get("act")))
    except ValueError:
        raise ValueError(f"'act' is one of: {', '.join(Act)}") from None
    numbers = {name: request.get(name) for name in ("area", "zone")}
    for name, number in numbers.items():
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise ValueError(f"'{name}' is a number")
    code = request.get("code")
    if code is not None and not isinstance(code, str):
        raise ValueError("'code' is a text")
    wanted = Command(act=act, code=code, **numbers)
    check_order(wanted)
    return wanted


def check_order(command: Command) -> None:
    """Raise ValueError where an order lacks the number that it is about."""
    if command.act in _ZONED and command.zone is None:
        raise ValueError(f"{command.act} needs the number of the zone or output")
