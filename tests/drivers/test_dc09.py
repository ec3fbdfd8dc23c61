"""The conversation with DC-09 senders: durable before ACK, repeats, supervision, keys, clocks."""

from datetime import UTC
from typing import Any

import pytest

from drivers._dc09_cipher import ciphers_of
from drivers._dc09_frames import framed
from drivers._dc09_messages import padded, time_text
from drivers.dc09 import ACCOUNTS_MAX, DRIVER, PEERS_MAX, Dc09Session
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    Action,
    Called,
    ClockRead,
    Committed,
    Fault,
    FaultKind,
    HungUp,
    Opened,
    Received,
    Recent,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.stamp import Trust
from edge_agent.resources import check_options, load_codes, load_profile
from tests.drivers.actions import faults, links, signals
from tests.drivers.golden_dc09 import GOLDEN, KEY, SEALED

ALARM, CONTACT_ID, NULL, ACK = (golden.frame for golden in GOLDEN[:4])
EPOCH_S = 1_795_434_000  # 2026-11-23 11:40:00 UTC, when SEALED was said


def event(zone: int, sequence: int = 7, account: str = "2468", time: str = "") -> bytes:
    body = f'"SIA-DCS"{sequence:04d}R0L0#{account}[#{account}|Nri1/BA{zone:03d}]{time}'
    return framed(body.encode())


def null(account: str = "2468", time: str = "") -> bytes:
    return framed(f'"NULL"0000R0L0#{account}[]{time}'.encode())


def sealed(data: str, time: str, word: str = "SIA-DCS", sequence: int = 7) -> bytes:
    [cipher] = ciphers_of(KEY)
    clear = padded(f"|{data}]_{time}".encode(), time.encode())
    return framed(
        f'"*{word}"{sequence:04d}R0L0#2468[{cipher.encrypt(clear).hex().upper()}'.encode()
    )


def ack(sequence: int = 7, account: str = "2468", word: str = "ACK") -> bytes:
    return framed(f'"{word}"{sequence:04d}R0L0#{account}[]'.encode())


class Talk:
    """A session with a clock of its own; `now_ns` 0 is EPOCH_S."""

    def __init__(
        self,
        *recent: Recent,
        allow: frozenset[str] = frozenset(),
        trust: Trust = Trust.SYNCED,
        profile: str | None = None,
        **options: Any,
    ) -> None:
        found = load_profile(profile) if profile else None
        setup = Setup(load_codes(), found, check_options(DRIVER, options), UTC, allow)
        self.session = Dc09Session(setup)
        self.now_ns = 0
        self.session.handle(Opened(recent), 0)
        self.session.handle(ClockRead(EPOCH_S * NS, trust), 0)

    def say(self, data: bytes, peer: int = 1, *, packet: bool = False) -> list[Action]:
        return self.session.handle(Received(data, peer, packet), self.now_ns)

    def commit(self, actions: list[Action]) -> list[Action]:
        [report] = [one for one in actions if isinstance(one, Report)]
        return self.session.handle(Committed(report.token), self.now_ns)

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), []
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.session.handle(Ticked(), self.now_ns)
        self.now_ns = end_ns
        return done


def sent(actions: list[Action]) -> list[tuple[bytes, int]]:
    return [(one.data, one.peer) for one in actions if isinstance(one, Send)]


# ---- ACK


def test_an_event_is_acknowledged_when_it_is_durable() -> None:
    talk = Talk()
    heard = talk.say(ALARM)
    assert [(one.kind, one.zone) for one in signals(heard)] == [(Kind.BURGLARY, 31)]
    assert links(heard) == [True]
    assert sent(heard) == []
    assert sent(talk.commit(heard)) == [(ACK, 1)]


def test_a_null_is_answered_at_once_even_while_an_event_waits() -> None:
    talk = Talk()
    talk.say(event(1))
    assert sent(talk.say(null())) == [(ack(0), 1)]


