"""Orders to HENG-BO panels: byte for byte, sent once, done when the panel says so itself."""

from typing import Any

import pytest

from drivers._dc09_frames import framed
from drivers._dc09_orders import ANSWER_NS, EFFECT_NS, PANELS_MAX, Orders
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import State
from edge_agent.domain.session import Action, Commanded, HungUp, Obeyed, Recent
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.stamp import Trust
from tests.drivers.actions import signals
from tests.drivers.test_dc09 import Talk, ack, null, sent

PHONE = "13900001234"
DISARM = Command(act=Act.DISARM, area=1, code="1234")
# DC-09 facts 6; the sums by a CRC of the test's own kind, bit by bit
DISARM_FRAME = (
    b'\n0E9E0050"HENG-BO"0001R0L0#13900001234[#0009A4|1400 01 098][\x00\x06001234]'
    b"_20:00:10,11-23-2026\r"
)
ARM_FRAME = b'\nD8290032"HENG-BO"0001R0L0#13900001234[#0009A4|3400 00 098]\r'
STAY_FRAME = b'\nC0F4003C"HENG-BO"0001R0L0#13900001234[#0009A4|3456 02 098][\x00\x06123456]\r'


def said(event: str, sequence: int = 20, header: str = PHONE) -> bytes:
    return framed(f'"HENG-BO"{sequence:04d}R0L0#{header}[#0009A4|{event}]'.encode())


class Panel(Talk):
    """A session that a panel of the dialect has spoken to, by the third connection."""

    def __init__(self, *recent: Recent, trust: Trust = Trust.UNSET, **options: Any) -> None:
        super().__init__(*recent, trust=trust, profile="heng_bo", **options)
        self.now_ns = 30_010 * NS
        self.say(said("1384 01 009"), 3)

    def order(self, command: Command, number: int = 5) -> list[Action]:
        return self.session.handle(Commanded(number, command), self.now_ns)

    def hang_up(self, peer: int) -> list[Action]:
        return self.session.handle(HungUp(peer), self.now_ns)


def obeyed(actions: list[Action]) -> list[tuple[int, Outcome]]:
    return [(one.id, one.outcome) for one in actions if isinstance(one, Obeyed)]


@pytest.mark.parametrize(
    ("command", "trust", "frame"),
    [
        (DISARM, Trust.SYNCED, DISARM_FRAME),
        (Command(act=Act.ARM_AWAY), Trust.UNSET, ARM_FRAME),
        (Command(act=Act.ARM_STAY, area=2, code="123456"), Trust.UNSET, STAY_FRAME),
    ],
)
def test_orders_are_those_of_the_facts(command: Command, trust: Trust, frame: bytes) -> None:
    panel = Panel(trust=trust)
    assert sent(panel.order(command)) == [(frame, 3)]


def test_an_order_is_done_when_the_panel_says_that_it_is() -> None:
    panel = Panel()
    panel.order(DISARM)
    assert obeyed(panel.say(ack(1, PHONE), 3)) == [], "it has heard it, no more"
    assert obeyed(panel.say(said("1400 01 003", 21), 3)) == [], "somebody else disarmed"
    actions = panel.say(said("1400 01 098", 22), 3)
    assert obeyed(actions) == [(5, Outcome.DONE)]
    [signal] = signals(actions)
    assert (signal.state, signal.user) == (State.DISARMED, 98)
    assert obeyed(panel.say(said("1400 01 098", 23), 3)) == [], "told once"


def test_what_an_earlier_order_did_and_another_area_are_no_proof() -> None:
    panel = Panel()
    panel.say(said("1400 01 098", 22), 3)
    panel.order(DISARM)
    assert obeyed(panel.say(said("1400 01 098", 22), 3)) == [], "that was a repeat"
    assert obeyed(panel.say(said("1400 02 098", 23), 3)) == []
    assert obeyed(panel.say(said("3400 01 098", 24), 3)) == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [(ack(1, PHONE, "DUH"), "DUH"), (said("1701 00 098", 21), "wrong code")],
)
def test_a_panel_may_refuse(answer: bytes, why: str) -> None:
    panel = Panel()
    panel.order(DISARM)
    [answered] = [one for one in panel.say(answer, 3) if isinstance(one, Obeyed)]
    assert (answered.outcome, answered.id) == (Outcome.REFUSED, 5)
    assert why in answered.detail


