"""Code tables against the rules by which every protocol is expressed."""

import pytest

from edge_agent.domain.codes import (
    UNKNOWN,
    Codes,
    Meaning,
    Place,
    Qualifier,
    bits,
    number,
    paired,
    points,
    signal_of,
)
from edge_agent.domain.kinds import POINTS, STATES, Kind, Origin, State
from edge_agent.domain.signal import NUMBER_MAX
from edge_agent.resources import load_codes

NEW, RESTORE, STATUS = Qualifier.NEW, Qualifier.RESTORE, Qualifier.STATUS
CODES: Codes = load_codes()


def cid(code: str, qualifier: Qualifier = NEW) -> tuple[Kind, str | None, State]:
    meaning = CODES.contact_id(qualifier, code)
    return meaning.kind, meaning.code, meaning.state


def sia(code: str) -> tuple[Kind, str | None, State]:
    meaning = CODES.sia(code)
    return meaning.kind, meaning.code, meaning.state


# ---- the tables


def test_the_tables_are_whole() -> None:
    assert (len(CODES.contact_id_rows), len(CODES.sia_rows)) == (290, 325)
    for key, row in CODES.contact_id_rows.items():
        assert row.code == key
        assert row.number_is in ("zone", "user", "device")
        assert row.english
        assert row.chinese
        assert row.kind not in POINTS or key in ("944", "946")
        for pair in (row.sia_new, row.sia_restore):
            assert not pair or pair in CODES.sia_rows
    for key, sia_row in CODES.sia_rows.items():
        assert sia_row.code == key
        assert sia_row.english
        assert sia_row.category in (*Kind, "restore", "supervisory")


def test_every_code_has_a_state_that_fits_its_kind() -> None:
    for code in CODES.contact_id_rows:
        for qualifier in Qualifier:
            meaning = CODES.contact_id(qualifier, code)
            assert meaning.state in STATES[meaning.kind]
    for code in CODES.sia_rows:
        meaning = CODES.sia(code)
        assert meaning.state in STATES[meaning.kind]
        assert meaning.number_is in ("zone", "user", "area", "device", "")


# ---- Contact ID


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *[(code, Kind.MODULE_TROUBLE) for code in ("485", "702", "703")],
        ("701", Kind.ACCESS),
        ("709", Kind.PANIC),
        ("711", Kind.CANCEL),
        *[(code, Kind.LOG) for code in ("651", "700", "704", "707", "713", "750", "756", "799")],
    ],
)
def test_rows_of_vendors(code: str, kind: Kind) -> None:
    assert cid(code) == (kind, code, State.ACTIVE)


def test_a_receiver_that_says_a_panel_is_there_or_not() -> None:
    assert cid("944") == (Kind.PANEL, "944", State.OFFLINE)
    assert cid("946") == (Kind.PANEL, "946", State.ONLINE)


def test_opening_is_new_and_closing_is_restore() -> None:
    for code in ("400", "401", "407", "441", "456", "452"):
        assert cid(code, NEW) == (Kind.OPEN_CLOSE, code, State.DISARMED)
        assert cid(code, RESTORE) == (Kind.OPEN_CLOSE, code, State.ARMED)
        assert cid(code, STATUS) == (Kind.OPEN_CLOSE, code, State.STATUS)


@pytest.mark.parametrize("code", ["405", "453", "454", "455", "458", "464"])
def test_what_only_tells_about_arming_is_active_or_restored(code: str) -> None:
    assert cid(code, NEW) == (Kind.OPEN_CLOSE, code, State.ACTIVE)
    assert cid(code, RESTORE) == (Kind.OPEN_CLOSE, code, State.RESTORED)


def test_events_are_active_restored_or_still_there() -> None:
    states = [cid("130", qualifier)[2] for qualifier in (NEW, RESTORE, STATUS)]
    assert states == [State.ACTIVE, State.RESTORED, State.STATUS]


@pytest.mark.parametrize("code", ["717", "3B2", "000", "FFF"])
def test_a_code_of_no_table_is_kept_as_unknown(code: str) -> None:
    assert CODES.contact_id(NEW, code) == Meaning(Kind.UNKNOWN, code, State.ACTIVE, "")


