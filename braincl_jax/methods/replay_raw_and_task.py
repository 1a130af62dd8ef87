"""Replay as exemplar methods usually do it (iCaRL, Rebuffi et al. 2017): the task's images are at hand besides."""

import dataclasses

from braincl_jax import pipeline
from braincl_jax.data import TaskStream
from braincl_jax.memory.places import ExemplarPlaces
from braincl_jax.methods.replay_raw import ReplayRaw
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("replay_raw_and_task")
@settings()
class ReplayRawAndTask(ReplayRaw):
    """Asleep, it has more bytes than the budget: all raw images of the current task.

    So exemplars of the task are kept when its night has ended. Until then the memory is that of the tasks before, which
    share it among themselves.
    """

    def at_hand(self, task: int) -> tuple[int]:
        return (task,)

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        places = self.places(stream)
        return (
            pipeline.start(self.parts, self.layout),
            pipeline.classify(self.parts, self.layout, stream),
            self.transfer(),
            self.replay(stream, lambda task: places.after(task - 1)),
            *self.keep(stream, places),
        )

    def keep(self, stream: TaskStream, places: ExemplarPlaces) -> tuple[Phase, ...]:
        """The end of the night: exemplars of the task take their places."""
        return (dataclasses.replace(self.memorise(stream, places), name="keep", asleep=True),)
