"""What a profile of cn_fire may say, and how a mistake in it is told."""

import pytest

from drivers._cn_fire_dialect import Says, Sum, dialect
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Plain
from edge_agent.resources import profiles_of
from tests.drivers.cn_fire_profiles import CODES, PARTS, made


def test_a_small_dialect_is_read() -> None:
    read = dialect(made(PARTS), CODES)
    [shape] = read.shapes
    assert (shape.name, shape.head, shape.length, shape.says) == ("event", (0x68,), 6, Says.EVENT)
    assert shape.check is not None
    assert (shape.check.kind, shape.check.start, shape.check.end) == (Sum.SUM8, 0, -1)
    [event] = read.events.rows
    assert (event.kind, event.code, event.state) == (Kind.FIRE, "110", State.ACTIVE)
    assert (read.charset, read.keep_alive, read.repeat_s) == ("gb18030", None, 0.5)
    assert read.silence_s == 86_400


@pytest.mark.parametrize("profile", profiles_of("cn_fire"), ids=lambda one: one.name)
def test_every_shipped_dialect_is_whole(profile: object) -> None:
    assert profile in profiles_of("cn_fire")
    [known] = [one for one in profiles_of("cn_fire") if one == profile]
    read = dialect(known, CODES)
    assert known.facts["unproven"]
    assert read.events.rows
    for shape in read.shapes:  # each frame is proven by a sum, or known to have none
        assert shape.check or not known.facts.get("checked", True) or len(shape.head) >= 2


def test_only_cards_that_need_a_keep_alive_are_sent_one() -> None:
    told = {one.name for one in profiles_of("cn_fire") if dialect(one, CODES).keep_alive}
    assert told == {"gst_crt", "jbf_11s", "jbf_193k"}


FRAME = 'name = "x"\nhead = "68"\n'
WEEKLY = "{ name = 't', at = 1, as = 'time', order = ['week'] }"
UNCOUNTED = "{ at = 1, size = 2, count = 'n', fields = [] }"


@pytest.mark.parametrize(
    ("text", "facts", "why"),
    [
        (PARTS, {"colour": 1}, "profile made: unknown key 'colour'"),
        (PARTS, {"charset": "klingon"}, "knows no codec 'klingon'"),
        (PARTS, {"repeat_s": 0}, "'repeat_s' is 0, allowed 0.1 to 60"),
        (PARTS, {"keep_alive": {"send": "AA ..", "every_s": 1}}, "'send' has a wildcard"),
        (PARTS, {"keep_alive": {"send": "AA"}}, "'every_s' is 0"),
        (PARTS, {"frames": []}, "'frames' holds no entry"),
        (f"[[frames]]\n{FRAME}", {}, r"frames\[0\]: one of 'length', 'until', 'lines'"),
        (f"[[frames]]\n{FRAME}length = 3\nlines = true", {}, "one of 'length', 'until', 'lines'"),
        (f"[[frames]]\n{FRAME}length = 3000", {}, "'length' is 3000, allowed 1 to 2048"),
        ('[[frames]]\nname = "x"\nhead = "68 69"\nlength = 1', {}, "less than its head"),
        ('[[frames]]\nname = "x"\nlength = 1', {}, "'head' is missing"),
        ('[[frames]]\nname = "x"\nhead = "6"\nlength = 1', {}, "two hex digits, or .."),
        ('[[frames]]\nname = "x"\nhead = "+6"\nlength = 1', {}, "two hex digits, or .."),
        (f"[[frames]]\n{FRAME}length = {{ at = 1 }}", {}, "'longest' is None"),
        (f"[[frames]]\n{FRAME}length = 3\nsum = {{ kind = 'md5', at = 1 }}", {}, "allowed sum8"),
        (f"[[frames]]\n{FRAME}length = 3\nsum = {{ kind = 'sum8' }}", {}, "'at' is None"),
        (f"[[frames]]\n{FRAME}length = 3\nsays = 'a lot'", {}, "allowed event, nothing, unknown"),
        (f"[[frames]]\n{FRAME}length = 3\nis = 'fire'", {}, "'fire', which is no event"),
        (f"[[frames]]\n{FRAME}length = 3\nzone = 'point'", {}, "'point', which is no field"),
        (f"[[frames]]\n{FRAME}length = 3\nfind = ['{{x}}']", {}, "'find': {x} is no place"),
        (f"[[frames]]\n{FRAME}length = 3\nfind = [3]", {}, "'find' has 3, allowed: text"),
        (
            f"[[frames]]\n{FRAME}length = 9\nfields = [{{ name = 't', at = 1, as = 'time' }}]",
            {},
            "'order' lacks one of year",
        ),
        (
            f"[[frames]]\n{FRAME}length = 9\nfields = [{WEEKLY}]",
            {},
            "'order' has 'week'",
        ),
        (
            f"[[frames]]\n{FRAME}length = 9\nfields = [{{ name = 't', at = 1, order = ['day'] }}]",
            {},
            "'order' is of times only",
        ),
        (
            f"[[frames]]\n{FRAME}length = 9\nobjects = {UNCOUNTED}",
            {},
            "'count' names 'n'",
        ),
        (f"{PARTS}\n[[events]]\nname = 'x'\nis = [true]", {}, "allowed: numbers or texts"),
        (f"{PARTS}\n[[events]]\nname = 'x'\nkind = 'dance'", {}, "'kind' is 'dance'"),
        (f"{PARTS}\n[[events]]\nname = 'x'\nkind = 'zone'", {}, "'kind' is 'zone'"),
        (f"{PARTS}\n[[events]]\nname = 'x'\nkind = 'fire'\ncode = '130'", {}, "of kind fire"),
        (f"{PARTS}\n[[events]]\nname = 'x'\nkind = 'fire'\nstate = 'on'", {}, "'state' is 'on'"),
        (f"{PARTS}\n[[events]]\nname = 'x'\nwhen = 3", {}, "'when' is 3"),
        (f"{PARTS}\n[[events]]\nname = 'x'\nwhen = {{ lop = 3 }}", {}, "names 'lop', which is no"),
        (f"{PARTS}\n[[detectors]]\nname = 'x'\nkind = 'fire'", {}, "unknown key 'kind'"),
        (
            f"{PARTS}\n[[frames]]\n{FRAME}length = 3",
            {"bounded_by_gap": True},
            "need the same 'length'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, facts: dict[str, Plain], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        dialect(made(text, **facts), CODES)
