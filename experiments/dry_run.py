"""Dry runs: what a run, or a run of each variant of a comparison, would take; nothing is trained or written."""

import dataclasses
from collections.abc import Sequence

from braincl_jax.build import build_stream
from braincl_jax.config import Config
from braincl_jax.report.forecast import format_forecast
from braincl_jax.report.tables import markdown_table
from braincl_jax.report.units import teraflops
from braincl_jax.runtime.forecast import forecast
from braincl_jax.runtime.processes import leads
from braincl_jax.runtime.stages import build_evaluators, require_demands
from experiments.grid import Run
from experiments.streams import stream_of


def show_forecast(config: Config, speed: float | None = None) -> None:
    """Prints what a run takes, from shapes and compiled programs; hours, where `format_forecast` is told how fast.

    Raises:
        ValueError: as `forecast`, or an evaluator lacks something.
    """
    stream = build_stream(config)
    require_demands(build_evaluators(config.evaluators).values(), config, stream)
    foreseen = forecast(config, stream)
    if leads():
        print(format_forecast(foreseen, speed))


def show_forecasts(runs: Sequence[Run]) -> None:
    """Prints what a run of each variant and condition takes, from shapes; nothing is compiled."""
    rows = []
    for run in {run.label: run for run in reversed(runs)}.values():
        config = dataclasses.replace(run.record.config, num_devices=1)
        foreseen = forecast(config, stream_of(config), compiled=False)
        rows.append(
            [
                run.label,
                f"{sum(foreseen.parameters.values()):,}",
                f"{foreseen.memory_bytes['total']:,}",
                f"{foreseen.state_bytes['total']:,}",
                f"{sum(sum(phase.steps) for phase in foreseen.phases):,}",
                f"{foreseen.examples:,}",
                teraflops(foreseen.flops),
            ]
        )
    sizes = ["parameters", "memory, full (bytes)", "state (bytes)"]
    header = ["variant", *sizes, "steps", "examples", "TFLOP"]
    print(f"\n{markdown_table(header, rows[::-1])}", flush=True)