def test_damaged_frames_get_no_answer() -> None:
    talk = Talk()
    for damaged, kind in (
        (ALARM.replace(b"BA031", b"BA032"), FaultKind.CHECKSUM),
        (ALARM.replace(b"003C", b"003B"), FaultKind.LENGTH),
    ):
        heard = talk.say(damaged)
        assert faults(heard) == [kind]
        assert sent(heard) == []
        assert signals(heard) == []


def test_two_frames_in_one_segment_and_one_in_two() -> None:
    talk = Talk()
    heard = talk.say(event(1, 1) + b"\n\0" + event(2, 2)[:20])
    assert [one.zone for one in signals(heard)] == [1]
    assert [one.zone for one in signals(talk.say(event(2, 2)[20:]))] == [2]


def test_each_caller_has_a_stream_of_its_own() -> None:
    talk = Talk()
    talk.say(event(1, 1)[:20], 1)
    assert [one.zone for one in signals(talk.say(event(2, 2), 2))] == [2]
    heard = talk.say(event(1, 1)[20:], 1)
    assert [one.zone for one in signals(heard)] == [1]
    assert sent(talk.commit(heard)) == [(ack(1), 1)]


def test_what_a_caller_left_unfinished_is_no_part_of_the_next_call() -> None:
    talk = Talk()
    talk.say(event(1, 1)[:-1])
    assert faults(talk.session.handle(HungUp(1), talk.now_ns)) == [FaultKind.LENGTH]
    assert [one.zone for one in signals(talk.say(event(1, 1)))] == [1]


def test_half_a_frame_is_given_up() -> None:
    talk = Talk()
    talk.say(event(1, 1)[:30])
    assert faults(talk.wait(4)) == [FaultKind.LENGTH]
    assert [one.zone for one in signals(talk.say(event(1, 1)))] == [1]


def test_a_datagram_is_whole() -> None:
    talk = Talk()
    assert faults(talk.say(event(1, 1)[:30], packet=True)) == [FaultKind.LENGTH]
    heard = talk.say(event(1, 1), 3, packet=True)
    assert sent(talk.commit(heard)) == [(ack(1), 3)]


def test_the_keepalive_line_is_sent_back() -> None:
    line = b"SR0001L0001    006969XX    [ID00000000]"
    heard = Talk().say(line + b"\r")
    assert sent(heard) == [(line, 1)]
    assert links(heard) == [True]


def test_a_galaxy_at_the_wrong_port_is_named() -> None:
    """Worked account block of the facts on the Galaxy's SIA output, section 2."""
    talk = Talk()
    actions = [*talk.say(bytes.fromhex("44 23 32 34 36 38 90")), *talk.wait(5)]
    assert [(a.kind, "galaxy_sia" in a.detail) for a in actions if isinstance(a, Fault)] == [
        (FaultKind.NOISE, True)
    ]
    assert not [one for one in actions if isinstance(one, Send)]


def test_answers_of_a_panel_and_noise_are_no_events() -> None:
    talk = Talk()
    assert talk.say(ACK) == []
    assert faults(talk.say(b"x" * 30 + NULL)) == [FaultKind.NOISE]


# ---- repeats


def test_a_repeat_is_recorded_once_and_acknowledged_again() -> None:
    talk = Talk()
    talk.commit(talk.say(event(1)))
    talk.now_ns += 5 * NS
    again = talk.say(event(1, time="_11:40:05,11-23-2026"))
    assert faults(again) == [FaultKind.REPEAT]
    assert signals(again) == []
    assert sent(again) == [(ack(), 1)]


def test_a_repeat_by_another_path_before_it_is_durable_is_answered_there_too() -> None:
    talk = Talk()
    first = talk.say(event(1), 1)
    assert sent(talk.say(event(1), 2)) == []
    assert sent(talk.commit(first)) == [(ack(), 1), (ack(), 2)]


def test_a_caller_that_is_gone_is_not_answered() -> None:
    talk = Talk()
    first = talk.say(event(1), 1)
    talk.session.handle(HungUp(1), 1)
    talk.session.handle(Called(2, "192.0.2.7"), 2)
    talk.say(event(1), 2)
    assert sent(talk.commit(first)) == [(ack(), 2)]


