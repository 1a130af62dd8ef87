"""What runs have cost in compute, from `compute` of their summaries (see `runtime.compute`)."""

from typing import NamedTuple

from braincl_jax.report.summaries import Summary
from braincl_jax.report.tables import MISSING, cut_table, number
from braincl_jax.report.units import teraflops

MOST_PHASES = 40


class Costs(NamedTuple):
    """Of a phase, or of all; None is unknown.

    Attributes:
        examples: training examples shown.
        updates: steps of an optimiser.
        flops: floating-point operations.
        seconds: wall-clock time.
        peak_bytes: the most that was in use of a device's memory.
    """

    examples: int | None
    updates: int | None
    flops: int | None
    seconds: float | None
    peak_bytes: int | None


def phase_costs(summary: Summary) -> dict[str, Costs]:
    """The costs of each phase; none for a run whose summary does not tell."""
    compute = summary.get("compute") or {}
    columns = [compute.get(name) or {} for name in Costs._fields]
    phases = dict.fromkeys(phase for column in columns for phase in column)
    return {phase: Costs(*(column.get(phase) for column in columns)) for phase in phases}


def total_costs(summary: Summary) -> Costs:
    """Sums over the phases, and the largest of `peak_bytes`; None where no phase has a figure."""
    phases = phase_costs(summary).values()
    known = {
        name: [value for one in phases if (value := getattr(one, name)) is not None]
        for name in Costs._fields
    }
    totals = {name: sum(values) if values else None for name, values in known.items()}
    return Costs(**totals | {"peak_bytes": max(known["peak_bytes"], default=None)})


def compute_section(summary: Summary) -> list[str]:
    """Markdown blocks: a line for each phase, and their total; none for a run whose summary does not tell."""
    phases = phase_costs(summary)
    if not phases:
        return []
    lines = {"**total**": total_costs(summary), **phases}
    header = ["phase", "examples", "updates", "TFLOP", "seconds", "peak of device memory (bytes)"]
    table = cut_table(header, [[name, *_cells(own)] for name, own in lines.items()], MOST_PHASES)
    return ["## Compute", table]


def _cells(costs: Costs) -> list[str]:
    return [
        number(costs.examples, ","),
        number(costs.updates, ","),
        MISSING if costs.flops is None else teraflops(costs.flops),
        number(costs.seconds, ",.1f"),
        number(costs.peak_bytes, ","),
    ]
