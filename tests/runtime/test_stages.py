"""The stages of a task: phases, and moments at which somebody looks."""

from typing import Any, cast

import pytest

from braincl_jax.evaluators import Accuracy, BeforeSleep, RecallQuality, TaskAware
from braincl_jax.pipeline import Phase
from braincl_jax.runtime.stages import Examination, build_evaluators, stages_of

STEP: Any = None
DAY = (Phase("start", STEP), Phase("learn", STEP))
NIGHT = (Phase("settle", STEP, asleep=True), Phase("dream", STEP, asleep=True))
ALL = ("accuracy", "before_sleep", "task_aware", "recall_quality")


def names(phases, texts=ALL, last_task=False) -> list[str]:
    return [stage.name for stage in stages_of(phases, build_evaluators(texts), last_task=last_task)]


def test_moments_lie_before_the_night_after_it_and_after_the_last_one():
    awake, asleep = ["start", "learn", "after_wake"], ["settle", "dream", "after_task"]
    assert names(DAY + NIGHT) == awake + asleep
    assert names(DAY + NIGHT, last_task=True) == [*awake, *asleep, "at_end"]


def test_a_day_without_a_night_is_looked_at_when_it_is_over():
    assert names(DAY) == ["start", "learn", "after_wake", "after_task"]


def test_a_phase_after_the_first_of_the_night_belongs_to_it():
    afterthought = Phase("afterthought", STEP)
    assert names([*DAY, *NIGHT, afterthought])[2:] == [
        *("after_wake", "settle", "dream", "afterthought", "after_task"),
    ]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), ["start", "settle"]),
        (("accuracy",), ["start", "settle", "after_task"]),
        (("before_sleep",), ["start", "after_wake", "settle"]),
        (("recall_quality",), ["start", "settle", "at_end"]),
    ],
)
def test_nobody_looks_where_nobody_was_asked_to(texts, expected):
    assert names([DAY[0], NIGHT[0]], texts, last_task=True) == expected


def test_each_moment_has_its_evaluators_in_the_order_of_the_config():
    texts = ("task_aware", "before_sleep", "accuracy", "recall_quality")
    stages = stages_of(DAY + NIGHT, build_evaluators(texts), last_task=True)
    looks = [cast(Examination, stage) for stage in stages if isinstance(stage, Examination)]
    assert [look.evaluators for look in looks] == [
        {"before_sleep": BeforeSleep()},
        {"task_aware": TaskAware(), "accuracy": Accuracy()},
        {"recall_quality": RecallQuality()},
    ]
    assert list(looks[1].evaluators) == ["task_aware", "accuracy"]


@pytest.mark.parametrize("name", ["learn", "after_task", "at_end"])
def test_a_phase_needs_a_name_of_its_own(name):
    with pytest.raises(ValueError, match=f"phases need names of their own.*{name}"):
        names([*DAY, Phase(name, STEP, asleep=True)], last_task=True)


def test_an_evaluator_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="evaluators='f1' is unknown"):
        build_evaluators(("accuracy", "f1"))
