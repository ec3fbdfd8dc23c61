"""Which opener serves which address."""

from edge_agent.clock import Clock
from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from edge_agent.link.line import Opener
from edge_agent.link.listener import ListenOpener
from edge_agent.link.serial_line import SerialOpener
from edge_agent.link.switchboard import SwitchboardOpener
from edge_agent.link.tcp_line import TcpOpener
from edge_agent.link.udp_line import DatagramOpener


def opener(address: LineAddress, clock: Clock, peers_max: int = 1) -> Opener:
    """Return what opens the line at `address`; nothing is opened yet.

    `peers_max` is the driver's: with more than one a listening port has many callers at once.
    """
    match address:
        case SerialAddress():
            return SerialOpener(address, clock)
        case TcpAddress():
            return TcpOpener(address, clock)
        case ListenAddress(transport="udp"):
            return DatagramOpener(address, clock)
        case ListenAddress() if peers_max > 1:
            return SwitchboardOpener(address, clock, peers_max)
        case ListenAddress():
            return ListenOpener(address, clock)
