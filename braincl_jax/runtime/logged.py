"""Reading `metrics.jsonl`, for all that is derived from it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# What says where a line is from; the rest of it are metrics.
PLACE = ("task", "phase", "step")


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log, one after another; a last one that was not written to its end is left out.

    Raises:
        ValueError: a line is no JSON object; the message names file and line.
    """
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):
                return
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}, line {number}, is no JSON: {error}") from error
            if not isinstance(record, dict):
                raise ValueError(f"{path}, line {number}, is no JSON object: {line[:80].rstrip()}")
            yield record


def metrics_in(record: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of a line: those of a phase by their names, those of an evaluator as EVALUATOR.NAME."""
    if "evaluator" in record:
        return {f"{record['evaluator']}.{name}": value for name, value in record["figures"].items()}
    return {name: value for name, value in record.items() if name not in PLACE}


class StepCount:
    """Counts the steps of each phase over all tasks, where the log counts them from the beginning of each task."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._last: dict[str, tuple[int, int]] = {}

    def __call__(self, record: Mapping[str, Any]) -> int:
        """Steps of the line's phase up to this line; lines come in the order of the log."""
        phase, task, step = record["phase"], record["task"], record["step"]
        last_task, last_step = self._last.get(phase, (task, 0))
        if task != last_task:
            self._before[phase] = self._before.get(phase, 0) + last_step
        self._last[phase] = (task, step)
        return self._before.get(phase, 0) + step
