"""Which addresses are called."""

import pytest

from edge_agent.linetools.hosts import HOSTS_MAX, calls, hosts_of, networks, own_networks

IP = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 192.168.7.4/24 brd 192.168.7.255 scope global eth0\\       valid_lft forever
3: wg0    inet 10.9.0.2/32 scope global wg0\\       valid_lft forever preferred_lft forever
"""


def test_the_hosts_of_a_network() -> None:
    assert hosts_of("10.0.0.4/30") == ["10.0.0.5", "10.0.0.6"]
    assert hosts_of("10.0.0.7/30") == ["10.0.0.5", "10.0.0.6"]
    assert len(hosts_of("10.0.0.0/22")) < HOSTS_MAX


@pytest.mark.parametrize("network", ["10.0.0.0/21", "10.0.0.0/33", "2001:db8::/32", "x/8"])
def test_what_is_too_large_or_no_network_is_refused(network: str) -> None:
    with pytest.raises(ValueError, match=r"allowed are|not appear to be"):
        hosts_of(network)


def test_own_networks_are_those_that_others_can_be_in() -> None:
    assert networks(IP) == ["192.168.7.0/24"]
    assert isinstance(own_networks(), list)


def test_no_host_is_called_twice_in_a_row() -> None:
    assert calls(["a", "b", "a"], [502, 23, 502]) == [("a", 23), ("b", 23), ("a", 502), ("b", 502)]
