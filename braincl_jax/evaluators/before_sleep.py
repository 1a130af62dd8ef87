"""Before sleep: what the day alone has taught, when the head has learned the new classes and nothing was replayed."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from braincl_jax.data import TaskStream
from braincl_jax.evaluators.base import Exam, Figures, Moment, Row
from braincl_jax.registry import EVALUATORS
from braincl_jax.settings import settings


@EVALUATORS.register("before_sleep")
@settings()
class BeforeSleep:
    """Top-1 accuracy among all classes seen, on the test images of all of them and of the new task alone.

    Fills `before_sleep_accuracy` and `before_sleep_new_task`, a number for each task, and the means of both.
    """

    when: ClassVar[Moment] = "after_wake"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("accuracy before sleep, mean over tasks", "mean_before_sleep_accuracy", 100, "%"),
        Row("new classes before sleep, mean over tasks", "mean_before_sleep_new_task", 100, "%"),
    )

    def run(self, exam: Exam) -> Figures:
        return {"accuracy": exam.seen().accuracy(), "new_task": exam.test(exam.task).accuracy()}

    def summarise(self, figures: Mapping[int, Figures], stream: TaskStream) -> Figures:
        del stream
        summary = {}
        for name in ("accuracy", "new_task"):
            values = [figures[task][name] for task in sorted(figures)]
            summary[f"before_sleep_{name}"] = values
            summary[f"mean_before_sleep_{name}"] = float(np.mean(values))
        return summary
