"""Select: when sleep begins, which raw images stay, for methods that keep them."""

import jax.numpy as jnp

from braincl_jax.memory.exemplars import ExemplarLayout, Exemplars, Images
from braincl_jax.memory.selection import class_balanced_order, class_of_task
from braincl_jax.memory.working import EMPTY
from braincl_jax.parts import Parts
from braincl_jax.sleep.fall_asleep import fall_asleep
from braincl_jax.state import BrainState
from braincl_jax.types import Metrics, Now


def select_exemplars_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
    layout: ExemplarLayout,
) -> tuple[BrainState, Metrics]:
    """Chooses the exemplars anew, at random, from the old ones and the task's images.

    There are equally many of each class of each task, as far as there are enough.

    Run once per task; `batch` is None. Returns the new state and how many are `stored`.
    """
    del batch, axis_name
    label, task = layout.labels(state.memory), layout.tasks(state.memory)
    groups = class_of_task(label, task)
    order = class_balanced_order(now.key, groups, label != EMPTY)[: layout.capacity]
    stored = state.memory.long_term.images
    chosen = Exemplars(
        Images(
            layout.images(state.memory, order),
            label[order].astype(stored.label.dtype),
            None if stored.task is None else task[order].astype(stored.task.dtype),
        ),
        jnp.minimum((label != EMPTY).sum(), layout.capacity),
    )
    working = state.memory.working if layout.keeps_task else layout.empty_working()
    asleep = fall_asleep(state, parts)
    return asleep.replace(memory=state.memory.replace(working=working, long_term=chosen)), {
        "stored": chosen.count
    }
