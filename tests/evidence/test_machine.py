"""What a machine is to the one before, by its parts."""

from edge_agent.evidence.machine import BOARD, CARD, NETWORK, Change, compare, fact


def facts(**parts: str) -> list[tuple[str, bytes]]:
    return [fact("gw1", kind, number) for kind, number in parts.items()]


def test_the_board_decides_and_the_card_after_it() -> None:
    here = facts(board="b1", card="c1", network="n1")
    assert compare(here, here) is Change.SAME
    assert compare(here, facts(board="b2", card="c1", network="n1")) is Change.MOVED
    assert compare(here, facts(board="b1", card="c2")) is Change.COPIED
    assert compare(here, facts(board="b1")) is Change.SAME  # the card says nothing


def test_without_a_boards_number_its_network_is_asked() -> None:
    one = facts(network="n1", card="c1")
    assert compare(one, facts(network="n1", card="c1")) is Change.SAME
    assert compare(one, facts(network="n2", card="c1")) is Change.MOVED
    both = [*one, fact("gw1", NETWORK, "n2")]
    assert compare(both, facts(network="n2", card="c1")) is Change.SAME  # one of two is enough


def test_too_little_is_unknown_and_never_the_same() -> None:
    assert compare([], facts(board="b1")) is Change.UNKNOWN
    assert compare(facts(card="c1"), facts(card="c2")) is Change.UNKNOWN
    assert compare(facts(board="b1"), facts(network="n1")) is Change.UNKNOWN


def test_facts_are_not_to_be_compared_between_gateways() -> None:
    assert fact("gw1", BOARD, "b1") != fact("gw2", BOARD, "b1")
    assert fact("gw1", BOARD, "b1") != fact("gw1", CARD, "b1")
    kind, value = fact("gw1", BOARD, "10000000deadbeef")
    assert kind == BOARD
    assert len(value) == 8
