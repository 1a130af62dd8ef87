"""A budget policy: some of the block stays free, for what nobody has planned."""

from braincl_jax import POLICIES
from braincl_jax.memory.policy import Planned
from braincl_jax.settings import fraction, settings


@POLICIES.register("reserve")
@settings()
class Reserve(Planned):
    """As `planned`, but every task leaves a `share` of what it may take."""

    share: float = fraction(default=0.1)

    def allowance(self, funds):
        words = super().allowance(funds)
        return words - (self.share * words).astype(words.dtype)
