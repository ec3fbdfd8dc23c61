"""Events are named by epoch and number, whatever they hold."""

from tests.uplink.world import EPOCH, OLD_EPOCH, make_event


def test_an_event_is_named_by_epoch_and_number() -> None:
    assert make_event(7).key == (EPOCH, 7)
    assert make_event(7, lane=0, size=500).key == make_event(7).key
    assert make_event(7, epoch=OLD_EPOCH).key != make_event(7).key
