"""What a comparison compares: the runs of a method at one budget and under one pair of caps, which differ in seed."""

from collections.abc import Sequence
from typing import NamedTuple

from braincl_jax.report.summaries import Summary

# What runs must have in common, as far as it is known of them. "data" is the SHA-256 of images and labels: where all
# have it, it matters no more where each found them.
SAME = ("num_tasks", "evaluated_on", "data", "class_order")
MOST_SHOWN = 80  # characters of a value in an error


class Condition(NamedTuple):
    """What runs must have in common to be compared.

    Attributes:
        budget_bytes: of the memory.
        max_flops: cap on floating-point operations; 0 is none.
        max_examples: cap on examples shown; 0 is none.
    """

    budget_bytes: int
    max_flops: float
    max_examples: int

    def words(self, others: Sequence["Condition"]) -> str:
        """What tells it from others of the same method: ", 392,000 bytes, at most 2 TFLOP"."""
        texts = (
            f"{self.budget_bytes:,} bytes",
            f"at most {self.max_flops / 1e12:.6g} TFLOP" if self.max_flops else "no cap on FLOPs",
            f"at most {self.max_examples:,} examples"
            if self.max_examples
            else "no cap on examples",
        )
        columns = zip(texts, *others, strict=True)
        return "".join(f", {text}" for text, *values in columns if len(set(values)) > 1)


class Case(NamedTuple):
    """Runs that differ in seed alone.

    Attributes:
        name: the method and, where it has several conditions, what tells them apart.
        method: as the runs call it; of a comparison, the name of a variant.
        condition: of its runs.
        runs: in any order.
    """

    name: str
    method: str
    condition: Condition
    runs: list[Summary]

    def is_of(self, method: str) -> bool:
        """Whether it is a method, under whatever name and with whatever settings."""
        settings = self.runs[0].get("settings") or {}
        return str(settings.get("method", self.method)).partition("(")[0] == method


def cases_of(summaries: Sequence[Summary]) -> list[Case]:
    """The cases, those of a method side by side, in order of first appearance.

    Raises:
        ValueError: there is no run, runs differ in `SAME`, or a case has a seed twice. Comparisons are equal, or they
            are not made.
    """
    if not summaries:
        raise ValueError("a comparison needs at least 1 run, got 0")
    methods: dict[str, dict[Condition, list[Summary]]] = {}
    where = () if all(run.get("data") for run in summaries) else ("dataset",)
    for key in (*SAME, *where):
        _check_same(key, [run for run in summaries if run.get(key) is not None])
    for run in summaries:
        methods.setdefault(run["method"], {}).setdefault(_condition(run), []).append(run)
    cases = []
    for method, by_condition in methods.items():
        for condition, runs in by_condition.items():
            name = method + condition.words(list(by_condition))
            seeds = [run["seed"] for run in runs]
            if len(set(seeds)) < len(seeds):
                raise ValueError(
                    f"{name} has {len(seeds)} runs but seeds {seeds}: give variants names of their own"
                )
            cases.append(Case(name, method, condition, runs))
    return cases


def pairs_of(cases: Sequence[Case]) -> list[tuple[Case, Case]]:
    """Which cases are set against each other: two methods under the same condition, the earlier one first.

    Methods that have no condition in common, such as variants that differ in it by their own settings, are paired in
    all of theirs.
    """
    conditions: dict[str, set[Condition]] = {}
    for case in cases:
        conditions.setdefault(case.method, set()).add(case.condition)
    return [
        (one, other)
        for number, one in enumerate(cases)
        for other in cases[number + 1 :]
        if one.method != other.method
        and (
            one.condition == other.condition
            or not conditions[one.method] & conditions[other.method]
        )
    ]


def reference_of(method: str, case: Case, cases: Sequence[Case]) -> Case | None:
    """What a case is measured by: a method such as joint training under its condition, or else in whatever there is.

    Where several variants are that method, it is the one that is called by its name; None where that does not tell.
    """
    found = [one for one in cases if one.is_of(method)]
    alike = [one for one in found if one.condition == case.condition] or found
    named = [one for one in alike if one.method == method]
    chosen = named if len(alike) > 1 else alike
    return chosen[0] if len(chosen) == 1 else None


def _condition(run: Summary) -> Condition:
    # Runs from before there were caps had none.
    return Condition(
        run["budget_bytes"], float(run.get("max_flops") or 0), run.get("max_examples") or 0
    )


def _check_same(key: str, runs: Sequence[Summary]) -> None:
    """Raises ValueError if not all of `runs`, which know `key`, have it in common."""
    for run in runs:
        if run[key] != runs[0][key]:
            raise ValueError(
                f"runs to compare differ in {key}: {runs[0]['method']} has {runs[0][key]!r:.{MOST_SHOWN}}, "
                f"{run['method']} has {run[key]!r:.{MOST_SHOWN}}"
            )