def test_other_data_another_number_or_another_account_is_no_repeat() -> None:
    talk = Talk()
    for data in (event(1), event(2), event(2, 8), event(2, 8, "1357")):
        assert len(signals(talk.say(data))) == 1


def test_only_the_newest_of_an_account_can_be_repeated() -> None:
    talk = Talk()
    for data in (event(1), event(2), event(1)):  # a panel that uses one number for everything
        assert len(signals(talk.say(data))) == 1


def test_after_an_hour_the_same_words_are_new() -> None:
    talk = Talk(poll_s=10_000)
    talk.commit(talk.say(event(1)))
    talk.now_ns += 3600 * NS
    assert signals(talk.say(event(1))) == [], "each copy counts anew"
    talk.now_ns += 3601 * NS
    assert len(signals(talk.say(event(1)))) == 1


@pytest.mark.parametrize("age_ns", [None, 5 * NS])
def test_a_repeat_is_known_after_a_restart(age_ns: int | None) -> None:
    talk = Talk(Recent(event(1), age_ns))
    again = talk.say(event(1))
    assert signals(again) == []
    assert sent(again) == [(ack(), 1)]
    assert len(signals(talk.say(event(2, 8)))) == 1


# ---- what we cannot make sense of


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'"ACR-SF"0007R0L0#2468[whatever]', FaultKind.UNSUPPORTED),
        (b'"SIA-DCS"0007R0L0#2468[#2468|hello]', FaultKind.SHAPE),
        (SEALED[9:-1], FaultKind.DECRYPT),
    ],
)
def test_it_is_kept_whole_before_its_sender_may_forget_it(body: bytes, kind: FaultKind) -> None:
    talk = Talk()
    heard = talk.say(framed(body))
    assert faults(heard) == [kind]
    [signal] = signals(heard)
    assert (signal.kind, signal.frame, signal.account) == (Kind.UNKNOWN, framed(body), "2468")
    assert sent(heard) == []
    [(duh, _)] = sent(talk.commit(heard))
    assert duh[9:].startswith(b'"DUH"00')
    again = talk.say(framed(body))
    assert signals(again) == []
    assert sent(again) == [(duh, 1)]


def test_copies_of_what_we_do_not_understand_are_repeats_whatever_their_time() -> None:
    talk = Talk()
    for second in range(3):
        heard = talk.say(framed(b'"ACR-SF"0007R0L0#2468[x]_11:40:%02d,11-23-2026' % second))
        assert len(signals(heard)) == (second == 0)
    wrong = Talk(key="X" * 16)
    for second in range(3):
        heard = wrong.say(sealed("#2468|NFA1", time_text(EPOCH_S + second)))
        assert len(signals(heard)) == (second == 0)
    assert len(signals(wrong.say(sealed("#2468|NFA1", time_text(EPOCH_S), sequence=8)))) == 1


def test_a_whole_frame_of_no_shape_is_kept_though_nobody_can_be_answered() -> None:
    talk = Talk()
    heard = talk.say(framed(b'"hello"'))
    assert [one.kind for one in signals(heard)] == [Kind.UNKNOWN]
    assert sent(talk.commit(heard)) == []
    assert signals(talk.say(framed(b'"hello"'))) == []


def test_an_order_on_our_line_is_kept_without_its_code() -> None:
    talk = Talk(profile="heng_bo")
    order = framed(b'"HENG-BO"0011R0L0#1390[#0009A4|1400 00 000][0006123456]')
    [signal] = signals(talk.say(order))
    assert signal.kind is Kind.UNKNOWN
    [span] = signal.secrets
    assert signal.frame[span.start : span.end] == b"123456"


def test_no_code_of_a_user_comes_into_the_log() -> None:
    talk = Talk()
    order = b'"HENG-BO"0011R0L0#1390[#0009A4|1400 00 000][0006123456]'
    damaged = framed(order).replace(b"1390", b"1391")
    for data in (damaged, framed(order), framed(order)):
        shown = [one.frame for one in talk.say(data) if isinstance(one, Fault)]
        assert b"123456" not in b"".join(shown)


