"""Memorise: write the cue of every image of the task into working memory."""

from braincl_jax import collectives
from braincl_jax.memory import working
from braincl_jax.memory.cue_layout import CueLayout
from braincl_jax.state import BrainState
from braincl_jax.types import Batch, Metrics, Now


def memorise_step(
    state: BrainState,
    batch: Batch,
    now: Now,
    axis_name: str | None = None,
    *,
    layout: CueLayout,
) -> tuple[BrainState, Metrics]:
    """Separates a batch with the trained g_a and writes its cues at `batch.index`."""
    del now
    cues = layout.codec.separate(layout.encoder(state.memory), batch.image)
    cues, label, index = collectives.concatenate((cues, batch.label, batch.index), axis_name)
    written = working.write(state.memory.working, index, cues, label)
    return (
        state.replace(memory=state.memory.replace(working=written)),
        {},
    )
