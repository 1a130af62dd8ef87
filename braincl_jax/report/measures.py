"""The measures of a comparison: what the evaluators of its runs declare, and what the runs have cost."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from braincl_jax.report.cases import Case
from braincl_jax.report.costs import total_costs
from braincl_jax.report.estimates import (
    Difference,
    Estimate,
    area_over_log,
    estimate,
    paired_difference,
)
from braincl_jax.report.summaries import Summary, rows_of
from braincl_jax.report.units import significant


class Measure(NamedTuple):
    """A number of a run.

    Attributes:
        key: in tables for machines.
        label: what it is called.
        unit: may be empty.
        show: the number as text.
        value: of a run; None where it has none.
    """

    key: str
    label: str
    unit: str
    show: Callable[[float], str]
    value: Callable[[Summary], float | None]

    @property
    def title(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    def by_seed(self, case: Case) -> dict[int, float]:
        """Seed -> value, of the runs that have one."""
        values = {run["seed"]: self.value(run) for run in case.runs}
        return {seed: value for seed, value in values.items() if value is not None}

    def of(self, case: Case) -> Estimate | None:
        """Over the seeds of a case."""
        return estimate(list(self.by_seed(case).values()))

    def between(self, one: Case, other: Case) -> Difference | None:
        """Over the seeds of both."""
        return paired_difference(self.by_seed(one), self.by_seed(other))


def declared(summaries: Sequence[Summary]) -> list[Measure]:
    """What the runs declare, see `rows_of`."""
    return [
        Measure(row.key, row.label, row.unit, "{:.2f}".format, row.value)
        for row in rows_of(summaries)
    ]


def _memory(run: Summary) -> float | None:
    return (run.get("memory_bytes") or {}).get("total")


def _minutes(run: Summary) -> float | None:
    seconds = run.get("wall_seconds")
    return None if seconds is None else sum(seconds.values()) / 60


def _teraflops(run: Summary) -> float | None:
    flops = total_costs(run).flops
    return None if flops is None else flops / 1e12


# Of every run. Minutes are those of everything that a run does, evaluations included.
_WHOLE = "{:,.0f}".format
SIZES = (
    Measure("memory_bytes", "memory", "bytes", _WHOLE, _memory),
    Measure("num_cues", "cues or exemplars", "", _WHOLE, lambda run: run.get("num_cues")),
)
COSTS = (
    Measure("minutes", "minutes", "", "{:.1f}".format, _minutes),
    Measure("examples", "examples shown", "", _WHOLE, lambda run: total_costs(run).examples),
    Measure("updates", "updates", "", _WHOLE, lambda run: total_costs(run).updates),
    Measure("teraflops", "compute", "TFLOP", significant, _teraflops),
    Measure(
        *("peak_bytes", "peak of device memory", "bytes", _WHOLE),
        lambda run: total_costs(run).peak_bytes,
    ),
)


class Area(NamedTuple):
    """Accuracy over bytes, of a method with several budgets.

    Attributes:
        method: its name.
        budgets: the budgets, ascending.
        accuracy: mean height of its curve of final accuracy over the logarithm of the budget, a fraction.
    """

    method: str
    budgets: tuple[int, ...]
    accuracy: Estimate


def areas(cases: Sequence[Case]) -> list[Area]:
    """Of each method with several budgets under the same caps; of the seeds that have all of them."""
    curves: dict[tuple, dict[int, dict[int, float]]] = {}
    final = Measure(
        *("final_accuracy", "final accuracy", "", str), lambda run: run.get("final_accuracy")
    )
    for case in cases:
        budget, *caps = case.condition
        curves.setdefault((case.method, *caps), {})[budget] = final.by_seed(case)
    found = []
    for (method, *_), curve in curves.items():
        budgets = tuple(sorted(curve))
        seeds = sorted(set.intersection(*(set(values) for values in curve.values())))
        if len(budgets) < 2 or not seeds:
            continue
        each = [area_over_log(budgets, [curve[one][seed] for one in budgets]) for seed in seeds]
        accuracy = estimate(each)
        assert accuracy is not None
        found.append(Area(method, budgets, accuracy))
    return found
