"""Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv 1612.00796): weights that mattered are held in place."""

import dataclasses
import functools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from braincl_jax import pipeline
from braincl_jax.data import TaskStream
from braincl_jax.methods.finetune import Finetune
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import at_least, between, one_of, settings
from braincl_jax.sleep.consolidate import consolidate_step, penalty
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, PyTree, Shown, Step


@METHODS.register("ewc")
@settings()
class EWC(Finetune):
    """Cross-entropy on the task's images, and strength / 2 * sum of fisher * (weight - anchor)^2 (equation 3).

    The diagonal of the Fisher information is estimated after each night, on images of the task that are then still at
    hand: the mean over images of the squared gradient of log p(label | image), each image by itself, with BatchNorm at
    rest. Backbone and head are held, as far as they were asked about: of classes that were not seen it is 0.

    There is a penalty for each earlier task, about the weights after that task. As the paper notes, the sum of them is,
    but for a constant, one penalty: of the sum of the Fisher informations, about the anchors' mean that is weighted by
    them. So two copies of the network's size are kept, whatever the number of tasks. They are rows of the bill; no
    images are.

    Attributes:
        strength: lambda. The Fisher information is that of each image by itself, and not of batch means, for which one
            finds much larger strengths. A night diverges where it times the learning rate is too large.
        anchors: what weights are held at: those after "each_task", as in the paper, or the "latest" alone, as in online
            EWC (Schwarz et al. 2018, arXiv 1805.06370; without its normalisation of each task's Fisher information).
        decay: gamma, what stays of the earlier Fisher information with each task; 1 in the paper, up to 1 in online
            EWC.
        fisher: whose label the gradient is of: one drawn from the network's own answer ("true", the definition of the
            Fisher information), or the one in the data ("empirical").
        fisher_images: of each task, on which it is estimated (all of a smaller task), rounded up to whole batches of
            `wake.batch_size`.
    """

    strength: float = at_least(0, default=10.0)
    anchors: str = one_of(("each_task", "latest"), default="each_task")
    decay: float = between(0, 1, default=1.0)
    fisher: str = one_of(("true", "empirical"), default="true")
    fisher_images: int = at_least(1, default=1000)

    def init(self, key: Array) -> PyTree:
        """{"fisher", "anchor"}, float32 of the shapes of the network's parameters; zeros."""
        del key
        network, shape = self.parts.network, self.parts.spec.image_shape
        params, _ = jax.eval_shape(lambda: network.init(jax.random.key(0), shape))
        return {
            name: jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), params)
            for name in ("fisher", "anchor")
        }

    def kept(self, state: BrainState) -> dict[str, PyTree]:
        return state.own

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        *day, replay = super().phases(stream)
        driven_by = (*replay.driven_by, f"ewc's strength={self.strength}")
        return (*day, dataclasses.replace(replay, driven_by=driven_by), self.consolidate(stream))

    def consolidate(self, stream: TaskStream) -> Phase:
        """The night is over: what mattered to the task is noted."""
        parts, size = self.parts, self.parts.config.wake.batch_size
        steps = [
            math.ceil(min(self.fisher_images, number) / size) for number in parts.spec.task_sizes
        ]
        return Phase(
            "consolidate",
            self.step_of(steps),
            num_steps=steps.__getitem__,
            batch_at=pipeline.shuffled(parts, stream, size),
            asleep=True,
            cut_by=("wake.batch_size", "method"),
        )

    def step_of(self, steps: Sequence[int]) -> Step:
        """The step of that phase, of so many in each task."""
        return functools.partial(
            consolidate_step,
            parts=self.parts,
            steps=steps,
            fisher=self.fisher,
            anchors=self.anchors,
            decay=self.decay,
        )

    def objective(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, tuple[PyTree, Metrics]]:
        losses, (batch_stats, metrics) = super().objective(params, shown, state, axis_name)
        held = self.strength * penalty(params, **state.own)
        return losses + held, (batch_stats, {**metrics, "penalty": held})
