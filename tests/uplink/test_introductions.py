"""Each epoch is introduced once a connection, and what was not found is asked for again."""

from edge_agent.uplink.introductions import KNOWN_MAX, Introductions
from tests.uplink.world import EPOCH, OLD_EPOCH, make_event

GENESIS = make_event(0)


def test_an_epoch_is_asked_for_once_and_told_on_each_connection() -> None:
    introductions = Introductions()
    assert introductions.ask(EPOCH)
    assert not introductions.ask(EPOCH), "under way"
    assert introductions.introduce(EPOCH) is None
    introductions.answered(EPOCH, GENESIS, EPOCH)
    assert not introductions.ask(EPOCH), "known"
    assert introductions.introduce(EPOCH) == GENESIS
    assert introductions.is_done(EPOCH)
    introductions.start_over()
    assert not introductions.is_done(EPOCH)
    assert introductions.introduce(EPOCH) == GENESIS


def test_what_was_not_found_is_asked_for_on_the_next_connection() -> None:
    introductions = Introductions()
    introductions.ask(OLD_EPOCH)
    introductions.answered(OLD_EPOCH, None, EPOCH)
    assert introductions.is_missing(OLD_EPOCH)
    assert not introductions.ask(OLD_EPOCH)
    introductions.start_over()
    assert not introductions.is_missing(OLD_EPOCH)
    assert introductions.ask(OLD_EPOCH)


def test_few_are_kept_and_the_running_epochs_always() -> None:
    introductions = Introductions()
    introductions.answered(EPOCH, GENESIS, EPOCH)
    for number in range(2 * KNOWN_MAX):
        epoch = number.to_bytes(8, "big")
        introductions.answered(epoch, make_event(0, epoch=epoch), EPOCH)
        assert introductions.introduce(epoch) is not None
    assert introductions.introduce(EPOCH) == GENESIS
    assert introductions.introduce((1).to_bytes(8, "big")) is None
