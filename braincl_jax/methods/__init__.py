"""Learners, one file each: what `config.method` may name. A file that is added here is found without an edit."""

import importlib
import pkgutil

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

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
