"""The section of a page that says how well each class is known, and which are taken for which."""

from braincl_jax.report.summaries import (
    ClassAccuracy,
    Summary,
    class_accuracies,
    class_names,
    confusions,
    worst_and_best,
)
from braincl_jax.report.tables import MISSING, cut_table, left_out, markdown_table

MOST_CLASSES, MOST_CONFUSIONS, MOST_NAMES = 50, 10, 100


def class_section(summary: Summary) -> list[str]:
    """Accuracy by class, of many classes the worst and the best, and the most frequent confusions, as Markdown blocks.

    Of a run without `class_accuracy` the names of its classes; none of either: no blocks.
    """
    known = class_accuracies(summary)
    if not known:
        return _names(summary)
    shown = worst_and_best(known, MOST_CLASSES)
    title = "## Accuracy (%) by class"
    if len(shown) < len(known):
        title += f": the worst and the best of {len(known):,}"
    rows = [[one.name, _task(one), f"{100 * one.accuracy:.2f}"] for one in shown]
    table = markdown_table(["class", "task", "accuracy"], rows)
    return [title, table + left_out(len(known) - len(shown)), *_confusions(summary)]


def _task(one: ClassAccuracy) -> str:
    return MISSING if one.task is None else str(one.task)


def _confusions(summary: Summary) -> list[str]:
    rows = [[true, predicted, f"{count:,}"] for true, predicted, count in confusions(summary)]
    if not rows:
        return []
    table = cut_table(["true class", "taken for", "images"], rows, MOST_CONFUSIONS)
    return ["## Most frequent confusions", table]


def _names(summary: Summary) -> list[str]:
    number = len(summary.get("class_names") or ())
    if number == 0:
        return []
    names = class_names(summary, number)[:MOST_NAMES]
    return ["## Classes, in their order", ", ".join(names) + left_out(number - len(names))]
