"""Which addresses are called: those that were given, or the machine's own subnets if asked."""

import ipaddress
import re
import subprocess
from collections.abc import Iterable
from typing import Final

HOSTS_MAX: Final = 1024  # a /22; more is not a site's network, and calling it looks like an attack
_OWN: Final = re.compile(r"\binet (\d+\.\d+\.\d+\.\d+/\d+)\b")


def hosts_of(network: str) -> list[str]:
    """Return the hosts of a network such as 10.0.0.0/24.  Raises ValueError for a large one."""
    found = ipaddress.ip_network(network, strict=False)
    if found.num_addresses > HOSTS_MAX:
        raise ValueError(f"{network} has {found.num_addresses} addresses, allowed are {HOSTS_MAX}")
    return [str(host) for host in found.hosts()]


def networks(said: str) -> list[str]:
    """Return the networks in what `ip -o -4 addr` said, without loopback and point to point."""
    found = (ipaddress.ip_interface(text) for text in _OWN.findall(said))
    return sorted(
        {str(one.network) for one in found if not one.ip.is_loopback and one.network.prefixlen < 31}
    )


def own_networks() -> list[str]:
    """Return the networks that this machine is in.  Raises OSError where `ip` is missing."""
    ran = subprocess.run(
        ["ip", "-o", "-4", "addr"], capture_output=True, text=True, check=False, timeout=10
    )
    return networks(ran.stdout)


def calls(hosts: Iterable[str], ports: Iterable[int]) -> list[tuple[str, int]]:
    """Return whom to call: port by port, so that no host is called often in a row."""
    there = list(dict.fromkeys(hosts))
    return [(host, port) for port in sorted(set(ports)) for host in there]
