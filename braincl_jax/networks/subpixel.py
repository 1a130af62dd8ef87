"""Sub-pixel rearrangement (Shi et al. 2016): resolution to channels and back."""

from braincl_jax.types import Array


def space_to_depth(x: Array) -> Array:
    """[B, 2h, 2w, C] -> [B, h, w, 4C]."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // 2, 2, w // 2, 2, c)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(b, h // 2, w // 2, 4 * c)


def depth_to_space(x: Array) -> Array:
    """[B, h, w, 4C] -> [B, 2h, 2w, C]."""
    b, h, w, c = x.shape
    x = x.reshape(b, h, w, 2, 2, c // 4)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(b, 2 * h, 2 * w, c // 4)
