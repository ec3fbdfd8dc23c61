"""Kills of real processes: stories of tests/system/test_kills.py, four stacks side by side."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from tests.soak.part import Result, Watch
from tests.soak.pool import LOOK_S, spans
from tests.system.test_kills import STACKS, Story

KILLS = 40  # of one story: then a new stack begins


def run(result: Result, watch: Watch, first: int, top: Path) -> None:
    """Kill `result.asked` times, in stories whose seeds begin at `first`."""
    del top
    result.facts.update({"lost": 0, "doubled": 0, "invented": 0})
    stories = _stories(first, result.asked)
    told: list[Story] = []
    running: dict[Future[None], Story] = {}
    with ThreadPoolExecutor(STACKS) as pool:
        try:
            while True:
                while len(running) < STACKS and not watch.is_over():
                    story = next(stories, None)
                    if story is None:
                        break
                    told.append(story)
                    running[pool.submit(story.tell)] = story
                if not running:
                    return
                for story in running.values():
                    story.halted = watch.is_over()
                ended, _ = wait(running, LOOK_S, FIRST_COMPLETED)
                for future in ended:
                    _take(result, running.pop(future), future.exception())
                result.done = sum(len(story.done) for story in told)
                watch.look()
        finally:
            for story in running.values():
                story.halted = True  # its thread judges, and takes the stack down


def _stories(first: int, kills: int | None) -> Iterator[Story]:
    for number, span in enumerate(spans(0, kills, KILLS)):
        yield Story(first + number, span.count)


def _take(result: Result, story: Story, error: BaseException | None) -> None:
    result.facts["events at the centers"] += story.events
    result.facts["copies too late to be known"] += story.late
    if story.count is not None:
        for name in ("lost", "doubled", "invented"):
            result.facts[name] += len(getattr(story.count, name))
    if error is not None:
        said = f"{'; '.join(story.done)}\n{type(error).__name__}: {error}"
        again = f"./run soak --kills {story.kills} --seed {story.seed}"
        result.fail(f"story {story.seed}: {said}", again)
