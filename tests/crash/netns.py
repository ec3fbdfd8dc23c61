"""A network of its own for the gateway: a namespace behind a cable that fails as cables do."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.crash.rig import run

_numbers = itertools.count()
SMALL_BYTES = 500  # a heartbeat and a single event pass; a handshake and a backlog do not


class Cable:
    """The link between the gateway's namespace and here; every fault ends with `mend`."""

    def __init__(self, name: str, end: str, far_end: str, net: str) -> None:
        self.namespace = name
        self.address = f"{net}.1"  # this end: where the gateway calls
        self._far_address = f"{net}.2"
        self._end, self._far_end = end, far_end

    @property
    def interface(self) -> str:
        """The far end's name, where the gateway is."""
        return self._far_end

    @property
    def far_address(self) -> str:
        """The far end's address: whom this side sees calling."""
        return self._far_address

    @property
    def within(self) -> tuple[str, ...]:
        """Words that start a command on the far side."""
        return "ip", "netns", "exec", self.namespace

    def pull(self) -> None:
        """The carrier is gone."""
        run("ip", "link", "set", self._end, "down")

    def swallow(self) -> None:
        """Everything is dropped, both ways, and nobody told."""
        self._filter("drop")

    def refuse(self) -> None:
        """A firewall answers with resets."""
        self._filter("meta", "l4proto", "tcp", "reject", "with", "tcp", "reset")

    def lose_large(self) -> None:
        """Large packets are dropped and nobody told: a path with a smaller MTU, ICMP filtered."""
        self._filter("meta", "length", ">", str(SMALL_BYTES), "drop")

    def lose_some(self) -> None:
        """A third of all packets is dropped."""
        self._filter("numgen", "random", "mod", "3", "==", "0", "drop")

    def lose_address(self) -> None:
        """The far side's lease ended."""
        run(*self.within, "ip", "address", "flush", "dev", self._far_end)

    def mend(self) -> None:
        """End every fault."""
        run(*self.within, "nft", "flush", "ruleset")
        run("ip", "link", "set", self._end, "up")
        address = f"{self._far_address}/24"
        run(*self.within, "ip", "address", "replace", address, "dev", self._far_end)

    def _filter(self, *rule: str) -> None:
        table = ("nft", "add", "table", "inet", "fault")
        run(*self.within, *table)
        for hook in ("input", "output"):
            chain = f"{{ type filter hook {hook} priority 0; policy accept; }}"
            run(*self.within, "nft", "add", "chain", "inet", "fault", hook, chain)
            run(*self.within, "nft", "add", "rule", "inet", "fault", hook, *rule)


@contextmanager
def cable() -> Iterator[Cable]:
    """Make a namespace and its cable; both are gone afterwards, whatever happened."""
    number = (os.getpid() * 7 + next(_numbers)) % 250
    name = f"edge{os.getpid()}-{number}"
    end, far_end = f"eh{number}", f"eg{number}"
    run("ip", "netns", "add", name)
    try:
        made = Cable(name, end, far_end, f"10.213.{number}")
        _lay(made)
        yield made
    finally:
        run("ip", "netns", "delete", name)  # and the cable with it


def _lay(made: Cable) -> None:
    end, far_end, name = made._end, made._far_end, made.namespace
    run("ip", "link", "add", end, "type", "veth", "peer", "name", far_end, "netns", name)
    run("ip", "address", "add", f"{made.address}/24", "dev", end)
    for link in ("lo", far_end):
        run(*made.within, "ip", "link", "set", link, "up")
    made.mend()


@contextmanager
def two_cables() -> Iterator[tuple[Cable, Cable, str]]:
    """Make a namespace with two cables, and an address here that both lead to.

    The first one has the better route: who does not name an interface calls over it.
    """
    with cable() as first:
        number = (os.getpid() * 7 + next(_numbers)) % 250
        second = Cable(first.namespace, f"ei{number}", f"ej{number}", f"10.214.{number}")
        _lay(second)
        common = f"10.215.{number}.1"
        run("ip", "address", "add", f"{common}/32", "dev", "lo")
        try:
            for metric, way in (("100", first), ("200", second)):
                route = ("route", "add", common, "via", way.address, "dev", way.interface)
                run(*way.within, "ip", *route, "metric", metric)
            yield first, second, common
        finally:
            run("ip", "address", "delete", f"{common}/32", "dev", "lo")
