"""The emulated Chinese fire panels against worked and captured frames, and how they behave."""

from argparse import ArgumentParser
from dataclasses import replace
from datetime import datetime

import pytest

from hil.panels import cn_fire_frames as frames
from hil.panels.cn_fire import RESTART_S, SECOND_NS, CnFireSetup
from hil.panels.cn_fire_dialects import CARD_ANSWER, CARD_POLL, Detector, Occurrence, What
from hil.panels.cn_fire_face import DIALECTS, FACE, dialect_of, panel, speak
from hil.panels.cn_fire_printers import PRINTERS
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Delivered,
    Heard,
    Note,
    Output,
    Plugged,
    Said,
    Say,
    Ticked,
    Unplugged,
)
from hil.panels.mending import NO_TEXT, spoil_text

AT = datetime(2026, 11, 23, 20, 5)  # noqa: DTZ001  a panel knows no time zone
SMOKE = Detector(3, "111")


class Desk:
    """A panel with a host that is there."""

    def __init__(self, name: str, *, asides: bool = False, plugged: bool = True) -> None:
        self.panel = panel(CnFireSetup(dialect_of(name), asides=asides))
        self.now_ns = SECOND_NS
        if plugged:
            self.panel.handle(Plugged(), self.now_ns)

    def tell(self, line: str) -> list[Output]:
        return self.panel.handle(Commanded(Command.parse(line)), self.now_ns)

    def hear(self, data: bytes) -> list[Output]:
        return self.panel.handle(Heard(data), self.now_ns)

    def wait(self, seconds: float) -> list[Output]:
        """Let so much time pass; return what came of it."""
        until_ns = self.now_ns + int(seconds * SECOND_NS)
        outputs: list[Output] = []
        while (due_ns := self.panel.deadline_ns()) is not None and due_ns <= until_ns:
            self.now_ns = max(self.now_ns, due_ns)
            outputs += self.panel.handle(Ticked(), self.now_ns)
        self.now_ns = until_ns
        return outputs


def said(outputs: list[Output]) -> list[bytes]:
    return [output.data for output in outputs if isinstance(output, Say)]


def hexed(outputs: list[Output]) -> list[str]:
    return [data.hex(" ").upper() for data in said(outputs)]


def noted(outputs: list[Output], state: Said = Said.SAID) -> list[tuple[object, ...]]:
    entries = [output.entry for output in outputs if isinstance(output, Note)]
    found = [entry.signal for entry in entries if entry.state is state and entry.signal]
    return [(s.kind.value, s.code, s.state.value, s.area, s.zone) for s in found]


def lines(outputs: list[Output]) -> list[str | None]:
    """What the panel had no words for."""
    entries = [output.entry for output in outputs if isinstance(output, Note)]
    return [entry.line for entry in entries if entry.state is Said.UNTOLD]


# ---- frames as the facts have them: what happened, and how that is said

FF20 = " FF" * 20
WORKED = [
    # dialect, what, loop, point, frame
    (
        "gst_crt",
        Occurrence(What.FIRE, True, 1, 12034, SMOKE),
        "AA 15 01 20 34 03 41 00 01 00 31 00 20 00 20 00 20 00 20 00 20 00 20 4A",
    ),
    (
        "gst_crt",
        Occurrence(What.TROUBLE, True, 1, 12034, SMOKE),
        "AA 21 01 20 34 03 41 00 02 00 31 00 20 00 20 00 20 00 20 00 20 00 20 57",
    ),
    ("gst_crt", Occurrence(What.RESET), "AA 04 55 55 55 55 02"),
    ("gst500_card", Occurrence(What.FIRE, True, 1, 1004, SMOKE), "0D DD 00 10 04 03 01 18 BB"),
    ("gst500_card", Occurrence(What.TROUBLE, True, 1, 1006, SMOKE), "0E EE 00 10 06 03 00 19 BB"),
    ("gst500_card", Occurrence(What.RESET), "0A AA BB"),
    ("gst500_card", Occurrence(What.MUTED), "FA AB BB"),
    (
        "jbf_11s",
        Occurrence(What.FIRE, True, 3, 25),
        "FF FF FF 0A 01 01 6E 00 13 00 00 03 19 14 1A 0B 17 14 05 00 00 00 00 00 00 00 00 00 01 12",
    ),
    ("jbf_11s", Occurrence(What.RESET), "FF FF FF 0D 01 01 6E 01 01 00 00 7F"),
    (
        "songjiang_3208",
        Occurrence(What.FIRE, True, 5, 9),
        f"FE 01 6E 22 00 01 00 01 05 09 01 00 05 01 26 11 23 20 05{FF20} C0 C7 FF",
    ),
    ("fs5101w", Occurrence(What.RESET), "F0 00 01 A1 96 FA"),
    ("ld128e", Occurrence(What.FIRE, True, 0x14, 0xD0), "01 14 D0"),
    ("ld128e", Occurrence(What.MAINS), "12 D0 81"),
    ("ld128e", Occurrence(What.MAINS, active=False), "12 00 00"),
]


