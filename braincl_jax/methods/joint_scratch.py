"""Joint training from scratch: all images so far, and a new network every night."""

from braincl_jax.methods.from_scratch import FromScratch
from braincl_jax.methods.joint import Joint
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("joint_scratch")
@settings()
class JointScratch(FromScratch, Joint):
    """What `joint` would reach if no night could build on those before: the joint learner of most publications."""
