"""Commands of a center: carried out once, recorded, answered; what is refused is recorded."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from edge_agent.clock import Now
from edge_agent.control.refusal import Refusal
from edge_agent.control.warranted import Terms
from edge_agent.daemon.commands import Commanding, Office, Result, Work
from edge_agent.daemon.orders import Addressee, Orders
from edge_agent.domain.access import Role
from edge_agent.domain.command import Act, Outcome
from edge_agent.domain.session import Obeyed
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence.bodies import ActBody
from edge_agent.evidence.charter import Charter
from edge_agent.evidence.command import CenterCommand, CommandRef, digest_of, sign_command
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.disposition import Disposition, sign_disposition
from edge_agent.evidence.reply import Reply, open_reply
from edge_agent.limits import (
    CENTER_COMMANDS_AT_WORK_MAX,
    CENTER_COMMANDS_BYTES_MAX,
    CENTER_COMMANDS_WAITING_MAX,
    REPLIES_BYTES_MAX,
)
from edge_agent.link.desk import Desk
from tests.daemon.test_orders import Record
from tests.evidence.conftest import STAMP, signer
from tests.evidence.test_charter import CHARTER
from tests.evidence.test_command import BY, COMMAND
from tests.evidence.test_disposition import FALSE
from tests.evidence.test_warrant import AUTHORITY, LI, LI_NA, WANG, WANG_WEI, warranted
from tests.link.rig import run

EVENT_KEY = signer(2)
WORD = sign_disposition(FALSE, BY)
UNBYPASS = replace(
    COMMAND, what="order", role=Role.TECHNICIAN, body={1: "shop", 2: "unbypass", 3: 5}
)


class Clock:
    """A clock that stands."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.earliest_ns = 0

    def boottime_ns(self) -> int:
        return self.now_ns

    def stamp(self) -> Stamp:
        return STAMP

    def now(self) -> Now:
        return Now(self.earliest_ns, None)


@dataclass
class Keys:
    pinned: PublicKey | None = BY.public

    def key(self, center: str) -> PublicKey | None:
        return self.pinned


