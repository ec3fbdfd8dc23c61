"""Each way to a center is opened with what its configuration names, the preferred one first."""

from pathlib import Path

from edge_agent.clock import SystemClock
from edge_agent.config import parse
from edge_agent.daemon.ways import ways_to

CONFIG = b"""
[gateway]
id = "gw1"
[[center]]
name = "own"
ca = "own/ca.pem"
certificate = "own/client.pem"
key = "/etc/keys/client.key"
receipt_certificate = "own/receipt.pem"
path = [{ host = "a" }, { host = "b", port = 8884, interface = "wwan0" }]
[[panel]]
id = "p1"
driver = "surgard"
serial = { port = "x" }
"""


def test_files_are_found_beside_the_configuration_and_the_order_is_kept() -> None:
    loaded, now = parse(CONFIG, Path("/etc/edge-agent/gateway.toml")), SystemClock().now
    first, second = ways_to(loaded, loaded.config.center[0], now)
    assert [(one.host, one.port, one.interface) for one in (first, second)] == [
        ("a", 8883, None),
        ("b", 8884, "wwan0"),
    ]
    for one in (first, second):
        assert one.ca == Path("/etc/edge-agent/own/ca.pem")
        assert one.certificate == Path("/etc/edge-agent/own/client.pem")
        assert one.key == Path("/etc/keys/client.key")
        assert one.now == now
