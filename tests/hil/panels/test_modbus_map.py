"""The emulated input module against the facts, frames typed by hand; and against pymodbus.

Frames: worked CRCs of the Modbus facts (section 1); map: generic input modules (section 3).
"""

import pytest

from edge_agent.domain.kinds import Kind
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Delivered,
    Heard,
    Muted,
    Note,
    Output,
    Plugged,
    Say,
    Ticked,
    Unplugged,
    describe,
)
from hil.panels.modbus_map import SECOND_NS, Framing, ModbusModule, ModuleSetup

READ_17 = bytes.fromhex("11 02 00 00 00 08 7B 5C")  # read 8 discrete inputs, unit 17
INPUTS_1_3 = bytes.fromhex("11 02 01 05 65 4B")  # answer: inputs 1 and 3 on
READ_TCP = bytes.fromhex("00 01 00 00 00 06 01 02 00 00 00 08")


def said(outputs: list[Output]) -> list[bytes]:
    return [output.data for output in outputs if isinstance(output, Say)]


def noted(outputs: list[Output]) -> list[tuple[int, str]]:
    return [(o.entry.id, o.entry.state.value) for o in outputs if isinstance(o, Note)]


def tell(module: ModbusModule, line: str, now_ns: int = 1) -> list[Output]:
    return module.handle(Commanded(Command.parse(line)), now_ns)


def plugged(setup: ModuleSetup) -> ModbusModule:
    module = ModbusModule(setup)
    module.handle(Plugged(), 0)
    return module


def rtu() -> ModbusModule:
    return plugged(ModuleSetup(Framing.RTU, units=(17,)))


def read(module: ModbusModule, request: bytes = READ_17, now_ns: int = 2) -> list[Output]:
    """Ask, and let every answer leave unharmed, as the stand does."""
    outputs = module.handle(Heard(request), now_ns)
    for say in [output for output in outputs if isinstance(output, Say)]:
        outputs += module.handle(Delivered(say.covers, say.data), now_ns)
    return outputs


# ---- frames


def test_the_worked_example() -> None:
    module = rtu()
    tell(module, "input 1 on")
    tell(module, "input 3 on")
    assert said(read(module)) == [INPUTS_1_3]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("00 01 00 00 00 06 01 02 00 00 00 08", "00 01 00 00 00 04 01 02 01 05"),
        ("00 02 00 00 00 06 01 02 00 02 00 01", "00 02 00 00 00 04 01 02 01 01"),
        ("00 03 00 00 00 06 01 02 00 01 00 08", "00 03 00 00 00 03 01 82 02"),  # beyond input 8
        ("00 04 00 00 00 06 01 02 00 00 00 00", "00 04 00 00 00 03 01 82 03"),  # no inputs
        ("00 05 00 00 00 06 01 01 00 00 00 08", "00 05 00 00 00 04 01 01 01 00"),  # relays
        ("00 06 00 00 00 06 01 05 00 02 FF 00", "00 06 00 00 00 06 01 05 00 02 FF 00"),
        ("00 07 00 00 00 06 01 05 00 08 FF 00", "00 07 00 00 00 03 01 85 02"),
        ("00 08 00 00 00 06 01 05 00 01 12 34", "00 08 00 00 00 03 01 85 03"),
        ("00 09 00 00 00 06 01 03 40 00 00 01", "00 09 00 00 00 05 01 03 02 00 01"),
        ("00 0A 00 00 00 06 01 03 50 00 00 01", "00 0A 00 00 00 03 01 83 02"),
        ("00 0B 00 00 00 06 01 03 10 00 00 00", "00 0B 00 00 00 03 01 83 03"),
        ("00 0C 00 00 00 06 01 06 00 00 00 00", "00 0C 00 00 00 03 01 86 01"),  # not that function
        ("00 0D 00 00 00 06 07 02 00 00 00 08", "00 0D 00 00 00 03 07 82 0B"),  # no such unit
    ],
)
def test_tcp_answers(request_: str, answer: str) -> None:
    module = plugged(ModuleSetup())
    tell(module, "input 1 on")
    tell(module, "input 3 on")
    assert said(read(module, bytes.fromhex(request_))) == [bytes.fromhex(answer)]


def test_a_relay_written_reads_back() -> None:
    module = plugged(ModuleSetup())
    read(module, bytes.fromhex("00 01 00 00 00 06 01 05 00 02 FF 00"))
    answer = read(module, bytes.fromhex("00 02 00 00 00 06 01 01 00 00 00 08"))
    assert said(answer) == [bytes.fromhex("00 02 00 00 00 04 01 01 01 04")]


def test_an_rtu_slave_is_silent_for_others_and_for_damage() -> None:
    module = rtu()
    assert read(module, bytes.fromhex("11 02 00 00 00 08 7B 5D")) == []
    assert read(module, bytes.fromhex("01 02 00 00 00 08 79 CC"), SECOND_NS) == []
    assert said(read(module, READ_17, 2 * SECOND_NS)) == [bytes.fromhex("11 02 01 00 A5 48")]


def test_requests_in_pieces_and_several_at_once() -> None:
    module = plugged(ModuleSetup())
    for at in range(len(READ_TCP) - 1):
        assert module.handle(Heard(READ_TCP[at : at + 1]), at) == []
    assert len(said(module.handle(Heard(READ_TCP[-1:] + READ_TCP), 50))) == 2


def test_a_pause_ends_an_rtu_frame() -> None:
    module = rtu()
    module.handle(Heard(READ_17[:5]), 0)
    assert len(said(read(module, READ_17, SECOND_NS))) == 1


# ---- the ledger


