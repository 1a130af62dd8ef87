"""Plain fine-tuning on each task's images: nothing is remembered, the lower bound."""

from braincl_jax.methods.exemplars import ExemplarMethod
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("finetune")
@settings()
class Finetune(ExemplarMethod):
    """No exemplars; asleep, the current task's images."""

    @property
    def capacity(self) -> int:
        return 0

    def at_hand(self, task: int) -> tuple[int]:
        return (task,)
