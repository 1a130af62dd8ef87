"""Hybrid replay: what the memory recalls of older tasks, beside images of the current one that have come in."""

import jax
import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.memory.hybrid_cues import Beside
from braincl_jax.parts import Learner
from braincl_jax.sleep.replay import drawn_from_memory, learned
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, Now, Sample


def hybrid_step(
    state: BrainState,
    batch: Sample,
    now: Now,
    axis_name: str | None = None,
    *,
    method: Learner,
    share: float = 1.0,
) -> tuple[BrainState, Metrics]:
    """`learned` from a sample of the memory, with what has come in where the sampler has drawn the current task.

    Args:
        state: before the step.
        batch: as many images of the current task as a step shows, in groups; of these, the ones at the place of a group
            that is of the current task are shown.
        now: the moment.
        axis_name: of the devices.
        method: its layout is a `HybridCueLayout`.
        share: of the groups of the current task, the share for which images that have come in are shown.
    """
    state, sample = drawn_from_memory(state, now, axis_name, method)
    # Replay takes key 1 for augmentation.
    keys = collectives.example_keys(
        jax.random.fold_in(now.key, 2), len(sample.draw.task), axis_name
    )
    comes_in = jax.vmap(lambda key: jax.random.bernoulli(key, share))(keys)
    is_new = (sample.draw.task == state.progress.task) & comes_in

    def chosen(recalled: Array, came_in: Array) -> Array:
        return jnp.where(jnp.expand_dims(is_new, range(1, recalled.ndim)), came_in, recalled)

    draw = jax.tree.map(chosen, sample.draw, batch.draw)
    beside = Beside(sample.read, batch.read)
    return learned(state, Sample(draw, beside), now, axis_name, method)
