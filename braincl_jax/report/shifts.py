"""Robustness in a comparison: test images that are corrupted, and images of no class that was learned."""

from collections.abc import Callable, Sequence

import numpy as np

from braincl_jax.report.cases import Case, reference_of
from braincl_jax.report.document import Block, Heading, Paragraph, Table
from braincl_jax.report.summaries import Summary
from braincl_jax.report.tables import MISSING, mean_text

# More cases or lines are not read: the first are shown.
MOST_CASES, MOST_LINES = 12, 30
Value = Callable[[Summary], float | None]


def corruption_section(cases: Sequence[Case]) -> list[Block]:
    """A line for each corruption, a column for each case with the evaluator `corruptions`."""
    found = [case for case in cases if any(run.get("corruption_error") for run in case.runs)]
    asked = found[:MOST_CASES]
    kinds = dict.fromkeys(
        kind
        for case in asked
        for run in case.runs
        for kind in (run.get("corruption_error") or {}).get("by_severity", {})
    )
    if not kinds:
        return []
    rows = [_row("none", asked, _clean)]
    rows += [_row(kind, asked, _of_kind(kind)) for kind in list(kinds)[:MOST_LINES]]
    rows += [
        _row("mean", asked, _percent("mean_corruption_error")),
        _row("of it above the error without", asked, _percent("mean_corruption_drop")),
        ["that, relative to joint training", *(_of_joint(case, cases) for case in asked)],
    ]
    note = "Over all classes after the last task; of each corruption, the mean over its severities."
    note += _left_out(len(found) - len(asked), len(kinds) - MOST_LINES)
    return [
        Heading("Errors (%) on corrupted test images"),
        Table(["corruption", *(case.name for case in asked)], rows),
        Paragraph(note),
    ]


def unknown_section(cases: Sequence[Case]) -> list[Block]:
    """A line for each source of unknown images and each score, a column for each case that was asked about them."""
    found = [
        (case, known) for case in cases if (known := [run for run in case.runs if _sources(run)])
    ]
    lines = dict.fromkeys(
        (source, score) for _, runs in found for run in runs for source, score in _sources(run)
    )
    if not lines:
        return []
    asked = [case for case, _ in found][:MOST_CASES]

    def value_of(line: tuple[str, str]) -> Value:
        return lambda run: _sources(run).get(line)

    rows = [
        [source, *cells]
        for (source, score), cells in (
            (line, _row(line[1], asked, value_of(line))) for line in list(lines)[:MOST_LINES]
        )
    ]
    header = ["images", "score", *(case.name for case in asked)]
    note = (
        "Area under the ROC curve in %, of telling these images from test images of the classes learned: 50 is chance. "
        "Classes not learned yet: mean over the tasks."
    ) + _left_out(len(found) - len(asked), len(lines) - MOST_LINES)
    return [
        Heading("Unknown images told from known ones (AUROC, %)"),
        Table(header, rows),
        Paragraph(note),
    ]


def _left_out(columns: int, lines: int) -> str:
    more = {"columns": columns, "lines": lines}
    told = [f"{number:,} more {name}" for name, number in more.items() if number > 0]
    return f" … and {' and '.join(told)}." if told else ""


def _row(name: str, cases: Sequence[Case], value: Value) -> list[str]:
    return [name, *(_mean(case, value) for case in cases)]


def _mean(case: Case, value: Value) -> str:
    return mean_text([found for run in case.runs if (found := value(run)) is not None], ".1f")


def _percent(key: str) -> Value:
    return lambda run: None if run.get(key) is None else 100 * run[key]


def _clean(run: Summary) -> float | None:
    error = run.get("corruption_error") or {}
    return None if error.get("clean") is None else 100 * error["clean"]


def _of_kind(kind: str) -> Value:
    def value(run: Summary) -> float | None:
        by_severity = ((run.get("corruption_error") or {}).get("by_severity") or {}).get(kind)
        return None if not by_severity else 100 * float(np.mean(by_severity))

    return value


def _of_joint(case: Case, cases: Sequence[Case]) -> str:
    joint = reference_of("joint", case, cases)
    if joint is None:
        return MISSING
    drops = [
        [found for run in one.runs if (found := run.get("mean_corruption_drop")) is not None]
        for one in (case, joint)
    ]
    if not all(drops):
        return MISSING
    own, of_joint = map(np.mean, drops)
    return f"{own / of_joint:.2f} x" if of_joint else MISSING


def _sources(run: Summary) -> dict[tuple[str, str], float]:
    """AUROC in % by source and score."""
    end, found = "_auroc", {}
    for source, figures in (run.get("out_of_distribution") or {}).items():
        for name, value in figures.items():
            if name.endswith(end) and value is not None:
                found[source, name.removesuffix(end)] = 100 * value
    for name, values in (run.get("unseen_classes") or {}).items():
        known = [value for value in values if value is not None]
        if name.endswith(end) and known:
            found["classes not learned yet", name.removesuffix(end)] = 100 * float(np.mean(known))
    return found