@pytest.mark.parametrize(("name", "told", "frame"), WORKED)
def test_an_occurrence_is_said_as_in_the_facts(name: str, told: Occurrence, frame: str) -> None:
    assert dialect_of(name).frame(told, AT).hex(" ").upper() == frame


def test_the_captured_shapes_of_the_others() -> None:
    fire = Occurrence(What.FIRE, True, 1, 1)
    at = datetime(2017, 9, 18, 14, 10, 3)  # noqa: DTZ001  a panel's
    captured = "F0 00 14 A5 C3 1B 05 00 81 11 09 12 0E 0A 03 01 01 01"
    assert dialect_of("fs5101w").frame(fire, at).hex(" ").upper().startswith(captured)
    battery = dialect_of("fs5101w").frame(Occurrence(What.BATTERY), at)
    assert battery[3:7] == bytes.fromhex("A5 C2 05 09")
    trouble = dialect_of("simplex_4100").frame(Occurrence(What.TROUBLE, True, 1, 2), AT)
    assert trouble[2:-3] == b"\x1e200500-7251238 1-2-0 T1- \r\n"
    reset = dialect_of("simplex_4100").frame(Occurrence(What.RESET), AT)
    assert reset[2:-3] == b"\x11W: WARM START\r\n"
    mains = dialect_of("jbf_193k").frame(Occurrence(What.MAINS), AT)
    assert mains[1:7] == b"\x37\x31\x30\x31\x38\x30"


def test_what_the_printers_print() -> None:
    fire = Occurrence(What.FIRE, True, 3, 25, SMOKE)
    gst9000 = dialect_of("gst9000_printer").frame(fire, AT)
    assert gst9000 == b"\x1b611/23  20:05\n  003-025\n\x1b9\xbb\xf0\xbe\xaf\n\n"
    assert (
        dialect_of("gst9000_printer")
        .frame(Occurrence(What.RESET), AT)
        .endswith(b"20:05\n\x1b9\xb8\xb4\xce\xbb\n\n")
    )
    gst100 = dialect_of("gst100_printer").frame(replace(fire, loop=1, point=27), AT)
    assert gst100[:15] == b"*" * 15
    assert gst100[15:].hex(" ").upper() == (
        "0D 31 31 8D 32 33 8E 20 20 20 32 30 3A 30 35 0D 0A 11 0D 31 2D 30 32 37 0D 0A 20 23 0D"
    )
    plain = dialect_of("printer_text").frame(fire, AT)
    assert plain.decode("gb18030") == "11/23 20:05 火警 003-025\r\n"


@pytest.mark.parametrize("name", DIALECTS)
def test_all_that_a_dialect_says_is_sound(name: str) -> None:
    dialect = dialect_of(name)
    for what in What:
        for active in (True, False):
            frame = dialect.frame(Occurrence(what, active, 1, 3), AT)
            assert not frame or frames.is_sound(frame), (what, active)
    assert not dialect.beat or frames.is_sound(dialect.beat)


