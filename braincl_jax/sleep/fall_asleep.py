"""What every method does when sleep begins."""

from braincl_jax.parts import Parts
from braincl_jax.state import BrainState


def fall_asleep(state: BrainState, parts: Parts) -> BrainState:
    """A fresh optimiser for the whole network."""
    fresh = parts.sleep_optimiser.init(state.encoder.params)
    return state.replace(encoder=state.encoder.replace(sleep_opt=fresh))
