"""A comparison for machines: `comparison.csv`, a line a number, and `comparison.json`, all of it."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from braincl_jax.report.cases import Case, Condition, pairs_of
from braincl_jax.report.estimates import CONFIDENCE
from braincl_jax.report.measures import Measure, areas
from braincl_jax.report.summaries import accuracy_curve, has_accuracy

COLUMNS = (
    *("method", "minus", *Condition._fields, "measure", "label", "unit"),
    *("mean", "deviation", "margin", "n"),
)


def write_csv(path: Path, cases: Sequence[Case], measures: Sequence[Measure]) -> None:
    """A line for each measure of each case, and of each pair of cases, UTF-8 with a header.

    `measure` is the key of the measure, `deviation` the sample standard deviation. Where `minus` names a second method
    the line is of their difference on equal seeds, `margin` half its confidence interval. Empty cells are unknown.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for case in cases:
            writer.writerows(one | _place(case) for one in _estimates(case, measures))
        for one, other in pairs_of(cases):
            place = _place(one) | {"minus": other.name}
            writer.writerows(line | place for line in _differences(one, other, measures))


def write_json(path: Path, cases: Sequence[Case], measures: Sequence[Measure]) -> None:
    """{"confidence", "cases": [...], "differences": [...], "areas": [...]}; shown units, as in the tables."""
    content = {
        "confidence": CONFIDENCE,
        "cases": [
            _place(case)
            | {"name": case.name, "seeds": [run["seed"] for run in case.runs]}
            | {"measures": _estimates(case, measures), "accuracy_after_task": _curves(case)}
            for case in cases
        ],
        "differences": [
            _place(one)
            | {"name": one.name, "minus": other.name}
            | {"measures": _differences(one, other, measures)}
            for one, other in pairs_of(cases)
        ],
        "areas": [
            {"method": one.method, "budgets": list(one.budgets), **one.accuracy._asdict()}
            for one in areas(cases)
        ],
    }
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _place(case: Case) -> dict[str, Any]:
    return {"method": case.method, **case.condition._asdict()}


def _estimates(case: Case, measures: Sequence[Measure]) -> list[dict[str, Any]]:
    found = [(measure, measure.of(case)) for measure in measures]
    return [
        _name(measure) | {"mean": one.mean, "deviation": one.deviation, "n": one.number}
        for measure, one in found
        if one is not None
    ]


def _differences(one: Case, other: Case, measures: Sequence[Measure]) -> list[dict[str, Any]]:
    found = [(measure, measure.between(one, other)) for measure in measures]
    return [
        _name(measure) | {"mean": each.mean, "margin": each.margin, "n": each.number}
        for measure, each in found
        if each is not None
    ]


def _name(measure: Measure) -> dict[str, str]:
    return {"measure": measure.key, "label": measure.label, "unit": measure.unit}


def _curves(case: Case) -> list[list[float]]:
    """Of each seed that has one, fractions."""
    return [accuracy_curve(run).tolist() for run in case.runs if has_accuracy(run)]