def test_an_edge_is_set_then_said_when_first_read_with_the_frame_that_showed_it() -> None:
    module = rtu()
    outputs = tell(module, "input 3 on")
    assert noted(outputs) == [(1, "set")]
    assert isinstance(outputs[0], Note)
    assert outputs[0].entry.signal is not None
    assert tuple(describe(outputs[0].entry.signal).values()) == (
        *("burglary", "130", "active"),
        *(None, 3, None, None),
    )
    first = read(module)
    assert noted(first) == [(1, "said")]
    assert [o.entry.frame for o in first if isinstance(o, Note)] == said(first)
    assert noted(read(module)) == [], "it is said once"
    assert noted(tell(module, "input 3 on")) == [], "no edge"
    assert noted(tell(module, "input 3 off")) == [(2, "set")]
    assert noted(read(module)) == [(2, "said")]


def test_an_edge_that_nobody_read_is_missed() -> None:
    module = rtu()
    tell(module, "input 3 on")
    assert noted(tell(module, "input 3 off")) == [(1, "missed"), (2, "set")]


def test_only_what_was_asked_for_is_said() -> None:
    module = plugged(ModuleSetup())
    tell(module, "input 8 on")
    two = bytes.fromhex("00 01 00 00 00 06 01 02 00 00 00 02")
    coils = bytes.fromhex("00 01 00 00 00 06 01 01 00 00 00 08")
    assert noted(read(module, two)) == noted(read(module, coils)) == []
    assert noted(read(module, READ_TCP)) == [(1, "said")]


def test_an_answer_that_was_harmed_or_came_late_says_nothing() -> None:
    module = rtu()
    tell(module, "input 1 on")
    assert noted(module.handle(Heard(READ_17), 1)) == [], "not delivered"
    tell(module, "slow 2")
    assert read(module, now_ns=SECOND_NS) == []
    assert module.deadline_ns() == 3 * SECOND_NS
    outputs = module.handle(Ticked(), 3 * SECOND_NS)
    assert len(said(outputs)) == 1
    assert noted(outputs) == []


@pytest.mark.parametrize("trouble", ["dead 5", "refuse 4", "slow 1", "mute"])
def test_what_changed_while_the_unit_did_not_answer_is_found_not_said(trouble: str) -> None:
    module = rtu()
    if trouble == "mute":
        module.handle(Muted(5 * SECOND_NS), SECOND_NS)
    else:
        tell(module, trouble, SECOND_NS)
    tell(module, "input 1 on", SECOND_NS)
    for line in ("dead 0", "refuse 0", "slow 0"):
        if trouble.startswith(line.split()[0]):
            tell(module, line, 4 * SECOND_NS)
    assert noted(read(module, now_ns=6 * SECOND_NS)) == [(1, "found")]


def test_what_was_there_before_the_host_is_found() -> None:
    module = ModbusModule(ModuleSetup(Framing.RTU, units=(17,)))
    tell(module, "input 1 on", 1)
    module.handle(Plugged(), 2)
    assert noted(read(module, now_ns=3)) == [(1, "found")]
    module.handle(Unplugged(), 4)
    assert module.handle(Heard(READ_17), 5) == [], "nobody is there"


def test_kinds_and_units() -> None:
    module = plugged(ModuleSetup(kind=Kind.FIRE, units=(1, 2)))
    outputs = tell(module, "input 1 on unit=2")
    assert isinstance(outputs[0], Note)
    assert outputs[0].entry.unit == 2
    assert outputs[0].entry.signal is not None
    assert outputs[0].entry.signal.code == "110"
    assert noted(read(module, READ_TCP)) == []
    assert noted(read(module, bytes.fromhex("00 01 00 00 00 06 02 02 00 00 00 08"))) == [
        (1, "said")
    ]


# ---- faults


def test_a_dead_unit_says_nothing_the_other_goes_on() -> None:
    module = plugged(ModuleSetup(units=(1, 2)))
    tell(module, "dead 5 unit=1")
    assert read(module, READ_TCP, 4 * SECOND_NS) == []
    assert len(said(read(module, READ_TCP[:6] + b"\x02" + READ_TCP[7:], 4 * SECOND_NS))) == 1
    assert len(said(read(module, READ_TCP, 6 * SECOND_NS))) == 1


def test_refusing_is_an_exception_answer() -> None:
    module = rtu()
    tell(module, "refuse 2")
    assert said(read(module)) == [bytes.fromhex("11 82 02 C0 A4")]
    tell(module, "refuse 0")
    assert said(read(module)) == [bytes.fromhex("11 02 01 00 A5 48")]


def test_a_pulse_ends_by_itself() -> None:
    module = rtu()
    assert noted(tell(module, "pulse 4 2", SECOND_NS)) == [(1, "set")]
    assert module.deadline_ns() == 3 * SECOND_NS
    assert noted(read(module, now_ns=2 * SECOND_NS)) == [(1, "said")]
    assert noted(module.handle(Ticked(), 3 * SECOND_NS)) == [(2, "set")]


@pytest.mark.parametrize(
    "line",
    [
        *("input 9 on", "input 0 on", "input 1 maybe", "input", "input 1 on colour=red"),
        *("dance", "refuse x", "dead unit=9", "pulse 1 x"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(line: str) -> None:
    with pytest.raises(CommandError, match=r"\w"):
        tell(rtu(), line)


def test_endless_rubbish_is_dropped() -> None:
    for module in (rtu(), plugged(ModuleSetup())):
        for at in range(0, 1 << 16, 64):
            module.handle(Heard(bytes(range(64, 128))), at)
        sizes = [len(buffer) for buffer in module._buffers.values()]
        assert sizes[0] < 1024
