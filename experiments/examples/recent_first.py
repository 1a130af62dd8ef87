"""A sampler: some groups of every replay batch are of the newest task, the others of all classes alike."""

import jax
import jax.numpy as jnp

from braincl_jax import SAMPLERS
from braincl_jax.settings import between, settings
from braincl_jax.sleep import class_balanced


@SAMPLERS.register("recent_first")
@settings()
class RecentFirst:
    """`share` of the groups that are of the newest task for certain."""

    share: float = between(0, 1, default=0.25)

    def __call__(self, key, index, num_classes, num_groups, group_size):
        recent = round(self.share * num_groups)
        newest = jnp.where(index.stored, index.task, -1).max()
        only_newest = index._replace(stored=index.stored & (index.task == newest))
        new_key, any_key = jax.random.split(key)
        drawn = [
            class_balanced(one, known, num_classes, number, group_size)
            for one, known, number in (
                (new_key, only_newest, recent),
                (any_key, index, num_groups - recent),
            )
            if number
        ]
        return jax.tree.map(lambda *parts: jnp.concatenate(parts), *drawn)
