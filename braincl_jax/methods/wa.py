"""Weight aligning (Zhao et al. 2020, arXiv 1911.07053): after a night, new classes have weights as long as old ones."""

import jax.numpy as jnp
import optax

from braincl_jax.data import TaskStream
from braincl_jax.methods.replay_herding import ReplayHerding
from braincl_jax.methods.taught import Taught
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import positive, settings
from braincl_jax.sleep.align import align_step
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, PyTree, Shown


@METHODS.register("wa")
@settings()
class WA(Taught, ReplayHerding):
    """Herded exemplars and the task's images, distillation, and an alignment of the head after each night.

    The loss is (1 - l) * cross-entropy among all classes seen + l * distillation among the classes of the tasks before,
    where l is the share of the latter among the former. Then the head's weights of the new classes are scaled by the
    ratio of the mean norms of old and new ones; biases stay as they are. Images are drawn by `sleep.sampler`: by
    default every class equally often, where the paper draws every image equally often.
    Exemplars have the budget for themselves; the teacher is a row of the bill beside it.

    Attributes:
        temperature: of both softmaxes of the distillation.
        clip: whether the head's weights are kept at 0 or above after every step of a night, so that their norms tell
            how large logits are (the paper's restriction to positive weights).
    """

    temperature: float = positive(default=2.0)
    clip: bool = True

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        *night, keep_teacher = super().phases(stream)
        return (*night, Phase("align", align_step, asleep=True), keep_teacher)

    def objective(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, tuple[PyTree, Metrics]]:
        logits, batch_stats = self.logits_of(params, shown, state, axis_name)
        old = self.distilled(logits, shown, state, self.temperature)
        new = optax.softmax_cross_entropy_with_integer_labels(logits, shown.label)
        earlier = state.own["teacher"].known & ~self.parts.spec.are_of(state.progress.task)
        share = earlier.sum() / state.consolidation.seen_classes.sum()
        accuracy = (logits.argmax(-1) == shown.label).mean()
        return (1 - share) * new + share * old, (
            batch_stats,
            {"accuracy": accuracy, "distillation": old.mean()},
        )

    def after_update(self, state: BrainState) -> BrainState:
        if not self.clip:
            return state
        params = state.encoder.params
        head = {**params["head"], "kernel": jnp.maximum(params["head"]["kernel"], 0)}
        return state.replace(encoder=state.encoder.replace(params={**params, "head": head}))
