"""What tells our protocols apart: each one's frames and questions, read by all the others."""

import string
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest

from edge_agent import resources
from edge_agent.domain.recognition import (
    CERTAIN_BITS,
    LIKELY_BITS,
    NOT_IN_PROBES,
    Probe,
    Recognition,
    Timed,
)
from edge_agent.domain.session import Decoder, Driver, FaultKind, Frame, Setup
from tests.drivers.golden_satel import ARM

S = 10**9
KEYS = frozenset("*#?" + string.ascii_letters + string.digits)
NAMES = tuple(name for name in resources.drivers() if name != "modbus_map")


@cache
def driver(name: str) -> Driver:
    return resources.load_driver(name)


def recognition(name: str) -> Recognition:
    assert driver(name).recognition is not None
    return resources.recognition_of(driver(name))


def decoder(name: str) -> Decoder:
    options = resources.check_options(driver(name), {})
    return driver(name).decoder(Setup(resources.load_codes(), None, options))


def frames(name: str, data: bytes) -> list[Frame]:
    reader = decoder(name)
    return [*reader.feed(data), *reader.finish()]


def weight(name: str, data: bytes) -> int:
    return sum(recognition(name).weight(frame) for frame in frames(name, data))


def models(name: str, *said: bytes, apart_s: float = 30.0) -> set[str] | None:
    heard = [
        Timed(frame, int(at * apart_s * S))
        for at, data in enumerate(said)
        for frame in frames(name, data)
        if not frame.fault
    ]
    found = recognition(name).models(heard)
    return None if found is None else set(found)


def goldens(name: str) -> list[bytes]:
    """Every good frame of the driver's golden tests, as it is on the wire."""
    found = import_module(f"tests.drivers.golden_{name}").GOLDEN
    return [one.frame for one in found if not getattr(one, "fault", None)]


def probes() -> Iterator[tuple[str, Probe]]:
    for name in resources.drivers():
        for probe in recognition(name).probes:
            yield name, probe


PROBES = [pytest.param(name, probe, id=f"{name}-{probe.name}") for name, probe in probes()]


@pytest.mark.parametrize("name", resources.drivers())
def test_every_driver_declares_how_it_is_told_and_why_it_is_not_asked(name: str) -> None:
    found = recognition(name)
    assert found.probes or found.only_listens
    assert bool(found.only_listens) is bool(found.only_listens_zh)
    assert all(probe.why and probe.why_zh and probe.answers for probe in found.probes)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_panel_says_proves_its_own_protocol(name: str) -> None:
    assert weight(name, b"".join(goldens(name))) >= CERTAIN_BITS


@pytest.mark.parametrize("other", NAMES)
@pytest.mark.parametrize("name", resources.drivers())
def test_what_a_panel_says_proves_no_other_protocol(name: str, other: str) -> None:
    if name == other:
        return
    for said in goldens(name):
        assert weight(other, said) < LIKELY_BITS, said


@pytest.mark.parametrize(("name", "probe"), PROBES)
def test_a_probe_is_a_frame_of_its_own_protocol_and_of_no_other(name: str, probe: Probe) -> None:
    [own] = frames(name, probe.data)
    assert own.fault is None
    assert own.secrets == ()
    assert own.signals == ()
    for other in resources.drivers():
        if other != name:
            assert weight(other, probe.data) < LIKELY_BITS
            assert not any(frame.signals for frame in frames(other, probe.data))


@pytest.mark.parametrize(("name", "probe"), PROBES)
def test_a_probe_ends_its_line_and_holds_nothing_that_a_receiver_or_a_port_obeys(
    name: str, probe: Probe
) -> None:
    assert not set(probe.data) & set(NOT_IN_PROBES)
    if not probe.data.isascii():  # binary: it holds nothing that a keypad or a line could mean
        assert probe.data.endswith(b"\r")
        assert not any(chr(byte) in KEYS for byte in probe.data)
        return
    assert probe.data.endswith(b"\r\n")
    assert probe.data[:-2].removeprefix(b"\n").rstrip(b"?").isalnum()


# of the facts on the protocol, its worked example in AES-128
SEALED = (
    b'C5F70078"*SIA-DCS"0012R0L0#2468[7A604AD0C8353A71B9650A8BD7E39DD6'
    b"8E8B81A9B1261C8DE14AA7085BB42C0315E686A68CC6E0D033CE6C920DCD79E5"
)

