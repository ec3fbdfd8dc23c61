"""Reports go in order, are never dropped, and come back as durable in the order of completion."""

import asyncio

import pytest
from structlog.testing import capture_logs

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import WAITING, Report
from edge_agent.domain.signal import Signal
from edge_agent.limits import UNCOMMITTED_REPORTS_MAX
from edge_agent.link.reports import Reports, Untold
from edge_agent.link.wake import Wake
from tests.link.rig import CLOCK, Intake, Running, run, until


def report(token: int) -> Report:
    signal = Signal(kind=Kind.FIRE, state=State.ACTIVE, text=str(token), frame=b"%d" % token)
    return Report(token, (signal,))


def make(intake: Intake) -> Reports:
    return Reports("p1", intake, Wake())


def test_durable_in_the_order_of_completion() -> None:
    async def main() -> None:
        intake = Intake(commits=False)
        reports = make(intake)
        for token in range(3):
            reports.submit(report(token), CLOCK.stamp())
        intake.futures[2].set_result(None)
        intake.futures[0].set_result(None)
        await asyncio.sleep(0)
        assert reports.durable() == [2, 0]
        assert reports.durable() == []

    run(main())


def test_what_no_session_was_told_of_waits_for_the_next_one() -> None:
    async def main() -> None:
        intake = Intake(commits=False)
        reports = make(intake)
        assert reports.renew() is None
        reports.submit(report(1), CLOCK.stamp())
        reports.submit(report(2), stamp := CLOCK.stamp())
        assert reports.renew() == Untold(b"2", stamp)
        intake.futures[1].set_result(None)
        await asyncio.sleep(0)
        assert reports.durable() == [], "one before it is not durable"
        reports.submit(report(1), CLOCK.stamp())
        intake.futures[0].set_result(None)
        await asyncio.sleep(0)
        assert reports.durable() == [WAITING]
        intake.futures[2].set_result(None)
        await asyncio.sleep(0)
        assert reports.durable() == [1]
        assert reports.renew() is None, "told: the panel may have heard its ACK"
        assert reports.durable() == []

    run(main())


def test_what_became_durable_while_no_line_was_up_is_told_at_once_and_once() -> None:
    async def main() -> None:
        intake = Intake(commits=False)
        reports = make(intake)
        reports.submit(report(7), stamp := CLOCK.stamp())
        intake.futures[0].set_result(None)
        await asyncio.sleep(0)
        for _ in range(2):  # the line is lost again before anybody looked
            assert reports.renew() == Untold(b"7", stamp)
        assert reports.durable() == [WAITING]
        assert reports.durable() == []
        assert reports.renew() is None

    run(main())


def test_what_was_given_up_never_counts_as_durable() -> None:
    async def main() -> None:
        intake = Intake(commits=False)
        reports = make(intake)
        reports.submit(report(7), CLOCK.stamp())
        assert reports.renew() is not None
        intake.futures[0].cancel()
        await asyncio.sleep(0)
        assert reports.durable() == []

    run(main())


def test_full_at_the_bound_and_free_below_it() -> None:
    async def main() -> None:
        intake = Intake(commits=False)
        reports = make(intake)
        for token in range(UNCOMMITTED_REPORTS_MAX):
            assert not reports.full
            reports.submit(report(token), CLOCK.stamp())
        assert reports.full
        intake.futures[0].set_result(None)
        await asyncio.sleep(0)
        assert not reports.full

    run(main())


def test_without_room_reports_wait_in_order_and_go_when_there_is_room() -> None:
    async def main() -> None:
        intake = Intake(room=False)
        reports = make(intake)
        stamp = CLOCK.stamp()
        reports.submit(report(0), stamp)
        assert reports.full
        intake.room = True
        reports.submit(report(1), CLOCK.stamp())  # not before the one that waits
        assert not intake.recorded
        async with Running(reports.retry()):
            await until(lambda: intake.texts == ["0", "1"], "both")
            assert intake.recorded[0][2] is stamp
            await until(lambda: reports.durable() == [0, 1], "both durable")

    run(main())


def test_room_for_what_waited_wakes_the_reader_before_any_commit() -> None:
    async def main() -> None:
        intake = Intake(commits=False, room=False)
        wake = Wake()
        reports = Reports("p1", intake, wake)
        reports.submit(report(0), CLOCK.stamp())
        async with Running(reports.retry()):
            intake.room = True
            await wake.wait(None)
            assert intake.texts == ["0"]
            assert not reports.full

    run(main())


def test_stopping_tries_once_more_and_names_what_it_could_not_hand_over() -> None:
    async def main(room: bool) -> list[str]:
        intake = Intake(room=False)
        reports = make(intake)
        with capture_logs() as logs:
            async with Running(reports.retry()):
                await asyncio.sleep(0)
                reports.submit(report(0), CLOCK.stamp())
                intake.room = room
        assert [log["reports"] for log in logs] == ([] if room else [1])
        return intake.texts

    assert run(main(True)) == ["0"]
    assert run(main(False)) == []


def test_a_bug_of_the_intake_is_raised_and_a_cancelled_commit_is_not() -> None:
    async def main() -> None:
        intake = Intake(commits=False)
        reports = make(intake)
        reports.submit(report(0), CLOCK.stamp())
        reports.submit(report(1), CLOCK.stamp())
        intake.futures[0].cancel()
        await asyncio.sleep(0)
        assert reports.durable() == []
        intake.futures[1].set_exception(ZeroDivisionError())
        await asyncio.sleep(0)
        with pytest.raises(ZeroDivisionError):
            reports.durable()

    run(main())
