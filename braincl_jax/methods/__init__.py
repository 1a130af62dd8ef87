"""Learners by name, one file each: what `config.method` may name."""

from braincl_jax.methods.base import Method
from braincl_jax.methods.braincl import BrainCL
from braincl_jax.methods.braincl_cached import BrainCLCached
from braincl_jax.methods.ewc import EWC
from braincl_jax.methods.finetune import Finetune
from braincl_jax.methods.gdumb import GDumb
from braincl_jax.methods.icarl import ICaRL
from braincl_jax.methods.joint import Joint
from braincl_jax.methods.joint_recalled import JointRecalled
from braincl_jax.methods.joint_scratch import JointScratch
from braincl_jax.methods.lwf import LwF
from braincl_jax.methods.replay_raw import ReplayRaw
from braincl_jax.methods.replay_raw_and_task import ReplayRawAndTask
from braincl_jax.methods.wa import WA

__all__ = [
    "EWC",
    "WA",
    "BrainCL",
    "BrainCLCached",
    "Finetune",
    "GDumb",
    "ICaRL",
    "Joint",
    "JointRecalled",
    "JointScratch",
    "LwF",
    "Method",
    "ReplayRaw",
    "ReplayRawAndTask",
]
