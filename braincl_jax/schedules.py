"""Learning rates of a phase, restarted in every task."""

from collections.abc import Callable

import jax.numpy as jnp
import optax

from braincl_jax.types import Array

# Learning rate of the last step of every cosine, relative to its peak, where no other is asked for.
FINAL_FRACTION = 0.02


def warmup_cosine(
    *, first_steps: int, steps: int, peak: float, final: float, warmup_fraction: float
) -> Callable[[Array, Array], Array]:
    """Linear warm-up and cosine decay over the steps of a phase; task 0 may have another number of steps.

    Args:
        first_steps: steps of the phase in task 0.
        steps: steps in later tasks.
        peak: learning rate after the warm-up.
        final: learning rate at the end.
        warmup_fraction: share of the steps that warm up, in [0, 1).

    Returns:
        (task, step) -> learning rate of the step after `step` ones of the phase, float32 scalar.
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

    def learning_rate(task: Array, step: Array) -> Array:
        # Step i of n uses the rate at i + 1: the warm-up does not waste a step at rate 0.
        return jnp.where(task == 0, first(step + 1), later(step + 1))

    return learning_rate
