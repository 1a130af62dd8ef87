"""Asleep: cues move to long-term memory, and what they recall is replayed. No external input."""

from braincl_jax.sleep.replay import replay_step
from braincl_jax.sleep.sampler import class_balanced
from braincl_jax.sleep.transfer import fall_asleep, transfer_step

__all__ = ["class_balanced", "fall_asleep", "replay_step", "transfer_step"]
