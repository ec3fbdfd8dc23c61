"""Each kind of address has its opener, named as people name the line."""

import pytest

from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from edge_agent.link.open import opener
from edge_agent.link.switchboard import SwitchboardOpener
from tests.link.rig import CLOCK


@pytest.mark.parametrize(
    ("address", "name", "called"),
    [
        (SerialAddress(port="/dev/serial/by-id/usb-1"), "/dev/serial/by-id/usb-1", False),
        (TcpAddress(host="10.0.0.5", port=4001), "10.0.0.5:4001", False),
        (ListenAddress(port=12000), "0.0.0.0:12000", True),
        (ListenAddress(port=12000, transport="udp"), "0.0.0.0:12000/udp", False),
    ],
)
def test_an_address_has_its_opener(address: LineAddress, name: str, called: bool) -> None:
    found = opener(address, CLOCK)
    assert (found.name, found.called) == (name, called)


def test_a_driver_with_many_peers_listens_for_many_at_once() -> None:
    found = opener(ListenAddress(port=12000), CLOCK, peers_max=64)
    assert isinstance(found, SwitchboardOpener)
    assert (found.name, found.called) == ("0.0.0.0:12000", False)
