"""Consolidate: after a night, which weights mattered to its task, and what they are to be held at.

Fisher information and anchors of elastic weight consolidation (Kirkpatrick et al. 2017, arXiv 1612.00796).
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from braincl_jax import collectives
from braincl_jax.parts import Parts
from braincl_jax.state import BrainState
from braincl_jax.types import Array, Batch, Metrics, Now, PyTree


def penalty(params: PyTree, fisher: PyTree, anchor: PyTree) -> Array:
    """Half the sum of fisher * (params - anchor)^2: float32 scalar, of trees of the same shapes."""
    terms = jax.tree.map(lambda p, f, a: f * jnp.square(p - a), params, fisher, anchor)
    return tree_sum(terms) / 2


def tree_sum(tree: PyTree) -> Array:
    """The sum of all numbers of a tree."""
    return jnp.stack([leaf.sum() for leaf in jax.tree.leaves(tree)]).sum()


def squared_gradients(
    state: BrainState, batch: Batch, keys: Array, fisher: str, parts: Parts
) -> PyTree:
    """Mean over a batch of the squared gradients of each image's log-likelihood, in the shapes of the parameters.

    Args:
        state: the network and the classes seen.
        batch: images and labels.
        keys: one for each image, for the labels that are drawn.
        fisher: whose label the gradient is of: one drawn from the network's own answer ("true"), or the image's
            ("empirical").
        parts: the network's layers.
    """

    def log_likelihood(params: PyTree, image: Array, label: Array, key: Array) -> Array:
        logits, _ = parts.network.predict(
            params,
            state.encoder.batch_stats,
            state.consolidation.seen_classes,
            image[None],
        )
        if fisher == "true":
            label = jax.random.categorical(key, jax.lax.stop_gradient(logits[0]))
        return jax.nn.log_softmax(logits[0])[label]

    def one_more(total: PyTree, example: tuple[Array, Array, Array]) -> tuple[PyTree, None]:
        gradient = jax.grad(log_likelihood)(state.encoder.params, *example)
        return jax.tree.map(lambda t, g: t + jnp.square(g), total, gradient), None

    zeros = jax.tree.map(jnp.zeros_like, state.encoder.params)
    total, _ = jax.lax.scan(one_more, zeros, (batch.image, batch.label, keys))
    return jax.tree.map(lambda leaf: leaf / len(batch.label), total)


def consolidate_step(
    state: BrainState,
    batch: Batch,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
    steps: Sequence[int],
    fisher: str,
    anchors: str,
    decay: float,
) -> tuple[BrainState, Metrics]:
    """Adds the share of one batch to the Fisher information, and moves the anchor towards the weights as they are.

    Args:
        state: after the night.
        batch: images of the task.
        now: the moment.
        axis_name: of the devices.
        parts: the network's layers.
        steps: of the phase, in each task.
        fisher: see `squared_gradients`.
        anchors: "latest" for the weights as they are, else the mean of those after each task.
        decay: what stays of the Fisher information of earlier tasks.
    """
    keys = collectives.example_keys(now.key, len(batch.label), axis_name)
    new = squared_gradients(state, batch, keys, fisher, parts)
    new = collectives.mean(new, axis_name)
    share = 1 / jnp.asarray(steps)[state.progress.task]
    stays = jnp.where(now.step == 0, decay, 1)
    total = jax.tree.map(lambda old, leaf: stays * old + share * leaf, state.own["fisher"], new)

    def moved(anchor: Array, weight: Array, of_all: Array, leaf: Array) -> Array:
        if anchors == "latest":
            return weight
        # The mean of all anchors so far, each weighted by its Fisher information.
        return anchor + share * leaf / jnp.where(of_all > 0, of_all, 1) * (weight - anchor)

    anchor = jax.tree.map(moved, state.own["anchor"], state.encoder.params, total, new)
    return state.replace(own={"fisher": total, "anchor": anchor}), {"fisher_trace": tree_sum(new)}
