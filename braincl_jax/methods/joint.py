"""Joint training: all images of all tasks so far, whatever they weigh; what every other method is measured by."""

from braincl_jax.data import TaskStream
from braincl_jax.memory.exemplars import image_bytes
from braincl_jax.methods.exemplars import ExemplarMethod
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings
from braincl_jax.state import BrainState


@METHODS.register("joint")
@settings()
class Joint(ExemplarMethod):
    """It keeps the data set itself, outside of the state, and pays for it by what the images seen weigh raw.

    It has no wake: a head that learns new classes by themselves loses the old ones, and a short night does not make up
    for it.
    """

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        return tuple(phase for phase in super().phases(stream) if phase.name != "classify")

    @property
    def capacity(self) -> int:
        return 0

    def at_hand(self, task: int) -> range:
        return range(task + 1)

    def images_seen(self, task: int) -> int:
        """Training images of the tasks up to one; 0 before the first, -1."""
        return sum(self.parts.spec.task_sizes[: task + 1])

    def kept_outside(self, task: int) -> dict[str, int]:
        pixels, label = image_bytes(self.parts.spec)
        seen = self.images_seen(task)
        return {"data_set": seen * pixels, "data_set_labels": seen * label}

    def num_stored(self, state: BrainState) -> int:
        return self.images_seen(int(state.progress.task))
