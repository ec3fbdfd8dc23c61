"""The stand: faults by control line, plans, and both directions of the line, in virtual time."""

import itertools

import pytest

from hil.lines import Quality
from hil.panels import modbus_map_face, surgard_face
from hil.panels.machine import Command, Commanded, CommandError, Heard, Plugged, Ticked, Unplugged
from hil.panels.modbus_map import Framing, ModbusModule, ModuleSetup
from hil.panels.stand import (
    PLANS_MAX,
    Noted,
    Plug,
    Quit,
    Spoken,
    Stand,
    StandOutput,
    StandSetup,
)
from hil.panels.surgard import ReceiverSetup, SurgardReceiver

SECOND_NS = 1_000_000_000
OWN_PLANS = ("burglary", "fire", "walk", "traffic")  # without a word that the panel does not know
BEAT = b"1011           @    \x14"
FRAME = b"5011 182468E13000001\x14"


def receiver(out: Quality | None = None) -> Stand:
    setup = StandSetup(out=out or Quality(), plans=surgard_face.FACE.plans)
    return Stand(SurgardReceiver(ReceiverSetup()), setup)


def talking() -> Stand:
    stand = receiver()
    stand.handle(Plugged(), 0)
    stand.handle(Heard(b"\x06"), 0)
    return stand


def tell(stand: Stand, line: str, now_ns: int = 0) -> list[StandOutput]:
    return stand.handle(Commanded(Command.parse(line)), now_ns)


def spoken(outputs: list[StandOutput]) -> list[bytes]:
    return [output.data for output in outputs if isinstance(output, Spoken)]


def noted(outputs: list[StandOutput]) -> list[str]:
    return [output.entry.state.value for output in outputs if isinstance(output, Noted)]


def wait(stand: Stand, until_ns: int) -> list[StandOutput]:
    """Wake the stand at each of its deadlines up to `until_ns`."""
    outputs: list[StandOutput] = []
    while (due_ns := stand.deadline_ns()) is not None and due_ns <= until_ns:
        outputs += stand.handle(Ticked(), due_ns)
    return outputs


def test_what_is_said_is_written_and_noted() -> None:
    outputs = tell(talking(), "alarm zone=1")
    assert spoken(outputs) == [FRAME]
    assert noted(outputs) == ["said"]


def test_silence_loses_what_is_said_and_ends() -> None:
    stand = talking()
    tell(stand, "silence 3")
    assert spoken(tell(stand, "alarm zone=1")) == []
    assert spoken(wait(stand, 4 * SECOND_NS)) == [FRAME]


def test_noack_makes_it_deaf() -> None:
    stand = talking()
    tell(stand, "noack 3")
    tell(stand, "alarm zone=1")
    assert noted(stand.handle(Heard(b"\x06"), SECOND_NS)) == []
    assert noted(stand.handle(Heard(b"\x06"), 3 * SECOND_NS)) == ["acked"]


@pytest.mark.parametrize(
    ("line", "heard"),
    [("cut", FRAME[:10]), ("lost", b""), ("double", FRAME * 2), ("wrong 1", None)],
)
def test_tricks(line: str, heard: bytes | None) -> None:
    stand = talking()
    tell(stand, line)
    told = b"".join(spoken(tell(stand, "alarm zone=1")))
    if heard is None:
        assert sum(a != b for a, b in zip(told, FRAME, strict=True)) == 1
    else:
        assert told == heard


def test_garbage_reaches_whoever_is_there() -> None:
    stand = talking()
    assert [len(data) for data in spoken(tell(stand, "garbage 40"))] == [40]
    stand.handle(Unplugged(), 0)
    assert spoken(tell(stand, "garbage 40")) == []


def test_unplug_and_plug() -> None:
    stand = talking()
    assert tell(stand, "unplug 2", SECOND_NS) == [Plug(False)]
    stand.handle(Unplugged(), SECOND_NS)
    assert stand.handle(Ticked(), 2 * SECOND_NS) == []
    assert stand.handle(Ticked(), 3 * SECOND_NS) == [Plug(True)]
    assert tell(stand, "unplug") == [Plug(False)]
    assert tell(stand, "plug") == [Plug(True)]
    assert tell(stand, "quit") == [Quit()]


