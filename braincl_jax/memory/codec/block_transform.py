"""The block cosine transform that a codec starts from: what JPEG does, as initial weights."""

import numpy as np

# How much more visible detail costs in a colour-difference channel than in brightness: they are about that much
# smoother in photographs, so that of equally fine patterns brightness comes first.
COLOUR_PENALTIES = (1.0, 2.5, 3.5)
# Rows: brightness, red against blue, green against both.
COLOUR_AXES = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (1.0, -2.0, 1.0))


def cosine_basis(size: int) -> np.ndarray:
    """The orthonormal DCT-II (Ahmed, Natarajan, Rao 1974): float64 [frequency, position], both `size`."""
    frequency, position = np.arange(size)[:, None], np.arange(size)[None]
    basis = np.sqrt(2 / size) * np.cos(np.pi * (position + 0.5) * frequency / size)
    basis[0] /= np.sqrt(2)
    return basis


def colour_basis(channels: int) -> np.ndarray:
    """Orthonormal colour axes, float64 [axis, C]: of brightness and its differences for C = 3, else the channels."""
    if channels != 3:
        return np.eye(channels)
    axes = np.array(COLOUR_AXES)
    return axes / np.linalg.norm(axes, axis=1, keepdims=True)


def block_basis(block: int, channels: int, number: int) -> np.ndarray:
    """The `number` smoothest patterns of a block of pixels, smoothest first.

    Args:
        block: b, pixels along a side.
        channels: C.
        number: M; rows beyond the b * b * C patterns that there are remain zero.

    Returns:
        float32 [M, b * b * C]: orthonormal rows, in the order of `subpixel.space_to_depth`.
    """
    rows, colours = cosine_basis(block), colour_basis(channels)
    penalties = COLOUR_PENALTIES if channels == 3 else (1.0,) * channels
    patterns = sorted(
        ((u * u + v * v + 0.5) * penalties[c] ** 2, u, v, c)
        for u in range(block)
        for v in range(block)
        for c in range(channels)
    )
    basis = np.zeros((number, block * block * channels), np.float32)
    for index, (_, u, v, c) in enumerate(patterns[:number]):
        basis[index] = np.einsum("i,j,k->ijk", rows[u], rows[v], colours[c]).reshape(-1)
    return basis
