"""Published augmentations by name: random crops, resized ones too, TrivialAugment, colour jitter, chains of them."""

from braincl_jax.sleep.transforms import chain as _chain  # each registers one
from braincl_jax.sleep.transforms import colour_jitter as _colour_jitter
from braincl_jax.sleep.transforms import random_crop as _random_crop
from braincl_jax.sleep.transforms import random_resized_crop as _random_resized_crop
from braincl_jax.sleep.transforms import trivial_augment as _trivial_augment

del _chain, _colour_jitter, _random_crop, _random_resized_crop, _trivial_augment
