"""TrivialAugment: one operation of fourteen, at a random strength (Mueller and Hutter, arXiv:2103.10158)."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from braincl_jax.registry import AUGMENTATIONS
from braincl_jax.settings import settings
from braincl_jax.sleep.transforms import colour, levels
from braincl_jax.sleep.transforms.geometry import Motion, move
from braincl_jax.types import Array

STRENGTHS = 31


def _up_to(most: float) -> np.ndarray:
    return np.linspace(0, most, STRENGTHS, dtype=np.float32)


# Magnitudes by strength, and whether they come with either sign: the "wide" space.
OPERATIONS: dict[str, tuple[np.ndarray, bool]] = {
    "identity": (_up_to(0), False),
    "shear_x": (_up_to(0.99), True),
    "shear_y": (_up_to(0.99), True),
    "shift_x": (_up_to(32), True),
    "shift_y": (_up_to(32), True),
    "rotate": (_up_to(135), True),
    "brightness": (_up_to(0.99), True),
    "saturation": (_up_to(0.99), True),
    "contrast": (_up_to(0.99), True),
    "sharpness": (_up_to(0.99), True),
    "posterise": (8 - np.round(_up_to(6)), False),
    "solarise": (np.linspace(255, 0, STRENGTHS, dtype=np.float32), False),
    "stretch": (_up_to(0), False),
    "equalise": (_up_to(0), False),
}
_NAMES = tuple(OPERATIONS)


@AUGMENTATIONS.register("trivial_augment")
@settings()
class TrivialAugment:
    """torchvision's TrivialAugmentWide: keys [B], images uint8 [B, H, W, C], C = 1 or 3 -> the same."""

    def __call__(self, keys: Array, images: Array) -> Array:
        def one(key: Array, image: Array) -> Array:
            return altered(image, *draw_operation(key))

        return jax.vmap(one)(keys, images)


def draw_operation(key: Array) -> tuple[Array, Array]:
    """A number of `OPERATIONS`, int32 scalar, and a magnitude with its sign, float32 scalar; all are equally likely."""
    operation_key, strength_key, sign_key = jax.random.split(key, 3)
    operation = jax.random.randint(operation_key, (), 0, len(OPERATIONS))
    strength = jax.random.randint(strength_key, (), 0, STRENGTHS)
    table, signed = map(jnp.array, zip(*OPERATIONS.values(), strict=True))
    magnitude = table[operation, strength]
    negative = signed[operation] & jax.random.bernoulli(sign_key)
    return operation, jnp.where(negative, -magnitude, magnitude)


def altered(image: Array, operation: Array, magnitude: Array) -> Array:
    """The image after one operation.

    A batch has all kinds of operations, and under `vmap` each would be computed for each image. Here they share their
    costs: pixels are moved once, blended once with another image and looked up once in a table, each with what changes
    nothing where the operation is another.

    Args:
        image: uint8 [H, W, C], C = 1 or 3.
        operation: int32 scalar, a number of `OPERATIONS`.
        magnitude: float32 scalar, as `draw_operation` draws it.

    Returns:
        uint8 [H, W, C].
    """
    stages = tuple(
        functools.partial(stage, operation=operation, magnitude=magnitude)
        for stage in (_moved, _blended, _relevelled)
    )

    def run(image: Array, stage: Array) -> tuple[Array, None]:
        return jax.lax.switch(stage, stages, image), None

    # In a loop: of stages written one after another, XLA on CPU computes each anew for every use of a pixel, which
    # takes five times as long.
    return jax.lax.scan(run, image, jnp.arange(len(stages)))[0]


def _moved(image: Array, operation: Array, magnitude: Array) -> Array:
    def of(name: str) -> Array:
        return jnp.where(operation == _NAMES.index(name), magnitude, 0)

    motion = Motion(
        shear_x=of("shear_x"),
        shear_y=of("shear_y"),
        shift_x=jnp.trunc(of("shift_x")),
        shift_y=jnp.trunc(of("shift_y")),
        degrees=of("rotate"),
    )
    return move(image, motion)


def _blended(image: Array, operation: Array, magnitude: Array) -> Array:
    others = {
        "brightness": jnp.float32(0),
        "saturation": colour.grey(image),
        "contrast": colour.mean_grey(image),
        "sharpness": colour.smooth(image),
    }
    if image.shape[-1] == 1:
        # Mixed with itself, a grey image would lose a level here and there to rounding.
        del others["saturation"]
    other, factor = jnp.zeros(image.shape), jnp.float32(1)
    for name, candidate in others.items():
        chosen = operation == _NAMES.index(name)
        other = jnp.where(chosen, candidate.astype(jnp.float32), other)
        factor = jnp.where(chosen, 1 + magnitude, factor)
    return colour.blend(image, other, factor)


def _relevelled(image: Array, operation: Array, magnitude: Array) -> Array:
    table = same = levels.unchanged(image.shape[-1])
    counts = levels.count(image)
    tables = {
        "posterise": levels.posterise(same, magnitude.astype(jnp.int32)),
        "solarise": levels.solarise(same, magnitude),
        "stretch": levels.stretch(counts),
        "equalise": levels.equalise(counts),
    }
    for name, candidate in tables.items():
        table = jnp.where(operation == _NAMES.index(name), candidate, table)
    return levels.look_up(image, table)
