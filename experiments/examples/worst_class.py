"""An evaluator: how well the class is known that is known worst."""

from typing import ClassVar

import numpy as np

from braincl_jax import EVALUATORS, Row
from braincl_jax.settings import between, settings


@EVALUATORS.register("worst_class")
@settings()
class WorstClass:
    """Accuracy of the class of that `rank` among those seen, 0 for the worst, after each task."""

    when: ClassVar = "after_task"
    rows: ClassVar = (Row("worst class after the last task", "worst_class_accuracy", 100, "%"),)
    rank: int = between(0, 1000, default=0)

    def run(self, exam):
        logits, label = exam.seen()
        correct = logits.argmax(-1) == label
        accuracies = sorted(float(correct[label == one].mean()) for one in np.unique(label))
        return {"accuracy": accuracies[min(self.rank, len(accuracies) - 1)]}

    def summarise(self, figures, stream):
        by_task = [figures[task]["accuracy"] for task in sorted(figures)]
        return {"worst_class_by_task": by_task, "worst_class_accuracy": by_task[-1]}
