"""Dark Experience Replay ++ (Buzzega et al. 2020, arXiv 2004.07211): exemplars with the logits that they once had."""

import functools

import jax.numpy as jnp
import numpy as np
import optax

from braincl_jax.data import TaskStream
from braincl_jax.memory.exemplars import exemplars_for, image_bytes
from braincl_jax.methods.replay_raw_and_task import ReplayRawAndTask
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import at_least, one_of, settings
from braincl_jax.sleep.keep_logits import keep_logits_step
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, PyTree, Shown


@METHODS.register("der_pp")
@settings()
class DerPP(ReplayRawAndTask):
    """Cross-entropy on the task's images; on exemplars, beta * cross-entropy + alpha * squared error of their logits.

    Equation 6 of the paper, with the mean of the squared errors over the classes that had been seen when logits were
    kept. The authors' program takes it over all K, so that alpha weighs K / seen times as much here. Exemplars and
    their logits, K numbers each, share the budget: there are fewer exemplars than in `replay_raw`.

    The paper keeps an image's logits at the moment when reservoir sampling takes the image into the memory, in the
    middle of learning, and finds that better than those of a network that has learned the task. Here exemplars are
    chosen beforehand, class-balanced, and logits are kept at the end of a night, of the network that is evaluated, at
    rest and on images as they are stored. Exemplars and the task's images share a batch as `sleep.sampler` draws them,
    where the paper has as many of each: where every class comes equally often, a beta below 1 favours the new ones.

    Attributes:
        alpha: weight of the squared error.
        beta: weight of the cross-entropy on exemplars.
        dtype: what logits are kept in.
    """

    alpha: float = at_least(0, default=0.1)
    beta: float = at_least(0, default=0.5)
    dtype: str = one_of(("float16", "float32"), default="float16")

    @property
    def capacity(self) -> int:
        spec = self.parts.spec
        each = sum(image_bytes(spec)) + spec.num_classes * np.dtype(self.dtype).itemsize
        return exemplars_for(self.parts.plan.budget_bytes, spec, each=each)

    def init(self, key: Array) -> PyTree:
        """{"logits": floating [S, K]}, beside the slots of the exemplars; zeros."""
        del key
        return {"logits": jnp.zeros((self.capacity, self.parts.spec.num_classes), self.dtype)}

    def kept(self, state: BrainState) -> dict[str, PyTree]:
        return state.own

    def phases(self, stream: TaskStream) -> tuple[Phase, ...]:
        size = self.parts.config.eval_batch_size
        step = functools.partial(
            keep_logits_step, predict=self.predict, layout=self.layout, size=size
        )
        return (*super().phases(stream), self.over_slots("keep_logits", step))

    def objective(
        self, params: PyTree, shown: Shown, state: BrainState, axis_name: str | None
    ) -> tuple[Array, tuple[PyTree, Metrics]]:
        logits, batch_stats = self.logits_of(params, shown, state, axis_name)
        label = optax.softmax_cross_entropy_with_integer_labels(logits, shown.label)
        known = self.known_after(shown.task)
        kept = state.own["logits"][shown.slot].astype(jnp.float32)
        squared = jnp.where(known, jnp.square(logits - kept), 0).sum(-1) / known.sum(-1)
        is_exemplar = shown.slot >= 0
        losses = jnp.where(is_exemplar, self.beta * label + self.alpha * squared, label)
        metrics = {
            "accuracy": (logits.argmax(-1) == shown.label).mean(),
            "logit_error": jnp.where(is_exemplar, squared, 0).mean(),
        }
        return losses, (batch_stats, metrics)

    def known_after(self, task: Array) -> Array:
        """Bool [B, K]: the classes that had been seen after each task, int32 [B]."""
        spec = self.parts.spec
        each = jnp.stack([spec.are_of(one) for one in range(spec.num_tasks)])
        return (jnp.cumsum(each, 0) > 0)[task]
