"""`curves` of `summary.json`: a thinned form of `metrics.jsonl`, from which figures are drawn.

    {"replay": {"task": [0, 0, ...], "step": [20, 40, ...], "loss": [1.303, 1.21, ...], ...}, "encode": {...}, ...}

For each phase that measures something at most `MOST_POINTS` lines of the log, evenly spaced from the first to the last:
the task; the steps of this phase up to there, in all tasks; and each metric, as it was logged (the mean of some 20
steps), rounded to `DIGITS` significant digits, None where a line lacks it.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from braincl_jax.runtime.logged import StepCount, metrics_in, read_log

MOST_POINTS = 200
DIGITS = 5

Curves = dict[str, dict[str, list[Any]]]


def thinned(path: Path) -> Curves:
    """The curves of a log, see above; however long it is, few of its lines are held at a time.

    Raises:
        ValueError: as `read_log`.
    """
    sizes = Counter(record["phase"] for record in read_log(path) if _is_measured(record))
    kept = {
        phase: set(np.linspace(0, size - 1, min(size, MOST_POINTS)).round().astype(int).tolist())
        for phase, size in sizes.items()
    }
    seen, count = Counter(), StepCount()
    lines: dict[str, list[dict[str, Any]]] = {phase: [] for phase in sizes}
    for record in filter(_is_measured, read_log(path)):
        phase, steps = record["phase"], count(record)
        if seen[phase] in kept[phase]:
            lines[phase].append({"task": record["task"], "step": steps, **metrics_in(record)})
        seen[phase] += 1
    return {phase: _columns(points) for phase, points in lines.items()}


def _is_measured(record: dict[str, Any]) -> bool:
    return "evaluator" not in record and bool(metrics_in(record))


def _columns(points: list[dict[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for point in points for name in point)
    return {name: [_rounded(point.get(name)) for point in points] for name in names}


def _rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
