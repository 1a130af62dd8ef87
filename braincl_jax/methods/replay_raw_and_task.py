"""Replay as exemplar methods usually do it (iCaRL, Rebuffi et al. 2017): the task's images are at hand besides."""

from braincl_jax.methods.replay_raw import ReplayRaw
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("replay_raw_and_task")
@settings()
class ReplayRawAndTask(ReplayRaw):
    """Asleep, it has more bytes than the budget: all raw images of the current task."""

    def at_hand(self, task: int) -> tuple[int]:
        return (task,)