WITH_TEXT = {"gst_crt", "songjiang_3208", "simplex_4100", *(d.name for d in PRINTERS)}


@pytest.mark.parametrize("name", DIALECTS)
def test_text_that_is_none_is_in_a_good_frame(name: str) -> None:
    spoilt = spoil_text("cn_fire", dialect_of(name).frame(Occurrence(What.FIRE, True, 1, 3), AT))
    assert (spoilt is not None) is (name in WITH_TEXT)
    assert spoilt is None or (NO_TEXT in spoilt and frames.is_sound(spoilt))


@pytest.mark.parametrize("name", DIALECTS)
def test_every_event_of_traffic_has_words_in_every_dialect(name: str) -> None:
    desk = Desk(name)
    outputs: list[Output] = []
    for number in range(70):
        outputs += desk.tell(speak(number, False)) + desk.wait(10)
    said_of = {what for what, *_ in noted(outputs)}
    assert {"fire", "zone_trouble", "log"} <= said_of
    assert [line for line in lines(outputs) if line != "host missing"] == []


# ---- how often, and what at rest


def test_gst_says_each_frame_three_times() -> None:
    desk = Desk("gst_crt")
    outputs = desk.tell("smoke zone=1") + desk.wait(2)
    fire = "AA 15 00 00 01 03 41 00 01 00 31 00 20 00 20 00 20 00 20 00 20 00 20 F6"
    assert hexed(outputs) == [fire] * 3
    assert noted(outputs) == [("fire", "111", "active", None, 1)]


def test_what_means_nothing_is_said_beside() -> None:
    desk = Desk("gst_crt", asides=True)
    outputs = desk.tell("smoke zone=1") + desk.wait(2)
    assert hexed(outputs)[3:] == ["AA 01 00 01 00 00 00"] * 3
    outputs = desk.tell("reset") + desk.wait(2)
    assert "AA 04 00 00" in hexed(outputs)


def test_the_beats_at_rest() -> None:
    assert hexed(Desk("gst_crt").wait(3.9)) == ["AA 08 17 23 17 23 26"] * 3
    assert hexed(Desk("jbf_11s").wait(2.5)) == ["FF FF FF 09 00 00 01 6E 01 0A 00 83"] * 2
    assert hexed(Desk("songjiang_3208").wait(6)) == ["FE 01 64 00 00 40 07 FF"]
    assert hexed(Desk("fs5101w").wait(6)) == ["F0 00 01 A2 A6 99"]
    assert hexed(Desk("simplex_4100").wait(35)) == ["1C 31 05 17 7F 49"]
    for silent in ("jbf_193k", "ld128e", "gst9000_printer", "gst100_printer", "printer_text"):
        assert hexed(Desk(silent).wait(600)) == []


def test_simplex_says_it_again_unless_it_is_acknowledged() -> None:
    desk = Desk("simplex_4100")
    first = desk.tell("smoke zone=1")
    assert said(desk.wait(3)) == []
    assert said(desk.wait(1.5)) == said(first)
    assert said(desk.tell("smoke zone=2")) == []  # the first still waits
    for ack in (b"\x06", frames.simplex(b"1", b"\x06")):
        desk = Desk("simplex_4100")
        desk.tell("smoke zone=1")
        assert desk.tell("trouble zone=2") == []
        assert noted(desk.hear(ack)) == [("zone_trouble", "380", "active", 2, 2)]
        desk.hear(ack)
        assert said(desk.wait(20)) == []


def test_three_bytes_have_silence_around_them() -> None:
    desk = Desk("ld128e")
    assert hexed(desk.tell("smoke zone=3") + desk.tell("trouble zone=4")) == ["01 01 03"]
    assert said(desk.wait(0.3)) == []
    assert hexed(desk.wait(0.1)) == ["03 02 04"]


