"""A small probe of what can be told from the statistics of small blocks of an image: its textures and its traces.

Of every frequency of the cosine transform of blocks that lie on a grid, as decoders make them, it knows the mean over
the image and the logarithm of the mean energy; linear discriminant analysis (Fisher 1936) tells labels from them.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from braincl_jax.memory.codec.block_transform import cosine_basis

LARGEST_BLOCK = 8
# Energies below this (of images in [0, 1]) are all alike: a hundredth of a grey level.
FLOOR = 1e-9
# How far the covariance within a label is shrunk towards that of independent features: they are more than there are
# images of some labels.
SHRINKAGE = 0.1
SMALLEST_DEVIATION = 1e-6
# Numbers of images that are transformed together, in some twelve bytes each.
MOST_NUMBERS = 1 << 24


def block_statistics(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """uint8 [N, H, W, C] -> float64 [N, 2 b b C], b = 8 or as many pixels as there are along the shorter side."""
    size = max(1, MOST_NUMBERS // math.prod(images.shape[1:]))
    parts = [images[first : first + size] for first in range(0, len(images), size)]
    return np.concatenate([_statistics(part) for part in parts])


def _statistics(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    number, height, width, channels = images.shape
    block = min(LARGEST_BLOCK, height, width)
    rows, columns = height // block, width // block
    whole = images[:, : rows * block, : columns * block].astype(np.float32) / 255
    blocks = whole.reshape(number, rows, block, columns, block, channels)
    basis = cosine_basis(block).astype(np.float32)
    spectra = np.einsum("nhiwjc,ui,vj->nhwuvc", blocks, basis, basis, optimize=True)
    energies = np.log(np.square(spectra).mean((1, 2), dtype=np.float64) + FLOOR)
    means = spectra.mean((1, 2), dtype=np.float64)
    return np.concatenate([energies.reshape(number, -1), means.reshape(number, -1)], 1)


def fit(
    features: NDArray[np.float64], labels: NDArray[np.integer], num_labels: int
) -> Callable[[NDArray[np.float64]], NDArray[np.integer]]:
    """Teaches a probe the labels of images, all labels equally likely beforehand.

    Args:
        features: float64 [N, F], the `block_statistics` of the images.
        labels: integers [N], 0..K-1, each of them at least once.
        num_labels: K.

    Returns:
        float64 [n, F] -> integers [n], what it says of images with such statistics.
    """
    middle, spread = features.mean(0), features.std(0) + SMALLEST_DEVIATION
    known = (features - middle) / spread
    means = np.stack([known[labels == label].mean(0) for label in range(num_labels)])
    within = known - means[labels]
    covariance = (1 - SHRINKAGE) * within.T @ within / len(known)
    covariance += SHRINKAGE * np.eye(len(covariance))
    weights = np.linalg.solve(covariance, means.T)
    bias = -(means.T * weights).sum(0) / 2

    def tell(asked: NDArray[np.float64]) -> NDArray[np.integer]:
        return ((asked - middle) / spread @ weights + bias).argmax(1)

    return tell
