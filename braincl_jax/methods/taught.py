"""What the methods share that learn from the network as it was after the last night."""

import functools

from braincl_jax.data import TaskStream
from braincl_jax.methods.exemplars import ExemplarMethod
from braincl_jax.pipeline import Phase
from braincl_jax.settings import settings
from braincl_jax.sleep.teach import Teacher, distillation, keep_teacher_step
from braincl_jax.state import BrainState
from braincl_jax.types import Array, PyTree, Shown


@settings()
class Taught(ExemplarMethod):
    """A copy of the network is kept when a night is over; it is a row of the bill, beside the budget."""

    def init(self, key: Array) -> PyTree:
        """{"teacher": ...}; one that knows nothing yet."""
        del key
        spec = self.parts.spec
        return {
            "teacher": Teacher.of_nothing(self.parts.network, spec.image_shape, spec.num_classes)
        }

    def kept(self, state: BrainState) -> dict[str, PyTree]:
        return state.own

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        step = functools.partial(keep_teacher_step, evaluated=self.evaluated)
        keep = Phase("keep_teacher", step, asleep=True)
        return (*super().phases(stream), keep)

    def distilled(
        self, logits: Array, shown: Shown, state: BrainState, temperature: float
    ) -> Array:
        """`teach.distillation` of what is shown, among the classes that the teacher knows: float32 [B]."""
        teacher: Teacher = state.own["teacher"]
        taught = teacher.logits(self.parts.network, shown.image)
        return distillation(logits, taught, teacher.known, temperature)
