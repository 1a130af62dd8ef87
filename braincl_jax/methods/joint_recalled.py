"""Joint training on what the memory recalls: what recalled images cost by themselves, without a sequence."""

import dataclasses

from braincl_jax.data import TaskStream
from braincl_jax.methods.braincl import BrainCL
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("joint_recalled")
@settings()
class JointRecalled(BrainCL):
    """BrainCL whose network sleeps in the last night only: until then it stays as it was, but for its head."""

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        downscaling = self.parts.config.sleep.downscaling
        if downscaling:
            raise ValueError(
                f"sleep.downscaling={downscaling} is impossible where method=joint_recalled: before its only night, "
                "the network would be brought back once for every task; need 0"
            )
        *day, replay = super().phases(stream)
        last, steps = stream.spec.num_tasks - 1, replay.num_steps
        return (
            *day,
            dataclasses.replace(replay, num_steps=lambda task: steps(task) if task == last else 0),
        )
