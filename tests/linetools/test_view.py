"""What a live view shows: decoded, masked, and safe for a terminal."""

import json

from hypothesis import given
from hypothesis import strategies as st

from edge_agent import resources
from edge_agent.domain.session import Decoder, Setup
from edge_agent.linetools.format import Chunk, Happened, Header, Note, Place, Said
from edge_agent.linetools.view import STREAMS_MAX, View
from edge_agent.linetools.words import words

HEADER = Header(0, 0, "", "", (Place("/dev/a", Said.PANEL), Place("/dev/b", Said.HOST)))
ALARM = b"870003610208012611232015304B\r\n"
KEYS = b"8300660H2468E38?"


def ness() -> Decoder:
    driver = resources.load_driver("ness")
    return driver.decoder(Setup(resources.load_codes(), None, resources.check_options(driver, {})))


def chunk(data: bytes, said: Said = Said.PANEL, at: int = 0, peer: int = 0) -> Chunk:
    return Chunk(5_000_000_000, 1_795_000_000_123_000_000, said, data, at, peer)


def test_a_frame_is_shown_with_its_meaning_when_it_is_whole() -> None:
    view = View(ness, words("en"), meanings=lambda code: f"code {code}")
    assert view.show(HEADER) == []
    assert view.show(chunk(ALARM[:9])) == []
    [line] = view.show(chunk(ALARM[9:]))
    assert "  panel  event  burglary (code 130) active code 130 area 1 zone 8" in line
    assert line.endswith(r"| 870003610208012611232015304B\r")
    assert line[:12].count(":") == 2


def test_both_ends_are_decoded_apart_and_codes_are_masked() -> None:
    view = View(ness, words("zh"))
    view.show(HEADER)
    assert view.show(chunk(ALARM[:9])) == []
    [line] = view.show(chunk(KEYS, Said.HOST, at=1))
    assert "2468" not in line
    assert "上位机" in line
    assert "H****E" in line
    [line] = view.show(chunk(ALARM[9:]))
    assert "burglary" in line
    [open_line] = View(ness, words("en"), unmasked=True).show(chunk(KEYS, Said.HOST))
    assert "| 8300660H2468E38?" in open_line
    view.show(chunk(b"secret", Said.HOST, at=1))
    assert [line.rpartition("| ")[2] for line in view.finish()] == ["******"]


def test_as_json_it_is_what_decode_prints_with_times_and_masked() -> None:
    view = View(ness, words("en"), as_json=True)
    [line] = view.show(chunk(KEYS, Said.HOST, peer=3))
    told = json.loads(line)
    assert (told["mono_ns"], told["from"], told["peer"]) == (5_000_000_000, "host", 3)
    assert (told["ok"], told["type"]) == (True, "keys")
    assert bytes.fromhex(told["frame"]) == b"8300660H****E38?"
    [line] = view.show(Note(1, None, Happened.LOST, 0, "gone"))
    assert json.loads(line)["what"] == "lost"


def test_without_a_driver_bytes_are_shown_with_what_could_be_a_code_masked() -> None:
    [line] = View(None, words("en")).show(chunk(b"code 2468\r\n"))
    assert line.endswith(r"panel  11 bytes  | code ****\r\n")
    [line] = View(None, words("en"), as_json=True).show(chunk(b"code 2468\r\n"))
    assert json.loads(line)["text"] == r"code ****\r\n"
    [line] = View(None, words("en")).show(chunk(b"user\r\n", Said.HOST))
    assert line.endswith(r"host  6 bytes  | ****\r\n")


def test_what_is_damaged_and_what_is_left_is_shown() -> None:
    view = View(ness, words("en"))
    [line] = view.show(chunk(ALARM[:-4] + b"00\r\n"))
    assert "REFUSED: checksum" in line
    assert view.show(chunk(b"\x01\x02\x03")) == []
    [line] = view.finish()
    assert "noise" in line
    assert view.finish() == []


def test_notes_name_their_line() -> None:
    view = View(None, words("en"))
    view.show(HEADER)
    [line] = view.show(Note(1, None, Happened.LOST, 1, "pulled out\x1b[2J"))
    assert "/dev/b is lost: pulled out" in line
    assert "\x1b" not in line


def test_callers_without_number_do_not_fill_the_memory() -> None:
    view = View(ness, words("en"))
    for peer in range(STREAMS_MAX + 9):
        view.show(chunk(b"8", peer=peer))
    assert len(view._decoders) == STREAMS_MAX


@given(st.binary(max_size=60), st.sampled_from(["en", "zh"]), st.booleans())
def test_whatever_is_heard_a_terminal_gets_printable_lines(
    data: bytes, language: str, as_json: bool
) -> None:
    for make in (None, ness):
        view = View(make, words(language), as_json=as_json)
        for line in [*view.show(chunk(data)), *view.finish()]:
            assert line.isprintable()
