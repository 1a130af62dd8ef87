"""When the night begins, all that is stored has been decoded."""

import jax.numpy as jnp
import numpy as np

from braincl_jax.parts import recall


def test_the_cache_holds_what_the_strings_say(diary_of):
    life = diary_of("braincl_cached")
    layout, memory = life.method.layout, life.after[1, "transfer"].memory
    stored = memory.long_term
    for task, count in enumerate(stored.task_counts.tolist()):
        first = int(stored.task_counts[:task].sum())
        slot = first + jnp.arange(count - count % layout.group_size).reshape(-1, layout.group_size)
        tasks = jnp.full(len(slot), task)
        said = recall(super(type(layout), layout), memory, tasks, slot)
        kept = recall(layout, memory, tasks, slot)
        assert kept.intact.all() and count > 0
        np.testing.assert_array_equal(kept.image, said.image)
        np.testing.assert_array_equal(kept.label, said.label)
