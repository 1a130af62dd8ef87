"""What a run will take, before anything is trained: the facts, and how they are printed."""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

from braincl_jax.report.tables import MISSING
from braincl_jax.report.units import teraflops

# Tasks beyond these are summed up, and class names beyond these left out.
MOST_TASKS, MOST_NAMES = 12, 6


class TaskForecast(NamedTuple):
    """A task to come.

    Attributes:
        classes: names of its classes.
        train_images: to learn from.
        test_images: to be examined with.
        share_bytes: what its strings and entries may take of the budget when it arrives; None where nobody shares.
    """

    classes: tuple[str, ...]
    train_images: int
    test_images: int
    share_bytes: int | None


class PhaseForecast(NamedTuple):
    """A phase of every task.

    Attributes:
        name: of the phase.
        steps: of each task, T numbers.
        examples: that a step shows; 0 in a phase that does not train.
        flops: floating-point operations of a step, on all devices together; see `flops`.
        step_bytes: device memory of a step beside the state, on one device; None where the compiler gives none, or was
            not asked.
    """

    name: str
    steps: tuple[int, ...]
    examples: int
    flops: int
    step_bytes: int | None


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What a run will take.

    Attributes:
        method: as the config names it.
        dataset: as the config names it.
        image_shape: (H, W, C).
        network_shape: what the network sees of that.
        tasks: in their order.
        latent_channels: M of a cue; None for a method without cues.
        budget_bytes: what long-term memory may weigh.
        raw_bytes: of all training images as uint8.
        parameters: numbers in network and codec, by part.
        state_bytes: of the state on each device, by part.
        memory_bytes: long-term memory when it is full, by row, and what a method keeps outside the state.
        checkpoint_bytes: of the largest checkpoints before they are compressed, by when they are made.
        phases: of every task, in order.
        device: what it runs on, in words.
        device_bytes: memory of a device (on a CPU: of the machine, which all devices share); None where it is unknown.
        needed_bytes: the most that is in use of it; without `step_bytes` the state alone.
        warnings: what may go wrong, and what to do.
    """

    method: str
    dataset: str
    image_shape: tuple[int, int, int]
    network_shape: tuple[int, int, int]
    tasks: tuple[TaskForecast, ...]
    latent_channels: int | None
    budget_bytes: int
    raw_bytes: int
    parameters: Mapping[str, int]
    state_bytes: Mapping[str, int]
    memory_bytes: Mapping[str, int]
    checkpoint_bytes: Mapping[str, int]
    phases: tuple[PhaseForecast, ...]
    device: str
    device_bytes: int | None
    needed_bytes: int
    warnings: tuple[str, ...]

    @property
    def flops(self) -> int:
        """Floating-point operations of all steps of all phases."""
        return sum(sum(phase.steps) * phase.flops for phase in self.phases)

    @property
    def examples(self) -> int:
        """Training examples that all steps show."""
        return sum(sum(phase.steps) * phase.examples for phase in self.phases)


def format_forecast(forecast: Forecast, speed: float | None = None) -> str:
    """A forecast as plain text, at most 120 characters wide.

    Args:
        forecast: what a run will take.
        speed: floating-point operations that all devices together do in a second, in 10^12: then there are hours.
    """
    side, seen = (
        "x".join(map(str, shape)) for shape in (forecast.image_shape, forecast.network_shape)
    )
    images = sum(task.train_images for task in forecast.tasks)
    lines = [
        f"{forecast.method}",
        f"{forecast.dataset}: {images:,} training images of {side}, {forecast.raw_bytes:,} bytes raw",
        *([f"the network sees {seen} of them"] if seen != side else []),
        "",
        *_tasks(forecast),
        "",
        *_budget(forecast),
        "",
        *_table("parameters", forecast.parameters),
        "",
        *_table("bytes of long-term memory when it is full", forecast.memory_bytes),
        "",
        *_table("bytes of the state on each device", forecast.state_bytes),
        "",
        *_table("bytes of a checkpoint, before it is compressed", forecast.checkpoint_bytes),
        "",
        *_phases(forecast, speed),
        "",
        f"memory of {forecast.device}: {_bytes(forecast.needed_bytes)} bytes needed, "
        f"{_bytes(forecast.device_bytes)} there",
        *(f"warning: {text}" for text in forecast.warnings),
        "nothing was trained or written",
    ]
    return "\n".join(lines)


def _tasks(forecast: Forecast) -> list[str]:
    lines = ["  task   train    test       share  classes"]
    shown = forecast.tasks[:MOST_TASKS]
    for number, task in enumerate(shown):
        names = ", ".join(task.classes[:MOST_NAMES]) + ", ..." * (len(task.classes) > MOST_NAMES)
        share = _bytes(task.share_bytes)
        lines.append(
            f"{number:>6} {task.train_images:>7,} {task.test_images:>7,} {share:>11}  {names}"[:120]
        )
    rest = forecast.tasks[MOST_TASKS:]
    if rest:
        train, test = sum(one.train_images for one in rest), sum(one.test_images for one in rest)
        lines.append(f"{'':>6} {train:>7,} {test:>7,} {'':>11}  in {len(rest)} more tasks")
    return lines


def _budget(forecast: Forecast) -> list[str]:
    images = sum(task.train_images for task in forecast.tasks)
    share = 100 * forecast.budget_bytes / forecast.raw_bytes
    lines = [
        f"budget: {forecast.budget_bytes:,} bytes, {share:.1f} % of the raw images, "
        f"{forecast.budget_bytes / images:,.1f} for each"
    ]
    if forecast.latent_channels is not None:
        lines.append(f"latent channels of a cue: {forecast.latent_channels}")
    return lines


def _table(title: str, rows: Mapping[str, int]) -> list[str]:
    return [title, *(f"{name:>18} {value:>15,}" for name, value in rows.items())]


def _phases(forecast: Forecast, speed: float | None) -> list[str]:
    lines = [
        f"{'phase':>10} {'steps, first and last':>21} {'in all':>11} {'examples a step':>16} {'in all':>13} "
        f"{'GFLOP a step':>13} {'TFLOP in all':>14} {'hours':>9}"
    ]
    for phase in forecast.phases:
        steps, cost = sum(phase.steps), sum(phase.steps) * phase.flops / 1e12
        lines.append(
            f"{phase.name:>10} {phase.steps[0]:>11,} {phase.steps[-1]:>9,} {steps:>11,} {phase.examples:>16,} "
            f"{steps * phase.examples:>13,} {phase.flops / 1e9:>13,.2f} {cost:>14,.3f} {_hours(cost, speed):>9}"
        )
    hours = f", {_hours(forecast.flops / 1e12, speed)} hours at {speed:,g} TFLOP/s" if speed else ""
    return [
        *lines,
        f"in all: {teraflops(forecast.flops)} TFLOP{hours}, {forecast.examples:,} training examples shown",
    ]


def _hours(tera: float, speed: float | None) -> str:
    """What so many 10^12 operations take."""
    return f"{tera / speed / 3600:,.2f}" if speed else MISSING


def _bytes(number: int | None) -> str:
    return MISSING if number is None else f"{number:,}"
