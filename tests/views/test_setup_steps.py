"""The steps of an installation: what is done, what is next, and what is not looked at yet."""

import re

from edge_agent.views.setup_steps import _WORDS, Done, Step, lines, words

FILE = "/etc/edge-agent/gateway.toml"


def told(*found: Done, language: str = "en", file: str = FILE) -> list[str]:
    return list(lines(found, file, FILE, words(language)))


def test_the_first_step_that_is_not_done_is_next_and_tells_what_to_do() -> None:
    said = told(Done(Step.ENROL, good=True), Done(Step.PANELS, good=False, wrong=("none",)))
    assert [one.split()[0] for one in said] == ["done", "NEXT", "none", ">", *3 * ["later"]]
    assert said[3].split()[1:3] == ["edge-agent", "discover"]
    assert FILE in said[3]


def test_after_the_last_step_comes_the_report() -> None:
    said = told(*(Done(step, good=True) for step in Step))
    assert len(said) == len(Step) + 1
    assert "edge-agent report" in said[-1]


def test_commands_name_a_configuration_that_is_not_the_usual_one() -> None:
    """They are copied as they stand."""
    for step in (Step.CHECK, Step.HAND_OVER):
        found = [Done(one, good=one is not step) for one in Step]
        assert "--config 'my gw/x.toml'" in "\n".join(told(*found, file="my gw/x.toml"))
        assert "--config" not in "\n".join(told(*found))
    assert "report --config x.toml" in told(*(Done(s, good=True) for s in Step), file="x.toml")[-1]


def test_chinese_stands_in_columns_too() -> None:
    said = told(Done(Step.ENROL, good=True), Done(Step.PANELS, good=False), language="zh")
    assert said[0].startswith("完成   已")
    assert said[1].startswith("下一步 已")


def test_each_step_is_spoken_twice_and_has_what_to_do() -> None:
    for step in Step:
        assert {step, f"{step}.do"} <= _WORDS.keys()
    for english, chinese in _WORDS.values():
        assert english
        assert re.search("[\u4e00-\u9fff]", chinese)
    assert "下一步" in told(Done(Step.ENROL, good=False), language="zh")[0]
