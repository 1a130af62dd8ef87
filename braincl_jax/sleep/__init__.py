"""Asleep: cues move to long-term memory, and what they recall is replayed. No external input."""

from braincl_jax.sleep import augment as _augment  # registers an augmentation
from braincl_jax.sleep import by_need as _by_need  # registers the sampler
from braincl_jax.sleep import transforms as _transforms  # registers more augmentations
from braincl_jax.sleep.fall_asleep import fall_asleep_step
from braincl_jax.sleep.herd import choose_step, keep_step, look_step
from braincl_jax.sleep.replay import rehearse_step, replay_step
from braincl_jax.sleep.sampler import class_balanced, draw_classes
from braincl_jax.sleep.transfer import transfer_step

__all__ = [
    "choose_step",
    "class_balanced",
    "draw_classes",
    "fall_asleep_step",
    "keep_step",
    "look_step",
    "rehearse_step",
    "replay_step",
    "transfer_step",
]

del _augment, _by_need, _transforms
