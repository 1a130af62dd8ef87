"""Plasticity in a comparison: a task just learned, beside what a network that knew nothing else learned of it."""

from collections.abc import Sequence

from braincl_jax.report.cases import Case, reference_of
from braincl_jax.report.document import Block, Heading, Paragraph, Table
from braincl_jax.report.estimates import CONFIDENCE
from braincl_jax.report.measures import Measure
from braincl_jax.report.summaries import Summary
from braincl_jax.report.tables import MISSING, mean_text

REFERENCE = "alone"


def just_learned(run: Summary) -> float | None:
    """Mean over tasks of the accuracy on a task when it was just learned, the task told; %."""
    matrix = run.get("task_aware_matrix")
    if not matrix:
        return None
    return 100 * sum(row[task] for task, row in enumerate(matrix)) / len(matrix)


MEASURE = Measure("just_learned", "just learned, task told", "%", "{:.2f}".format, just_learned)


def plasticity_section(cases: Sequence[Case]) -> list[Block]:
    """A line for each case that has an `alone` to be measured by, and something to measure."""
    rows = []
    for case in cases:
        reference = reference_of(REFERENCE, case, cases)
        own = MEASURE.by_seed(case)
        if reference is None or reference is case or not own:
            continue
        found = MEASURE.between(case, reference)
        difference = MISSING
        if found is not None:
            interval = (
                "" if found.interval is None else " [{:+.2f}, {:+.2f}]".format(*found.interval)
            )
            difference = f"{found.mean:+.2f}{interval}"
        rows.append([case.name, mean_text(list(own.values()), ".2f"), difference])
    if not rows:
        return []
    header = ["method", MEASURE.title, f"less that of {REFERENCE} (points)"]
    note = (
        "Mean over tasks of the accuracy on a task when it was just learned, among its own classes: of the method, and "
        "how much it is above or below that of a new network which learned this task alone in as long a night, on "
        f"equal seeds, with its {100 * CONFIDENCE:.0f} % confidence interval."
    )
    return [Heading("Plasticity"), Table(header, rows), Paragraph(note)]
