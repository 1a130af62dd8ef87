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

STEPS = 300
BATCH_SIZE = 64
LEARNING_RATE = 3e-3
# Images are asked about in chunks of this size.
CHUNK = 256


class Probe(nn.Module):
    """uint8 [B, H, W, C] -> logits float32 [B, K]; it sees 7x7 pixels at a time, and of those the mean over the image.

    So it knows textures and traces rather than things.
    """

    num_labels: int

    @nn.compact
    def __call__(self, images: Array) -> Array:
        x = images.astype(jnp.float32) / 127.5 - 1
        x = nn.relu(nn.Conv(16, (3, 3))(x))
        x = nn.relu(nn.Conv(32, (5, 5), (2, 2))(x))
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
    params = _train(probe, jnp.asarray(images), jnp.asarray(labels), jax.random.key(seed))

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
def _train(probe: Probe, images: Array, labels: Array, key: Array) -> PyTree:
    init_key, batch_key = jax.random.split(key)
    params = probe.init(init_key, images[:1])
    optimiser = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, STEPS))

    def loss_of(params: PyTree, rows: Array) -> Array:
        logits = cast(Array, probe.apply(params, images[rows]))
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels[rows]).mean()

    def step(carry: tuple[PyTree, PyTree], key: Array) -> tuple[tuple[PyTree, PyTree], None]:
        params, moments = carry
        rows = jax.random.randint(key, (BATCH_SIZE,), 0, len(images))
        updates, moments = optimiser.update(jax.grad(loss_of)(params, rows), moments)
        return (optax.apply_updates(params, updates), moments), None

    start = (params, optimiser.init(params))
    (params, _), _ = jax.lax.scan(step, start, jax.random.split(batch_key, STEPS))
    return params
