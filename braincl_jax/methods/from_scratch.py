"""What the methods share whose network begins anew every night."""

import functools

from braincl_jax.data import TaskStream
from braincl_jax.methods.exemplars import ExemplarMethod
from braincl_jax.pipeline import Phase
from braincl_jax.settings import settings
from braincl_jax.sleep.renew import renew_step


@settings()
class FromScratch(ExemplarMethod):
    """Before replay the network is a new one; nothing is learned awake, as nothing of it would be left."""

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        config = self.parts.config
        if config.sleep.downscaling:
            raise ValueError(
                f"sleep.downscaling={config.sleep.downscaling} is impossible where method={config.method}: a new "
                "network has no weights of a day to be brought back; need 0"
            )
        *phases, replay = super().phases(stream)
        step = functools.partial(renew_step, parts=self.parts)
        kept = [phase for phase in phases if phase.name != "classify"]
        return (*kept, Phase("renew", step, asleep=True), replay)
