"""The conversation with a Chinese fire panel: repeats, keep-alive, silence, cut frames."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from drivers.cn_fire import FireSession
from edge_agent.cli import main
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Committed,
    Fault,
    FaultKind,
    Input,
    Link,
    Obeyed,
    Opened,
    Plain,
    Profile,
    Received,
    Recent,
    Report,
    Send,
    Ticked,
)
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from edge_agent.resources import load_profile
from tests.drivers.cn_fire_profiles import PARTS, made, setup_of
from tests.drivers.golden_cn_fire import BY_PROFILE

S = 10**9
MS = 10**6
FIRE = BY_PROFILE["gst_crt"][0].frame
FAULT = BY_PROFILE["gst_crt"][1].frame
ALIVE = BY_PROFILE["gst_crt"][3].frame
JBF_FIRE = BY_PROFILE["jbf_11s"][0].frame


class Talk:
    """A session with a clock of its own."""

    def __init__(self, profile: Profile | str | None, **options: Plain) -> None:
        self.session = FireSession(setup_of(profile, options))
        self.now_ns = 0
        self.sent: list[tuple[int, bytes]] = []
        self.heard: list[Action] = []

    def give(self, happened: Input) -> list[Action]:
        actions = self.session.handle(happened, self.now_ns)
        self.sent += [(self.now_ns, one.data) for one in actions if isinstance(one, Send)]
        self.heard += actions
        return actions

    def open(self, opened: Opened = Opened()) -> "Talk":  # noqa: B008  a frozen value
        self.give(opened)
        return self

    def say(self, data: bytes, at_ns: int) -> list[Action]:
        self.wait(at_ns)
        return self.give(Received(data))

    def wait(self, until_ns: int) -> list[Action]:
        """Wake it at its deadlines."""
        actions: list[Action] = []
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= until_ns:
            self.now_ns = max(due_ns, self.now_ns)
            actions += self.give(Ticked())
        self.now_ns = until_ns
        return actions


def reports(actions: list[Action]) -> list[Report]:
    return [one for one in actions if isinstance(one, Report)]


def faults(actions: list[Action]) -> list[FaultKind]:
    return [one.kind for one in actions if isinstance(one, Fault)]


def zones(actions: list[Action]) -> list[int | None]:
    return [signal.zone for one in reports(actions) for signal in one.signals]


# ---- repeats


def test_a_frame_said_three_times_is_recorded_once() -> None:
    talk = Talk("gst_crt").open()
    assert zones(talk.say(FIRE, S)) == [12034]
    for at_ns in (S + 300 * MS, S + 600 * MS):
        again = talk.say(FIRE, at_ns)
        assert (reports(again), faults(again)) == ([], [FaultKind.REPEAT])
    assert zones(talk.say(FIRE, S + 3 * S)) == [12034], "later it is said anew"


# ---- the panel's reset

RESET = bytes.fromhex("AA 04 55 55 55 55 02")
STOOD = (
    Signal(kind=Kind.FIRE, state=State.ACTIVE, code="115", zone=7),
    Signal(kind=Kind.POWER, state=State.ACTIVE, code="301"),
)


def told(actions: list[Action]) -> list[tuple[Kind, str | None, State, int | None]]:
    return [
        (signal.kind, signal.code, signal.state, signal.zone)
        for one in reports(actions)
        for signal in one.signals
    ]


def test_a_reset_ends_nothing_where_another_panel_may_be_on_the_line() -> None:
    talk = Talk("gst_crt").open(Opened(standing=STOOD))
    talk.say(FIRE, S)
    assert told(talk.say(RESET, 10 * S)) == [(Kind.LOG, None, State.ACTIVE, None)]


def test_the_reset_of_a_panel_alone_ends_what_stood() -> None:
    talk = Talk("gst_crt", reset_ends=True).open(Opened(standing=STOOD))
    talk.say(FIRE, S)
    talk.say(FAULT, 4 * S)
    reset = talk.say(RESET, 10 * S)
    assert told(reset) == [
        (Kind.LOG, None, State.ACTIVE, None),
        (Kind.FIRE, "115", State.RESTORED, 7),  # recorded before the line came up
        (Kind.FIRE, "111", State.RESTORED, 12034),
        (Kind.ZONE_TROUBLE, "380", State.RESTORED, 12034),
    ], "a mains fault is not over by it"
    assert {signal.frame for one in reports(reset) for signal in one.signals} == {RESET}
    assert reports(talk.say(RESET, 10 * S + 300 * MS)) == [], "it comes three times as well"
    assert told(talk.say(FIRE, 15 * S)) == [(Kind.FIRE, "111", State.ACTIVE, 12034)], "still so"
    assert told(talk.say(RESET, 20 * S))[1:] == [(Kind.FIRE, "111", State.RESTORED, 12034)]
    assert told(talk.say(RESET, 30 * S))[1:] == []


def test_a_device_that_is_reset_is_no_panel_that_is() -> None:
    talk = Talk("printer_text", reset_ends=True).open(Opened(standing=STOOD))
    for printed in ("11/23 20:05 复位 003-025\r\n", "11/23 20:06 复位\r\n"):
        talk.say(printed.encode("gb18030"), talk.now_ns + 10 * S)
    talk.wait(talk.now_ns + 10 * S)
    ends = [len(one.signals) - 1 for one in reports(talk.heard)]
    assert ends == [0, 1]


@pytest.mark.parametrize("name", [name for name in BY_PROFILE if name != "simplex_4100"])
def test_every_profile_knows_its_reset(name: str) -> None:
    """But for the one whose panel says the end of each event by itself."""
    profile = load_profile(name)
    rows = profile.facts["events"]
    assert isinstance(rows, list)
    assert [row for row in rows if isinstance(row, dict) and row.get("resets")]


def test_the_points_of_all_loops_can_be_numbered_through() -> None:
    talk = Talk("jbf_11s", zones_per_loop=1000).open()
    [report] = reports(talk.say(JBF_FIRE, S))
    assert [(signal.area, signal.zone) for signal in report.signals] == [(3, 3025)]
    assert zones(Talk("jbf_11s", zones_per_loop=20).open().say(JBF_FIRE, S)) == [25], "no room"
    assert zones(Talk("gst_crt", zones_per_loop=1000).open().say(FIRE, S)) == [12034], "no loop"
    assert zones(Talk(None, zones_per_loop=1000).open().say(JBF_FIRE, S)) == [3025]


def test_what_is_only_logged_has_its_name() -> None:
    talk = Talk("gst_crt").open()
    [report] = reports(talk.say(RESET, S))
    assert [signal.text for signal in report.signals] == ["reset"]


def test_copies_of_two_frames_may_be_mixed() -> None:
    talk = Talk("gst_crt").open()
    heard = [talk.say(frame, S + at * 100 * MS) for at, frame in enumerate([FIRE, FAULT] * 3)]
    assert [len(reports(one)) for one in heard] == [1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(("age_ns", "count"), [(S, 0), (3 * S, 1), (None, 1)])
def test_a_copy_of_what_was_recorded_before_the_line_came_up(
    age_ns: int | None, count: int
) -> None:
    recorded, waiting = Opened((Recent(FIRE, age_ns),)), Opened((), (), Recent(FIRE, age_ns))
    for opened in (recorded, waiting):
        assert len(reports(Talk("gst_crt").open(opened).say(FIRE, 500 * MS))) == count


def test_of_what_was_recorded_more_than_once_the_newest_counts() -> None:
    opened = Opened((Recent(FIRE, 40 * S), Recent(FAULT, 20 * S), Recent(FIRE, S)))
    talk = Talk("gst_crt").open(opened)
    assert not reports(talk.say(FIRE, 500 * MS))
    assert reports(talk.say(FAULT, 600 * MS))


def test_what_the_line_doubled_is_recorded_once_and_what_the_panel_says_again_twice() -> None:
    talk = Talk("jbf_11s").open()
    heard = talk.say(JBF_FIRE + JBF_FIRE, S)
    assert (len(reports(heard)), faults(heard)) == (1, [FaultKind.REPEAT])
    assert len(reports(talk.say(JBF_FIRE, S + 700 * MS))) == 1


# ---- keep-alive


@pytest.mark.parametrize(
    ("profile", "every_s", "said"),
    [
        ("gst_crt", 3, "AA 08 17 23 17 23 26"),
        ("jbf_11s", 1, "FF FF FF 13 01 01 6E 01 01 00 00 85"),
        ("jbf_193k", 1, "82" + "30" * 20 + "83"),
    ],
)
def test_a_card_that_needs_it_hears_a_keep_alive(profile: str, every_s: int, said: str) -> None:
    talk = Talk(profile).open()
    talk.wait(10 * S)
    assert talk.sent == [(at * S, bytes.fromhex(said)) for at in range(0, 11, every_s)]


def test_the_keep_alive_goes_on_when_the_line_is_there_again() -> None:
    talk = Talk("gst_crt").open()
    talk.wait(4 * S)
    talk.now_ns = 100 * S
    talk.open()
    talk.wait(104 * S)
    assert [at_ns // S for at_ns, _ in talk.sent] == [0, 3, 100, 103]


@pytest.mark.parametrize("profile", [*sorted(BY_PROFILE.keys() - {"gst_crt"}), None])
def test_nothing_else_is_ever_sent(profile: str | None) -> None:
    talk = Talk(profile, listen_only=profile in {"jbf_11s", "jbf_193k"}).open()
    known = BY_PROFILE[profile or "gst_crt"]
    for at, golden in enumerate(known):
        talk.say(golden.frame, (at + 1) * S)
    talk.give(Committed(1))
    talk.wait(60 * S)
    assert not talk.sent


def test_listening_only_not_even_the_keep_alive_is_sent() -> None:
    talk = Talk("gst_crt", listen_only=True).open()
    talk.say(FIRE, S)
    talk.wait(60 * S)
    assert not talk.sent


# ---- presence


def test_a_panel_is_there_with_its_first_good_frame_and_gone_after_its_silence() -> None:
    talk = Talk("gst_crt").open()
    assert Link(online=True) in talk.say(ALIVE, S)
    assert not talk.say(ALIVE, 4 * S)
    assert not faults(talk.wait(14 * S - 1))
    gone = talk.wait(14 * S)
    assert faults(gone) == [FaultKind.SILENCE]
    assert [one.online for one in gone if isinstance(one, Link)] == [False]
    assert not faults(talk.wait(1000 * S)), "said once"
    assert Link(online=True) in talk.say(ALIVE, 1001 * S)


def test_noise_and_hosts_prove_no_panel() -> None:
    talk = Talk("jbf_11s").open()
    heard = talk.say(b"xyz", S) + talk.say(BY_PROFILE["jbf_11s"][3].frame, 2 * S)
    assert faults(heard) == [FaultKind.NOISE]
    assert not [one for one in heard if isinstance(one, Link)], "our keep-alive, heard back"
    assert Link(online=True) in talk.say(BY_PROFILE["jbf_11s"][4].frame, 3 * S)


def test_a_printer_may_be_silent_for_a_day() -> None:
    talk = Talk("gst9000_printer").open()
    talk.say(BY_PROFILE["gst9000_printer"][0].frame, S)
    assert not faults(talk.wait(86_400 * S))
    assert faults(talk.wait(86_401 * S)) == [FaultKind.SILENCE]


def test_where_the_dialect_is_detected_its_own_silence_counts() -> None:
    talk = Talk(None).open()
    assert not faults(talk.wait(600 * S))
    talk.say(ALIVE, 601 * S)
    assert faults(talk.wait(611 * S)) == [FaultKind.SILENCE]


def test_the_site_may_name_the_silence() -> None:
    for profile in ("gst_crt", None):
        talk = Talk(profile, silence_s=30.0).open()
        talk.say(ALIVE, S)
        assert not faults(talk.wait(31 * S - 1))
        assert faults(talk.wait(31 * S)) == [FaultKind.SILENCE]


# ---- what comes in pieces, and what does not come


def test_a_cut_frame_holds_no_fire_up() -> None:
    talk = Talk("gst_crt").open()
    assert not talk.say(FAULT[:20], S)
    given_up = talk.wait(S + 500 * MS)
    assert faults(given_up) == [FaultKind.LENGTH]
    assert zones(talk.say(FIRE, 2 * S)) == [12034]


def test_a_fire_behind_a_pause_is_read_even_if_nobody_woke_the_session() -> None:
    talk = Talk("gst_crt").open()
    talk.say(FAULT[:20], S)
    talk.now_ns = 2 * S
    assert zones(talk.give(Received(FIRE))) == [12034]


def test_a_printed_line_without_a_place_is_told_when_the_printer_pauses() -> None:
    talk = Talk("printer_text").open()
    assert not reports(talk.say("火警 三号楼\n".encode("gb18030"), S))
    assert len(reports(talk.wait(S + S))) == 1


def test_a_printed_line_that_was_cut_is_kept_only_where_it_says_something() -> None:
    talk = Talk("printer_text").open()
    talk.say("11/23 20".encode("gb18030"), S)
    assert faults(talk.wait(3 * S)) == [FaultKind.LENGTH]
    talk.say("火警".encode("gb18030"), 4 * S)
    assert len(reports(talk.wait(6 * S))) == 1


def test_a_line_that_damages_frames_is_a_finding() -> None:
    talk = Talk("gst_crt").open()
    heard = [one for at in range(1, 4) for one in talk.say(FIRE[:-1] + b"\x00", at * S)]
    [found] = [one for one in heard if isinstance(one, Finding)]
    assert (found.cause, found.active) == (Cause.LINE_NOISE, True)


# ---- three bytes without a sum


def lida(*pieces: tuple[float, bytes]) -> tuple[list[int | None], list[FaultKind]]:
    talk = Talk("ld128e").open()
    heard = [one for at_s, data in pieces for one in talk.say(data, int(at_s * S))]
    heard += talk.wait(talk.now_ns + S)
    return zones(heard), faults(heard)


ONE, TWO = b"\x01\x03\x15", b"\x01\x03\x16"


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([(1, ONE)], [21]),
        ([(1, ONE[:1]), (1.001, ONE[1:2]), (1.002, ONE[2:])], [21]),
        ([(1, ONE), (1.4, TWO)], [21, 22]),
        ([(1, ONE), (1.2, TWO)], [21, 22]),  # behind it there is one
        ([(1, ONE + TWO)], [21, 22]),  # a gateway that was busy
        ([(1, ONE + TWO + ONE[:2])], [21]),
        ([(1, ONE + TWO + TWO)], [21, 22]),
        ([(0.1, ONE)], [21]),
        ([(0.1, b"\x15" + ONE)], []),  # the line came up a moment ago, in the middle of another
        ([(0.1, ONE + ONE)], [21]),
        ([(0.1, b"\x15" + ONE + ONE)], [21]),
        ([(1, b"\x99\x03\x15"), (2, ONE)], [21]),
        ([(1, ONE[:2]), (2, ONE)], [21]),
    ],
)
def test_three_bytes_are_believed_after_a_silence_or_twice(
    pieces: list[tuple[float, bytes]], expected: list[int]
) -> None:
    assert lida(*pieces)[0] == expected


def test_what_is_no_frame_of_three_bytes_is_counted() -> None:
    assert FaultKind.NOISE in lida((1, b"\x99\x03\x15"))[1]
    assert lida((1, ONE[:2]))[1] == [FaultKind.NOISE]


# ---- clock, commands


def test_a_panel_whose_clock_is_off_is_a_finding() -> None:
    talk = Talk("jbf_11s").open()
    talk.give(ClockRead(1_795_464_600 * S, Trust.SYNCED))  # 2026-11-23 20:10 UTC at 0
    [found] = [one for one in talk.say(JBF_FIRE, S) if isinstance(one, Finding)]
    assert (found.cause, found.active) == (Cause.PANEL_CLOCK, True)


@pytest.mark.parametrize(
    ("profile", "at", "off"),
    [
        ("simplex_4100", "17:14:44", []),
        ("simplex_4100", "17:16:44", ["-120 s"]),
        ("gst9000_printer", "20:05:59", []),  # it prints 11/23  20:05
        ("gst9000_printer", "20:03:00", ["+150 s"]),
    ],
)
def test_a_time_without_a_year_is_one_of_day(profile: str, at: str, off: list[str]) -> None:
    """Seen to fail: nobody was told that such a clock was wrong."""
    ours = datetime.fromisoformat(f"2026-11-23T{at}+00:00")
    talk = Talk(profile).open()
    talk.give(ClockRead(int(ours.timestamp()) * S, Trust.SYNCED))
    told = next(one for one in BY_PROFILE[profile] if one.type in ("event", "record"))
    found = [one for one in talk.say(told.frame, 0) if isinstance(one, Finding)]
    assert [one.detail for one in found] == off


def test_there_are_no_commands() -> None:
    talk = Talk("gst_crt").open()
    [answer] = talk.give(Commanded(3, Command(act=Act.STATUS)))
    assert isinstance(answer, Obeyed)
    assert (answer.id, answer.outcome) == (3, Outcome.UNSUPPORTED)


# ---- a new dialect is a profile, and nothing else


def page_example() -> str:
    """The whole dialect that the driver's page shows: no file of the project holds it."""
    page = Path(__file__).parents[2] / "docs" / "drivers" / "cn_fire.md"
    blocks = re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    [found] = [text for text in blocks if text.startswith("driver = ")]
    return str(found)


