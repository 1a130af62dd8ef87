"""Decode all: the night begins with a look at everything that is stored, which is kept as arrays."""

from braincl_jax.memory.cached_cues import CachedCueLayout
from braincl_jax.parts import Parts
from braincl_jax.sleep.transfer import transfer_step
from braincl_jax.state import BrainState
from braincl_jax.types import Metrics, Now


def transfer_and_decode_step(
    state: BrainState,
    batch: None,
    now: Now,
    axis_name: str | None = None,
    *,
    parts: Parts,
    layout: CachedCueLayout,
) -> tuple[BrainState, Metrics]:
    """`transfer_step`, and then everything stored is recalled once."""
    state, metrics = transfer_step(state, batch, now, axis_name, parts=parts, layout=layout)
    return state.replace(memory=layout.fill(state.memory)), metrics
