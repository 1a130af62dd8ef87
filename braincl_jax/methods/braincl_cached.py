"""BrainCL that keeps what it recalls as arrays, beside the strings: an ablation of decoding inside the step."""

import functools

from braincl_jax import pipeline
from braincl_jax.memory.budget import tree_bytes
from braincl_jax.memory.cached_cues import CachedCueLayout
from braincl_jax.methods.braincl import BrainCL
from braincl_jax.pipeline import Phase
from braincl_jax.registry import METHODS
from braincl_jax.settings import settings
from braincl_jax.sleep.decode_all import transfer_and_decode_step
from braincl_jax.state import BrainState


@METHODS.register("braincl_cached")
@settings()
class BrainCLCached(BrainCL):
    """BrainCL with a cache of what it recalls."""

    @functools.cached_property
    def layout(self) -> CachedCueLayout:
        sleep = self.parts.config.sleep
        group_size = sleep.batch_size // sleep.num_groups
        return CachedCueLayout.build(self.parts.config, self.parts.plan, group_size=group_size)

    def caches(self, state: BrainState) -> dict[str, int]:
        stored = state.memory.long_term
        return {"decoded_cache": tree_bytes((stored.cache, stored.intact))}

    def transfer(self) -> Phase:
        step = functools.partial(transfer_and_decode_step, parts=self.parts, layout=self.layout)
        return pipeline.transfer(step, after=self.note_sources)
