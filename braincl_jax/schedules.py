"""Learning rates of a phase, restarted in every task."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp

from braincl_jax.types import Array

# Learning rate of the last step of every cosine, relative to its peak, where no other is asked for.
FINAL_FRACTION = 0.02


def warmup_cosine(
    steps: Sequence[int], *, peak: float, final: float, warmup_fraction: float
) -> Callable[[Array, Array], Array]:
    """Linear warm-up and cosine decay (Loshchilov & Hutter 2017, equation 5) over the steps of a phase.

    Args:
        steps: of the phase, in each task.
        peak: learning rate after the warm-up.
        final: learning rate at the end.
        warmup_fraction: share of the steps that warm up, in [0, 1).

    Returns:
        (task, step) -> learning rate of the step after `step` ones of the phase, float32 scalar.
    """
    warmup_steps = [int(warmup_fraction * number) for number in steps]

    def learning_rate(task: Array, step: Array) -> Array:
        warmup, total = jnp.asarray(warmup_steps)[task], jnp.asarray(steps)[task]
        # Step i of n uses the rate at i + 1: the warm-up does not waste a step at rate 0.
        step = step + 1
        done = jnp.clip((step - warmup) / jnp.maximum(total - warmup, 1), 0, 1)
        decayed = final + (peak - final) * (1 + jnp.cos(jnp.pi * done)) / 2
        return jnp.where(step < warmup, peak * step / jnp.maximum(warmup, 1), decayed)

    return learning_rate
