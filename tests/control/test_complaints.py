"""Refusals become events at once and then once a minute, counted; no number of kinds is a flood."""

from edge_agent.control.complaints import KINDS_MAX, SAID_EVERY_NS, Complaints, Say


def test_the_first_of_a_kind_is_said_and_a_flood_is_counted() -> None:
    one: Complaints[str] = Complaints()
    assert one.handle("malformed", "a", 0) == [Say("malformed", 1, "a")]
    assert one.deadline_ns() is None
    for at in range(1000):
        assert one.handle("malformed", f"b{at}", at) == []
    assert one.handle("replayed", "c", 5) == [Say("replayed", 1, "c")]
    assert one.deadline_ns() == SAID_EVERY_NS
    assert one.tick(SAID_EVERY_NS - 1) == []
    assert one.tick(SAID_EVERY_NS) == [Say("malformed", 1000, "b999")]
    assert one.deadline_ns() is None


def test_kinds_without_end_are_no_flood_either() -> None:
    one: Complaints[int] = Complaints()
    said = [say for user in range(10 * KINDS_MAX) for say in one.handle(user, "x", 0)]
    assert len(said) == KINDS_MAX
    (rest,) = one.tick(SAID_EVERY_NS)
    assert rest.count == 9 * KINDS_MAX