# ---- SIA


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("CL", (Kind.OPEN_CLOSE, "401", State.ARMED)),
        ("OP", (Kind.OPEN_CLOSE, "401", State.DISARMED)),
        ("HA", (Kind.HOLDUP, "129", State.ACTIVE)),
        ("HH", (Kind.HOLDUP, "129", State.RESTORED)),
        ("TA", (Kind.TAMPER, "137", State.ACTIVE)),
        ("TR", (Kind.TAMPER, "137", State.RESTORED)),
        ("TH", (Kind.TAMPER, "137", State.RESTORED)),
        ("BT", (Kind.ZONE_TROUBLE, "380", State.ACTIVE)),
        ("BJ", (Kind.ZONE_TROUBLE, "380", State.RESTORED)),
        ("ET", (Kind.MODULE_TROUBLE, "333", State.ACTIVE)),
        ("ER", (Kind.MODULE_TROUBLE, "333", State.RESTORED)),
        ("UA", (Kind.BURGLARY, "140", State.ACTIVE)),
        ("BC", (Kind.CANCEL, "406", State.ACTIVE)),
        ("FC", (Kind.CANCEL, "406", State.ACTIVE)),
        ("RR", (Kind.SYSTEM_TROUBLE, "305", State.ACTIVE)),
        # first row that names it
        ("BA", (Kind.BURGLARY, "130", State.ACTIVE)),
        ("FA", (Kind.FIRE, "110", State.ACTIVE)),
        ("FH", (Kind.FIRE, "110", State.RESTORED)),
        ("BR", (Kind.BURGLARY, "138", State.RESTORED)),
        ("AT", (Kind.POWER, "301", State.ACTIVE)),
        ("AR", (Kind.POWER, "301", State.RESTORED)),
        ("RP", (Kind.TEST, "602", State.ACTIVE)),
        ("TS", (Kind.TEST, "607", State.ACTIVE)),
        ("TE", (Kind.TEST, "607", State.RESTORED)),
        ("OC", (Kind.CANCEL, "406", State.ACTIVE)),
        ("CA", (Kind.OPEN_CLOSE, "403", State.ARMED)),
        ("CG", (Kind.OPEN_CLOSE, "402", State.ARMED)),
        ("OG", (Kind.OPEN_CLOSE, "402", State.DISARMED)),
        ("NL", (Kind.OPEN_CLOSE, "441", State.ARMED)),
        ("CI", (Kind.OPEN_CLOSE, "454", State.ACTIVE)),
        # a reported act of bypassing
        ("BB", (Kind.BYPASS, "570", State.ACTIVE)),
        ("BU", (Kind.BYPASS, "570", State.RESTORED)),
        ("PR", (Kind.PANIC, "465", State.RESTORED)),
        # restores without a row: the family's kind, else unknown
        ("FR", (Kind.FIRE, None, State.RESTORED)),
        ("KR", (Kind.FIRE, None, State.RESTORED)),
        ("GJ", (Kind.GAS, None, State.RESTORED)),
        ("QR", (Kind.MEDICAL, None, State.RESTORED)),
        ("WR", (Kind.ENVIRONMENT, None, State.RESTORED)),
        ("IR", (Kind.UNKNOWN, None, State.RESTORED)),
        ("NR", (Kind.UNKNOWN, None, State.RESTORED)),
        # supervisory without a row
        ("KS", (Kind.FIRE_SUPERVISORY, None, State.ACTIVE)),
        ("HS", (Kind.ZONE_TROUBLE, None, State.ACTIVE)),
        # no row
        ("CF", (Kind.OPEN_CLOSE, None, State.ARMED)),
        ("OR", (Kind.OPEN_CLOSE, None, State.DISARMED)),
        ("OT", (Kind.OPEN_CLOSE, None, State.ACTIVE)),
        ("CD", (Kind.OPEN_CLOSE, None, State.ACTIVE)),
        ("ZY", (Kind.LOG, None, State.ACTIVE)),
        # of no table
        ("QQ", (Kind.UNKNOWN, None, State.ACTIVE)),
    ],
)
def test_sia_codes(code: str, expected: tuple[Kind, str | None, State]) -> None:
    assert sia(code) == expected


# ---- signals


