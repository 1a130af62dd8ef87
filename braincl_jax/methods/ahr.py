"""Hybrid replay: recalled images of older tasks beside raw ones of the current task, as in AHR (arXiv 2505.05926)."""

import dataclasses
import functools

from braincl_jax.data import TaskStream
from braincl_jax.memory.hybrid_cues import HybridCueLayout
from braincl_jax.memory.places import ExemplarPlaces
from braincl_jax.methods.braincl import BrainCL
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.rehearsal import rehearsed
from braincl_jax.settings import settings
from braincl_jax.sleep.hybrid import hybrid_step


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
    entropy-coded and nearly as many as there are images, the network beside it classifies, and objective, nights,
    sampler and budget are those of all methods.

    The sampler draws groups from the memory as in `braincl`. In place of a group of the current task, as many raw
    images of it are shown, drawn by the same sampler. They come in from the data set, outside the budget. What the
    memory holds of the current task is read with the rest, and not shown before the next task.
    """

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
        step = functools.partial(hybrid_step, method=self)
        return (*day, dataclasses.replace(replay, step=step, batch_at=sample_at))
