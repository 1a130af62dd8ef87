"""A small convolutional network that is taught some images' labels to find out what can be told from their pixels."""

import functools
from collections.abc import Callable
from typing import cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from braincl_jax.types import Array, PyTree

STEPS = 200
BATCH_SIZE = 64
OPTIMISER = optax.adam(optax.cosine_decay_schedule(3e-3, STEPS))
# Images are asked about in chunks of this size.
CHUNK = 256


class Probe(nn.Module):
    """uint8 [B, H, W, C] -> logits float32 [B, K]; it sees 5x5 pixels at a time, and of those the mean over the image.

    So it knows textures and traces rather than things.
    """

    num_labels: int

    @nn.compact
    def __call__(self, images: Array) -> Array:
        x = images.astype(jnp.float32) / 127.5 - 1
        x = nn.relu(nn.Conv(16, (3, 3))(x))
        x = nn.relu(nn.Conv(32, (3, 3), (2, 2))(x))
        return nn.Dense(self.num_labels)(x.mean((1, 2)))


def fit(
    images: NDArray[np.uint8], labels: NDArray[np.integer], num_labels: int, seed: int
) -> Callable[[NDArray[np.uint8]], NDArray[np.int32]]:
    """Teaches a probe the labels of images (Adam, cross-entropy, batches drawn at random).

    Args:
        images: uint8 [N, H, W, C].
        labels: integers [N], 0..K-1.
        num_labels: K.
        seed: of weights and batches.

    Returns:
        uint8 [n, H, W, C] -> int32 [n], what it says of other images of that shape.
    """
    probe = Probe(num_labels)
    params = _init(probe, images[:1], jax.random.key(seed))
    moments = OPTIMISER.init(params)
    rng = np.random.default_rng(seed)
    # One step after another, from here: inside a compiled loop XLA has no fast convolutions for CPUs.
    for _ in range(STEPS):
        rows = rng.integers(0, len(images), BATCH_SIZE)
        params, moments = _step(probe, params, moments, images[rows], labels[rows])

    def tell(asked: NDArray[np.uint8]) -> NDArray[np.int32]:
        answers = []
        for first in range(0, len(asked), CHUNK):
            some = asked[first : first + CHUNK]
            padded = np.resize(some, (CHUNK, *some.shape[1:]))
            answers.append(np.asarray(_answer(probe, params, padded))[: len(some)])
        return np.concatenate(answers)

    return tell


@functools.partial(jax.jit, static_argnums=0)
def _answer(probe: Probe, params: PyTree, images: Array) -> Array:
    return cast(Array, probe.apply(params, images)).argmax(-1)


@functools.partial(jax.jit, static_argnums=0)
def _init(probe: Probe, images: Array, key: Array) -> PyTree:
    return probe.init(key, images)


@functools.partial(jax.jit, static_argnums=0)
def _step(
    probe: Probe, params: PyTree, moments: PyTree, images: Array, labels: Array
) -> tuple[PyTree, PyTree]:
    def loss_of(params: PyTree) -> Array:
        logits = cast(Array, probe.apply(params, images))
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    updates, moments = OPTIMISER.update(jax.grad(loss_of)(params), moments)
    return optax.apply_updates(params, updates), moments
