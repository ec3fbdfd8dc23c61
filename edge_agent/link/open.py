"""Which opener serves which address."""

from edge_agent.clock import Clock
from edge_agent.domain.address import LineAddress, ListenAddress, SerialAddress, TcpAddress
from edge_agent.link.line import Opener
from edge_agent.link.listener import ListenOpener
from edge_agent.link.serial_line import SerialOpener
from edge_agent.link.tcp_line import TcpOpener


def opener(address: LineAddress, clock: Clock) -> Opener:
    """Return what opens the line at `address`; nothing is opened yet."""
    match address:
        case SerialAddress():
            return SerialOpener(address, clock)
        case TcpAddress():
            return TcpOpener(address, clock)
        case ListenAddress():
            return ListenOpener(address, clock)
