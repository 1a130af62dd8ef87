"""Learning rates of a phase, restarted in every task."""

from collections.abc import Callable

import jax.numpy as jnp
import optax

from braincl_jax.state import Progress
from braincl_jax.types import Array

# Learning rate of the last step of every cosine, relative to its peak, where no other is asked for.
FINAL_FRACTION = 0.02


def phase_schedule(
    phase: str, *, first_steps: int, steps: int, peak: float, final: float, warmup_fraction: float
) -> Callable[[Progress], Array]:
    """Linear warm-up and cosine decay over the steps of `phase`; task 0 may have another number of steps.

    Args:
        phase: one of `state.PHASES`.
        first_steps: steps of the phase in task 0.
        steps: steps in later tasks.
        peak: learning rate after the warm-up.
        final: learning rate at the end.
        warmup_fraction: share of the steps that warm up, in [0, 1).

    Returns:
        Function from the progress to the learning rate, float32 scalar.
    """

    def cosine(total: int) -> optax.Schedule:
        return optax.warmup_cosine_decay_schedule(
            init_value=0.0,
            peak_value=peak,
            warmup_steps=int(warmup_fraction * total),
            decay_steps=max(total, 1),
            end_value=final,
        )

    first, later = cosine(first_steps), cosine(steps)

    def learning_rate(progress: Progress) -> Array:
        # Step i of n uses the rate at i + 1: the warm-up does not waste a step at rate 0.
        step = progress.steps_done(phase) + 1
        return jnp.where(progress.task == 0, first(step), later(step))

    return learning_rate
