"""A line is opened for ever; down is said once, back is said once and only when bytes came."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge_agent.domain.stamp import Stamp
from edge_agent.link.line import DescriptorLine, LineError
from edge_agent.link.reopen import FLAPS_NS, FLAPS_SAID_MAX, Reopening
from tests.link.rig import CLOCK, QUICK, run
from tests.link.test_line import pair


class Moved:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_ns = 1

    def boottime_ns(self) -> int:
        return self.now_ns

    def stamp(self) -> Stamp:
        raise AssertionError("nobody asks")


class Unsteady:
    """Fails as often as told before each line that it opens."""

    def __init__(self, failures: int, called: bool = False) -> None:
        self.name = "unsteady"
        self.called = called
        self.tries = 0
        self.closed = False
        self._failures = failures

    async def open(self) -> DescriptorLine:
        self.tries += 1
        if self.tries % (self._failures + 1):
            raise LineError("not there", "plug it in")
        line, peer = pair()
        peer.close()
        return line

    def close(self) -> None:
        self.closed = True


def said(logs: list[MutableMapping[str, Any]]) -> list[str]:
    return [log["event"] for log in logs]


def test_many_failures_are_one_message_and_the_panels_hear_each() -> None:
    causes: list[str] = []

    async def main() -> None:
        opener = Unsteady(5)
        reopening = Reopening(
            opener, CLOCK, lambda error: causes.append(error.cause), QUICK, panel="p1"
        )
        (await reopening.open()).close()
        reopening.heard()
        reopening.heard()
        reopening.close()
        assert opener.closed

    with capture_logs() as logs:
        run(main())
    assert said(logs) == ["line.down", "line.back"]
    assert (logs[0]["cause"], logs[0]["remedy"]) == ("not there", "plug it in")
    assert (logs[0]["panel"], logs[0]["line"]) == ("p1", "unsteady")
    assert causes == ["not there"] * 5


def test_a_line_that_opens_and_is_lost_again_and_again_is_one_message() -> None:
    async def main() -> None:
        reopening = Reopening(Unsteady(0), CLOCK, lambda _: None, QUICK)
        for _ in range(5):
            (await reopening.open()).close()
            reopening.lost(LineError("hung up"))

    with capture_logs() as logs:
        run(main())
    assert said(logs) == ["line.open", "line.down"]


def test_a_peer_that_calls_and_hangs_up_for_ever_does_not_flood_the_log() -> None:
    """Seen to fail with a line for each: two thousand a second by one host that reaches a port."""
    clock = Moved()
    told: list[LineError] = []

    async def main() -> None:
        reopening = Reopening(Unsteady(0, called=True), clock, told.append, QUICK)

        async def flap(times: int) -> None:
            for _ in range(times):
                (await reopening.open()).close()
                reopening.heard()
                reopening.lost(LineError("hung up"))
                clock.now_ns += 1_000_000

        await flap(1000)
        clock.now_ns += FLAPS_NS
        await flap(1)

    with capture_logs() as logs:
        run(main())
    downs = [log for log in logs if log["event"] == "line.down"]
    assert len(downs) == FLAPS_SAID_MAX + 1
    assert downs[-1]["unsaid"] == 1000 - FLAPS_SAID_MAX
    assert said(logs).count("line.back") <= len(downs)
    assert len(told) == 1001, "the panels hear each"


def test_after_a_loss_it_waits_longer_and_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(called: bool) -> list[int]:
        reopening = Reopening(Unsteady(0, called), CLOCK, lambda _: None, QUICK)
        waits_ns = []
        for _ in range(6):
            (await reopening.open()).close()
            reopening.lost(LineError("hung up"))
            waits_ns.append(reopening._wait_ns)
        return waits_ns

    waits_ns = run(main(called=False))
    assert 1_000_000 <= waits_ns[0] <= 2_000_000
    assert 10_000_000 <= waits_ns[5] <= 20_000_000
    assert run(main(called=True)) == [0] * 6  # the panel decides when it calls again


def test_what_is_no_fault_of_the_world_comes_out(tmp_path: Path) -> None:
    class Broken(Unsteady):
        async def open(self) -> DescriptorLine:
            raise ZeroDivisionError

    async def main() -> None:
        await Reopening(Broken(0), CLOCK, lambda _: None, QUICK).open()

    with pytest.raises(ZeroDivisionError):
        run(main())