@dataclass
class Rig:
    """A gateway with one panel that may be bypassed; it never answers by itself."""

    record: Record = field(default_factory=Record)
    keys: Keys = field(default_factory=Keys)
    replies: list[Reply] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    disposed: list[Disposition] = field(default_factory=list)
    works: dict[str, Work] = field(default_factory=dict)
    charter: Charter | None = None

    def __post_init__(self) -> None:
        self.desk = Desk(frozenset({"bypass"}))
        self.desk.open(lambda: None)
        addressee = Addressee(
            self.desk, frozenset({Act.STATUS, Act.UNBYPASS, Act.BYPASS, Act.OUTPUT_ON})
        )
        self.orders = Orders({"shop": addressee}, self.record)
        office = Office(
            *("gw1", COMMAND.epoch, EVENT_KEY, self._state, self._reply, self.disposed.append),
            *(self.works, self.terms),
        )
        self.commanding = Commanding(office, self.orders, self.record, self.clock, self.keys)

    def terms(self, center: str) -> Terms:
        assert center == "center"
        return Terms(self.charter, (AUTHORITY.public,))

    async def _state(self) -> Mapping[str, Any]:
        return {"panels": {"shop": {"online": True}}}

    def _reply(self, center: str, data: bytes) -> None:
        assert center == "center"
        self.replies.append(open_reply(data, EVENT_KEY.public))

    def give(self, command: CenterCommand) -> bytes:
        data = sign_command(command, BY)
        self.commanding.heard("center", data, False)
        return data

    async def settle(self, outcome: Outcome) -> None:
        """Be the session: answer each command that waits."""
        await turns()
        for one in self.desk.take():
            self.desk.settle(Obeyed(one.id, outcome))
        await turns()

    def playing(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def play() -> None:
            task = asyncio.ensure_future(self.commanding.run())
            await work()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled(), "it ended by itself"

        run(play())


async def turns() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


def test_an_order_is_recorded_given_and_answered_once() -> None:
    rig = Rig()
    data = sign_command(UNBYPASS, BY)

    async def work() -> None:
        rig.give(UNBYPASS)
        await rig.settle(Outcome.DONE)
        rig.give(UNBYPASS)  # a copy
        await rig.settle(Outcome.DONE)

    rig.playing(work)
    ref = CommandRef("center", UNBYPASS.number, digest_of(data))
    actor = "Li Na, technician of center"
    said, replay = "unbypass zone 5", rig.record.bodies.pop()
    assert rig.record.bodies == [
        ActBody("command", actor, said, "shop", 1, command=ref),
        ActBody("outcome", actor, said, "shop", 1, "done", command=ref),
    ]
    assert (replay.what, replay.outcome) == ("refused", "replayed")
    first, again = rig.replies
    assert first == again, "whoever asks again is told the same"
    assert (first.outcome, first.number, first.digest) == ("done", UNBYPASS.number, ref.digest)
    assert json.loads(first.facts)["order"] == 1


def test_what_the_site_does_not_allow_is_answered_and_not_done() -> None:
    rig = Rig()
    switch = replace(UNBYPASS, role=Role.INSTALLER, body={1: "shop", 2: "output_on", 3: 1})

    async def work() -> None:
        rig.give(switch)
        rig.give(replace(switch, number=8, body={1: "barn", 2: "status"}))
        rig.give(replace(switch, number=9, body={1: "shop", 2: "unbypass"}))
        rig.give(replace(switch, number=10, body={1: "shop", 2: "status", 9: 1}))
        await rig.settle(Outcome.DONE)

    rig.playing(work)
    assert {one.number: one.outcome for one in rig.replies} == {
        7: "forbidden", 8: "refused", 9: "refused", 10: "refused",
    }  # fmt: skip
    assert "no panel 'barn'" in next(one.detail for one in rig.replies if one.number == 8)


def test_two_operators_bypass_and_one_alone_is_refused_and_recorded() -> None:
    rig = Rig(charter=CHARTER)
    bypass = replace(UNBYPASS, body={1: "shop", 2: "bypass", 3: 5})

    async def work() -> None:
        rig.give(warranted(bypass, (LI_NA, LI)))
        rig.give(warranted(replace(bypass, number=8), (LI_NA, LI), (WANG_WEI, WANG)))
        await rig.settle(Outcome.DONE)
        rig.charter = replace(CHARTER, number=2, allow=frozenset())
        rig.give(warranted(replace(bypass, number=9), (WANG_WEI, WANG), (LI_NA, LI)))
        await turns()

    rig.playing(work)
    assert {one.number: one.outcome for one in rig.replies} == {
        7: "single", 8: "done", 9: "outside_charter",
    }  # fmt: skip
    said = [(act.what, act.actor, act.outcome) for act in rig.record.bodies]
    both = "Li Na (310115-0042), technician of center, with Wang Wei"
    assert said == [
        ("refused", "center", "single"),
        ("command", both, None),
        ("outcome", both, "done"),
        ("refused", "center", "outside_charter"),
    ]


def test_the_state_is_told_and_the_look_is_recorded() -> None:
    rig = Rig()

    async def work() -> None:
        rig.give(COMMAND)
        await turns()

    rig.playing(work)
    (reply,) = rig.replies
    assert json.loads(reply.facts) == {"panels": {"shop": {"online": True}}}
    assert [(act.what, act.actor) for act in rig.record.bodies] == [("read", COMMAND.actor)]


def test_every_panel_is_asked_anew() -> None:
    rig = Rig()

    async def work() -> None:
        rig.give(replace(COMMAND, what="resync"))
        await rig.settle(Outcome.DONE)

    rig.playing(work)
    (reply,) = rig.replies
    assert (reply.outcome, reply.detail) == ("done", "1 of 1 panels did it")
    assert json.loads(reply.facts)["shop"]["outcome"] == "done"


def test_no_panel_whose_clock_may_be_set_is_no_success() -> None:
    rig = Rig()

    async def work() -> None:
        rig.give(replace(COMMAND, what="clock", role=Role.TECHNICIAN))
        await turns()

    rig.playing(work)
    (reply,) = rig.replies
    assert (reply.outcome, reply.detail) == ("failed", "0 of 1 panels did it")
    assert json.loads(reply.facts)["shop"]["outcome"] == "unsupported"
    assert [act.what for act in rig.record.bodies] == ["command", "outcome"]


DIAGNOSE = replace(COMMAND, what="diagnose", role=Role.TECHNICIAN)


def test_what_the_gateway_does_itself_is_recorded_before_and_after() -> None:
    rig = Rig()
    begun, go_on = [], asyncio.Event()

    async def diagnose(command: CenterCommand, ref: CommandRef) -> Result:
        begun.append((command, ref, len(rig.record.bodies)))
        await go_on.wait()
        return Result("done", "all good", b"{}")

    rig.works["diagnose"] = diagnose

    async def work() -> None:
        data = rig.give(DIAGNOSE)
        await turns()
        rig.commanding.heard("center", data, False)  # the center grows impatient
        await turns()
        assert not rig.replies
        go_on.set()
        await turns()

    rig.playing(work)
    ref = CommandRef("center", 7, digest_of(sign_command(DIAGNOSE, BY)))
    assert begun == [(DIAGNOSE, ref, 1)], "once, and it was recorded"
    assert rig.record.bodies == [
        ActBody("command", DIAGNOSE.actor, "diagnose", command=ref),
        ActBody("outcome", DIAGNOSE.actor, "diagnose: all good", outcome="done", command=ref),
    ], "being asked again is no replay"
    assert [(one.outcome, one.facts) for one in rig.replies] == [("done", b"{}")]


def test_what_follows_a_command_follows_its_answer() -> None:
    """Starting anew under a new configuration, say: nobody would be left to answer."""
    rig = Rig()
    answered: list[int] = []

    async def diagnose(_command: CenterCommand, _ref: CommandRef) -> Result:
        return Result("trying", then=lambda: answered.append(len(rig.replies)))

    rig.works["diagnose"] = diagnose

    async def work() -> None:
        rig.give(DIAGNOSE)
        await turns()

    rig.playing(work)
    assert answered == [1]


def test_what_cannot_be_done_now_is_refused_with_why_and_recorded() -> None:
    rig = Rig()

    async def diagnose(_command: CenterCommand, _ref: CommandRef) -> Result:
        raise ValueError("an alarm is young")

    rig.works["diagnose"] = diagnose

    async def work() -> None:
        rig.give(DIAGNOSE)
        rig.give(replace(DIAGNOSE, what="renew", number=8))
        await turns()

    rig.playing(work)
    assert [(one.outcome, one.detail) for one in rig.replies] == [
        ("unsupported", "this gateway has no means for it"),
        ("refused", "an alarm is young"),
    ]
    assert rig.record.bodies[-1].detail == "diagnose: an alarm is young"


def test_what_cannot_be_recorded_beforehand_is_not_begun(monkeypatch: Any) -> None:
    monkeypatch.setattr("edge_agent.daemon.commands.ORDER_RECORD_S_MAX", 0.01)
    rig = Rig(Record(durable=False))
    rig.works["diagnose"] = never

    async def work() -> None:
        rig.give(DIAGNOSE)
        while not rig.replies:
            await asyncio.sleep(0.005)

    rig.playing(work)
    assert [one.outcome for one in rig.replies] == ["refused"]


async def never(_command: CenterCommand, _ref: CommandRef) -> Result:
    raise AssertionError("it was begun")


def test_a_disposition_is_journaled_once_with_its_very_bytes() -> None:
    rig = Rig()
    brings = replace(COMMAND, what="disposition", body={1: WORD})

    async def work() -> None:
        rig.give(brings)
        await turns()
        rig.give(replace(brings, number=8))  # given anew, since the center heard no answer
        rig.give(replace(brings, number=9, body={1: sign_disposition(FALSE, signer(5))}))
        other = sign_disposition(replace(FALSE, gateway="gw2"), BY)
        rig.give(replace(brings, number=10, body={1: other}))
        rig.give(replace(brings, number=11, body={}))
        await turns()

    rig.playing(work)
    assert [one.outcome for one in rig.replies] == ["done", "done", "refused", "refused", "refused"]
    (act,) = rig.record.bodies
    assert (act.what, act.actor, act.disposition) == ("disposition", FALSE.actor, WORD)
    assert act.detail == f"incident {FALSE.incident}: false, animal; {FALSE.note}"
    assert rig.disposed == [FALSE]


def test_refusals_are_recorded_and_answered_only_to_the_center() -> None:
    rig = Rig()

    async def work() -> None:
        rig.give(replace(COMMAND, epoch=b"epoch--0"))
        rig.give(replace(COMMAND, gateway="gw2"))
        rig.commanding.heard("center", b"nonsense", False)
        rig.commanding.heard("center", sign_command(COMMAND, BY), True)
        rig.commanding.heard("center", sign_command(COMMAND, signer(5)), False)
        await turns()

    rig.playing(work)
    said = [act.outcome for act in rig.record.bodies]
    assert said == ["wrong_epoch", "misaddressed", "malformed", "retained", "bad_signature"]
    assert all((act.what, act.actor) == ("refused", "center") for act in rig.record.bodies)
    assert [one.outcome for one in rig.replies] == ["wrong_epoch"]


REFUSED: dict[Refusal, CenterCommand] = {
    Refusal.WRONG_EPOCH: replace(COMMAND, epoch=b"epoch--0"),
    Refusal.EXPIRED: COMMAND,
    Refusal.UNSUPPORTED: replace(COMMAND, what="dance"),
    Refusal.UNENTITLED: replace(COMMAND, what="config"),
}
"""Of a center that proves to be one, for this gateway: each is recorded, and answered with why."""


@pytest.mark.parametrize("why", REFUSED)
def test_each_refusal_of_the_center_itself_is_recorded_and_signed(why: Refusal) -> None:
    rig = Rig()
    if why is Refusal.EXPIRED:
        rig.clock.earliest_ns = (COMMAND.until_ms + 1) * 1_000_000

    async def work() -> None:
        rig.give(REFUSED[why])
        await turns()

    rig.playing(work)
    (reply,) = rig.replies  # opened with the key of the epoch
    assert (reply.outcome, reply.number) == (str(why), COMMAND.number)
    (act,) = rig.record.bodies
    assert (act.what, act.actor, act.outcome) == ("refused", "center", str(why))
    assert reply.detail == act.detail


def test_a_flood_costs_few_events_and_bounded_memory() -> None:
    rig = Rig()
    flood = 5 * CENTER_COMMANDS_WAITING_MAX

    async def work() -> None:
        for _ in range(flood):
            rig.commanding.heard("center", b"nonsense", False)
        await turns()

    rig.playing(work)
    assert [act.outcome for act in rig.record.bodies] == ["flood", "malformed"]
    assert rig.replies == []


def test_large_messages_are_bounded_by_their_bytes() -> None:
    rig = Rig()
    large = bytes(CENTER_COMMANDS_BYTES_MAX // 4)

    async def work() -> None:
        for _ in range(6):
            rig.commanding.heard("center", large, False)
        await turns()

    rig.playing(work)
    assert [act.outcome for act in rig.record.bodies] == ["flood", "malformed"]


def test_of_replies_only_the_newest_bytes_are_kept() -> None:
    rig = Rig()
    size, sent = REPLIES_BYTES_MAX // 16, []

    async def diagnose(_command: CenterCommand, _ref: CommandRef) -> Result:
        return Result("done", facts=bytes(size))

    rig.works["diagnose"] = diagnose

    async def work() -> None:
        for number in range(1, 21):
            sent.append(rig.give(replace(DIAGNOSE, number=number)))
            await turns()
        assert len(rig.replies) == 20
        for data in (sent[-1], sent[0]):
            rig.commanding.heard("center", data, False)
        await turns()

    rig.playing(work)
    assert [one.number for one in rig.replies[20:]] == [20], "the oldest is forgotten"


def test_more_at_once_than_can_be_carried_out_is_told() -> None:
    rig = Rig()

    async def work() -> None:
        for number in range(1, CENTER_COMMANDS_AT_WORK_MAX + 3):
            rig.give(replace(UNBYPASS, number=number))
        await turns()
        assert [one.outcome for one in rig.replies] == ["busy", "busy"]
        await rig.settle(Outcome.DONE)

    rig.playing(work)
    assert len(rig.replies) == CENTER_COMMANDS_AT_WORK_MAX + 2


@pytest.mark.parametrize("command", [COMMAND, replace(COMMAND, what="disposition", body={1: WORD})])
def test_what_cannot_be_recorded_is_not_done(command: CenterCommand, monkeypatch: Any) -> None:
    monkeypatch.setattr("edge_agent.daemon.commands.ORDER_RECORD_S_MAX", 0.01)
    rig = Rig(Record(durable=False))

    async def work() -> None:
        rig.give(command)
        while not rig.replies:
            await asyncio.sleep(0.005)

    rig.playing(work)
    assert [one.outcome for one in rig.replies] == ["refused"]
    assert rig.disposed == []


def test_a_key_that_comes_later_is_found() -> None:
    rig = Rig(keys=Keys(None))

    async def work() -> None:
        rig.give(COMMAND)
        await turns()
        rig.keys.pinned = BY.public
        rig.give(COMMAND)
        await turns()

    rig.playing(work)
    assert [act.what for act in rig.record.bodies] == ["refused", "read"]
