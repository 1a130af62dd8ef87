"""Reactivation by need: classes that the network lately got wrong are replayed more often."""

import jax.numpy as jnp

from braincl_jax.registry import SAMPLERS
from braincl_jax.settings import between, settings
from braincl_jax.sleep.sampler import draw_classes
from braincl_jax.types import Array, Draw, Index

# Of the mean loss: no class is forgotten because it is known perfectly.
SMALLEST_SHARE = 0.1


@SAMPLERS.register("by_need")
@settings()
class ByNeed:
    """Prioritised replay (Schaul et al. 2016, arXiv 1511.05952, sections 3.3 and 3.4), with a priority for each class.

    A class is as likely as its running loss to the power of `exponent`; 0 is `class_balanced`. What is drawn more often
    than others counts less in the loss, by its likelihood to the power of -`correction`: with 1, the expectation of the
    gradient is that of `class_balanced`, and only its variance is another.
    """

    exponent: float = between(0, 1, default=0.5)
    correction: float = between(0, 1, default=0.0)

    def __call__(
        self, key: Array, index: Index, num_classes: int, num_groups: int, group_size: int
    ) -> Draw:
        loss = index.class_loss
        if loss is None:
            raise ValueError(
                "sleep.sampler=by_need draws by what each class has lately cost (index.class_loss), which is not known "
                "of images that are read from the data set before their step, as by joint, finetune, ahr and "
                "replay_raw_and_task: take class_balanced"
            )
        there = jnp.zeros(num_classes, bool).at[index.label].max(index.stored)
        mean = jnp.where(there, loss, 0).sum() / there.sum()
        # Where there is one class alone, its loss is 0 exactly, sooner or later.
        least = jnp.where(mean > 0, SMALLEST_SHARE * mean, 1)
        priority = jnp.maximum(loss, least) ** self.exponent
        # Relative to what each would have if all were alike.
        likelihood = priority * there.sum() / jnp.where(there, priority, 0).sum()
        task, slot = draw_classes(key, index, likelihood, num_groups, group_size)
        return Draw(task, slot, likelihood[index.label[slot]] ** -self.correction)
