"""GDumb (Prabhu et al. 2020, ECCV): what a network learns from the memory alone that never saw anything else."""

from braincl_jax.methods.from_scratch import FromScratch
from braincl_jax.methods.replay_raw import ReplayRaw
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings


@METHODS.register("gdumb")
@settings()
class GDumb(FromScratch, ReplayRaw):
    """Class-balanced raw exemplars within the budget, and a network that is trained on them from scratch every night.

    The paper's greedy sampler (algorithm 1) keeps equally many images of each class: a new one takes the place of one
    of the largest class. Here exemplars are chosen at random when their task arrives, to the same numbers, and the last
    chosen go when shares shrink. Its dumb learner is trained on what is kept before each test; here with the schedule
    and the augmentation that all methods have, and without CutMix. It has no bytes but the exemplars.
    """
