"""Distillation: the network as it was after the last night teaches the classes that it knew."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from flax import struct

from braincl_jax.networks import Network
from braincl_jax.networks.network import MASKED_LOGIT
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Metrics, Now, PyTree


class Teacher(struct.PyTreeNode):
    """A network that stands still.

    Attributes:
        params: {"backbone", "head"}, float32.
        batch_stats: running BatchNorm statistics, float32.
        known: bool [K], the classes it has learned.
    """

    params: PyTree
    batch_stats: PyTree
    known: Array

    @classmethod
    def of_nothing(cls, network: Network, image_shape: tuple[int, int, int], number: int):
        """One that knows none of `number` classes; zeros."""
        shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), image_shape))
        params, batch_stats = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return cls(params, batch_stats, jnp.zeros(number, bool))

    def logits(self, network: Network, images: Array) -> Array:
        """uint8 [B, H, W, C] -> float32 [B, K], masked for classes that it does not know; no gradient."""
        answer, _ = network.predict(self.params, self.batch_stats, self.known, images)
        return jax.lax.stop_gradient(answer)


def distillation(logits: Array, taught: Array, known: Array, temperature: float) -> Array:
    """Cross-entropy of softened answers among the classes that the teacher knows (Hinton et al. 2015, section 2).

    Args:
        logits: float32 [B, K], of the network that learns.
        taught: float32 [B, K], of the teacher.
        known: bool [K]; where no class is known, nothing is to be learned.
        temperature: of both softmaxes, > 0.

    Returns:
        float32 [B], >= 0; without the factor of temperature squared. 0 where no class is known.
    """
    softened = [
        jnp.where(known[None], answer / temperature, MASKED_LOGIT) for answer in (logits, taught)
    ]
    losses = optax.softmax_cross_entropy(softened[0], jax.nn.softmax(softened[1]))
    return jnp.where(known.any(), losses, 0)


def keep_teacher_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    evaluated: Callable[[BrainState], tuple[PyTree, PyTree]],
) -> tuple[BrainState, Metrics]:
    """The network that is evaluated (`Method.evaluated`) becomes `state.own["teacher"]`.

    Run once per task; `batch` is None.
    """
    del batch, now, axis_name
    params, batch_stats = evaluated(state)
    # A copy, as no two leaves of a state may share a buffer.
    teacher = jax.tree.map(jnp.copy, Teacher(params, batch_stats, state.consolidation.seen_classes))
    return state.replace(own={**state.own, "teacher": teacher}), {}
