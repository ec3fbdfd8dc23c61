"""Every sentence that an installer can be shown is said in Chinese."""

import re

import pytest

from edge_agent.phrases.book import LINE_CHARS_MAX, PHRASES, Phrases
from tests.phrases.speech import sentences

SPEAKING = (
    "edge_agent/config.py",
    "edge_agent/config_words.py",
    "edge_agent/resources.py",
    "edge_agent/audit.py",
    "edge_agent/views/bundle.py",
    *(f"edge_agent/cli/{name}.py" for name in ("check", "diagnose", "panel", "verify", "walktest")),
    *(
        f"edge_agent/daemon/{name}.py"
        for name in (
            *("inventory", "looking", "panels", "program_watch", "restraint", "scope_watch"),
            *("self_test", "walk_test", "zone_rates"),
        )
    ),
    *(
        f"edge_agent/diagnosis/{name}.py"
        for name in (
            *("contact", "lines", "loop", "panel_watch", "probes", "radio", "routine"),
            *("together", "volts", "zone_watch"),
        )
    ),
    *(
        f"edge_agent/domain/{name}.py"
        for name in ("address", "camera", "device", "finding", "guarded", "quality", "site")
    ),
    *(
        f"edge_agent/evidence/{name}.py"
        for name in (
            *("anchored", "bundle_check", "bundle_scope", "cosigned", "key_file"),
            *("pkcs11_child", "pkcs11_signer", "seconded", "signers", "tpm_signer", "verify"),
        )
    ),
    "edge_agent/evidence/invitation.py",
    "edge_agent/health/findings.py",
    "edge_agent/health/gpio.py",
    *(f"edge_agent/journal/{name}.py" for name in ("chain", "files", "receipts", "scrub")),
    *(
        f"edge_agent/link/{name}.py"
        for name in ("line", "listener", "modbus", "reopen", "schedule", "serial_line", "tcp_line")
    ),
    "edge_agent/linetools/loopback.py",
    "edge_agent/linetools/places.py",
    *(
        f"edge_agent/uplink/{name}.py"
        for name in (
            *("access", "dates", "dial", "own_dates", "revoked", "supervision", "trial"),
            "trouble",
        )
    ),
)
"""Sources whose sentences reach a person at `check`, `diagnose`, `walktest`, `verify`, `status`."""

NEVER_SAID = {
    *("user code: ", "what is wanted, with what it needs in the panel's `allow`: "),
    # what is passed on to a library, compared, or of a schema: nobody reads it
    *("edge-agent gateway.toml", "Cannot declare", "Cannot overwrite", "Invalid enum value"),
    *(
        "every day",
        "bad certificate",
        " See https",
        "certificate expired",
        "unknown ca",
        "certificate required",
    ),
    *("certificate unknown", "certificate revoked", "handshake failure", "decrypt error"),
    "identity_key is a file; its first line may be a URI: enrol --pkcs11",
    "of a bundle: the witness.pem of the witness that must have cosigned it",
    "the SM2 key or certificate (PEM) by which it must be signed a second time",
}

