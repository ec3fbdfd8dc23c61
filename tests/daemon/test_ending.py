"""Why a run ends: the first reason counts, and a last gasp waits before the process goes.

Seen to fail: a SIGTERM after the last gasp that took its place in the last event.
"""

import asyncio
import os
import signal

from edge_agent.daemon.ending import Ending, run_until_signal
from edge_agent.evidence.bodies import ActBody


def test_the_first_reason_counts() -> None:
    async def whole() -> None:
        ending, stop = Ending(), asyncio.Event()
        ending.by_power("too early: nobody listens")
        assert ending.act.what == "stop"
        ending.begin(stop)
        ending.by_power("battery at 9 %")
        ending.by_signal("SIGTERM")
        assert stop.is_set()
        assert ending.gasped
        assert ending.notice == ""
        assert ending.act == ActBody("last_gasp", "power", "battery at 9 %")

    asyncio.run(whole())


def test_a_restart_is_one_only_if_nobody_ended_it_before() -> None:
    async def whole() -> None:
        first, second = Ending(), Ending()
        for ending in (first, second):
            ending.begin(asyncio.Event())
        first.to_restart("a new configuration")
        second.by_signal("SIGTERM")
        second.to_restart("a new configuration")
        assert first.restarts
        assert (first.notice, second.notice) == ("RELOADING=1", "STOPPING=1")
        assert first.act == ActBody("stop", "agent", "a new configuration")
        assert not second.restarts
        assert second.act.detail == "SIGTERM"

    asyncio.run(whole())


def test_an_end_for_good_is_no_reload() -> None:
    async def whole() -> None:
        ending = Ending()
        ending.begin(asyncio.Event())
        assert not ending.parts
        ending.to_part(ActBody("decommission", "root", outcome="ended"))
        assert (ending.parts, ending.restarts, ending.notice) == (True, True, "STOPPING=1")

    asyncio.run(whole())


def served(number: signal.Signals) -> list[str]:
    """Run with a serve that gets `number` from outside; return what happened."""
    ending, seen = Ending(), list[str]()

    async def serve(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 60)
        seen.append(f"{ending.act.what} {ending.act.actor} {ending.act.detail}")

    async def await_power(told: asyncio.Event) -> None:
        seen.append("waits")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(told.wait(), 60)

    def power_fails() -> None:
        ending.by_power("SIGPWR")

    asyncio.run(run_until_signal(ending, serve, await_power, power_fails))
    return seen


def test_signals_end_the_run_and_stand_in_its_last_event() -> None:
    assert served(signal.SIGTERM) == ["stop signal SIGTERM"]
    assert served(signal.SIGINT) == ["stop signal SIGINT"]


def test_after_a_last_gasp_the_process_waits_until_it_is_told_to_go() -> None:
    assert served(signal.SIGPWR) == ["last_gasp power SIGPWR", "waits"]
