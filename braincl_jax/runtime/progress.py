"""What a run tells while it learns: accuracy after each task, and how long the rest will take."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from braincl_jax.evaluators.base import Evaluator
from braincl_jax.pipeline import Phase
from braincl_jax.report.units import duration
from braincl_jax.runtime.cursor import Cursor
from braincl_jax.runtime.processes import say
from braincl_jax.runtime.stages import Examination, Stage, stages_of
from braincl_jax.runtime.timings import Lap


class Pace:
    """Seconds of a step, by stage, from laps; what was compiled meanwhile does not count."""

    def __init__(self) -> None:
        """Nothing has been measured."""
        self._clean: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._first: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def add(self, stage: str, units: float, lap: Lap) -> None:
        """A lap of so many units of a stage: steps of a phase."""
        kept = self._first if lap.compiling else self._clean
        kept[stage][0] += max(lap.seconds - lap.compiling, 0.0)
        kept[stage][1] += units

    def of(self, stage: str) -> float | None:
        """Seconds of a unit; from laps in which something was compiled only while there are no others."""
        for laps in (self._clean, self._first):
            seconds, units = laps.get(stage, (0.0, 0.0))
            if units:
                return seconds / units
        return None


class Progress:
    """Where a run is among all that it has to do.

    A step of a phase is a unit; looking at a brain after task t takes t + 1, since so many tasks are looked at.
    """

    def __init__(
        self, phases: Sequence[Phase], evaluators: dict[str, Evaluator], num_tasks: int
    ) -> None:
        """Gets the phases of every task and who looks."""
        self._num_tasks, self._pace = num_tasks, Pace()
        self._counted = {phase.name for phase in phases}
        self._stages = [
            {
                stage.name: _units(stage, task)
                for stage in stages_of(phases, evaluators, last_task=task == num_tasks - 1)
            }
            for task in range(num_tasks)
        ]
        self._ahead = _ahead(self._stages)

    def measure(self, cursor: Cursor, lap: Lap, units: float) -> None:
        """Takes note of how long some units of the current stage took."""
        self._pace.add(cursor.stage, units, lap)

    def seconds_left(self, cursor: Cursor) -> tuple[float, bool]:
        """Seconds from here to the end of the run, and whether all phases that are to come have been measured."""
        today = self._stages[cursor.task]
        names = list(today)
        left = defaultdict(int, self._ahead[cursor.task])
        for name in names[names.index(cursor.stage) :]:
            left[name] += today[name]
        # Who has looked when an examination is interrupted in its middle does not matter here.
        done = cursor.done if cursor.stage in self._counted else today[cursor.stage]
        left[cursor.stage] -= min(done, today[cursor.stage])
        paces = {name: self._pace.of(name) for name, units in left.items() if units}
        seconds = sum(left[name] * pace for name, pace in paces.items() if pace is not None)
        return seconds, all(paces[name] is not None for name in paces.keys() & self._counted)

    def to_go(self, cursor: Cursor) -> str:
        """How long the rest of the run will take, in words; "" where nothing is known yet."""
        seconds, complete = self.seconds_left(cursor)
        if not seconds:
            return ""
        return ("" if complete else "over ") + duration(seconds)

    def tell(self, cursor: Cursor) -> None:
        """Says, in the first process, what came out after a task."""
        text = f"task {cursor.task} is learned ({cursor.task + 1} of {self._num_tasks})"
        accuracy = seen_accuracy(cursor)
        if accuracy is not None:
            text += f": {100 * accuracy:.1f} % over all classes seen"
        rest = self.to_go(cursor)
        say(f"{text}; {rest} to go" if rest and cursor.task + 1 < self._num_tasks else text)


def seen_accuracy(cursor: Cursor) -> float | None:
    """The accuracy over all classes seen after the current task: the figure "all_seen" of an evaluator, if there is."""
    for by_task in cursor.outcome.figures.values():
        figure: Any = by_task.get(cursor.task, {}).get("all_seen")
        if isinstance(figure, float):
            return figure
    return None


def _units(stage: Stage, task: int) -> int:
    return task + 1 if isinstance(stage, Examination) else stage.num_steps(task)


def _ahead(stages: Sequence[dict[str, int]]) -> list[dict[str, int]]:
    """For each task, the units of each stage in all tasks after it."""
    names = sorted(set().union(*stages))
    table = np.array([[of_task.get(name, 0) for name in names] for of_task in stages])
    after = table[::-1].cumsum(0)[::-1] - table
    return [dict(zip(names, map(int, row), strict=True)) for row in after]
