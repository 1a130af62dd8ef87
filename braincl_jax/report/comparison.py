"""Methods side by side: tables, figures and pages from the `summary.json` of many runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from braincl_jax.report.cases import Case, cases_of, pairs_of, reference_of
from braincl_jax.report.document import (
    Block,
    Document,
    Heading,
    Paragraph,
    Picture,
    Table,
    to_markdown,
)
from braincl_jax.report.drawing import draw_figures
from braincl_jax.report.estimates import CONFIDENCE, Difference
from braincl_jax.report.measures import COSTS, SIZES, Measure, areas, declared
from braincl_jax.report.plasticity import plasticity_section
from braincl_jax.report.shifts import corruption_section, unknown_section
from braincl_jax.report.summaries import Summary, accuracy_curve, has_accuracy
from braincl_jax.report.tables import MISSING, markdown_table, mean_text
from braincl_jax.report.tidy import write_csv, write_json
from braincl_jax.report.web import to_html
from braincl_jax.spread import spread

# More tasks, pairs or runs than these are not read: some are shown.
MOST_TASKS, MOST_PAIRS, MOST_RUNS = 20, 60, 100
NAME = "comparison"


def write_comparison(directory: Path, summaries: Sequence[Summary]) -> Path:
    """Writes `comparison.md`, `.html`, `.csv` and `.json`, and a PNG of every figure registered for comparisons.

    Both pages consist of the same tables and figures; that in HTML needs no other file. A figure that fails is logged
    as a warning, and the pages go without it.

    Args:
        directory: is created.
        summaries: `summary.json` objects, one a run, in any order.

    Returns:
        The path of `comparison.md`; the others lie beside it.

    Raises:
        ValueError: as `cases_of`; nothing is written.
    """
    cases = cases_of(summaries)
    tables = _tables(summaries, cases)
    directory.mkdir(parents=True, exist_ok=True)
    drawn = draw_figures(directory, (), "comparison", summaries)
    pictures = [Picture(f"{name}.png", name.replace("_", " ")) for name in drawn]
    title = f"{summaries[0]['dataset']}, {summaries[0]['num_tasks']} tasks"
    plots = [Heading("Plots"), *pictures] if pictures else []
    document = Document(title, [*tables, *plots, *_origin(cases)])
    path = directory / f"{NAME}.md"
    path.write_text(to_markdown(document), encoding="utf-8")
    path.with_suffix(".html").write_text(to_html(document, directory), encoding="utf-8")
    measures = [*declared(summaries), *SIZES, *COSTS]
    write_csv(path.with_suffix(".csv"), cases, measures)
    write_json(path.with_suffix(".json"), cases, measures)
    return path


def comparison_table(summaries: Sequence[Summary]) -> str:
    """The first table of the page, as GitHub-Markdown; see `results_table`.

    Raises:
        ValueError: as `cases_of`.
    """
    table = results_table(summaries, cases_of(summaries))
    return markdown_table(table.header, table.rows)


def results_table(summaries: Sequence[Summary], cases: Sequence[Case]) -> Table:
    """A line a case, in order of first appearance.

    The rows that the runs declare (see `rows_of`) are its columns: the mean over the seeds and, from two on, the sample
    standard deviation (divisor n - 1). Sizes and costs are means over the seeds, costs with their ratio to those of
    joint training where it is among the runs. A measure that no run of the case has reads "n/a"; one that only some
    have says how many; a cost that no run at all has is no column.
    """
    measures, costs = declared(summaries), _known_costs(summaries)
    header = ["method", "seeds", *(one.title for one in (*measures, *SIZES, *costs))]
    rows = [
        [
            case.name,
            str(len(case.runs)),
            *(_with_deviation(one, case) for one in measures),
            *(_mean(one, case) for one in SIZES),
            *(_mean(one, case) + _to_joint(one, case, cases) for one in costs),
        ]
        for case in cases
    ]
    return Table(header, rows)


def _tables(summaries: Sequence[Summary], cases: Sequence[Case]) -> list[Block]:
    known = any(reference_of("joint", case, cases) for case in cases)
    ratio = " In brackets, costs relative to joint training." * known
    return [
        Heading("Results"),
        results_table(summaries, cases),
        Paragraph(
            "Means over seeds ± standard deviation (n - 1); an n in brackets where it is not all seeds."
            + ratio
        ),
        *_differences(summaries, cases),
        *_after_each_task(cases),
        *plasticity_section(cases),
        *corruption_section(cases),
        *unknown_section(cases),
        *_areas(cases),
    ]


def _known_costs(summaries: Sequence[Summary]) -> list[Measure]:
    minutes, *others = COSTS
    return [
        minutes,
        *(one for one in others if any(one.value(run) is not None for run in summaries)),
    ]


def _with_deviation(measure: Measure, case: Case) -> str:
    found = measure.of(case)
    if found is None:
        return MISSING
    deviation = "" if found.deviation is None else f" ± {measure.show(found.deviation)}"
    return measure.show(found.mean) + deviation + _some(found.number, len(case.runs))


def _some(known: int, all_of_them: int) -> str:
    return f" (n = {known})" if 0 < known < all_of_them else ""


def _mean(measure: Measure, case: Case) -> str:
    found = measure.of(case)
    return MISSING if found is None else measure.show(found.mean)


def _to_joint(measure: Measure, case: Case, cases: Sequence[Case]) -> str:
    """How often the cost of joint training it is: " (0.85 x)"."""
    joint = reference_of("joint", case, cases)
    if joint is None or joint is case:
        return ""
    own, of_joint = measure.of(case), measure.of(joint)
    if own is None or of_joint is None or not of_joint.mean:
        return ""
    return f" ({own.mean / of_joint.mean:.2f} x)"


def _differences(summaries: Sequence[Summary], cases: Sequence[Case]) -> list[Block]:
    """Every pair of methods; of more than `MOST_PAIRS`, the first."""
    pairs, measures = pairs_of(cases), declared(summaries)
    rows = []
    for one, other in pairs[:MOST_PAIRS]:
        seeds = len({run["seed"] for run in one.runs} & {run["seed"] for run in other.runs})
        found = [measure.between(one, other) for measure in measures]
        rows.append(
            [f"{one.name} - {other.name}", str(seeds), *(_interval(each, seeds) for each in found)]
        )
    if not rows:
        return []
    left_out = len(pairs) - len(rows)
    note = (
        f"Mean of the differences between runs of equal seed, and its {100 * CONFIDENCE:.0f} % confidence interval "
        "(Student's t with n - 1 degrees of freedom). Each interval stands for itself: with many of them, some leave "
        "out the true value."
    )
    more = f" {left_out:,} more pairs are in {NAME}.csv." * bool(left_out)
    return [
        Heading("Differences on equal seeds"),
        Table(["difference", "seeds", *(one.title for one in measures)], rows),
        Paragraph(note + more),
    ]


def _interval(difference: Difference | None, seeds: int) -> str:
    if difference is None:
        return MISSING
    some = _some(difference.number, seeds)
    if difference.interval is None:
        return f"{difference.mean:+z.2f}{some}"
    low, high = difference.interval
    return f"{difference.mean:+z.2f} [{low:+z.2f}, {high:+z.2f}]{some}"


def _after_each_task(cases: Sequence[Case]) -> list[Block]:
    rows, shown = [], []
    for case in cases:
        runs = [run for run in case.runs if has_accuracy(run)]
        if not runs:
            continue
        percent = 100 * np.array([accuracy_curve(run) for run in runs])  # [seeds, T]
        shown = spread(percent.shape[1], MOST_TASKS).tolist()
        rows.append([case.name, *(mean_text(percent[:, task].tolist(), ".1f") for task in shown)])
    if not rows:
        return []
    header = ["method", *(f"task {task}" for task in shown)]
    return [Heading("Accuracy (%) over all classes seen, after each task"), Table(header, rows)]


def _areas(cases: Sequence[Case]) -> list[Block]:
    found = areas(cases)
    if not found:
        return []
    rows = [
        [
            one.method,
            str(one.accuracy.number),
            f"{one.budgets[0]:,}",
            f"{one.budgets[-1]:,}",
            str(len(one.budgets)),
            _area(one.accuracy.mean, one.accuracy.deviation),
        ]
        for one in found
    ]
    header = ["method", "seeds", "from (bytes)", "to (bytes)", "budgets", "area (%)"]
    note = (
        "Area under final accuracy over the logarithm of the budget (trapezoidal rule), divided by its range: the mean "
        "height of the curve. Of the seeds that have all budgets; comparable between methods with the same ones."
    )
    return [Heading("Accuracy over bytes"), Table(header, rows), Paragraph(note)]


def _area(mean: float, deviation: float | None) -> str:
    spread = "" if deviation is None else f" ± {100 * deviation:.2f}"
    return f"{100 * mean:.2f}{spread}"


def _origin(cases: Sequence[Case]) -> list[Block]:
    """Where each run comes from; of more than `MOST_RUNS`, the first."""
    keys = ("commit", "hardware", "device", "command")
    runs = [(case.name, run) for case in cases for run in case.runs]
    rows = [
        [name, str(run["seed"]), *(str(run.get(key) or MISSING) for key in keys)]
        for name, run in runs[:MOST_RUNS]
    ]
    left_out = len(runs) - len(rows)
    more = [Paragraph(f"… and {left_out:,} more.")] if left_out else []
    return [Heading("Runs"), Table(["method", "seed", *keys], rows), *more]
