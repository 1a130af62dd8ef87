"""Herding: the order in which exemplars of a class are chosen by their features, and the memory that it takes."""

import dataclasses

import jax
import jax.numpy as jnp
from flax import struct

from braincl_jax.memory.exemplars import ExemplarLayout
from braincl_jax.memory.working import EMPTY
from braincl_jax.state import Memory
from braincl_jax.types import Array


class Herd(struct.PyTreeNode):
    """Working memory: what tells the images of the task apart, and no pixel of them.

    Attributes:
        features: float32 [N, F], of length 1; zeros but between looking and choosing.
        label: int32 [N], `EMPTY` of images that have not been looked at.
        slot: int32 [N], where each image is to be kept; `EMPTY` where it is not.
    """

    features: Array
    label: Array
    slot: Array


@dataclasses.dataclass(frozen=True, eq=False)
class HerdingLayout(ExemplarLayout):
    """Exemplars, and working memory for choosing them.

    Attributes:
        num_features: F.
    """

    num_features: int

    def empty_working(self) -> Herd:
        """Nothing was looked at."""
        number = self.spec.max_task_size
        none = jnp.full(number, EMPTY, jnp.int32)
        return Herd(jnp.zeros((number, self.num_features)), none, none)

    def init(self, key: Array) -> Memory:
        return super().init(key).replace(working=self.empty_working())

    def open_working(self, memory: Memory, task: Array, key: Array) -> Memory:
        del task, key
        return memory.replace(working=self.empty_working())


def herding_ranks(features: Array, label: Array, num_classes: int, most: Array) -> Array:
    """Ranks images within their class so that the mean of the first ones is always close to the mean of all.

    Algorithm 4 of iCaRL (Rebuffi et al. 2017, arXiv 1611.07725): the next one is the image, of those not yet chosen,
    with which the mean of the chosen is closest to the mean of the class; of several, the first.

    Args:
        features: float32 [N, F], of length 1 each.
        label: int32 [N], 0..K-1; negative for what is no image.
        num_classes: K.
        most: int32 scalar, how many of each class are chosen, if it has so many.

    Returns:
        int32 [N]: 0, 1, ... in the order of choice, N for what is not chosen.
    """
    number, there = len(label), label >= 0
    place, label = jnp.arange(number), jnp.maximum(label, 0)
    shown = jnp.where(there[:, None], features, 0)
    count = jnp.zeros(num_classes).at[label].add(there)
    total = jnp.zeros((num_classes, features.shape[1])).at[label].add(shown)
    mean = total / jnp.maximum(count, 1)[:, None]
    lengths = (shown**2).sum(-1)

    def choose(chosen: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        rank, so_far = carry
        # |so_far + x - (chosen + 1) mean|^2, without what is the same for all x of a class.
        missing = (chosen + 1) * mean - so_far
        distance = lengths - 2 * (shown * missing[label]).sum(-1)
        distance = jnp.where(there & (rank == number), distance, jnp.inf)
        least = jnp.full(num_classes, jnp.inf).at[label].min(distance)
        nearest = (distance == least[label]) & jnp.isfinite(distance)
        first = jnp.full(num_classes, number).at[label].min(jnp.where(nearest, place, number))
        found = first < number
        added = jnp.where(found[:, None], shown[jnp.minimum(first, number - 1)], 0)
        return rank.at[first].set(chosen.astype(jnp.int32), mode="drop"), so_far + added

    nobody = jnp.full(number, number, jnp.int32)
    rank, _ = jax.lax.fori_loop(0, most, choose, (nobody, jnp.zeros_like(mean)))
    return rank
