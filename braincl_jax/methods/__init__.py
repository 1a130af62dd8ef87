"""Learners by name, one file each: what `config.method` may name."""

from braincl_jax.methods.base import Method
from braincl_jax.methods.braincl import BrainCL
from braincl_jax.methods.braincl_cached import BrainCLCached
from braincl_jax.methods.finetune import Finetune
from braincl_jax.methods.joint import Joint
from braincl_jax.methods.joint_recalled import JointRecalled
from braincl_jax.methods.replay_herding import ReplayHerding
from braincl_jax.methods.replay_raw import ReplayRaw
from braincl_jax.methods.replay_raw_and_task import ReplayRawAndTask

__all__ = [
    "BrainCL",
    "BrainCLCached",
    "Finetune",
    "Joint",
    "JointRecalled",
    "Method",
    "ReplayHerding",
    "ReplayRaw",
    "ReplayRawAndTask",
]