# ---- models

BEAT, BEAT3 = b"1011           @    \x14", b"101000           @    \x14"
MLRS = {"surgard_mlr2", "surgard_mlr2000", "surgard_osm"}


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("surgard", (BEAT3,), {"surgard_system3"}),
        ("surgard", (BEAT,), MLRS),
        ("surgard", (b"\n00 OKAY @\r",), {"ademco_685"}),
        ("surgard", (b"\n12 2468 18 E130 01 C004\r",), {"ademco_685"}),
        ("surgard", (b"\n 00 00002468 18 E130 00 C004 \r",), {"congwin_fe100"}),
        ("ness", (b"82000360171000F4\r\n",), {"ness_d16x"}),
        ("ness", (b"870003610208012611232015304B\r\n",), None),
        ("dsc", (b"00090\r\n", b"5000007D\r\n"), {"it100", "tpi"}),
        ("dsc", (b"5053CD\r\n",), {"tpi"}),
        ("dsc", (b"Login:\r\n",), {"honeywell_tpi"}),
        ("elk", (b"0AZC017900C1\r\n",), {"elk_m1"}),
        ("vista", (b"10ASDDAHDDDD008A\r\n",), None),
        ("satel", (ARM,), {"satel_integra"}),
        ("paradox_prt3", (b"RA001DOONOOO\r",), {"paradox_evo192"}),
        ("alarmdecoder", (b"!LRR:002,1,CID_3401,ff\r\n",), {"alarmdecoder_vista"}),
        (
            "dc09",
            (b'\nDB83003C"SIA-DCS"0007R1L2#2468[#2468|Nri2/BA031]_11:22:33,11-23-2026\r',),
            {"sia_dc09"},
        ),
        ("dc09", (b'\n7C290027"NULL"0000L0#2468[]_11:23:00,11-23-2026\r',), None),
    ],
)
def test_the_models_that_fit(name: str, said: tuple[bytes, ...], expected: set[str] | None) -> None:
    assert models(name, *said) == expected


def test_frames_that_contradict_each_other_narrow_nothing() -> None:
    assert models("surgard", BEAT3, BEAT) == {"surgard_system3"}


def test_an_encrypted_frame_proves_as_much_without_the_key() -> None:
    sealed = b"\n" + SEALED + b"\r"
    [frame] = frames("dc09", sealed)
    assert frame.fault is FaultKind.DECRYPT
    assert weight("dc09", sealed) >= CERTAIN_BITS


def test_the_reads_of_a_register_map_are_its_blocks() -> None:
    reads = recognition("modbus_map").reads
    assert reads is not None
    [read] = reads(resources.load_profile("generic_di8"))
    assert (read.table.value, read.address, read.count) == (2, 0, 8)


# ---- what a host says to a panel and must not be shown


def line(kind: str, data: str, uncounted: int) -> bytes:
    """A line of Elk (2 characters are not counted) or VISTA (0), summed."""
    text = f"{len(kind) + len(data) + 6 - uncounted:02X}{kind}{data}00"
    return f"{text}{-sum(text.encode()) & 0xFF:02X}\r\n".encode()


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("ness", b"8300660H2468E38?", b"2468"),
        ("elk", b"0Da110024680035\r\n", b"002468"),
        ("elk", line("IC", "12345678901200301", 2), b"123456789012"),
        ("elk", line("UA", "12345678901201", 2), b"123456789012"),
        ("vista", line("AA", "00246810000000", 0), b"2468"),
        ("dsc", b"0401135700F5\r\n", b"1135700"),
        ("dsc", b"^03,1,2468$", b"2468"),
        ("nx584", b"\n063C4286FF01010DFB\r", b"4286FF"),
        ("satel", ARM, bytes.fromhex("2468FFFFFFFFFFFF")),
        ("paradox_prt3", b"AD0012468\r", b"2468"),
        ("alarmdecoder", b"24681\r", b"2468"),
    ],
)
def test_a_code_that_is_heard_along_is_marked(name: str, said: bytes, code: bytes) -> None:
    [frame] = frames(name, said)
    assert frame.fault is None
    assert any(code in frame.raw[one.start : one.end] for one in frame.secrets)
    assert code.decode("latin-1") not in str(frame.fields)
    assert code.hex() not in str(frame.fields)