def test_a_host_that_polls_is_answered() -> None:
    assert said(Desk("jbf_193k").hear(CARD_POLL)) == [CARD_ANSWER]
    assert said(Desk("ld128e").hear(b"\x20")) == [b"\x7f"]


KEEPS = {
    "gst_crt": "AA 08 09 20 09 20 04",
    "gst500_card": "01 F0 F0 BB",
    "jbf_11s": "FF FF FF 13 01 01 6E 01 01 00 00 85",
    "jbf_193k": CARD_POLL.hex(),
    "fs5101w": "F0 00 03 A2 00 00 " + frames.forsafe(b"\xa2\x00\x00")[-2:].hex(),
    "simplex_4100": "1C 32 02 17 7F 4B",
}


@pytest.mark.parametrize("name", KEEPS)
def test_a_card_misses_its_host_and_hears_it_again(name: str) -> None:
    desk = Desk(name)
    limit_s = dialect_of(name).host_s
    keep = bytes.fromhex(KEEPS[name])
    for byte in keep * 2:  # in any split
        desk.wait(limit_s / 40)
        desk.hear(bytes([byte]))
    assert lines(desk.wait(limit_s - 0.1)) == []
    assert lines(desk.wait(0.2)) == ["host missing"]
    assert lines(desk.wait(limit_s * 3)) == [], "it is shown once"
    desk.hear(keep[:-1] + bytes([keep[-1] ^ 1]))
    assert lines(desk.wait(limit_s * 3)) == [], "a damaged one does not count"
    desk.hear(keep)
    assert lines(desk.wait(limit_s + 0.1)) == ["host missing"]


def test_what_a_host_says_wrongly_is_bounded() -> None:
    for name in DIALECTS:
        desk = Desk(name)
        for _ in range(50):
            desk.hear(bytes(range(256)))
        assert len(desk.panel.voice._held) <= 64  # type: ignore[attr-defined]  # the voice's own


# ---- the panel behind it


def test_a_detector_alarms_once_until_the_reset() -> None:
    desk = Desk("songjiang_3208")
    assert noted(desk.tell("smoke zone=3")) == [("fire", "110", "active", 1, 3)]
    desk.wait(1)
    assert lines(desk.tell("heat zone=3")) == ["fire"]
    assert lines(desk.tell("restore smoke zone=3")) == ["fire"]
    desk.tell("restore heat zone=3")
    outputs = desk.tell("reset") + desk.wait(0.5)
    assert noted(outputs) == [("log", None, "active", None, None)]
    assert noted(outputs, Said.STATED) == [("fire", "110", "restored", 1, 3)]
    assert noted(desk.wait(RESTART_S + 1)) == []
    assert noted(desk.tell("smoke zone=3")) == [("fire", "110", "active", 1, 3)]


def test_what_still_burns_is_said_again_after_the_reset() -> None:
    desk = Desk("jbf_193k")
    desk.tell("smoke zone=3")
    desk.wait(1)
    desk.tell("reset")
    assert noted(desk.wait(RESTART_S - 1)) == []
    assert noted(desk.wait(2)) == [("fire", "110", "active", 1, 3)]


def test_faults_end_where_the_maker_has_words_for_it() -> None:
    desk = Desk("jbf_193k")
    desk.tell("trouble zone=3")
    desk.wait(1)
    assert noted(desk.tell("restore trouble zone=3")) == [("zone_trouble", "380", "restored", 1, 3)]
    desk.wait(1)
    assert noted(desk.tell("reset"), Said.STATED) == []
    desk = Desk("gst_crt")
    desk.tell("trouble zone=3")
    desk.wait(2)
    assert lines(desk.tell("restore trouble zone=3")) == ["trouble"]
    assert noted(desk.tell("trouble zone=3")) == [("zone_trouble", "380", "active", None, 3)]
    desk.wait(2)
    ended = noted(desk.tell("reset"), Said.STATED)
    assert ended == [("zone_trouble", "380", "restored", None, 3)]


