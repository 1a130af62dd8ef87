"""How features of test images lie when all is learned, along their two principal axes, of one run."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure

from braincl_jax.registry import FIGURES
from braincl_jax.report import style
from braincl_jax.report.summaries import Summary, class_names, first_tasks
from braincl_jax.settings import settings

# Of more classes, or tasks, colours repeat and a legend would tell nothing.
MOST_NAMED = 20


@FIGURES.register("feature_map")
@settings()
class FeatureMap:
    """A point an image, in the colour of its class; of more than 20 classes, in that of its task."""

    scope: ClassVar[str] = "run"

    def draw(self, summaries: Sequence[Summary]) -> Figure | None:
        """None for a run without `feature_map`, see the evaluator `representation`."""
        (summary,) = summaries
        known = summary.get("feature_map")
        if not known:
            return None
        label, (x, y) = np.array(known["label"]), (np.array(known[name]) for name in "xy")
        group, names = _groups(summary, label)
        figure, axes = style.blank_axes(
            6.8, 4.8, "Features of test images, two principal components"
        )
        for index, one in enumerate(np.unique(group).tolist()):
            own = group == one
            look = {"s": 14, "alpha": 0.7, "linewidths": 0, "marker": style.marker(index // 7, 1)}
            colour = style.COLOURS[index % len(style.COLOURS)]
            axes.scatter(x[own], y[own], color=colour, label=names.get(one), **look)
        first, second = (100 * share for share in known["share"])
        axes.set(xlabel=f"{first:.1f} % of the variance", ylabel=f"{second:.1f} % of the variance")
        if names:
            figure.legend(loc="outside right upper", frameon=False, fontsize=8)
        return figure


def _groups(summary: Summary, label: np.ndarray) -> tuple[np.ndarray, dict[int, str]]:
    """A number for each image, of its class, its task or its colour, and what each class or task is called."""
    present = np.unique(label).tolist()
    if len(present) <= MOST_NAMED:
        names = class_names(summary, present[-1] + 1)
        return label, {one: style.short(names[one]) for one in present}
    tasks = first_tasks(summary)
    task = np.array([tasks.get(one, 0) for one in label.tolist()])
    present = np.unique(task).tolist()
    if len(present) <= MOST_NAMED:
        return task, {one: f"task {one}" for one in present}
    return task % len(style.COLOURS), {}