def test_bytes_under_way_are_lost_with_the_plug() -> None:
    stand = receiver(Quality(byte_ns=SECOND_NS // 1000))
    assert spoken(stand.handle(Plugged(), 0)) == []
    stand.handle(Unplugged(), 1)
    assert spoken(stand.handle(Plugged(), 2)) == []
    assert b"".join(spoken(wait(stand, SECOND_NS))) == BEAT


def test_said_is_dated_when_the_last_byte_is_on_the_wire() -> None:
    stand = receiver(Quality(byte_ns=SECOND_NS // 1000))
    stand.handle(Plugged(), 0)
    wait(stand, SECOND_NS)
    stand.handle(Heard(b"\x06"), SECOND_NS)
    [note] = [o for o in tell(stand, "alarm zone=1", SECOND_NS) if isinstance(o, Noted)]
    assert note.t_ns == SECOND_NS + len(FRAME) * SECOND_NS // 1000


def test_a_harmed_answer_of_a_module_is_not_said() -> None:
    module = ModbusModule(ModuleSetup(Framing.RTU, units=(17,)))
    stand = Stand(module, StandSetup())
    stand.handle(Plugged(), 0)
    tell(stand, "input 1 on", 1)
    tell(stand, "wrong", 1)
    read = Heard(bytes.fromhex("11 02 00 00 00 08 7B 5C"))
    assert noted(stand.handle(read, 2)) == []
    assert noted(stand.handle(read, 3)) == ["said"]
    tell(stand, "silence 1", 4)
    tell(stand, "input 2 on", 5)
    assert noted(stand.handle(read, 6)) == []
    assert noted(stand.handle(read, 2 * SECOND_NS)) == ["found"]


# ---- plans


def test_a_plan_plays_in_its_time() -> None:
    stand = talking()
    stand.play([(0.0, "alarm zone=1"), (1.0, "noack 1"), (2.0, "quit")], 0)
    assert spoken(stand.handle(Ticked(), 0)) == [FRAME]
    assert stand.deadline_ns() == SECOND_NS
    assert wait(stand, 2 * SECOND_NS) == [Quit()]


def test_plans_start_and_stop_by_command() -> None:
    stand = talking()
    assert spoken(tell(stand, "plan burglary area=7")) == [b"5011 182468E13407001\x14"]
    tell(stand, "stop")
    assert wait(stand, SECOND_NS) == []
    for _ in range(PLANS_MAX):
        stand.play([(9.0, "quit")], 0)
    with pytest.raises(CommandError, match="stop"):
        tell(stand, "plan fire")


@pytest.mark.parametrize(
    "line",
    ["plan", "plan dance", "plan traffic rate=x", "flood 0", "silence x", "cut x", "wrong 0"],
)
def test_nonsense_is_refused_with_a_sentence(line: str) -> None:
    with pytest.raises(CommandError, match=r"\w"):
        tell(talking(), line)


def test_every_built_in_plan_of_a_receiver_can_be_said() -> None:
    for name in OWN_PLANS:
        plan = surgard_face.FACE.plans[name]
        panel = SurgardReceiver(ReceiverSetup())
        for _, line in itertools.islice(plan({}), 40):
            assert not panel.handle(Commanded(Command.parse(line)), 0), name


def test_every_built_in_plan_of_a_module_can_be_played() -> None:
    for name in OWN_PLANS:
        plan = modbus_map_face.FACE.plans[name]
        module = ModbusModule(ModuleSetup())
        for _, line in itertools.islice(plan({}), 40):
            assert module.handle(Commanded(Command.parse(line)), 0), name


def test_traffic_says_nothing_twice_at_the_rate_asked() -> None:
    lines = list(surgard_face.traffic({"rate": "50", "seconds": "100"}))
    assert len(lines) == 5000
    assert lines[50][0] == 1.0
    places = {line.partition(" zone=")[2] for _, line in lines}
    assert len(places) == len(lines)
    assert surgard_face.distinct(999 * 99) == "zone=1 area=1 account=1001"


def test_traffic_of_few_zones_says_nothing_twice_either() -> None:
    lines = [line for _, line in surgard_face.traffic({"seconds": "1000", "zones": "3"})]
    places = {line.partition(" zone=")[2] for line in lines}
    assert len(places) == len(lines) == 2000
    assert {place.split()[0] for place in places} == {"1", "2", "3"}


@pytest.mark.parametrize("zones", ["0", "1000", "many", "-1"])
def test_traffic_of_no_such_number_of_zones_is_refused(zones: str) -> None:
    with pytest.raises(CommandError, match=r"outside 1\.\.999"):
        next(surgard_face.traffic({"zones": zones}))


def test_flood_is_traffic() -> None:
    stand = talking()
    outputs = tell(stand, "flood 100 1")
    for at in range(1, 11):
        outputs += stand.handle(Heard(b"\x06"), at * SECOND_NS // 10)
        outputs += wait(stand, at * SECOND_NS // 10)
    assert noted(outputs).count("acked") == 10
