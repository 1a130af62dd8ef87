"""Sub-pixel rearrangement (Shi et al. 2016): resolution to channels and back."""

from braincl_jax.types import Array


def space_to_depth(x: Array, block: int = 2) -> Array:
    """[B, b h, b w, C] -> [B, h, w, b b C] for blocks of b x b pixels."""
    n, h, w, c = x.shape
    x = x.reshape(n, h // block, block, w // block, block, c)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // block, w // block, block * block * c)


def depth_to_space(x: Array, block: int = 2) -> Array:
    """[B, h, w, b b C] -> [B, b h, b w, C]."""
    n, h, w, c = x.shape
    x = x.reshape(n, h, w, block, block, c // block**2)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * block, w * block, c // block**2)
