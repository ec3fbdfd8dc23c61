"""The emulated Galaxy as it is asked and ordered: written from the facts and an open receiver."""

import pytest

from edge_agent.domain.kinds import Kind, State
from hil.panels.galaxy_control import GalaxyControl, address, block
from hil.panels.machine import Command
from hil.panels.model import Model, ModelSetup, zones_of

NS = 1_000_000_000
CODE = b"543210"


def control(code: str = "543210") -> tuple[GalaxyControl, Model]:
    model = Model(ModelSetup(zones=zones_of(24, areas=2), areas=(1, 2), exit_s=20))
    return GalaxyControl(model, code), model


def ask(here: GalaxyControl, function: str, data: bytes) -> bytes:
    [(configuration, _)] = here.hear("?", CODE).said
    assert configuration == bytes.fromhex("45 40 41 4C 34 42 31 B0")
    [(answer, _)] = here.hear(function, data).said
    return answer


def test_addresses() -> None:
    assert [address(at) for at in (1, 8, 9, 17, 129, 1024)] == [1001, 1008, 1011, 1021, 2001, 1024]


def test_a_login_is_for_one_block() -> None:
    here, _ = control()
    assert here.hear("C", b"SA").said[0][0] == block("9")
    assert here.hear("?", b"000000").said[0][0] == block("9")
    assert ask(here, "C", b"SA").startswith(b"cCSA*")
    assert here.hear("C", b"SA").said[0][0] == block("9")


def test_without_a_code_nobody_is_heard() -> None:
    here, _ = control("")
    assert here.hear("?", b"").said == ()


def test_areas_by_their_digits() -> None:
    here, model = control()
    for line in ("arm area=1", "arm area=2 mode=stay"):
        model.obey(Command.parse(line), 0)
    assert ask(here, "C", b"SA")[5:7] == b"00", "people still leave"
    model.wake(20 * NS)
    assert ask(here, "C", b"SA")[5:7] == b"12"
    model.obey(Command.parse("alarm zone=1"), 0)
    assert ask(here, "C", b"SA91")[7:9] == b"10"
    assert ask(here, "C", b"SA92") == block("9"), "not known here"


@pytest.mark.parametrize(
    ("line", "name", "place"),
    [
        ("open 3", b"ZS201", 0),
        ("tamper zone=3", b"ZS301", 0),
        ("trouble zone=3", b"ZS701", 0),
        ("bypass zone=11", b"ZS501", 1),
        ("alarm zone=19", b"ZS101", 4),
    ],
)
def test_maps_have_a_bit_for_each_zone(line: str, name: bytes, place: int) -> None:
    here, model = control()
    model.obey(Command.parse(line), 0)
    data = ask(here, "X", name)[2:-1]
    assert data[:6] == name + b"*"
    assert (len(data), data[6 + place], sum(data[6:])) == (41, 4, 4)
    assert len(ask(here, "X", name[:-1] + b"2")) == 2 + 6 + 33 + 1


def test_what_a_map_states() -> None:
    here, model = control()
    model.obey(Command.parse("open 3"), 0)
    here.hear("?", CODE)
    [(_, stated)] = here.hear("X", b"ZS201").said
    assert len(stated) == 24
    assert [(s.kind, s.zone) for s in stated if s.state is State.OPEN] == [(Kind.ZONE, 1003)]


@pytest.mark.parametrize(
    ("order", "does"),
    [
        (b"SA1*1", "arm area=1"),
        (b"SA2*2", "arm area=2 mode=stay"),
        (b"SA1*0", "disarm area=1"),
        (b"SB1011*1", "bypass zone=9"),
        (b"SB1011*0", "unbypass zone=9"),
        (b"SA3*1", ""),
        (b"SB9*1", ""),
        (b"SA1*5", ""),
        (b"QX", ""),
    ],
)
def test_orders_are_done_or_refused(order: bytes, does: str) -> None:
    here, _ = control()
    here.hear("?", CODE)
    reply = here.hear("C", order)
    assert (reply.said[0][0], reply.does) == (block("8" if does else "9"), does)