def test_each_word_of_the_card() -> None:
    desk = Desk("jbf_193k")
    for line, meant in (
        ("bypass zone=2", ("bypass", "571", "active", 2, 2)),
        ("unbypass zone=2", ("bypass", "571", "restored", 2, 2)),
        ("supervisory zone=2", ("fire_supervisory", "200", "active", 2, 2)),
        ("supervisory over zone=2", ("fire_supervisory", "200", "restored", 2, 2)),
        ("feedback zone=2", ("log", None, "active", 2, 2)),
        ("mute", ("log", None, "active", None, None)),
        ("mains", ("power", "301", "active", None, None)),
        ("restore mains", ("power", "301", "restored", None, None)),
        ("battery", ("power", "302", "active", None, None)),
        ("event", ("unknown", None, "active", None, None)),
    ):
        assert noted(desk.tell(line)) == [meant]
        desk.wait(1)
    assert noted(desk.tell("output 2 on"), Said.STATED) == [("output", None, "on", 1, 2)]
    desk.wait(1)
    assert noted(desk.tell("output 2 off"), Said.STATED) == [("output", None, "off", 1, 2)]
    assert lines(desk.tell("tamper zone=2")) == ["tamper"]


def test_every_detector_has_its_code_where_the_maker_tells_it() -> None:
    desk = Desk("gst_crt")
    codes = []
    for zone in range(1, 6):
        codes += [code for _, code, *_ in noted(desk.tell(f"fire zone={zone}") + desk.wait(2))]
    assert codes == ["111", "114", "115", "117", "110"]


def test_an_open_detector_is_a_fire() -> None:
    assert noted(Desk("ld128e").tell("open 3")) == [("fire", "110", "active", 1, 3)]


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(CommandError, match="there are 1"):
        Desk("jbf_193k").tell("feedback zone=4000")


def test_nobody_hears_what_is_said_to_nobody() -> None:
    desk = Desk("gst_crt", plugged=False)
    assert desk.tell("smoke zone=1") + desk.wait(2) == []
    desk.tell("smoke zone=6")
    desk.panel.handle(Plugged(), desk.now_ns)
    outputs = desk.wait(2)  # the second and the third time
    assert len(said(outputs)) == 2
    assert noted(outputs) == [("fire", "111", "active", None, 6)]
    desk.tell("smoke zone=11")
    desk.panel.handle(Unplugged(), desk.now_ns)
    assert desk.wait(10) == []
    assert desk.panel.deadline_ns() is None


def test_what_left_unharmed_has_arrived_once() -> None:
    desk = Desk("gst_crt")
    outputs = desk.tell("smoke zone=1") + desk.wait(1)
    arrived: list[Output] = []
    for output in outputs:
        if isinstance(output, Say):
            arrived += desk.panel.handle(Delivered(output.covers, output.data), desk.now_ns)
    assert noted(arrived, Said.ARRIVED) == [("fire", "111", "active", None, 1)]


def test_a_full_buffer_drops() -> None:
    desk = Desk("simplex_4100")
    for _ in range(251):
        desk.tell("reset")
        desk.tell("event")
    outputs = desk.tell("mute") + desk.tell("event")
    assert noted(outputs, Said.DROPPED) == [("unknown", None, "active", None, None)]


# ---- how it is started


def test_the_command_line_builds_the_panel_of_a_profile() -> None:
    parser = ArgumentParser()
    FACE.adds(parser)
    for name in DIALECTS:
        built = FACE.build(parser.parse_args(["--profile", name, "--beat-s", "0.5"]))
        built.handle(Plugged(), 0)
        due_ns = built.deadline_ns()
        if dialect_of(name).beat:
            assert due_ns == SECOND_NS // 2
    assert dialect_of("a dialect by profile alone").name == "gst_crt"


def test_traffic_is_endless_or_as_long_as_told() -> None:
    assert len(list(FACE.plans["traffic"]({"rate": "10", "seconds": "5"}))) == 50
    assert dict(FACE.plans["fire"]({}))[6.0] == "reset"
