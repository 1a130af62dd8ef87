"""A source of images: stripes, whose direction is their class; each is made when it is asked for."""

import dataclasses

import numpy as np

from braincl_jax import register_source
from braincl_jax.data import Dataset

SIDE = 16


@dataclasses.dataclass(frozen=True)
class Stripes:
    """`number` grey images of `classes` directions; the same row is the same image every time."""

    classes: int
    number: int
    first_seed: int
    shape = (SIDE, SIDE, 1)

    def __len__(self):
        return self.number

    def take(self, rows):
        y, x = np.mgrid[:SIDE, :SIDE]
        images = []
        for row in np.asarray(rows).tolist():
            rng = np.random.default_rng((self.first_seed, row))
            angle = np.pi * (row % self.classes + rng.uniform(-0.2, 0.2)) / self.classes
            wave = np.sin(0.8 * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 6))
            images.append(128 + 90 * wave + rng.normal(0, 12, wave.shape))
        return np.clip(images, 0, 255).astype(np.uint8)[..., None]


@register_source("stripes")
def load_stripes(rest):
    """`stripes:CLASSES`, with 40 images of each class to learn from and 10 to be tested on."""
    classes = int(rest)
    train, test = Stripes(classes, 40 * classes, 0), Stripes(classes, 10 * classes, 1)
    labels = [np.arange(len(images)) % classes for images in (train, test)]
    names = tuple(f"{180 * k // classes} degrees" for k in range(classes))
    return Dataset(train, labels[0], test, labels[1], names)