def test_what_nobody_answers_is_given_up_and_not_sent_again() -> None:
    panel = Panel()
    panel.order(DISARM)
    panel.say(ack(2, PHONE), 3)
    panel.say(ack(1, "2468"), 3)
    actions = panel.wait(ANSWER_NS / NS)
    assert obeyed(actions) == [(5, Outcome.UNANSWERED)]
    assert sent(actions) == []
    assert sent(panel.wait(1000)) == []


def test_what_a_panel_took_may_take_its_exit_delay() -> None:
    panel = Panel()
    panel.order(Command(act=Act.ARM_AWAY))
    panel.say(ack(1, PHONE), 3)
    assert obeyed(panel.wait(EFFECT_NS / NS - 1)) == []
    panel.say(ack(1, PHONE), 3)
    [given_up] = [one for one in panel.wait(2) if isinstance(one, Obeyed)]
    assert given_up.outcome is Outcome.UNANSWERED
    assert "nothing came of it" in given_up.detail


def test_an_order_ends_with_its_connection() -> None:
    panel = Panel()
    panel.order(DISARM)
    assert obeyed(panel.hang_up(2)) == []
    assert obeyed(panel.hang_up(3)) == [(5, Outcome.UNANSWERED)]
    assert sent(panel.say(null(PHONE), 4)) == [(ack(0, PHONE), 4)], "nothing else"
    [(frame, peer)] = sent(panel.order(DISARM))
    assert (frame[10:23], peer) == (b'HENG-BO"0002R', 4), "where it spoke last"


def refusal(actions: list[Action]) -> str:
    [only] = actions
    assert isinstance(only, Obeyed)
    assert only.outcome is Outcome.REFUSED
    return only.detail


def test_orders_that_cannot_be_given_are_refused() -> None:
    panel = Panel()
    assert "user code" in refusal(panel.order(Command(act=Act.DISARM)))
    assert "6 digits" in refusal(panel.order(Command(act=Act.DISARM, code="1234567")))
    assert "an area is" in refusal(panel.order(Command(act=Act.ARM_AWAY, area=100)))
    panel.order(DISARM)
    assert "under way" in refusal(panel.order(DISARM, 6))
    panel = Panel()
    panel.say(said("1130 01 001", header="13900005678"), 4)
    assert "several panels" in refusal(panel.order(DISARM))
    panel.hang_up(3)
    panel.hang_up(4)
    assert "no panel of the dialect" in refusal(panel.order(DISARM))


@pytest.mark.parametrize(
    ("profile", "act", "options", "outcome"),
    [
        ("sia_dc09", Act.DISARM, {}, Outcome.UNSUPPORTED),
        ("heng_bo", Act.BYPASS, {}, Outcome.UNSUPPORTED),
        ("heng_bo", Act.DISARM, {"listen_only": True}, Outcome.FORBIDDEN),
        (None, Act.DISARM, {}, Outcome.REFUSED),
    ],
)
def test_where_there_are_no_orders(
    profile: str | None, act: Act, options: dict[str, Any], outcome: Outcome
) -> None:
    talk = Talk(profile=profile, **options)
    talk.say(null())
    wanted = Commanded(5, Command(act=act, zone=1, code="1234"))
    assert obeyed(talk.session.handle(wanted, talk.now_ns)) == [(5, outcome)]


def test_a_panel_is_known_again_after_a_restart() -> None:
    talk = Talk(Recent(said("1130 01 001"), 5 * NS), profile="heng_bo")
    wanted = Commanded(5, Command(act=Act.ARM_AWAY))
    assert "no panel" in refusal(talk.session.handle(wanted, 0)), "it was there, no more"
    talk.say(null(PHONE), 8)
    assert [peer for _, peer in sent(talk.session.handle(wanted, 0))] == [8]


def test_panels_without_end_do_not_fill_the_memory() -> None:
    panel = Panel()
    for number in range(2 * PANELS_MAX):
        panel.say(said("1130 01 001", header=f"{number:011d}"), 5)
    orders = panel.session._orders
    assert isinstance(orders, Orders)
    assert len(orders._panels) == PANELS_MAX