# ---- keys


def test_with_a_key_events_are_read_and_answered_encrypted() -> None:
    talk = Talk(key=KEY)
    heard = talk.say(SEALED)
    assert [(one.kind, one.zone) for one in signals(heard)] == [(Kind.FIRE, 12)]
    [(reply, _)] = sent(talk.commit(heard))
    assert reply[9:].startswith(b'"*ACK"0012R0L0#2468[')


def test_with_a_key_clear_messages_are_kept_but_not_believed() -> None:
    talk = Talk(key=KEY)
    assert faults(talk.say(null())) == [FaultKind.DECRYPT], "a stranger does not hide a silence"
    heard = talk.say(event(1))
    assert [one.kind for one in signals(heard)] == [Kind.UNKNOWN]
    assert links(heard) == []
    both = Talk(key=KEY, clear_text=True)
    assert [one.kind for one in signals(both.say(event(1)))] == [Kind.BURGLARY]
    assert links(both.say(SEALED)) == []


def test_a_null_with_a_wrong_key_proves_nobody() -> None:
    talk = Talk(key="X" * 16)
    heard = talk.say(sealed("", time_text(EPOCH_S), "NULL"))
    assert faults(heard) == [FaultKind.DECRYPT]
    assert (signals(heard), links(heard), sent(heard)) == ([], [], [])


def test_an_old_recording_is_refused_with_our_time() -> None:
    talk = Talk(key=KEY)
    talk.now_ns = 120 * NS
    heard = talk.say(SEALED)
    assert (signals(heard), links(heard)) == ([], [])
    assert faults(heard) == [FaultKind.REPLAY]
    [(nak, _)] = sent(heard)
    assert nak[9:] == b'"NAK"0000R0L0A0[]_11:42:00,11-23-2026\r'
    assert [one.cause for one in heard if isinstance(one, Finding)] == [Cause.PANEL_CLOCK]
    fresh = sealed("#2468|Nri1/FA012", time_text(EPOCH_S + 120), sequence=12)
    assert [one.zone for one in signals(talk.say(fresh))] == [12]


@pytest.mark.parametrize("trust", [Trust.UNSET, Trust.HOLDOVER])
def test_no_window_while_our_clock_is_not_synced(trust: Trust) -> None:
    talk = Talk(key=KEY, trust=trust)
    talk.now_ns = 500 * NS
    heard = talk.say(SEALED)
    assert [one.zone for one in signals(heard)] == [12]
    [(reply, _)] = sent(talk.commit(heard))
    [cipher] = ciphers_of(KEY)
    clear = cipher.decrypt(bytes.fromhex(reply[reply.index(b"[") + 1 : -1].decode()))
    assert clear.endswith(b"]_11:40:00,11-23-2026"), "its own time: ours is worth nothing"


# ---- the panel's clock


def test_a_clock_that_is_off_is_found_and_put_right_where_that_is_allowed() -> None:
    off = null(time="_11:50:00,11-23-2026")
    told = Talk().say(off)
    assert [one.active for one in told if isinstance(one, Finding)] == [True]
    assert sent(told) == [(ack(0), 1)]
    talk = Talk(allow=frozenset({"clock"}))
    [(nak, _)] = sent(talk.say(off))
    assert nak[9:].startswith(b'"NAK"')
    assert sent(talk.say(off)) == [(ack(0), 1)], "once an hour: it may not know how"
    right = talk.say(null(time="_11:40:00,11-23-2026"))
    assert [one.active for one in right if isinstance(one, Finding)] == [False]
    unsure = Talk(allow=frozenset({"clock"}), trust=Trust.HOLDOVER)
    assert sent(unsure.say(off)) == [(ack(0), 1)]


# ---- supervision


