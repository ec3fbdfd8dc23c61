"""How much one address may ask (pure): so many at once, then so many a second."""

import ipaddress
from collections import OrderedDict

AT_ONCE = 2_000  # a center that was away asks for each of its gateways once
A_SECOND = 20
ADDRESSES_MAX = 4_096  # the one that asked least lately is forgotten: to it all is allowed again
_NS = 1_000_000_000
_IPV6_SITE = 64  # bits: one site has all addresses below


class Quota:
    """A bucket of questions for each address, filled as time goes."""

    def __init__(self, at_once: int = AT_ONCE, a_second: int = A_SECOND) -> None:
        self._full_ns = at_once * _NS // a_second
        self._step_ns = _NS // a_second
        self._full_at: OrderedDict[str, int] = OrderedDict()  # when its bucket is full again

    def take(self, address: str, now_ns: int) -> bool:
        """Count one question; tell whether it may be answered."""
        site = _site(address)
        full_at = max(self._full_at.pop(site, now_ns), now_ns)
        allowed = full_at - now_ns + self._step_ns <= self._full_ns
        self._full_at[site] = full_at + self._step_ns if allowed else full_at
        if len(self._full_at) > ADDRESSES_MAX:
            self._full_at.popitem(last=False)
        return allowed


def _site(address: str) -> str:
    try:
        told = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(told, ipaddress.IPv4Address):
        return address
    if told.ipv4_mapped is not None:
        return str(told.ipv4_mapped)
    return str(ipaddress.ip_network((int(told), _IPV6_SITE), strict=False))
