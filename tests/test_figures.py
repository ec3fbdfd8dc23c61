"""Figures that the pages state are those that the code goes by.

Each sentence is put together from the code's own constants and looked for on its page; what the
constants do is tested where they are used.

Seen to fail: with 80 % for 85 in `LEVELS`, with 60 s for 30 in `LOST_NS`, and with a unit that does
not name exit code 78.
"""

import re
from pathlib import Path

import pytest

from edge_agent import limits
from edge_agent.center import credentials, enrolment, inviting, mqtt, receiver, rows, show
from edge_agent.center.broker_config import PACKET_BYTES_MAX
from edge_agent.config import Gateway
from edge_agent.daemon import inventory
from edge_agent.diagnosis.panel_watch import UNLISTED_MAX
from edge_agent.domain import panel_clock, quality
from edge_agent.domain.body import BodySettings, GpioInput
from edge_agent.evidence import invitation, sealed
from edge_agent.health import body, findings, power
from edge_agent.health.debounce import S
from edge_agent.journal import cadence, held, retention, space, upkeep
from edge_agent.journal import format as layout
from edge_agent.uplink import paths, pulse, supervision, watch

ROOT = Path(__file__).resolve().parent.parent
DAY_NS = 86_400 * S
KIB, MIB = 1 << 10, 1 << 20
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SITE, BODY = Gateway(id="gw1"), BodySettings()
LOW, MIDDLE, HIGH = space.LEVELS
RESERVES = {
    lane: (permille // 10, least // MIB, most // MIB)
    for lane, (permille, most, least) in space._RESERVES.items()
}


def reserve(lane: int) -> str:
    percent, least, most = RESERVES[lane]
    return f"less than {percent} % left ({least} to {most} MiB)"


def stalls() -> list[int]:
    """How long the center may be silent, again and again, in seconds."""
    stall = supervision._Stall(supervision.STALL_NS)
    found = []
    for _ in range(4):
        found.append(stall._patience_ns // S)
        stall.happened(0)
    return found


FIRST, *LATER = stalls()

JOURNAL = [
    f"{layout.SEGMENT_BYTES // MIB} MiB (`SEGMENT_BYTES`)",
    f"at most {layout.HEAD_BYTES_MAX // KIB} KiB",
    f"at most {layout.COMMIT_BYTES_MAX // KIB} KiB; unused bytes are zero",
    f"at most {layout.NOTE_BYTES_MAX // KIB} KiB",
    f"next multiple of {layout.BLOCK_BYTES // KIB} KiB (*block*)",
    (
        f"lane 0 to {layout.LANES - 1}; for kinds 2 and 5 the slot of a center, "
        f"0 to {layout.SLOTS - 1}"
    ),
    f"A receipt of over {layout.RANGES_MAX} ranges",
    f"{layout.NUMBER_MAX:,} is the last",
    f"then after {cadence.RETRY_NS_MIN / S:g} s, doubling to {cadence.RETRY_NS_MAX // S} s",
    (
        f"{held.MEMORY_BYTES_MAX // MIB} MiB of memory, of which {held.URGENT_BYTES // MIB} MiB "
        f"are for lanes 0 to {held.URGENT_LANES - 1}"
    ),
    f"Once in {limits.BINDING_NS // (3600 * S)} hours of running",
    f"never the last {space.FREE_BYTES_KEPT // MIB} MiB",
    f"At {LOW}, {MIDDLE} and {HIGH} % of what it can have",
    f"fell {space.EASE_PERCENT} points below",
    f"with {reserve(6)} no telemetry",
    f"with {reserve(5).replace(' left', '')} no state events",
    f"with less than {RESERVES[4][0]} % ({RESERVES[4][1]} to {RESERVES[4][2]} MiB) no fault events",
    f"{WORDS[limits.SPARE_SEGMENTS].capitalize()} segments are made ahead",
    f"older than `journal_keep_days` ({SITE.journal_keep_days})",
    (
        f"From {retention.PRESSED_LEVEL} % of the space on, until the use fell below "
        f"{LOW - space.EASE_PERCENT} %, {WORDS[limits.KEEP_PRESSED_NS // (7 * DAY_NS)]} weeks"
    ),
    f"at the latest after {cadence.RECEIPT_PATIENCE_NS // S} s",
    f"one segment every {upkeep.SCRUB_PAUSE_NS // S} s",
]

OPERATIONS = [
    f"ends within {inventory.SOON.days} days",
    f"done {WORDS[round(limits.PROGRAM_LOOK_DELAY_S / 60)].replace('one', 'a')} minute after its",
    f"later ones after {LATER[0]}, {LATER[1]} and {LATER[2]}",
    f"After {WORDS[FIRST]} seconds the next path is tried",
    (
        f"found {WORDS[(pulse.HUSH_NS + pulse.ANSWER_NS_MIN) // S]} to "
        f"{WORDS[(pulse.HUSH_NS + pulse.ANSWER_NS_MAX) // S]} seconds after an event waits"
    ),
    (
        f"looked at again from {watch.AGAIN_NS // S} s to "
        f"{WORDS[watch.AGAIN_NS_MAX // (60 * S)]} minutes after its failure"
    ),
    f"proven itself for {watch.HOLD_NS_MIN // S} s",
    f"{WORDS[watch.FAILURES_MAX].capitalize()} failures in a row are its fault",
    f"There may be up to {WORDS[limits.CENTERS_MAX]} `[[center]]`",
    f"at {LOW}, {MIDDLE} and {HIGH} % and when there is room again",
    (
        f"older than `journal_keep_days` ({SITE.journal_keep_days}; "
        f"{WORDS[limits.KEEP_PRESSED_NS // (7 * DAY_NS)]} weeks while space presses)"
    ),
    f"more than {quality.BAD_MAX} % of {quality.FRAMES} messages damaged",
    f"more than {panel_clock.OFF_S_MAX} s off",
    f"{limits.CLOCK_DISPUTE_NS_MIN // S} s or more away from what the center's receipts say",
    f"cannot be read for {findings.LOST_NS // S} s",
    f"active for `debounce_ms` ({GpioInput(line=1).debounce_ms})",
    f"gone at once; back after {power.RETURN_NS // S} s",
    (
        f"`battery_low_percent` ({BODY.battery_low_percent}) for {power.CHARGE_NS // S} s; "
        f"restored {power.CHARGE_BAND_PERCENT} above"
    ),
    f"4.63 V; over after {findings.UNDER_VOLTAGE.good_after_ns // S} s without",
    (
        f"`temperature_max_c` ({BODY.temperature_max_c}, where a Raspberry Pi slows down) for "
        f"10 s; over {findings.TEMPERATURE_BAND_C} below"
    ),
    f"{findings.LIFE.band.bad_at} % of its rated life",
    f"{findings.WRITES.band.bad_at} GB a day over an hour",
    f"{findings.HANDLES.band.bad_at} %; over at {findings.HANDLES.band.good_at} %",
    f"{findings.THREADS.band.bad_at} (the unit allows 64)",
    f"{findings.MEMORY.band.bad_at} MiB for a minute (the unit ends it at 256)",
    f"{findings.PRESSURE.band.bad_at} % of a minute waited for it",
    f"`battery_critical_percent` ({BODY.battery_critical_percent})",
    f"a flicker shorter than {power.RETURN_NS // S} s",
    (
        f"needs {limits.STOP_DRAIN_NS_MAX // S} s at most to hand over what is new, and systemd "
        "allows it 20"
    ),
    f"From {limits.CERTIFICATE_SOON_NS // DAY_NS} days before it",
]

CENTER = [
    f"for {inviting.HOURS_DEFAULT} hours (`--hours`)",
    f"{WORDS[enrolment.WRONG_MAX].capitalize()} wrong codes close it",
    f"by {5 * invitation.PIN_DIGITS} bits of its key's SHA-256",
    f"it has a secret of {5 * invitation.SECRET_DIGITS} bits",
    f"(port {invitation.PORT_DEFAULT}, TLS with",
    f"on each side, and {sealed.OVERHEAD_BYTES} bytes",
    f"P-256, {credentials.AUTHORITY_DAYS // 365} years",
    (
        f"`--days` ({credentials.DAYS_DEFAULT} by default), and from "
        f"{WORDS[credentials.BACKDATED.days]} day before"
    ),
    f"held, {rows.HELD_EVENTS_MAX} events or {rows.HELD_BYTES_MAX // MIB} MiB a gateway",
    f"kept in quarantine ({rows.QUARANTINE_ROWS_MAX} a gateway)",
    f"a transaction of the other lanes takes at most {receiver.BATCH_BYTES_MAX // KIB} KiB",
    f"Packets are limited to {PACKET_BYTES_MAX // KIB} KiB",
    f"`late` (stored {show.LATE_MS_MIN // 1000} s or more after it happened)",
]

RELIABILITY = [
    f"the uplink's longest pause is {paths.PAUSE_NS_MAX // S} s",
    f"the journal's {cadence.RETRY_NS_MAX // S} s",
    f"center is away**: {held.MEMORY_BYTES_MAX // MIB} MiB",
]

DIAGNOSIS = [f"the first {UNLISTED_MAX:,} of a gateway are watched"]

STATED = [
    (page, sentence)
    for page, sentences in (
        ("journal-format.md", JOURNAL),
        ("operations.md", OPERATIONS),
        ("center.md", CENTER),
        ("reliability.md", RELIABILITY),
        ("diagnosis.md", DIAGNOSIS),
    )
    for sentence in sentences
]


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(("page", "sentence"), STATED)
def test_a_page_states_what_the_code_goes_by(page: str, sentence: str) -> None:
    assert sentence in flat((ROOT / "docs" / page).read_text())


def test_the_unit_allows_what_the_page_and_the_limits_go_by() -> None:
    unit = dict(
        line.split("=", 1)
        for line in (ROOT / "systemd" / "edge-agent.service").read_text().splitlines()
        if re.match(r"[A-Z]\w+=", line)
    )
    assert unit["RestartPreventExitStatus"] == "78", "a wrong configuration is not tried again"
    assert (unit["Restart"], unit["TimeoutStopSec"]) == ("always", "20")
    assert (unit["TasksMax"], unit["MemoryMax"], unit["LimitNOFILE"]) == ("64", "256M", "1024")
    assert findings.THREADS.band.bad_at < int(unit["TasksMax"])
    assert findings.MEMORY.band.bad_at < int(unit["MemoryHigh"].removesuffix("M"))
    assert int(unit["TimeoutStopSec"]) * S > limits.STOP_DRAIN_NS_MAX
    assert int(unit["WatchdogSec"]) * S > limits.WATCHDOG_STALL_NS_MAX


def test_a_failover_stays_within_what_the_page_says() -> None:
    """Detection at its longest, and one path that does answer: ten seconds."""
    found_ns = pulse.HUSH_NS + pulse.ANSWER_NS_MAX
    assert found_ns + paths.DIAL_NS <= 10 * S
    assert pulse.IDLE_NS + pulse.ANSWER_NS_MAX <= 30 * S, "idle ones within half a minute"
    assert watch.FLAPPING_NS == 600 * S
    assert body.HOLD_NS == 60 * S, "still there a minute later, it starts again"
    assert upkeep.SCRUB_EVERY_NS == 7 * DAY_NS
    assert mqtt.RECEIVE_MAX * PACKET_BYTES_MAX <= 8 * MIB