PARTS: dict[str, tuple[str, ...]] = {
    # a whole sentence as it is said: the parts of it that stand apart in a source, as samples
    "this is not TOML: Invalid value (at line 2, column 5); text stands in quotes": (
        "; text stands in quotes",
    ),
    "this is not TOML: Cannot declare ('a',) twice (at line 2, column 5); a table that may be "
    "there several times has two brackets, as [[panel]]": (
        "; a table that may be there several times has two brackets, as [[panel]]",
    ),
    "this is not TOML: Cannot overwrite a value (at line 2, column 5); this key is there already": (
        "; this key is there already",
    ),
    "panel[0].drive (found 'x'): unknown key; did you mean 'driver'? allowed here: driver, id": (
        "unknown key; 7allowed here: 7",
        "did you mean '7'? ",
        " (found 7)",
    ),
    "write a whole number of at least 7": ("at least",),
    "write a whole number of at most 7": ("at most",),
    "write a number of more than 7": ("more than",),
    "write a number of less than 7": ("less than",),
    "write a whole number, without quotes": (", without quotes",),
    "option 'baud' is 7; did you mean 'bad'? known: a, b": ("7known: 7", "did you mean 7? "),
    "option 'key' is not accepted; allowed: text": ("not accepted",),
    "option 'baud' is 7; allowed: a whole number from 7 up to 9": (" from 7", " up to 7"),
    "witnessed by w: the first 7 of them, on 2026-12-01; its history had broken off 7 times "
    "before": ("; its history had broken off 7 times before",),
    "run 77: head over 7 events, receipted by c on 2026-12-01, continues the one over 7": (
        ", continues the one over 7",
    ),
    "7 problems, the first bad number is 7": ("7 problems7", ", the first bad number is 7"),
    "7 timestamps good; the newest, of 7a/7 and all before it in that run, is of 2026-12-01 by "
    "'tsa' (trusted); main countersigned it 2026-12-02": (
        "7 timestamps good; the newest, of 7 and all before it in that run, is of 7 by 7 (7)7",
        "; 7 countersigned it 7",
    ),
    "a.py altered, b.py altered and 7 more": (" and 7 more",),
    "a center is added here, and this is changed on site only": (
        "a center is 7 here, and this is changed on site only",
    ),
    "a center is left out here, and this is changed on site only": ("left out",),
    "3 of 9 alarms false (nuisance 3), limit 3 and 20% of those judged": (
        "limit 7 and 7 of those judged",
    ),
    "/data: 7 % used, 7 % of the inodes": (", 7 % of the inodes",),
    "synced, right within 7 ms": (", right within 7 ms",),
    "holdover, right within 7 ms: no time source disciplines it": (),
    'the token "a" of /m.so is not there (there is b)': ("7 is not there (7)",),
    'the token "a" of /m.so is not there (nor any other)': (),
    "SM2 signature of head 7a/7: good, by key 77 (given by you): it covers all before, what came "
    "after has none; 7 of them are good": (
        "; 7 of them are good",
        "7: it covers all before, what came after has none7",
    ),
    "the TPM at /dev/tpm0 answers what cannot be: it is cut off": ("answers what cannot be: 7",),
    "the TPM at /dev/tpm0 does not answer within 7 s": ("does not answer within 7 s",),
    "the TPM at /dev/tpm0 went away": ("went away",),
    "the TPM at /dev/tpm0 cannot be opened (Permission denied)": ("cannot be opened (7)",),
    "the TPM at /dev/tpm0 fails (Input/output error)": ("fails (7)",),
    "the next epoch names 7 events, 7 are held; numbers among them are missing: its word about a "
    "refusing card may be one of them": (
        "; numbers among them are missing: its word about a refusing card may be one of them",
    ),
    "it continues 77 after 7 events (crash), 7 are held; the card refused, or had no time to write "
    "the rest": ("; the card refused, or had no time to write the rest",),
    "under_voltage cannot be read any more": ("cannot be read any more",),
    "mains is configured and cannot be read: the GPIO chip is gone": (
        "is configured and cannot be read",
    ),
    "the connection to h:8883 broke (Broken pipe)": ("the connection to 7 broke7",),
    "serial port /dev/a is in use by edge-agent (pid 7)": (),
    # and some that are put together of several
    "back: serial port /dev/a is not there; no serial adapter is plugged in: plug it in, or check "
    "`dmesg`": (),
    "gap at 12ab34/7: events 7..9 are missing": (" at 7/7",),
    "damage: segment 3, byte 4096: 7 bytes unreadable, 7 records saved of epoch 77": (
        " of epoch 7",
    ),
    "area 2, 7 zones, for 30 min": ("area 7, ",),
    "file (found 7 bytes): at most 9 are read": ("7 bytes",),
    "file (found byte 7): save it as UTF-8": ("byte 7",),
    "span of gateway gw1: 7 events": ("7 of gateway 7: 7 events",),
    "sample of gateway gw1: 7 events": (),
    "incident of gateway gw1: 7 events": (),
    "area of gateway gw1: 7 events": (),
    "taken out by 'root (uid 0)' at agent on 2026-12-01, for 'case 7, shop'": (" on 7",),
    "edge-agent panel: bypass needs the number of the zone": (
        "7 needs the number of the 7",
        "edge-agent panel: 7",
    ),
    "edge-agent panel: output_on needs the number of the output": (),
    "shop: bypass 3: not allowed: the site does not allow 'bypass' for this panel": (),
    "edge-agent diagnose: an alarm is young: nothing is probed for 7 min more": (
        "edge-agent diagnose: 7",
    ),
    "edge-agent walktest: no panel 'panel'; there are: main, back": ("edge-agent walktest: 7",),
    "center main, main:8883, name": ("center 7, 7, 7",),
    "center main, main:8883, network": (),
    "center main, main:8883, tls": (),
    "center main, main:8883, broker": (),
    "`edge-agent program`: it ended with exit code 7": ("`edge-agent program`: 7",),
    "zone[0] (found zone 7 of main): charter 7 does not name it: have one signed that does": (
        "zone 7 of 7",
    ),
    "its driver failed: crash in main:7": ("7 in 7:7",),
    "gpio7 line 7 is in use by another program or driver (gpioinfo names it)": ("7 line 7",),
    "receipts of this run are missing: 7 to 7": ("7 to 7",),
    "2 of 3 zones heard; not heard: 3": (),
}
"""What stands apart in the sources, in sentences that are whole."""

CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z]{3,}")
FIELD = re.compile(r"\{(\w+)\}")
LEFT = {word for said in PHRASES.values() for word in LATIN.findall(FIELD.sub("", said))}
"""Words that stay as they are in Chinese: of commands, keys of the configuration, techniques."""

VALUES = {
    # words in values of the sentences above: names, causes, what others said
    *("driver", "drive", "panel", "baud", "bad", "tsa", "main", "altered", "nuisance", "crash"),
    *("under", "voltage", "mains", "back", "dev", "HOST", "PORT", "udp", "key", "data", "byte"),
    *(
        "bytes",
        "root",
        "uid",
        "agent",
        "case",
        "shop",
        "bypass",
        "output",
        "gpio",
        "line",
        "walktest",
    ),
}


def is_chinese(text: str) -> bool:
    """Tell whether a text is said in Chinese, and no word of it is left in English."""
    said = Phrases("zh")(text)
    return bool(CHINESE.search(said)) and set(LATIN.findall(said)) <= LEFT | VALUES


@pytest.mark.parametrize("whole", PARTS)
def test_what_stands_apart_is_said_in_chinese_where_it_is_whole(whole: str) -> None:
    assert is_chinese(whole), Phrases("zh")(whole)


def test_no_sentence_of_a_source_is_forgotten() -> None:
    said = {part for parts in PARTS.values() for part in parts}
    found = {text for file in SPEAKING for _, text in sentences(file)}
    assert not (said | NEVER_SAID) - found, "no source says this any more"


@pytest.mark.parametrize("file", SPEAKING)
def test_every_sentence_of_a_source_is_said_in_chinese(file: str) -> None:
    passed = NEVER_SAID.union(*PARTS.values())
    unsaid = [
        f"{place}: {text}"
        for place, text in sentences(file)
        if text not in passed and not is_chinese(text)
    ]
    assert not unsaid, "\n".join(unsaid)


def test_the_patterns_fill_in_the_same_values() -> None:
    for english, chinese in PHRASES.items():
        assert set(FIELD.findall(english)) == set(FIELD.findall(chinese)), english


def test_chinese_has_its_own_punctuation_and_one_word_for_one_thing() -> None:
    """The words are those of GB 50348, GB 12663 and the like, as everywhere in this project."""
    for english, chinese in PHRASES.items():
        assert not re.search("[\u4e00-\u9fff][,;:!?]|[,;:!?][\u4e00-\u9fff]", chinese), english
        for other in ("控制器", "警报", "代理", "电缆线", "记录器", "经纪", "收据", "守护"):
            assert other not in chinese, english


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("panel p1: /dev/ttyUSB0 is not there", "主机 p1：/dev/ttyUSB0 不存在"),
        ("center seal, seal", "接警中心 seal，封装证书"),
        ("the maker's own word", "the maker's own word"),
        ("line one\nit is not there", "line one\n文件不存在"),
        (
            "key file a: it exists. Move it away to make a new key",
            "密钥文件 a：已存在。移走它才能生成新密钥",
        ),
    ],
)
def test_what_is_known_is_said_and_the_rest_is_left(english: str, chinese: str) -> None:
    assert Phrases("zh")(english) == chinese
    assert Phrases("en")(english) == english


def test_what_is_far_too_long_is_left() -> None:
    long = "it exists; " * 1000
    assert Phrases("zh")(long) == long


@pytest.mark.parametrize("joint", [": ", "; ", "not there: ", ", path "])
def test_parts_without_end_are_left(joint: str) -> None:
    """Seen to fail: RecursionError, of what a peer may say."""
    long = joint * (LINE_CHARS_MAX // len(joint))
    assert Phrases("zh")(f"{long}\nit exists") == f"{long}\n{Phrases('zh')('it exists')}"