def test_a_new_dialect_is_added_by_a_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "bureau_7.toml"
    path.write_text(page_example())
    talk = Talk(load_profile(str(path))).open()
    talk.wait(0)
    assert [data for _, data in talk.sent] == [b"\x68\x00"]
    [report] = reports(talk.say(b"\x68\x02\x02\x01\x09\x76", S))
    [signal] = report.signals
    assert (signal.kind, signal.code, signal.area, signal.zone) == (Kind.FIRE, "110", 2, 265)
    assert faults(talk.say(b"\x68\x02\x02\x01\x09\x77", 2 * S)) == [FaultKind.CHECKSUM]
    assert faults(talk.wait(31 * S)) == [FaultKind.SILENCE]


def test_decode_reads_a_new_dialect_by_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, heard = tmp_path / "bureau_7.toml", tmp_path / "heard.txt"
    path.write_text(page_example())
    heard.write_text("68 02 02 01 09 76\n")
    words = ["decode", "--driver", "cn_fire", "--profile", str(path), "--format", "hex", str(heard)]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["type"], told["fields"]["dialect"]) == (True, "event", "bureau_7")
    assert told["signals"][0]["kind"] == "fire"


@pytest.mark.parametrize(
    ("facts", "why"), [({"charset": "klingon"}, "klingon"), ({"silence_s": 0}, "'silence_s' is 0")]
)
def test_a_profile_that_makes_no_sense_starts_nothing(facts: Mapping[str, Plain], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        FireSession(setup_of(made(PARTS, **facts)))
