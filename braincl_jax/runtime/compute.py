"""What a run has cost, by phase: `compute` of `summary.json`.

    {"examples": {"encode": 11200, ...}, "updates": {...}, "flops": {...}, "seconds": {...}, "peak_bytes": {...}}

For each phase, in the order of a task and over all tasks:

    examples    training examples shown
    updates     steps of an optimiser
    flops       floating-point operations of all devices together, as `flops` counts them
    seconds     wall-clock time, compiling included
    peak_bytes  the most that was in use of a device's memory when the phase had ended, counted since its process began;
                only of phases that have raised it, and of backends that tell

Evaluations are no part of it. The first three are the same however often a run was interrupted, and on any number of
devices.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from braincl_jax.pipeline import Phase
from braincl_jax.runtime.cursor import Outcome

# What differs from one time to the next.
MEASURED = ("seconds", "peak_bytes")


def compute_of(
    phases: Sequence[Phase], flops: Mapping[str, int], outcome: Outcome
) -> dict[str, dict[str, Any]]:
    """See above.

    Args:
        phases: of the method.
        flops: operations of a step of each.
        outcome: of the run. Steps that a fork has from its origin count as if they were its own.
    """
    steps = {phase.name: outcome.steps.get(phase.name, 0) for phase in phases}
    return {
        "examples": {one.name: steps[one.name] * one.examples for one in phases},
        "updates": {one.name: steps[one.name] if one.counts_as else 0 for one in phases},
        "flops": {name: number * flops[name] for name, number in steps.items()},
        "seconds": {name: round(outcome.seconds.get(name, 0.0), 2) for name in steps},
        "peak_bytes": dict(outcome.peak_bytes),
    }


def note_peak(peaks: dict[str, int], phase: str, peak: int | None) -> None:
    """Adds to `peaks`, bytes by phase, that of a phase that has ended, if it is above those before it."""
    if peak is not None and peak > max(peaks.values(), default=0):
        peaks[phase] = peak
