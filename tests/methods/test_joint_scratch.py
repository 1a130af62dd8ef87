"""Joint training from scratch: what joint training remembers."""

from braincl_jax.methods.from_scratch import FromScratch
from braincl_jax.methods.joint import Joint
from braincl_jax.methods.joint_scratch import JointScratch


def test_it_has_what_joint_training_has_and_begins_anew(short):
    method = short("joint_scratch")
    assert isinstance(method, JointScratch) and isinstance(method, FromScratch)
    assert method.capacity == Joint(parts=method.parts).capacity