def test_silence_is_told_once_and_its_end() -> None:
    talk = Talk()
    talk.say(null())
    assert links(talk.wait(89)) == []
    assert links(talk.wait(2)) == [False]
    assert talk.wait(10_000) == []
    assert links(talk.say(event(1))) == [True]
    assert links(Talk().wait(91)) == [False], "nobody came at all"
    assert links(Talk(profile="sia_dc09", poll_s=10).wait(26)) == [False]
    assert links(Talk(poll_s=1800).wait(2600)) == []


def test_one_of_several_accounts_is_missed_by_itself() -> None:
    talk = Talk()
    for _ in range(3):
        talk.say(null("1111"))
        talk.say(null("2222"))
        assert talk.wait(60) == []
    missed: list[Action] = []
    for _ in range(3):
        talk.say(null("2222"))
        missed += talk.wait(60)
    assert [(one.kind, one.state, one.account) for one in signals(missed)] == [
        (Kind.PANEL, State.OFFLINE, "1111")
    ]
    assert faults(missed) == [FaultKind.SILENCE]
    assert links(missed) == []
    back = talk.say(null("1111"))
    assert [(one.state, one.account) for one in signals(back)] == [(State.ONLINE, "1111")]
    assert links(talk.wait(200)) == [False]


# ---- listening only, bounds, options


def test_listening_only_never_sends() -> None:
    talk = Talk(listen_only=True, key=KEY, clear_text=True)
    done = talk.say(null()) + talk.say(b"SR0001L0001    006969XX    [ID00000000]")
    done += talk.commit(talk.say(event(1))) + talk.say(event(1))
    talk.now_ns = 500 * NS
    done += talk.say(SEALED)
    assert sent(done) == []


def test_many_damaged_frames_are_a_finding() -> None:
    talk = Talk()
    damaged = ALARM.replace(b"BA031", b"BA032")
    findings = [one for _ in range(3) for one in talk.say(damaged) if isinstance(one, Finding)]
    assert [one.cause for one in findings] == [Cause.LINE_NOISE]


def test_callers_and_accounts_without_end_are_forgotten() -> None:
    talk = Talk(poll_s=100_000)
    for peer in range(10 * PEERS_MAX):
        talk.say(event(1)[:20], peer)
    for number in range(2 * ACCOUNTS_MAX):
        talk.commit(talk.say(event(1, 1, f"{number:04d}"), packet=True))
    assert len(talk.session._ears) <= PEERS_MAX
    assert len(talk.session._newest) <= ACCOUNTS_MAX
    assert len(talk.session._attendance._due_ns) <= ACCOUNTS_MAX
    assert not talk.session._owed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "short"}, "option 'key' has 5 characters"),
        ({"now": "yesterday"}, "option 'now' is 'yesterday'"),
        ({"charset": "morse"}, "knows no codec 'morse'"),
    ],
)
def test_options_that_make_no_sense_are_told(options: dict[str, Any], message: str) -> None:
    setup = Setup(load_codes(), None, check_options(DRIVER, options))
    with pytest.raises(ValueError, match=message):
        DRIVER.decoder(setup)


def test_the_decoder_s_options() -> None:
    def decoded(data: bytes, **options: Any) -> list[str | None]:
        setup = Setup(load_codes(), None, check_options(DRIVER, options))
        decoder = DRIVER.decoder(setup)
        return [frame.fault or frame.type for frame in decoder.feed(data) + decoder.finish()]

    assert decoded(SEALED) == ["decrypt"]
    assert decoded(SEALED, key=KEY) == ["SIA-DCS"]
    assert decoded(SEALED, key=KEY.encode().hex()) == ["SIA-DCS"]
    assert decoded(SEALED, key=KEY, now="2026-11-23T11:40:30Z") == ["SIA-DCS"]
    assert decoded(SEALED, key=KEY, now="2026-11-23T11:40:41") == ["replay"]
    assert decoded(SEALED + SEALED, key=KEY) == ["SIA-DCS"] * 2
    assert decoded(ALARM.replace(b"DB83", b"DB82"), strict=False) == ["checksum"]
