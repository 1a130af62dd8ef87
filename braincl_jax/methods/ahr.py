"""Hybrid replay: recalled images of older tasks beside raw ones of the current task, as in AHR (arXiv 2505.05926)."""

import dataclasses
import functools

import jax.numpy as jnp
import optax

from braincl_jax.data import TaskStream
from braincl_jax.memory.hybrid_cues import HybridCueLayout
from braincl_jax.memory.places import ExemplarPlaces
from braincl_jax.methods.braincl import BrainCL
from braincl_jax.networks.network import MASKED_LOGIT
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.rehearsal import rehearsed
from braincl_jax.settings import between, one_of, settings
from braincl_jax.sleep.hybrid import hybrid_step
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, PyTree, Shown


@METHODS.register("ahr")
@settings()
class AHR(BrainCL):
    """Days and memory are those of `braincl`; asleep, the current task is shown raw, and older ones as recalled.

    This is not AHR (Khademi Nori, Kim & Wang, ICML 2025), but `braincl` with the one thing that is asked about here:
    does a network that sees new classes raw and old ones recalled take what is raw for new? What is taken from the
    paper's abstract: exemplars are kept as codes of an autoencoder, whose decoder recovers them for replay. That raw
    images of the current task are shown beside them is how replay of exemplars is usually done (`replay_raw_and_task`).
    What differs: there, one hybrid autoencoder compresses and classifies, with class centroids that repel each other in
    its latent space like charged particles. Here, a codec that knows nothing of classes makes the cues, these are
    entropy-coded and nearly as many as there are images, the network beside it classifies, and nights, sampler, budget
    and, by default, the objective are those of all methods.

    The sampler draws groups from the memory as in `braincl`. In place of a group of the current task, as many raw
    images of it are shown, drawn by the same sampler. They come in from the data set, outside the budget. What the
    memory holds of the current task is read with the rest, and at `raw=1` not shown before the next task.

    Attributes:
        raw: of the groups of the current task, the share that is shown raw; the others are recalled.
        among: raw images are told apart among all "seen" classes, or among those of their own "task" alone, so that
            nothing is gained by taking what is raw for new: the asymmetric cross-entropy of Caccia et al. 2022
            (arXiv 2104.05025), where all images that come in are learned from in this way.
    """

    raw: float = between(0, 1, default=1.0)
    among: str = one_of(("seen", "task"), default="seen")

    @functools.cached_property
    def layout(self) -> HybridCueLayout:
        return HybridCueLayout.build(self.parts.config, self.parts.plan)

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        *day, replay = super().phases(stream)
        no_exemplars = ExemplarPlaces(0, self.parts.spec, stream.train_labels)
        sample_at = rehearsed(
            "came in",
            self.parts,
            stream,
            at_hand=lambda task: (task,),
            slots=no_exemplars.after,
        )
        step = functools.partial(hybrid_step, method=self, share=self.raw)
        return (*day, dataclasses.replace(replay, step=step, batch_at=sample_at))

    def objective(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, tuple[PyTree, Metrics]]:
        logits, batch_stats = self.logits_of(params, shown, state, axis_name)
        own = self.parts.spec.are_of(state.progress.task) | (self.among == "seen")
        came_in = shown.slot < 0
        losses = optax.softmax_cross_entropy_with_integer_labels(
            jnp.where(came_in[:, None] & ~own[None], MASKED_LOGIT, logits), shown.label
        )
        return losses, (batch_stats, {"accuracy": (logits.argmax(-1) == shown.label).mean()})
