"""iCaRL (Rebuffi et al. 2017, arXiv 1611.07725): herded exemplars, distillation, and the nearest mean of exemplars."""

import functools

import jax
import jax.numpy as jnp
import optax

from braincl_jax.data import TaskStream
from braincl_jax.methods.replay_herding import ReplayHerding
from braincl_jax.methods.taught import Taught
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import one_of, settings
from braincl_jax.sleep.class_means import add_features_step, nearest_mean_logits
from braincl_jax.sleep.teach import Teacher
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, PyTree, Shown


@METHODS.register("icarl")
@settings()
class ICaRL(Taught, ReplayHerding):
    """A sigmoid for each class: for the task's classes the label, for older ones the answer of the last network.

    The loss is that of algorithm 3 of the paper, a sum over all classes seen. The authors' program takes the mean over
    all K classes: its learning rate of 2.0 is 2.0 / K here. Images are drawn by `sleep.sampler`, by default every class
    equally often, where the paper draws every image equally often. A class that comes again in a task has its labels
    there. Exemplars are those of `replay_herding`, algorithms 4 and 5; the authors' program has the mean of a class
    over mirrored exemplars as well.

    Exemplars have the budget for themselves; the teacher, and the sums of features that the means are made of, are rows
    of the bill beside it.

    Attributes:
        predict_by: the class of the "nearest_mean" of exemplars, as in the paper, among classes that have had a night;
            or the largest logit of the "head".
    """

    predict_by: str = one_of(("nearest_mean", "head"), default="nearest_mean")

    def init(self, key: Array) -> PyTree:
        """{"teacher", "class_means"}, the latter float32 [K, F]; only the former where the head predicts."""
        own = super().init(key)
        if self.predict_by == "head":
            return own
        # The head's weights are [F, K].
        shape = own["teacher"].params["head"]["kernel"].shape[::-1]
        return {**own, "class_means": jnp.zeros(shape)}

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        phases = super().phases(stream)
        if self.predict_by == "head":
            return phases
        size = self.parts.config.eval_batch_size
        step = functools.partial(add_features_step, features_of=self.features, size=size)
        return (*phases, self.over_slots("class_means", step))

    def objective(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, tuple[PyTree, Metrics]]:
        logits, batch_stats = self.logits_of(params, shown, state, axis_name)
        teacher: Teacher = state.own["teacher"]
        taught = jax.nn.sigmoid(teacher.logits(self.parts.network, shown.image))
        old = teacher.known & ~self.parts.spec.are_of(state.progress.task)
        seen = state.consolidation.seen_classes
        targets = jnp.where(old[None], taught, jax.nn.one_hot(shown.label, len(seen)))
        losses = optax.sigmoid_binary_cross_entropy(logits, targets)
        accuracy = (logits.argmax(-1) == shown.label).mean()
        return jnp.where(seen[None], losses, 0).sum(-1), (batch_stats, {"accuracy": accuracy})

    def predict(self, state: BrainState, images: Array) -> Array:
        if self.predict_by == "head":
            return super().predict(state, images)
        return nearest_mean_logits(self.features(state, images), state.own["class_means"])
