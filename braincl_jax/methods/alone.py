"""Every task alone: what a network learns of a task that has nothing else to know."""

from braincl_jax.methods.finetune import Finetune
from braincl_jax.methods.from_scratch import FromScratch
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("alone")
@settings()
class Alone(FromScratch, Finetune):
    """A new network every night, trained on the current task's images: what plasticity is measured by.

    It knows the newest task alone, so of its accuracies only those of a task just learned, with the task told
    (`task_aware`), mean anything.
    """
