"""Replay of as many raw images as the byte budget pays for: asleep, it has BrainCL's bytes and nothing else."""

from braincl_jax.memory.exemplars import exemplars_for
from braincl_jax.methods.exemplars import ExemplarMethod
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("replay_raw")
@settings()
class ReplayRaw(ExemplarMethod):
    """Class-balanced random exemplars."""

    @property
    def capacity(self) -> int:
        return exemplars_for(self.parts.plan.budget_bytes, self.parts.spec)