def test_the_number_goes_where_the_code_says() -> None:
    place = Place(area=1, number=7, user=9, account="1234", frame=b"x")
    zone = signal_of(CODES.contact_id(NEW, "130"), place)
    assert (zone.area, zone.zone, zone.user) == (1, 7, 9)
    assert (zone.account, zone.frame, zone.origin) == ("1234", b"x", Origin.LIVE)
    user = signal_of(CODES.contact_id(NEW, "401"), place, Origin.BACKFILL)
    assert (user.area, user.zone, user.user, user.origin) == (1, None, 7, Origin.BACKFILL)
    device = signal_of(CODES.contact_id(NEW, "301"), place)
    assert (device.zone, device.user) == (None, 9)
    area = signal_of(CODES.sia("CG"), place)
    assert (area.area, area.zone) == (7, None)
    door = signal_of(CODES.sia("DF"), place)
    assert door.zone == 7
    assert signal_of(CODES.sia("DD"), place).zone is None


def test_what_is_not_stated_stays_unknown() -> None:
    signal = signal_of(CODES.sia("CG"), Place(area=3))
    assert (signal.area, signal.zone, signal.user) == (3, None, None)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("0", None), ("000", None), ("", None), ("017", 17), ("999999999", None), ("1A", None)],
)
def test_zero_means_not_stated(digits: str, expected: int | None) -> None:
    assert number(digits) == expected
    assert number(str(NUMBER_MAX)) == NUMBER_MAX
    assert number("²") is None


def test_types_that_begin_and_end_are_paired() -> None:
    assert paired({"380": (0x10, 0x11), "121": (0x20, None), "403": (None, 0)}) == {
        0x10: (Qualifier.NEW, "380"),
        0x11: (Qualifier.RESTORE, "380"),
        0x20: (Qualifier.NEW, "121"),
        0: (Qualifier.RESTORE, "403"),
    }


def test_what_a_type_means() -> None:
    said = paired({"130": ("IA", "IR"), "401": ("OP", "CA")})
    assert CODES.told(said["IR"]).state is State.RESTORED
    assert CODES.told(said["CA"]).state is State.ARMED
    assert CODES.told(said.get("XX")) == UNKNOWN
    assert CODES.told("130") == CODES.contact_id(Qualifier.NEW, "130")
    assert CODES.told("BH") == CODES.sia("BH")
    assert CODES.told(UNKNOWN) is UNKNOWN


def test_a_mask_is_a_row_of_its_bits_the_lowest_first() -> None:
    assert bits(0x05, 4) == "1010"
    assert bits(0xF1, 4) == "1000", "what is beyond is of nothing"
    assert bits(0, 3) == "000"


def test_masks_say_what_is_set_of_each_zone() -> None:
    found = CODES.masks([("130", 0x05), ("110", 0x8002)], 16, b"raw")
    assert [(s.code, s.zone) for s in found] == [("130", 1), ("130", 3), ("110", 2), ("110", 16)]
    states = [(s.zone, s.state) for s in CODES.contacts(0x3, 0x2, 3, b"raw")]
    assert states == [(1, State.OPEN), (2, State.BYPASSED), (3, State.CLOSED)]


@pytest.mark.parametrize("states", ["0 closed 1", "0 shut"])
def test_a_state_that_is_none_is_no_table(states: str) -> None:
    with pytest.raises(ValueError, match=r"zip|State"):
        points(Kind.ZONE, states)


def test_flags_say_each_event_whose_bit_is_set() -> None:
    troubles = {1: "301", 4: "302"}
    assert [s.code for s in CODES.flags(0x86, troubles, b"raw")] == ["302"]
    assert [s.code for s in CODES.flags(5, troubles, b"raw")] == ["301", "302"]
    assert CODES.flags(0, troubles, b"raw") == ()


def test_a_row_says_one_thing_of_each_zone_or_area() -> None:
    zones = points(Kind.ZONE, "0 closed 1 open")
    found = CODES.row("01-1", zones, b"raw", first=17)
    assert [(s.kind, s.state, s.zone, s.area) for s in found] == [
        (Kind.ZONE, State.CLOSED, 17, None),
        (Kind.ZONE, State.OPEN, 18, None),
        (Kind.ZONE, State.OPEN, 20, None),
    ]
    assert all(s.frame == b"raw" for s in found)
    [armed] = CODES.row("-2", points(Kind.AREA, "2 armed_stay"), b"raw")
    assert (armed.kind, armed.area, armed.zone) == (Kind.AREA, 2, None)
    alarm = {"I": "130"}
    [of_zone], [of_area] = (
        CODES.row("-I", alarm, b"raw"),
        CODES.row("-I", alarm, b"raw", areas=True),
    )
    assert (of_zone.zone, of_zone.area) == (2, None)
    assert (of_area.zone, of_area.area, of_area.code) == (None, 2, "130")
